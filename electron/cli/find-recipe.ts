// Finds what a command line calls a recipe: a file, a seed's id, or a method's id.
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { nearest } from "../../shared/lib/nearest.ts";
import { UserError } from "../../shared/lib/user-error.ts";
import { methods } from "../../shared/methods/index.ts";
import { layer, type Seed } from "../../shared/recipe/index.ts";
import { findSeed, readSeeds } from "../host/seeds.ts";

export interface FoundRecipe {
  readonly name: string;
  /** What messages call it. */
  readonly source: string;
  /** The settings as written, before the user's changes; a file's lie on those of its method's seed. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly seed?: Seed | undefined;
}

/** Throws UserError "unknown-recipe" with the nearest known name, or "bad-recipe" for a file that is no JSON object. */
export async function findRecipe(name: string): Promise<FoundRecipe> {
  const seed = await findSeed(name);
  if (seed) return { name: seed.method, source: "The recipe", settings: seed.defaults, seed };
  const text = await readFile(name, "utf8").catch(() => undefined);
  if (text === undefined) {
    const known = [...(await readSeeds()).map(({ id }) => id), ...methods.map(({ id }) => id)];
    const suggestion = nearest(name, known);
    throw new UserError(
      "unknown-recipe",
      `There is no recipe "${name}": it is no file, seed or method.`,
      suggestion ? `Did you mean ${suggestion}?` : `Known: ${known.join(", ")}.`,
    );
  }
  let settings: unknown;
  try {
    settings = JSON.parse(text.replace(/^\uFEFF/, "")); // editors on Windows put the mark there
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserError("bad-recipe", `${name} is not JSON: ${reason}.`, "Mend the file.", { cause: error });
  }
  if (typeof settings !== "object" || settings === null || Array.isArray(settings)) {
    throw new UserError("bad-recipe", `${name} does not hold a recipe.`, "A recipe is a JSON object.");
  }
  const written = settings as Record<string, unknown>;
  const { id } = (written.method ?? {}) as { id?: unknown };
  const base = typeof id === "string" ? (await readSeeds()).find(({ method }) => method === id) : undefined;
  return {
    name: basename(name, ".json"),
    source: name,
    settings: base ? layer(base.defaults, written) : written,
    seed: base,
  };
}

// The papers' recipes: the files of seeds/, which the app ships.
import { readdir, readFile } from "node:fs/promises";
import { UserError } from "../../shared/lib/user-error.ts";
import { type Seed, seedSchema } from "../../shared/recipe/index.ts";

const seedsFolder = new URL("../../seeds/", import.meta.url);

/** Every seed, oldest paper first: the file names begin with the year. */
export async function readSeeds(): Promise<Seed[]> {
  const names = (await readdir(seedsFolder)).filter((name) => name.endsWith(".json")).sort();
  return Promise.all(names.map(async (name) => parseSeed(await readFile(new URL(name, seedsFolder), "utf8"), name)));
}

/** A seed by its id, or by its method's id. */
export async function findSeed(name: string): Promise<Seed | undefined> {
  const seeds = await readSeeds();
  return seeds.find(({ id }) => id === name) ?? seeds.find(({ method }) => method === name);
}

function parseSeed(text: string, name: string): Seed {
  const parsed = seedSchema.safeParse(JSON.parse(text));
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
  throw new UserError("bad-seed", `seeds/${name} is not a seed: ${problems.join("; ")}.`, "Restore the file.");
}

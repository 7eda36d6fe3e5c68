// The recipe routes: what there is to choose from, and from a choice to a full recipe with every problem by its field.

import { Hono } from "hono";
import { type RecipeList, type ResolvedRecipe, resolveRequest } from "../../../shared/api/recipes.ts";
import { nearest } from "../../../shared/lib/nearest.ts";
import { UserError } from "../../../shared/lib/user-error.ts";
import {
  describeMethods,
  describeRecipe,
  factsOf,
  layersOf,
  resolveRecipe,
  type Seed,
} from "../../../shared/recipe/index.ts";
import { readManifest } from "../datasets/index.ts";
import { readJson } from "../request.ts";
import { resolveWithSet } from "../runs/index.ts";
import { findSeed, readSeeds } from "../seeds.ts";
import type { Store } from "../store.ts";

export function createRecipeRoutes(store: Store) {
  return new Hono()
    .get("/", async (c) => {
      const list: RecipeList = {
        seeds: await readSeeds(),
        methods: describeMethods(),
        recipeSchema: describeRecipe(),
      };
      return c.json(list);
    })
    .post("/resolve", async (c) => {
      const request = await readJson(c.req.raw, resolveRequest);
      const manifest = await readManifest(store, request.dataset);
      const layers = layersOf(await findSettings(request.recipe), request);
      const recipe = await resolveWithSet(store, [...layers, request.changes], manifest);
      return c.json({ recipe, preset: presetOf(layers, factsOf(manifest)) ?? recipe } satisfies ResolvedRecipe);
    });
}

/** Undefined where the preset alone does not fit the dataset, and the changes mend that. */
function presetOf(...[layers, facts]: Parameters<typeof resolveRecipe>) {
  try {
    return resolveRecipe(layers, facts);
  } catch (error) {
    if (error instanceof UserError && error.code === "bad-recipe") return undefined;
    throw error;
  }
}

async function findSettings(name: string): Promise<{ name: string; settings: Seed["defaults"]; seed?: Seed }> {
  const seed = await findSeed(name);
  if (seed) return { name, settings: seed.defaults, seed };
  const known = [...(await readSeeds()).map(({ id }) => id), ...describeMethods().map(({ id }) => id)];
  if (known.includes(name)) return { name, settings: { method: { id: name } } };
  const suggestion = nearest(name, known);
  throw new UserError(
    "recipe-unknown",
    `There is no recipe "${name}".`,
    suggestion ? `Did you mean ${suggestion}?` : `Known: ${known.join(", ")}.`,
  );
}

// Recipes and seeds: their schemas, and the way from one to the other.
export { changeEvaluation, type DatasetFacts, layer, parseChanges, resolveRecipe } from "./resolve.ts";
export { type Recipe, recipeSchema } from "./schema.ts";
export { type Seed, seedSchema } from "./seed.ts";

// Recipes and seeds: their schemas, and the way from one to the other.
export { describeMethods, describeRecipe } from "./cards.ts";
export { type DatasetFacts, factsOf } from "./facts.ts";
export { findCase, layersOf } from "./preset.ts";
export { isOfDataset, listProtocolDifferences } from "./published.ts";
export { changeEvaluation, layer, parseChanges, resolveRecipe } from "./resolve.ts";
export { type Recipe, recipeSchema } from "./schema.ts";
export { type Seed, seedSchema } from "./seed.ts";

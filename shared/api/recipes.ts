// Requests and responses of the recipe routes.

import { z } from "zod";
import { recipeSchema, seedSchema } from "../recipe/index.ts";

const jsonSchema = z.record(z.string(), z.unknown());
const partialRecipe = z.record(z.string(), z.unknown());

export const methodCard = z.object({
  id: z.string(),
  title: z.string(),
  summary: z.string(),
  paper: z.object({ title: z.string(), authors: z.string(), venue: z.string(), url: z.string() }),
  /** JSON Schema of the method's settings, each with its description, default and range. */
  optionsSchema: jsonSchema,
});
export type MethodCard = z.infer<typeof methodCard>;

/** The answer of GET /api/recipes; `recipeSchema` is the JSON Schema of a whole recipe. */
export const recipeList = z.object({
  seeds: z.array(seedSchema),
  methods: z.array(methodCard),
  recipeSchema: jsonSchema,
});
export type RecipeList = z.infer<typeof recipeList>;

/** `recipe` is the id of a seed or of a method; `changes` is any part of a recipe and is laid on top. */
export const resolveRequest = z.strictObject({
  recipe: z.string().min(1),
  dataset: z.string().min(1),
  variant: z.literal("small").optional(),
  case: z.string().optional(),
  changes: partialRecipe.default({}),
});
export type ResolveRequest = z.input<typeof resolveRequest>;

/** `preset` is the recipe without the changes. What is wrong is answered as an error with `problems`. */
export const resolvedRecipe = z.object({ recipe: recipeSchema, preset: recipeSchema });
export type ResolvedRecipe = z.infer<typeof resolvedRecipe>;

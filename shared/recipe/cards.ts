// What a form needs to know of methods and recipes: texts, and schemas with defaults, ranges and help.
import { z } from "zod";
import { methods } from "../methods/index.ts";
import { recipeSchema } from "./schema.ts";

type JsonSchema = Record<string, unknown>;

const toSchema = (schema: z.ZodType): JsonSchema => z.toJSONSchema(schema, { io: "input" }) as JsonSchema;

/** Every method with the JSON Schema of its settings. */
export function describeMethods() {
  return methods.map(({ id, title, summary, paper, options }) => ({
    id,
    title,
    summary,
    paper,
    optionsSchema: toSchema(options),
  }));
}

/** JSON Schema of a whole recipe as it is written. */
export const describeRecipe = (): JsonSchema => toSchema(recipeSchema);

// The fields of the settings form, read from the recipe's JSON schema: a new setting needs no change here.
import { isObject, type Json, type JsonObject, readPath } from "./tree.ts";

export type FieldKind = "integer" | "number" | "choice" | "choices" | "words" | "start" | "text" | "fixed";

export interface Field {
  readonly path: string;
  /** First name of the path: the group it is folded under. */
  readonly group: string;
  readonly name: string;
  readonly kind: FieldKind;
  readonly description: string;
  readonly options: readonly Json[];
  readonly minimum: number | undefined;
  readonly maximum: number | undefined;
}

/** Fields of the schema, in its order; where it has alternatives, the choice and the fields of the one that the recipe has chosen. */
export function listFields(schema: JsonObject, recipe: Json, path: readonly string[] = []): Field[] {
  const options = listTagged(schema);
  const id = readPath(readAt(recipe, path), "id");
  const chosen = options.find((option) => idOf(option) === id) ?? options[0] ?? schema;
  if (isObject(chosen.properties)) {
    const choice = { description: schema.description, enum: options.map(idOf) };
    return Object.entries(chosen.properties).flatMap(([name, below]) => {
      const isChoice = name === "id" && options.length > 1;
      return isObject(below) ? listFields(isChoice ? choice : below, recipe, [...path, name]) : [];
    });
  }
  return path.length === 0 ? [] : [toField(chosen, path)];
}

const readAt = (recipe: Json, path: readonly string[]) =>
  path.length === 0 ? recipe : readPath(recipe, path.join("."));

const listOf = (value: Json): JsonObject[] => (Array.isArray(value) ? value.filter(isObject) : []);

/** `oneOf` with a constant `id` is a choice between objects. */
function listTagged(schema: JsonObject): JsonObject[] {
  const options = listOf(schema.oneOf ?? schema.anyOf);
  return options.every((option) => isObject(option.properties)) ? options : [];
}

const idOf = (option: JsonObject) => readPath(option, "properties.id.const");

function toField(schema: JsonObject, path: readonly string[]): Field {
  const number = (value: Json) => (typeof value === "number" ? value : undefined);
  return {
    path: path.join("."),
    group: path[0],
    name: path.at(-1) as string,
    ...kindOf(schema),
    description: typeof schema.description === "string" ? schema.description : "",
    minimum: number(schema.minimum) ?? number(schema.exclusiveMinimum),
    maximum: number(schema.maximum) ?? number(schema.exclusiveMaximum),
  };
}

function kindOf(schema: JsonObject): Pick<Field, "kind" | "options"> {
  // Of alternatives the plain values are offered; a list of them counts as each of them.
  const constants = listOf(schema.anyOf ?? schema.oneOf).flatMap((option) =>
    Array.isArray(option.enum) ? option.enum : "const" in option ? [option.const] : [],
  );
  const isPlace = listOf(schema.anyOf).some((option) => isObject(readPath(option, "properties.set")));
  if (constants.length > 0) return { kind: isPlace ? "start" : "choice", options: constants };
  if ("const" in schema) return { kind: "fixed", options: [schema.const] };
  if (Array.isArray(schema.enum)) return { kind: "choice", options: schema.enum };
  const items = isObject(schema.items) ? schema.items : undefined;
  if (items && Array.isArray(items.enum)) return { kind: "choices", options: items.enum };
  if (schema.type === "array") return { kind: "words", options: listExamples(items) };
  const kind = schema.type === "integer" || schema.type === "number" ? schema.type : "text";
  return { kind, options: [] };
}

/** Words to choose from, beside those of one's own. */
const listExamples = (items: JsonObject | undefined): readonly Json[] =>
  Array.isArray(items?.examples) ? items.examples : [];

/** Groups whose settings need its name to be told from others, such as the epochs of a selection. */
const named = ["selection", "experts"];

/** `method.realBatch` as "Real batch", `selection.epochs` as "Selection epochs"; the field's own short words stay as they are. */
export function labelOf(path: string): string {
  const names = path.split(".");
  const own = wordsOf(names.at(-1) as string);
  const parent = names.at(-2);
  return parent && named.includes(parent) ? `${wordsOf(parent)} ${own.toLowerCase()}` : own;
}

function wordsOf(name: string): string {
  const known: Readonly<Record<string, string>> = { ipc: "Images per class (ipc)", id: "Kind", nets: "Networks" };
  if (known[name]) return known[name];
  const words = name.replace(/([A-Z])/g, (letter) => ` ${letter.toLowerCase()}`);
  return words.charAt(0).toUpperCase() + words.slice(1);
}

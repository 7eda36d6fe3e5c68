// The fields of the settings form, read from the recipe's JSON schema: a new setting needs no change here.
import { isObject, type Json, type JsonObject, readPath } from "./tree.ts";

export type FieldKind = "integer" | "number" | "choice" | "choices" | "words" | "text" | "fixed";

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

/** Fields of the schema, in its order; where it has alternatives, those of the one that the recipe has chosen. */
export function listFields(schema: JsonObject, recipe: Json, path: readonly string[] = []): Field[] {
  const chosen = chooseOption(schema, readAt(recipe, path));
  if (isObject(chosen.properties)) {
    return Object.entries(chosen.properties).flatMap(([name, below]) =>
      isObject(below) ? listFields(below, recipe, [...path, name]) : [],
    );
  }
  return path.length === 0 ? [] : [toField(chosen, path)];
}

const readAt = (recipe: Json, path: readonly string[]) =>
  path.length === 0 ? recipe : readPath(recipe, path.join("."));

const listOf = (value: Json): JsonObject[] => (Array.isArray(value) ? value.filter(isObject) : []);

/** `oneOf` with a constant `id` is a choice between objects. */
function chooseOption(schema: JsonObject, value: Json): JsonObject {
  const options = listOf(schema.oneOf ?? schema.anyOf);
  const isTagged = options.every((option) => isObject(option.properties));
  if (options.length === 0 || !isTagged) return schema;
  const id = readPath(value, "id");
  return options.find((option) => readPath(option, "properties.id.const") === id) ?? options[0];
}

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
  if (constants.length > 0) return { kind: "choice", options: constants };
  if ("const" in schema) return { kind: "fixed", options: [schema.const] };
  if (Array.isArray(schema.enum)) return { kind: "choice", options: schema.enum };
  const items = isObject(schema.items) ? schema.items : undefined;
  if (items && Array.isArray(items.enum)) return { kind: "choices", options: items.enum };
  if (schema.type === "array") return { kind: "words", options: [] };
  const kind = schema.type === "integer" || schema.type === "number" ? schema.type : "text";
  return { kind, options: [] };
}

/** `realBatch` as "Real batch"; the field's own short words stay as they are. */
export function labelOf(name: string): string {
  const known: Readonly<Record<string, string>> = { ipc: "Images per class (ipc)", id: "Kind", nets: "Networks" };
  if (known[name]) return known[name];
  const words = name.replace(/([A-Z])/g, (letter) => ` ${letter.toLowerCase()}`);
  return words.charAt(0).toUpperCase() + words.slice(1);
}

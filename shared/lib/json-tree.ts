// Nested settings as paths: read and compare single values of a recipe.

export type Json = unknown;
export type JsonObject = Readonly<Record<string, Json>>;

export const isObject = (value: Json): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export function readPath(tree: Json, path: string): Json {
  return path.split(".").reduce<Json>((at, name) => (isObject(at) ? at[name] : undefined), tree);
}

/** Every leaf with its path; lists are leaves. */
export function listLeaves(tree: Json, path: readonly string[] = []): { path: string; value: Json }[] {
  if (!isObject(tree)) return [{ path: path.join("."), value: tree }];
  return Object.entries(tree).flatMap(([name, value]) => listLeaves(value, [...path, name]));
}

export const isSame = (a: Json, b: Json): boolean => JSON.stringify(a) === JSON.stringify(b);

/** A setting's value on one line. */
export function showValue(value: Json): string {
  if (value === undefined) return "–";
  if (Array.isArray(value)) return value.length === 0 ? "none" : value.map(showValue).join(", ");
  return isObject(value) ? JSON.stringify(value) : String(value);
}

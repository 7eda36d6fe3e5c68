// Settings as paths: read, compare and change single values of a nested recipe.

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

/** A nested object of single changes by path. */
export function nest(changes: Readonly<Record<string, Json>>): JsonObject {
  const root: Record<string, Json> = {};
  for (const [path, value] of Object.entries(changes)) {
    const names = path.split(".");
    let at = root;
    for (const name of names.slice(0, -1)) {
      const below = isObject(at[name]) ? { ...at[name] } : {};
      at[name] = below;
      at = below as Record<string, Json>;
    }
    at[names.at(-1) as string] = value;
  }
  return root;
}

export const isSame = (a: Json, b: Json): boolean => JSON.stringify(a) === JSON.stringify(b);

export interface Difference {
  readonly path: string;
  readonly values: readonly Json[];
}

/** The settings in which some trees differ, with each one's value; undefined where a tree has none. */
export function listDifferences(trees: readonly Json[]): Difference[] {
  const paths = new Set(trees.flatMap((tree) => listLeaves(tree).map(({ path }) => path)));
  return [...paths]
    .map((path) => ({ path, values: trees.map((tree) => readPath(tree, path)) }))
    .filter(({ values }) => values.some((value) => !isSame(value, values[0])));
}

/** A setting's value on one line. */
export function showValue(value: Json): string {
  if (value === undefined) return "–";
  if (Array.isArray(value)) return value.length === 0 ? "none" : value.map(showValue).join(", ");
  return isObject(value) ? JSON.stringify(value) : String(value);
}

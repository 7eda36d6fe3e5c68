// Settings as paths: change single values of a nested recipe, and tell some apart.
import { isObject, isSame, type Json, type JsonObject, listLeaves, readPath } from "../../shared/lib/json-tree.ts";

export {
  isObject,
  isSame,
  type Json,
  type JsonObject,
  listLeaves,
  readPath,
  showValue,
} from "../../shared/lib/json-tree.ts";

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

// A recipe from outside: a file or pasted text with a recipe, a run.json or a seed.
import { UserError } from "../../shared/lib/user-error.ts";
import { isObject, type JsonObject, listLeaves, readPath } from "./tree.ts";

export interface OutsideRecipe {
  readonly settings: JsonObject;
  readonly method: string;
  /** The id of the seed that the text itself is. */
  readonly seed: string | undefined;
}

/** Throws UserError "bad-recipe-file" saying what the text is not. */
export function parseRecipeText(text: string): OutsideRecipe {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw refuse("This is not JSON.", (cause as Error).message, cause);
  }
  if (!isObject(value)) throw refuse("This is JSON, but no recipe.", "A recipe is an object with a method.");
  const isSeed = isObject(value.defaults) && isObject(value.paper);
  const settings = isSeed ? value.defaults : isObject(value.recipe) ? value.recipe : value;
  const method = readPath(settings, "method.id") ?? (isSeed ? value.method : undefined);
  if (!isObject(settings) || typeof method !== "string") {
    throw refuse("This recipe names no method.", 'It needs a setting "method" with an "id", such as "dm".');
  }
  return { settings, method, seed: isSeed && typeof value.id === "string" ? value.id : undefined };
}

const refuse = (message: string, hint: string, cause?: unknown) =>
  new UserError("bad-recipe-file", message, hint, { cause });

/** The settings by path; facts of a dataset belong to the dataset that is chosen, not to the recipe. */
export function settingsOf({ settings }: OutsideRecipe): Record<string, unknown> {
  const leaves = listLeaves(settings).filter(
    ({ path }) => path !== "version" && path !== "method.id" && !path.startsWith("dataset."),
  );
  return Object.fromEntries(leaves.map(({ path, value }) => [path, value]));
}

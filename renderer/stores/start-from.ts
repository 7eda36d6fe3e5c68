// What a new run begins with when it is made after another: the recipe and length that leave the fewest changes.
import type { Client } from "../../shared/api/client.ts";
import type { RecipeList } from "../../shared/api/recipes.ts";
import { UserError } from "../../shared/lib/user-error.ts";
import { changesAgainst, type NewRunChoice } from "./new-run.ts";
import type { OutsideRecipe } from "./recipe-file.ts";
import { settingsOf } from "./recipe-file.ts";
import { type JsonObject, listLeaves, nest, readPath } from "./tree.ts";

type Port = { readonly recipes: Pick<Client["recipes"], "resolve"> };
type Start = Pick<NewRunChoice, "recipe" | "variant" | "changes">;

/** The seed of a method, else the method itself; undefined where it is not known. */
export function recipeOf({ seeds, methods }: Pick<RecipeList, "seeds" | "methods">, method: unknown) {
  return seeds.find((seed) => seed.method === method)?.id ?? methods.find(({ id }) => id === method)?.id;
}

/** After a run, or a recipe from outside. Settings that do not fit are kept, so that the form can name them. */
export async function startFrom(client: Port, dataset: string, recipe: string, settings: JsonObject): Promise<Start> {
  const variants = ["small", "paper"] as const;
  const starts = await Promise.all(
    variants.map(async (variant) => {
      const request = { dataset, recipe, ...(variant === "small" && { variant }) };
      const preset = await client.recipes.resolve(request).then(
        (answer) => answer.preset,
        () => ({}), // the preset alone does not fit this dataset: everything counts as a change
      );
      return { recipe, variant, changes: changesAgainst(preset, settings) };
    }),
  );
  return starts.reduce((a, b) => (Object.keys(b.changes).length < Object.keys(a.changes).length ? b : a));
}

/** Throws UserError "method-unknown" for a recipe of a method that is not here. */
export async function startFromOutside(
  client: Port,
  dataset: string,
  list: RecipeList,
  outside: OutsideRecipe,
): Promise<Start> {
  const recipe = list.seeds.find(({ id }) => id === outside.seed)?.id ?? recipeOf(list, outside.method);
  if (recipe === undefined) {
    const known = list.methods.map(({ id }) => id).join(", ");
    throw new UserError("method-unknown", `The method "${outside.method}" is not here.`, `Known: ${known}.`);
  }
  return startFrom(client, dataset, recipe, nest(settingsOf(outside)));
}

/** A published case at full length. */
export function startFromCase(seed: RecipeList["seeds"][number], name: string | undefined): Start | undefined {
  const found = seed.cases.find((each) => each.name === name);
  if (!found) return undefined;
  const own = Object.fromEntries(listLeaves(found.set).map(({ path, value }) => [path, value]));
  const ipc = readPath(seed.defaults, "ipc") === found.ipc ? {} : { ipc: found.ipc };
  return { recipe: seed.id, variant: "paper", changes: { ...own, ...ipc } };
}

// From a seed, a case and the user's changes to a full recipe, reporting every error at once.
import { z } from "zod";
import { nearest } from "../lib/nearest.ts";
import { UserError } from "../lib/user-error.ts";
import { methodOf } from "../methods/index.ts";
import { createNet, namedNetwork, usualDepth } from "../nn/nets/index.ts";
import { type Recipe, recipeSchema } from "./schema.ts";

/** What of a dataset a recipe must fit. */
export interface DatasetFacts {
  readonly name: string;
  readonly size: number;
  readonly channels: number;
  readonly classes: readonly { readonly name: string; readonly train: number }[];
}

type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** `over` laid on `base`: objects merge, everything else is replaced. */
export function layer(base: Json, over: Json): Json {
  const out: Record<string, unknown> = { ...base };
  for (const [name, value] of Object.entries(over)) {
    const below = out[name];
    out[name] = isObject(below) && isObject(value) ? layer(below, value) : value;
  }
  return out;
}

/** `path=value` pairs as a partial recipe; a value is JSON, or text where it is not. Throws UserError for a bad pair. */
export function parseChanges(pairs: readonly string[]): Json {
  let changes: Json = {};
  for (const pair of pairs) {
    const at = pair.indexOf("=");
    if (at < 1) {
      throw new UserError(
        "bad-change",
        `--set ${pair}: this is not path=value.`,
        "For example: --set method.steps=500",
      );
    }
    let value: unknown = pair.slice(at + 1);
    try {
      value = JSON.parse(pair.slice(at + 1));
    } catch {
      // Not JSON: a plain word, such as --set init=noise.
    }
    const nested = pair
      .slice(0, at)
      .split(".")
      .reduceRight<unknown>((inner, name) => ({ [name]: inner }), value);
    changes = layer(changes, nested as Json);
  }
  return changes;
}

/** Settings that no paper names, fit for this dataset and number of steps. */
function fittingDefaults(dataset: DatasetFacts, steps: number): Json {
  const depth = usualDepth(dataset.size);
  return {
    version: 1,
    dataset: { size: dataset.size, channels: dataset.channels, normalise: "standard" },
    seed: 0,
    network: { id: "convnet", depth, width: 128, norm: "instance" },
    evaluation: { nets: [`convnet-${depth}`] },
    record: {
      previewEverySteps: Math.max(1, Math.ceil(steps / 20)),
      checkpointEverySteps: Math.min(250, Math.max(1, Math.ceil(steps / 40))),
    },
  };
}

/**
 * The full recipe of layers laid on one another, fit for a dataset. Throws UserError "bad-recipe" naming every field
 * that is wrong, with the nearest known name for one that does not exist.
 */
export function resolveRecipe(layers: readonly Json[], dataset: DatasetFacts): Recipe {
  const given = layers.reduce(layer, {});
  const method = isObject(given.method) ? given.method : {};
  const parsedMethod = recipeSchema.shape.method.safeParse(method);
  const steps = parsedMethod.success ? methodOf(parsedMethod.data.id).steps(parsedMethod.data) : 1;
  const full = layer(fittingDefaults(dataset, steps), given);
  const parsed = recipeSchema.safeParse(full);
  const problems = parsed.success
    ? misfits(parsed.data, dataset)
    : parsed.error.issues.flatMap((issue) => explain(issue));
  if (problems.length > 0 || !parsed.success) {
    throw new UserError("bad-recipe", `The recipe does not fit:\n${problems.map((each) => `  ${each}`).join("\n")}`);
  }
  return parsed.data;
}

/** What a valid recipe asks of this dataset that it cannot give. */
function misfits(recipe: Recipe, dataset: DatasetFacts): string[] {
  const problems: string[] = [];
  if (recipe.dataset.size !== dataset.size || recipe.dataset.channels !== dataset.channels) {
    problems.push(
      `dataset: ${dataset.name} is stored with ${dataset.size} pixels and ${dataset.channels} channels, the recipe wants ` +
        `${recipe.dataset.size} and ${recipe.dataset.channels}: import it again with these, or leave them out`,
    );
  }
  if (recipe.init === "real") {
    const small = dataset.classes.filter(({ train }) => train < recipe.ipc);
    if (small.length > 0) {
      const shown = small.slice(0, 3).map(({ name, train }) => `"${name}" has ${train}`);
      const rest = small.length > 3 ? ` and ${small.length - 3} more classes are as small` : "";
      const most = Math.min(...dataset.classes.map(({ train }) => train));
      problems.push(
        `ipc: ${recipe.ipc} images of each class to begin with, but ${shown.join(", ")}${rest}: use at most ${most}, or init=noise`,
      );
    }
  }
  const input = {
    channels: dataset.channels,
    height: dataset.size,
    width: dataset.size,
    classes: dataset.classes.length,
  };
  const attempts = [
    () => recipe.network,
    ...recipe.evaluation.nets.map((name) => () => namedNetwork(name, recipe.network)),
  ];
  for (const attempt of attempts) {
    try {
      createNet(attempt(), input);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      problems.push(`${error.message} ${error.hint}`);
    }
  }
  return [...new Set(problems)];
}

/** One line for each thing that is wrong with a field. */
function explain(issue: z.core.$ZodIssue): string[] {
  const path = issue.path.join(".");
  if (issue.code === "unrecognized_keys") {
    const known = knownKeys(issue.path);
    return issue.keys.map((key) => {
      const suggestion = nearest(key, known);
      const way = suggestion
        ? `did you mean ${[...issue.path, suggestion].join(".")}?`
        : `known here: ${known.join(", ")}`;
      return `${[...issue.path, key].join(".")}: there is no such setting; ${way}`;
    });
  }
  return [`${path || "recipe"}: ${issue.message}`];
}

/** The settings that exist below a path of the recipe. */
function knownKeys(path: readonly PropertyKey[]): string[] {
  const json = z.toJSONSchema(recipeSchema, { io: "input" }) as JsonSchema;
  let at: JsonSchema | undefined = json;
  for (const name of path) at = at?.properties?.[String(name)] ?? at?.oneOf?.[0]?.properties?.[String(name)];
  const options = at?.oneOf ?? at?.anyOf ?? (at ? [at] : []);
  return [...new Set(options.flatMap((option) => Object.keys(option.properties ?? {})))];
}

interface JsonSchema {
  properties?: Record<string, JsonSchema>;
  oneOf?: JsonSchema[];
  anyOf?: JsonSchema[];
}

// From a seed, a case and the user's changes to a full recipe, reporting every error at once.
import { z } from "zod";
import { countHeldOut } from "../data/held-out.ts";
import { ZCA_MAX_DIMENSIONS } from "../data/normaliser.ts";
import { nearest } from "../lib/nearest.ts";
import { type FieldProblem, UserError } from "../lib/user-error.ts";
import { methodOf, methods } from "../methods/index.ts";
import { createNet, type NetworkOptions, namedNetwork, nameOf, networkOptions, usualDepth } from "../nn/nets/index.ts";
import type { DatasetFacts } from "./facts.ts";
import { evaluationOptions, type Recipe, recipeSchema } from "./schema.ts";

type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** `over` laid on `base`: objects merge, unless `over` names another `id`, whose settings are its own; all else is replaced. */
export function layer(base: Json, over: Json): Json {
  return merge(base, over, (below, value) => value.id === undefined || value.id === below.id);
}

function merge(base: Json, over: Json, doMerge: (below: Json, value: Json) => boolean): Json {
  // A Map, since assigning "__proto__" to an object would not add a field.
  const out = new Map(Object.entries(base));
  for (const [name, value] of Object.entries(over)) {
    const below = out.get(name);
    const isMerged = isObject(below) && isObject(value) && doMerge(below, value);
    out.set(name, isMerged ? merge(below, value, doMerge) : value);
  }
  return Object.fromEntries(out);
}

/** `path=value` pairs as a partial recipe; a value is JSON, or text where it is not. Throws UserError naming each bad pair. */
export function parseChanges(pairs: readonly string[]): Json {
  const bad = pairs.filter((pair) => !/^[^.=]+(\.[^.=]+)*=/.test(pair));
  if (bad.length > 0) {
    const listed = bad.map((pair) => `--set ${pair}`).join(", ");
    throw new UserError("usage", `${listed}: this is not path=value.`, "For example: --set method.steps=500");
  }
  // Whether an id is named before or after its settings makes no difference.
  return pairs.map(parseChange).reduce((all, change) => merge(all, change, () => true), {});
}

function parseChange(pair: string): Json {
  const at = pair.indexOf("=");
  let value: unknown = pair.slice(at + 1);
  try {
    value = JSON.parse(pair.slice(at + 1));
  } catch {
    // Not JSON: a plain word, such as --set init=noise.
  }
  const names = pair.slice(0, at).split(".");
  return names.reduceRight<unknown>((inner, name) => Object.fromEntries([[name, inner]]), value) as Json;
}

/** Settings that no paper names, fit for this dataset, network and number of steps. */
function fittingDefaults(dataset: DatasetFacts, given: Json, steps: number): Json {
  const usual = { id: "convnet", depth: usualDepth(dataset.size) };
  const network = isObject(given.network) && given.network.id !== "convnet" ? { id: given.network.id } : usual;
  const named = networkOptions.safeParse(layer({ network }, { network: given.network }).network);
  return {
    version: 1,
    dataset: { size: dataset.size, channels: dataset.channels, normalise: "standard" },
    seed: 0,
    network,
    evaluation: { nets: [nameOf(named.data ?? usual)] },
    record: {
      previewEverySteps: Math.max(1, Math.ceil(steps / 20)),
      checkpointEverySteps: Math.min(250, Math.max(1, Math.ceil(steps / 40))),
    },
  };
}

/**
 * The full recipe of layers laid on one another, fit for a dataset. Throws UserError "bad-recipe" naming every field
 * that is wrong, in its message and as `problems`, with the nearest known name for one that does not exist; `source`
 * names the recipe in it. `found` is told with the rest: what the recipe names in a store that is not there, or does not fit.
 */
export function resolveRecipe(
  layers: readonly Json[],
  dataset: DatasetFacts,
  source = "The recipe",
  found: readonly FieldProblem[] = [],
): Recipe {
  const given = withUsual(layers.reduce(layer, { network: { id: "convnet" } }));
  const parsedMethod = recipeSchema.shape.method.safeParse(given.method);
  const steps = parsedMethod.success ? methodOf(parsedMethod.data.id).steps(parsedMethod.data) : 1;
  const full = layer(fittingDefaults(dataset, given, steps), given);
  const parsed = recipeSchema.safeParse(full);
  const issues = parsed.error?.issues ?? [];
  const problems = [...issues.flatMap((issue) => explain(issue, full)), ...misfits(full, dataset), ...found];
  if (problems.length > 0 || !parsed.success) throw unusable(source, problems);
  return parsed.data;
}

/** With the settings that the method derives from the number of images, below those that are given. */
function withUsual(given: Json): Json {
  const id = isObject(given.method) ? given.method.id : undefined;
  const method = methods.find((each) => each.id === id);
  const ipc = recipeSchema.shape.ipc.safeParse(given.ipc);
  if (!method || !ipc.success) return given;
  return layer({ method: { id, ...method.usual?.({ ipc: ipc.data }) } }, given);
}

const plainNetwork = { id: "convnet", depth: 1 } as const;

/** What the valid fields of a recipe ask of this dataset that it cannot give. */
function misfits(full: Json, dataset: DatasetFacts): FieldProblem[] {
  const read = <K extends keyof Recipe>(name: K): Recipe[K] | undefined =>
    recipeSchema.shape[name].safeParse(full[name]).data as Recipe[K] | undefined;
  const [wanted, ipc, network] = [read("dataset"), read("ipc"), read("network")];
  const problems: FieldProblem[] = [];
  const add = (path: string, message: string) => void problems.push({ path, message });
  if (wanted && (wanted.size !== dataset.size || wanted.channels !== dataset.channels)) {
    add(
      "dataset",
      `${dataset.name} is stored with ${dataset.size} pixels and ${dataset.channels} channels, the recipe wants ` +
        `${wanted.size} and ${wanted.channels}: import it again with these, or leave them out`,
    );
  }
  const values = dataset.channels * dataset.size ** 2;
  if (wanted?.normalise === "zca" && values > ZCA_MAX_DIMENSIONS) {
    const largest = Math.floor(Math.sqrt(ZCA_MAX_DIMENSIONS / dataset.channels));
    const bytes = Math.ceil((2 * 4 * values ** 2) / 1e6);
    add(
      "dataset.normalise",
      `zca needs two matrices of ${values} x ${values} numbers (${bytes} MB) for images of ${dataset.size} pixels: import ` +
        `${dataset.name} again with at most ${largest} pixels, or use standard`,
    );
  }
  const init = read("init");
  const evaluation = evaluationOptions.safeParse(full.evaluation).data;
  if (evaluation) {
    for (const { path, message } of contradictions(evaluation, dataset)) add(path, message);
  }
  const kept = ({ train }: { readonly train: number }) => train - countHeldOut(train, evaluation?.validation ?? 0);
  if (ipc !== undefined && typeof init === "string" && init !== "noise") {
    const small = dataset.classes.filter((each) => kept(each) < ipc);
    if (small.length > 0) {
      const shown = small.slice(0, 3).map((each) => `"${each.name}" has ${kept(each)}`);
      const rest = small.length > 3 ? ` and ${small.length - 3} more classes are as small` : "";
      const most = Math.min(...dataset.classes.map(kept));
      add(
        "ipc",
        `${ipc} images of each class to begin with, but ${shown.join(", ")}${rest}: use at most ${most}, or init=noise`,
      );
    }
  }
  const method = read("method");
  if (method && ipc !== undefined) {
    const found = methodOf(method.id).contradictions?.(method, { classes: dataset.classes.length, ipc }) ?? [];
    for (const { path, message } of found) add(`method.${path}`, message);
  }
  const names = isObject(full.evaluation)
    ? evaluationOptions.shape.nets.safeParse(full.evaluation.nets).data
    : undefined;
  return [
    ...problems,
    ...(network ? misfitNetwork(() => network, dataset) : []),
    // A name is known or not, whatever else the network gets wrong.
    ...misfitNames(names ?? [], network ?? plainNetwork, dataset),
  ];
}

/** Settings of the evaluation that do not go together. */
function contradictions({ everySteps, validation }: Recipe["evaluation"], dataset: DatasetFacts): FieldProblem[] {
  const path = "evaluation.validation";
  const isHeldOut = dataset.classes.some(({ train }) => countHeldOut(train, validation) > 0);
  if (validation > 0 && !isHeldOut) {
    const most = Math.max(...dataset.classes.map(({ train }) => train));
    return [{ path, message: `${validation} of ${most} images, the most of a class, is not one: hold out more, or 0` }];
  }
  if (everySteps > 0 && validation === 0) {
    return [
      { path, message: "no images are held out to evaluate the steps on: for example 0.1, or evaluation.everySteps=0" },
    ];
  }
  if (everySteps === 0 && validation > 0) {
    return [{ path, message: "nothing looks at the images held out: set evaluation.everySteps, or this to 0" }];
  }
  return [];
}

/** Why a network is not known, or does not fit the images. */
function misfitNetwork(options: () => NetworkOptions, dataset: DatasetFacts): FieldProblem[] {
  const [channels, height, width] = [dataset.channels, dataset.size, dataset.size];
  try {
    createNet(options(), { channels, height, width, classes: dataset.classes.length });
    return [];
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    // The networks' errors begin with the field that they are about.
    const [, path = "network", message = error.message] = /^([\w.]+): (.*)$/s.exec(error.message) ?? [];
    return [{ path, message: `${message} ${error.hint}` }];
  }
}

/** The same of the evaluation's networks, but for the recipe's own, which is told once. */
function misfitNames(names: readonly string[], own: NetworkOptions, dataset: DatasetFacts): FieldProblem[] {
  return names.flatMap((name) =>
    misfitNetwork(() => namedNetwork(name, own), dataset).flatMap(({ path, message }) => {
      if (path === NETS) return [{ path, message }];
      const told = message.startsWith(`${name} `) ? message : `${name}: ${message}`;
      return name === nameOf(own) ? [] : [{ path: NETS, message: told }];
    }),
  );
}

const NETS = "evaluation.nets";

/** A recipe with another evaluation, fit for a dataset. Throws UserError "bad-recipe" naming every field that is wrong. */
export function changeEvaluation(recipe: Recipe, changes: Json, dataset: DatasetFacts): Recipe {
  const parsed = evaluationOptions.safeParse(layer(recipe.evaluation, changes));
  const issues = (parsed.error?.issues ?? []).map((issue) => ({ ...issue, path: ["evaluation", ...issue.path] }));
  const problems = [
    ...issues.flatMap((issue) => explain(issue, recipe)),
    ...misfitNames(parsed.data?.nets ?? [], recipe.network, dataset),
  ];
  if (problems.length > 0 || !parsed.success) throw unusable("The evaluation", problems);
  return { ...recipe, evaluation: parsed.data };
}

function unusable(source: string, problems: readonly FieldProblem[]): UserError {
  const lines = new Map(problems.map((problem) => [`${problem.path || "recipe"}: ${problem.message}`, problem]));
  const listed = [...lines.keys()].map((line) => `  ${line}`).join("\n");
  return new UserError("bad-recipe", `${source} cannot be used:\n${listed}`, "", { problems: [...lines.values()] });
}

/** Each thing that is wrong with a field. */
function explain(issue: z.core.$ZodIssue, recipe: Json): FieldProblem[] {
  const path = issue.path.join(".");
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => {
      const suggestion = suggestPath(issue.path, key, recipe);
      const known = knownKeys(issue.path, recipe).join(", ");
      const way = suggestion ? `did you mean ${suggestion}?` : `known here: ${known}`;
      return { path: [...issue.path, key].join("."), message: `there is no such setting; ${way}` };
    });
  }
  if (issue.code === "invalid_union" && issue.discriminator !== undefined) {
    return [{ path, message: `expected one of ${idsOf(issue.path).join(", ")}` }];
  }
  // An item of a list is told at its list, which is the setting.
  const place = issue.path.filter((name) => typeof name !== "number").join(".");
  return [{ path: place, message: describeIssue(issue, issue.path.reduce<unknown>(childOf, recipe)) }];
}

const childOf = (at: unknown, name: PropertyKey): unknown =>
  typeof at === "object" && at !== null ? (at as Record<PropertyKey, unknown>)[name] : undefined;

/** What a value is not, and what it may be. */
function describeIssue(issue: z.core.$ZodIssue, value: unknown): string {
  const given = JSON.stringify(value);
  switch (issue.code) {
    case "too_small":
      if (issue.origin === "array") return `is empty: name at least ${issue.minimum}`;
      if (issue.origin === "string") return "is empty";
      return `${given} is too small: ${issue.inclusive ? "at least" : "above"} ${issue.minimum}`;
    case "too_big":
      return `${given} is too large: ${issue.inclusive ? "at most" : "below"} ${issue.maximum}`;
    case "invalid_value": {
      const known = issue.values.map(String);
      const meant = typeof value === "string" ? nearest(value, known) : undefined;
      const way = meant ? `did you mean ${meant}? Known: ` : "expected one of ";
      return `${given} is not known; ${way}${known.join(", ")}`;
    }
    case "invalid_type":
      if (value === undefined || value === null) return "is missing";
      return `${given} is not ${issue.expected === "int" ? "a whole number" : `a ${issue.expected}`}`;
    default:
      return issue.message;
  }
}

/** The path that was meant by a key that its place does not have: `method.steps` by `steps`, or the slip of a finger. */
function suggestPath(place: readonly PropertyKey[], key: string, recipe: Json): string | undefined {
  const places = [[], ...knownKeys([], recipe).map((name) => [name])];
  const everywhere = places.flatMap((path) =>
    knownKeys(path, recipe).map((name) => ({ name, path: [...path, name].join(".") })),
  );
  const only = (word: string | undefined) => {
    const found = everywhere.filter(({ name }) => name === word);
    return found.length === 1 ? found[0].path : undefined;
  };
  const here = nearest(key, knownKeys(place, recipe));
  const near = here && [...place, here].join(".");
  return only(key) ?? near ?? only(nearest(key, [...new Set(everywhere.map(({ name }) => name))]));
}

/** The ids that a choice such as `method.id` has. */
function idsOf(path: readonly PropertyKey[]): string[] {
  const at = schemaAt(path.slice(0, -1));
  return (at?.oneOf ?? []).map((option) => String(option.properties?.id?.const));
}

/** The settings that exist below a path of a recipe, by the ids that it has chosen. */
function knownKeys(path: readonly PropertyKey[], recipe: Json): string[] {
  const at = schemaAt(path);
  const all = at?.oneOf ?? (at ? [at] : []);
  const value = path.reduce<unknown>((below, name) => (isObject(below) ? below[String(name)] : undefined), recipe);
  const chosen = all.filter((option) => isObject(value) && option.properties?.id?.const === value.id);
  const options = chosen.length > 0 ? chosen : all;
  return [...new Set(options.flatMap((option) => Object.keys(option.properties ?? {})))];
}

/** Made when a recipe is first found wrong: it takes a while. */
let wholeSchema: JsonSchema | undefined;

function schemaAt(path: readonly PropertyKey[]): JsonSchema | undefined {
  wholeSchema ??= z.toJSONSchema(recipeSchema, { io: "input" }) as JsonSchema;
  let at: JsonSchema | undefined = wholeSchema;
  for (const name of path) at = at?.properties?.[String(name)];
  return at;
}

interface JsonSchema {
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly oneOf?: readonly JsonSchema[];
}

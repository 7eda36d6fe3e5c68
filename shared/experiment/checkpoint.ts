// A checkpoint: the stage and step reached, how many events came before it, the method's state and the trials finished.
import { z } from "zod";
import type { HostArray } from "../engine/index.ts";
import { readSafetensors, type TypedTensor, writeSafetensors } from "../formats/index.ts";
import { UserError } from "../lib/user-error.ts";
import type { SavedState, SavedTree } from "../methods/index.ts";
import { type Recipe, recipeSchema } from "../recipe/index.ts";
import { evaluatedSetSchema, stageSchema } from "./events.ts";
import { listJobs } from "./jobs.ts";

const trialSchema = z.strictObject({
  set: evaluatedSetSchema,
  net: z.string(),
  trial: z.int().min(0),
  accuracy: z.number().min(0).max(1),
});
export type Trial = z.output<typeof trialSchema>;

const headerSchema = z.strictObject({
  version: z.literal(1),
  stage: stageSchema,
  step: z.int().min(0),
  /** Events of the run that precede this checkpoint; what follows is cut off on resume. */
  events: z.int().min(0),
  trials: z.array(trialSchema),
  /** The step that was best on held-out images so far; its state is kept beside. */
  best: z.strictObject({ step: z.int().min(0), accuracy: z.number().min(0).max(1), state: z.unknown() }).optional(),
  /** A person ended the distillation here: no resume goes on with it. */
  isEnded: z.literal(true).optional(),
  /** The recipe that the state was made with. */
  recipe: z.unknown(),
  /** The state with `{ "$tensor": name }` in place of arrays. */
  state: z.unknown(),
});

/** A state with how well it did on held-out images. */
export interface Best {
  readonly step: number;
  readonly accuracy: number;
  readonly state: SavedState;
}

export interface Checkpoint extends Omit<z.output<typeof headerSchema>, "version" | "state" | "best"> {
  readonly state: SavedState;
  readonly best?: Best | undefined;
}

export function isArray(node: unknown): node is HostArray {
  return typeof node === "object" && node !== null && "data" in node && ArrayBuffer.isView(node.data);
}

/** The bytes of a checkpoint; the same checkpoint gives the same bytes. */
export function encodeCheckpoint({ state, best, ...rest }: Checkpoint): Uint8Array {
  const tensors: Record<string, TypedTensor> = {};
  const skeleton = (node: SavedTree, path: string): unknown => {
    if (typeof node === "number") return node;
    if (isArray(node)) {
      tensors[path] = toTensor(node);
      return { $tensor: path };
    }
    const child = ([name, value]: [string, SavedTree]) => [name, skeleton(value, `${path}.${name}`)] as const;
    const entries = Object.entries(node as Record<string, SavedTree>).map(child);
    return Array.isArray(node) ? entries.map(([, value]) => value) : Object.fromEntries(entries);
  };
  const header = {
    version: 1,
    ...rest,
    ...(best && { best: { ...best, state: skeleton(best.state, "best") } }),
    state: skeleton(state, "state"),
  };
  return writeSafetensors(tensors, { format: "stillroom.checkpoint", checkpoint: JSON.stringify(header) });
}

/** An array as safetensors hold it. */
export function toTensor({ shape, data }: HostArray): TypedTensor {
  if (data instanceof Int32Array) return { dtype: "I32", shape, data };
  return data instanceof Float64Array ? { dtype: "F64", shape, data } : { dtype: "F32", shape, data };
}

/** Reads a checkpoint, which may be damaged. Throws UserError "bad-checkpoint". */
export function decodeCheckpoint(bytes: Uint8Array, source: string): Checkpoint {
  try {
    const { tensors, metadata } = readSafetensors(bytes, source);
    const { version: _, state, best, ...rest } = headerSchema.parse(JSON.parse(metadata.checkpoint ?? "null"));
    const restore = (node: unknown): SavedTree => {
      if (typeof node === "number") return node;
      if (Array.isArray(node)) return node.map(restore);
      if (typeof node !== "object" || node === null) throw new Error("its state is not a tree of numbers and arrays");
      if ("$tensor" in node) {
        const tensor = tensors[String(node.$tensor)];
        if (!tensor) throw new Error(`tensor ${String(node.$tensor)} is missing`);
        return { shape: tensor.shape, data: tensor.data as HostArray["data"] };
      }
      return Object.fromEntries(Object.entries(node).map(([name, value]) => [name, restore(value)]));
    };
    const restored = restore(state);
    if (!isState(restored)) throw new Error("its state has no step and images");
    if (!best) return { ...rest, state: restored };
    const ofBest = restore(best.state);
    if (!isState(ofBest)) throw new Error("its best state has no step and images");
    return { ...rest, best: { ...best, state: ofBest }, state: restored };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserError("bad-checkpoint", `${source} cannot be read: ${reason}`, "", { cause: error });
  }
}

function isState(tree: SavedTree): tree is SavedState {
  const { step, images } = tree as Partial<SavedState>;
  return Number.isInteger(step) && Array.isArray(images) && images.length > 0 && images.every(isArray);
}

/** Throws UserError "bad-checkpoint" when a checkpoint is of another experiment. `imageShape` is [c, h, w]. */
export function requireFitting(
  { state, best, trials, recipe: own }: Checkpoint,
  recipe: Recipe,
  imageShape: readonly number[],
  classes: number,
  source = "The checkpoint",
): void {
  const problems: string[] = [];
  const count = state.images.reduce((sum, { shape }) => sum + shape[0], 0);
  const isShaped = state.images.every(({ shape }) => String(shape.slice(1)) === String(imageShape));
  if (count !== recipe.ipc * classes || !isShaped) {
    problems.push(`its images are not ${recipe.ipc * classes} of ${imageShape.join(" x ")}`);
  }
  const jobs = listJobs(recipe, best !== undefined);
  const isOurs = ({ set, net, trial }: Trial, at: number) =>
    jobs[at]?.set === set && jobs[at].net === net && jobs[at].trial === trial;
  if (!trials.every(isOurs)) problems.push("its trials are not those of the recipe");
  if (problems.length === 0 && !isMadeWith(recipe, own, trials.length > 0)) {
    problems.push("its recipe is not that of run.json");
  }
  if (problems.length > 0) {
    throw new UserError("bad-checkpoint", `${source} is of another experiment: ${problems.join("; ")}.`);
  }
}

/** What of the evaluation the distillation depends on: everything where its steps are judged. */
const judgingOf = ({ evaluation }: Recipe) => (evaluation.everySteps > 0 ? evaluation : evaluation.validation);

/** Whether a state was made with this recipe. The evaluation counts only where trials have begun, the record never. */
function isMadeWith(recipe: Recipe, own: unknown, hasTrials: boolean): boolean {
  const relevant = (given: Recipe) =>
    JSON.stringify({ ...given, record: undefined, ...(hasTrials ? {} : { evaluation: judgingOf(given) }) });
  // One that was written before a setting was known has what that setting is by default.
  const written = recipeSchema.safeParse(own).data;
  return written !== undefined && relevant(written) === relevant(recipe);
}

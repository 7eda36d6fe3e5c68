// The memory that a run takes on a GPU, known before it starts: the run's own loop, with blank images, on a backend that
// compiles and counts as the real one does and computes nothing.
import { ImageSet } from "../data/image-set.ts";
import { selectionIds } from "../data/selection/index.ts";
import type { StoredDataset } from "../data/stored-set.ts";
import { type Backend, Runtime, type WebgpuBackend } from "../engine/index.ts";
import { protocolOf } from "../evaluation/protocols.ts";
import { TEST_BATCH } from "../evaluation/train-fresh.ts";
import { UserError } from "../lib/user-error.ts";
import { methodOf } from "../methods/index.ts";
import { createNet } from "../nn/nets/index.ts";
import type { Recipe } from "../recipe/index.ts";
import { createEvaluator, listJobs } from "./evaluate.ts";
import type { RunPort } from "./ports.ts";
import { runExperiment } from "./run.ts";
import { openSets } from "./sets.ts";

export interface PlannedMemory {
  /** Bytes that values and programs take at most, kept to the sizes in which buffers are made. */
  readonly peakBytes: number;
  /** The same until the evaluation begins. */
  readonly distilBytes: number;
  /** Synthetic images that may go through the network at once, where they are fewer than the method takes. */
  readonly imagesAtOnce?: number | undefined;
}

interface Planned {
  readonly recipe: Recipe;
  readonly train: ImageSet;
  readonly validation?: ImageSet | undefined;
  readonly test: ImageSet;
  readonly evaluate: boolean;
  readonly imagesAtOnce?: number | undefined;
}

/** By then two states are kept and two are being computed, whichever steps are written down. */
const STEPS = 6;

/** What the run takes as it is given. */
export async function planMemory(backend: WebgpuBackend, planned: Planned): Promise<PlannedMemory> {
  const dry = backend.dry();
  const runtime = new Runtime(dry);
  await distil(runtime, planned);
  const distilBytes = dry.stats().peakBytes;
  if (planned.evaluate) await evaluateOnce(runtime, planned);
  const { peakBytes } = dry.stats();
  await dry.dispose();
  return { peakBytes, distilBytes, imagesAtOnce: planned.imagesAtOnce };
}

/**
 * What the run takes below the backend's ceiling: where it would take more, fewer images go through the network at once,
 * unless it has begun. Undefined on backends whose memory is not planned. Throws UserError "memory-limit".
 */
export async function fitMemory(
  backend: Backend,
  planned: Planned & { readonly hasBegun?: boolean },
): Promise<PlannedMemory | undefined> {
  if (!isWebgpu(backend)) return undefined;
  const { recipe, train, hasBegun = false } = planned;
  const { memoryLimit: limit = Number.POSITIVE_INFINITY } = backend;
  const all = recipe.ipc * train.classNames.length;
  let fit = await planMemory(backend, planned);
  let atOnce = Math.min(planned.imagesAtOnce ?? methodOf(recipe.method.id).imagesAtOnce ?? 0, all);
  const isWhole = isMatchedWhole(planned);
  let isVain = hasBegun || isWhole;
  // Classes are matched whole. Where a piece is one class already, fewer images change nothing.
  while (!isVain && fit.distilBytes > limit && atOnce >= 2 * recipe.ipc) {
    atOnce = Math.floor(atOnce / 2);
    const smaller = await planMemory(backend, { ...planned, imagesAtOnce: atOnce });
    isVain = smaller.distilBytes === fit.distilBytes;
    if (!isVain) fit = smaller;
  }
  if (fit.peakBytes > limit) throw tooLarge(recipe, fit, limit, isWhole);
  return fit;
}

/** Whether a method that takes images in pieces must take them all at once, since its network mixes the images of a batch. */
function isMatchedWhole({ recipe, train }: Planned): boolean {
  const [channels, height, width] = train.imageShape;
  const net = createNet(recipe.network, { channels, height, width, classes: train.classNames.length });
  return methodOf(recipe.method.id).imagesAtOnce !== undefined && net.mixesImages;
}

/** The same of a stored dataset. */
export function fitStored(
  backend: Backend,
  { dataset, ...rest }: Omit<Parameters<typeof fitMemory>[1], "train" | "test"> & { readonly dataset: StoredDataset },
): Promise<PlannedMemory | undefined> {
  return fitMemory(backend, { ...rest, ...openSets(dataset, rest.recipe) });
}

export const isWebgpu = (backend: Backend): backend is WebgpuBackend => "dry" in backend;

function tooLarge(
  recipe: Recipe,
  { peakBytes, distilBytes, imagesAtOnce }: PlannedMemory,
  limit: number,
  isWhole: boolean,
): UserError {
  const isDistilling = distilBytes > limit;
  const settings = [...(isDistilling ? [...methodOf(recipe.method.id).memoryNames, "ipc"] : []), "network.width"];
  const settingOf = (path: string) =>
    path.split(".").reduce<unknown>((at, name) => (at as Record<string, unknown>)[name], recipe);
  const named = settings.map((path) => `${path}, which is ${String(settingOf(path))}`).join("; ");
  const pieces = isDistilling && imagesAtOnce !== undefined ? `, even with ${imagesAtOnce} images at once` : "";
  const whole =
    isDistilling && isWhole ? " Batch norm mixes the images of a batch, so that they cannot go through in pieces." : "";
  const stage = isDistilling ? "Distilling" : "The evaluation";
  const bytes = isDistilling ? distilBytes : peakBytes;
  return new UserError(
    "memory-limit",
    `${stage} takes ${megabytes(bytes)} of the adapter's memory at its peak${pieces}: more than the memory limit of ${megabytes(limit)}.${whole}`,
    `Raise the limit, or lower one of: ${named}${isDistilling ? whole && "; or use network.norm=instance" : "; or leave out the evaluation"}.`,
  );
}

const megabytes = (bytes: number) => `${Number((bytes / 1e6).toPrecision(4))} MB`;

async function distil(runtime: Runtime, planned: Planned): Promise<void> {
  const { train, validation, test, imagesAtOnce } = planned;
  const { evaluation } = planned.recipe;
  // The first steps are judged as later ones will be, but shortly.
  const everySteps = Math.min(evaluation.everySteps, STEPS - 2);
  const recipe = { ...planned.recipe, evaluation: { ...evaluation, everySteps, epochs: 1 } };
  const finish = new AbortController();
  await runExperiment({
    recipe,
    train: blank(train.source, train.source.counts),
    validation: validation && blank(validation.source, cutCounts(validation.source.counts, TEST_BATCH, 0)),
    test,
    fingerprint: "",
    runtime,
    port: nowhere,
    artifacts: undefined,
    clock: () => 0,
    signal: new AbortController().signal,
    finish: finish.signal,
    evaluate: false,
    imagesAtOnce,
    onProgress: ({ done }) => {
      if (done >= STEPS) finish.abort();
    },
  });
}

const nowhere: RunPort = {
  appendEvents: async () => {},
  writeCheckpoint: async () => {},
  writePreview: async () => {},
  writeFile: async () => {},
};

/** One short training of each network on each set. */
async function evaluateOnce(runtime: Runtime, { recipe: given, train, test }: Planned): Promise<void> {
  const recipe = { ...given, evaluation: { ...given.evaluation, trials: 1, epochs: 1 } };
  const { source } = train;
  const { batch } = protocolOf(recipe.evaluation.protocol);
  const count = recipe.ipc * source.classNames.length;
  const real = blank(source, cutCounts(source.counts, batch, recipe.ipc));
  const listClass = (_: string, label: number) =>
    Array.from({ length: Math.min(recipe.ipc, real.countOf(label)) }, (_, at) => real.starts[label] + at);
  const chosen = source.classNames.map(listClass);
  const evaluator = createEvaluator({
    recipe,
    runtime,
    train: real,
    choices: Object.fromEntries(selectionIds.map((id) => [id, chosen])),
    test: blank(test.source, cutCounts(test.source.counts, TEST_BATCH, 1)),
    distilled: {
      images: new Float32Array(count * train.pixels),
      shape: [count, ...train.imageShape],
      labels: { kind: "hard", values: Int32Array.from({ length: count }, (_, i) => Math.floor(i / recipe.ipc)) },
      normaliser: source.normaliser,
      classNames: source.classNames,
      ipc: recipe.ipc,
      recipe,
      fingerprint: "",
      extra: {},
    },
  });
  const { signal } = new AbortController();
  for (const job of listJobs(recipe)) await evaluator.run(job, signal, () => {});
}

/** Images of some form, all zero, that are nowhere. */
class BlankSet extends ImageSet {
  override async images({ length }: ArrayLike<number>) {
    return { shape: [length, ...this.imageShape], data: new Float32Array(length * this.pixels) };
  }
}

const blank = (source: ImageSet["source"], counts: readonly number[]): ImageSet => new BlankSet({ ...source, counts });

/** Fewer images of each class, but at least `least` where there are, and `batch` together. */
function cutCounts(counts: readonly number[], batch: number, least: number): number[] {
  let missing = batch;
  return counts.map((count) => {
    const kept = Math.min(count, Math.max(least, missing));
    missing -= kept;
    return kept;
  });
}

// What a run will cost, measured before it starts: a few real steps on this dataset, network and backend.
import type { ImageSet } from "../data/image-set.ts";
import type { StoredDataset } from "../data/stored-set.ts";
import { isValue, type Runtime } from "../engine/index.ts";
import { countEpochs, protocolOf } from "../evaluation/protocols.ts";
import { createTrainer } from "../evaluation/train-fresh.ts";
import { deriveKey, rootKey } from "../lib/random.ts";
import { UserError } from "../lib/user-error.ts";
import { methodOf } from "../methods/index.ts";
import { createNet, namedNetwork } from "../nn/nets/index.ts";
import type { Recipe } from "../recipe/index.ts";
import { type Artifact, type ArtifactStore, artifactId } from "./artifacts.ts";
import { randomSet } from "./evaluate.ts";
import { fitMemory, type PlannedMemory } from "./planned-memory.ts";
import { type Preparation, type Prepared, preparations } from "./prepare.ts";
import { requireTestImages } from "./session.ts";
import { openSets } from "./sets.ts";

export interface Estimate {
  /** Of what the run prepares and the store does not have. */
  readonly prepareSeconds: number;
  readonly steps: number;
  readonly secondsPerStep: number;
  readonly synthesiseSeconds: number;
  readonly evaluateSeconds: number;
  readonly totalSeconds: number;
  /** Of the run folder. */
  readonly diskBytes: number;
  /** Of what the run prepares and the store does not have; later runs share it. */
  readonly artifactBytes: number;
}

/**
 * Times one step and one training epoch of each network, after a warm-up, and multiplies. Throws UserErrors "no-space" where what is
 * to be prepared does not fit on the disk, and "artifact-damaged" where what is there already cannot be read.
 */
export async function estimateRun(input: {
  readonly recipe: Recipe;
  readonly runtime: Runtime;
  readonly train: ImageSet;
  readonly validation?: ImageSet | undefined;
  readonly test: ImageSet;
  /** Of the dataset. */
  readonly fingerprint: string;
  /** Where what a run prepares may be already. */
  readonly artifacts: Pick<ArtifactStore, "open" | "measureRoom">;
  /** In milliseconds. */
  readonly clock: () => number;
  readonly evaluate: boolean;
  readonly imagesAtOnce?: number | undefined;
}): Promise<Estimate> {
  const { recipe, train, evaluate } = input;
  const { prepared, prepareSeconds, artifactBytes } = await timePreparations(input);
  const steps = methodOf(recipe.method.id).steps(recipe.method);
  const secondsPerStep = steps > 0 ? await timeStep(input, prepared) : 0;
  const { nets, everySteps } = recipe.evaluation;
  const judged = everySteps > 0 ? Math.ceil(steps / everySteps) : 0;
  let [evaluateSeconds, judgeSeconds] = [0, 0];
  for (const [at, name] of nets.entries()) {
    const isJudge = at === 0 && judged > 0;
    if (!evaluate && !isJudge) continue;
    const times = await timeTraining(input, name);
    if (evaluate) evaluateSeconds += sumTrials(input, times);
    if (isJudge)
      judgeSeconds = judged * (times.trainSeconds + times.testSecondsPerImage * (input.validation?.size ?? 0));
  }
  const images = train.classNames.length * recipe.ipc;
  const stateBytes = images * train.pixels * 4;
  const previews = Math.floor(steps / recipe.record.previewEverySteps) + 1;
  // The steps that are judged on held-out images wait for a network to be trained.
  const synthesiseSeconds = steps * secondsPerStep + judgeSeconds;
  return {
    prepareSeconds,
    steps,
    secondsPerStep,
    synthesiseSeconds,
    evaluateSeconds,
    totalSeconds: prepareSeconds + synthesiseSeconds + evaluateSeconds,
    // Three checkpoints of images and velocity, the set itself, and all that again of the best step; a picture of each
    // preview, a line of each step.
    diskBytes:
      (judged > 0 ? 14 : 7) * stateBytes +
      normaliserBytes(recipe, train) +
      previews * images * train.pixels +
      steps * 110,
    artifactBytes,
  };
}

/** The matrices of a whitened set, which it is kept with. */
const normaliserBytes = ({ dataset }: Recipe, { pixels }: ImageSet) =>
  dataset.normalise === "zca" ? 4 * (pixels + 2 * pixels ** 2) : 0;

type Timed = Parameters<typeof estimateRun>[0];

/**
 * The same of a stored dataset, and the memory that is planned where the backend can. Throws UserErrors "no-test-images"
 * where it cannot be evaluated, and "memory-limit".
 */
export async function estimateStored({
  dataset,
  ...rest
}: Omit<Timed, "train" | "test" | "imagesAtOnce" | "fingerprint"> & { readonly dataset: StoredDataset }): Promise<{
  readonly estimate: Estimate;
  readonly planned: PlannedMemory | undefined;
}> {
  if (rest.evaluate) requireTestImages(dataset);
  const sets = openSets(dataset, rest.recipe);
  const planned = await fitMemory(rest.runtime.backend, { ...rest, ...sets });
  const { fingerprint } = dataset.manifest;
  const { imagesAtOnce } = planned ?? {};
  return { estimate: await estimateRun({ ...rest, ...sets, fingerprint, imagesAtOnce }), planned };
}

/** Larger ones are only looked at by their sizes, which opening them does; their parts are checked when they are read. */
const MOST_READ = 256e6;

/** What is still to be made, and made-up contents for all of it. */
async function timePreparations(input: Timed) {
  const { recipe, fingerprint, runtime, train, validation, test, artifacts, clock, evaluate } = input;
  let prepared: Prepared = { train, validation, test, init: "noise" };
  const missing: Preparation[] = [];
  for (const prepare of preparations) {
    const wanted = prepare({ recipe, fingerprint, runtime, evaluate }, prepared);
    if (!wanted) continue;
    const found = await artifacts.open(await artifactId(wanted.spec));
    if (found) await readWhole(found);
    else missing.push(wanted);
    prepared = { ...prepared, ...wanted.blank() };
  }
  const artifactBytes = missing.reduce((sum, { bytes = 0 }) => sum + bytes, 0);
  if (artifactBytes > 0) requireRoom(missing, artifactBytes, await artifacts.measureRoom());
  let prepareSeconds = 0;
  for (const { rehearse } of missing) prepareSeconds += (await rehearse?.(clock)) ?? 0;
  return { prepared, prepareSeconds, artifactBytes };
}

async function readWhole({ chunks, read }: Artifact): Promise<void> {
  if (chunks.reduce((sum, { bytes }) => sum + bytes, 0) > MOST_READ) return;
  for (const { name } of chunks) await read(name);
}

function requireRoom(missing: readonly Preparation[], bytes: number, free: number): void {
  if (bytes <= free) return;
  const listed = missing.map(({ title, bytes = 0 }) => `${gigabytes(bytes)} for ${title}`).join(", ");
  const settings = missing.flatMap(({ sizeNames = [] }) => sizeNames);
  throw new UserError(
    "no-space",
    `What this run prepares takes ${listed}; the disk has ${gigabytes(free)} free.`,
    settings.length > 0 ? `Lower ${settings.join(" or ")}, or free some space.` : "Free some space.",
  );
}

const gigabytes = (bytes: number) => `${Number((bytes / 1e9).toPrecision(3)).toLocaleString("en-GB")} GB`;

async function timeStep({ recipe, runtime, clock, imagesAtOnce }: Timed, prepared: Prepared): Promise<number> {
  const { train, experts } = prepared;
  const method = methodOf(recipe.method.id);
  const [channels, height, width] = train.imageShape;
  const net = createNet(recipe.network, { channels, height, width, classes: train.classNames.length });
  const { ipc } = recipe;
  // Where images begin does not matter to a step's time.
  const init = "noise" as const;
  const { strategy } = recipe.augmentation;
  const key = deriveKey(rootKey(recipe.seed), "estimate");
  const context = { runtime, key, real: train, net, ipc, init, strategy, experts, imagesAtOnce };
  const started = method.start(context, recipe.method);
  let state = await started.init();
  let seconds = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < 3; attempt++) {
    const start = clock();
    const result = await started.step(state);
    for (const value of Object.values(result.metrics)) if (isValue(value)) await runtime.take(value);
    if (result.details) runtime.free(result.details);
    if (attempt > 0) seconds = Math.min(seconds, (clock() - start) / 1000);
    runtime.free(state);
    state = result.state;
  }
  runtime.free(state);
  return seconds;
}

interface TrainingTimes {
  /** Of one network on a set of the distilled set's size. */
  readonly trainSeconds: number;
  readonly testSecondsPerImage: number;
  readonly images: number;
}

async function timeTraining({ recipe, runtime, train, test, clock }: Timed, name: string): Promise<TrainingTimes> {
  const { evaluation } = recipe;
  const [channels, height, width] = train.imageShape;
  const net = createNet(namedNetwork(name, recipe.network), {
    channels,
    height,
    width,
    classes: train.classNames.length,
  });
  const protocol = protocolOf(evaluation.protocol);
  const trainer = createTrainer(runtime, net, protocol);
  const key = deriveKey(rootKey(recipe.seed), "estimate");
  const set = await randomSet(train, Math.min(recipe.ipc, ...train.source.counts), key);
  const times: number[] = [clock()];
  const strategy = recipe.augmentation.strategy;
  const trained = await trainer.train(set, strategy, 2, key, () => void times.push(clock()));
  const epochSeconds = Math.min(...times.slice(2).map((time, at) => time - times[at + 1])) / 1000;
  // Any images do to time a test with.
  const tested = test.size > 0 ? test : train;
  const count = Math.min(500, tested.size);
  const start = clock();
  await trainer.accuracy(trained, tested, count);
  const testSecondsPerImage = (clock() - start) / 1000 / count;
  runtime.free(trained);
  return {
    trainSeconds: countEpochs(protocol, evaluation.epochs) * epochSeconds,
    testSecondsPerImage,
    images: set.size,
  };
}

/** Seconds of all trials of one network. */
function sumTrials(
  { recipe, train, test }: Timed,
  { trainSeconds, testSecondsPerImage, images }: TrainingTimes,
): number {
  const { trials, baselines, everySteps } = recipe.evaluation;
  const hasWhole = baselines.includes("whole");
  // The distilled set, the best on held-out images where there is one, and the baselines.
  const sets = baselines.length - Number(hasWhole) + 1 + Number(everySteps > 0);
  const trainings = sets + (hasWhole ? train.size / images : 0);
  return trials * (trainings * trainSeconds + (sets + Number(hasWhole)) * testSecondsPerImage * test.size);
}

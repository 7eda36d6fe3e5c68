// A small experiment in memory: an easy set of three classes, a run folder of maps, a backend that counts its values.
import type { DistilledSet } from "../../shared/data/distilled-set.ts";
import { ImageSet } from "../../shared/data/image-set.ts";
import { type Backend, type HostArray, Runtime, type Value } from "../../shared/engine/index.ts";
import { type Checkpoint, decodeCheckpoint } from "../../shared/experiment/checkpoint.ts";
import type { RunEvent } from "../../shared/experiment/events.ts";
import type { Progress, RunPort } from "../../shared/experiment/ports.ts";
import { type Outcome, runExperiment } from "../../shared/experiment/run.ts";
import { splitTraining } from "../../shared/experiment/sets.ts";
import { deriveKey, integers, rootKey } from "../../shared/lib/random.ts";
import { type Recipe, resolveRecipe } from "../../shared/recipe/index.ts";
import { MemoryArtifacts } from "./memory-artifacts.ts";

const SIDE = 8;
export const classNames = ["left", "right", "top"];

/** Each class is bright in a part of its own, under noise. */
function drawEasy(label: number, name: string): Uint8Array {
  const noise = integers(deriveKey(rootKey(3), name), SIDE * SIDE, 120);
  const isBright = [(x: number) => x < 3, (x: number) => x > 4, (_: number, y: number) => y < 3][label];
  return Uint8Array.from(noise, (value, at) => value + (isBright(at % SIDE, Math.floor(at / SIDE)) ? 130 : 0));
}

export function createEasySet(split: string, perClass: number): ImageSet {
  const names = classNames.flatMap((_, label) => Array.from({ length: perClass }, (_, i) => [label, i] as const));
  const images = names.map(([label, i]) => drawEasy(label, `${split} ${label} ${i}`));
  return new ImageSet({
    classNames,
    counts: classNames.map(() => perClass),
    channels: 1,
    height: SIDE,
    width: SIDE,
    normaliser: { kind: "standard", mean: [0.4], std: [0.25] },
    read: async (from, to) => Uint8Array.from(images.slice(from, to).flatMap((image) => [...image])),
  });
}

export const train = createEasySet("train", 12);
export const test = createEasySet("test", 6);

const smallMatching = { realBatch: 8, trainBatch: 4, outerLoops: 2, innerLoops: 2 };
const smallTrajectories = {
  ...{ innerSteps: 3, expertEpochs: 2, maxStart: 2, studentBatch: 4, maxLoss: 100 },
  ...{ imageLearningRate: 30, initialRate: 0.05, rateLearningRate: 1e-4 },
  experts: { count: 2, batch: 20, learningRate: 0.05 },
};

/** Settings of every method that keep a step small, by its id; what is missing keeps its default. */
export const smallMethods: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  dm: { realBatch: 8 },
  dc: smallMatching,
  dsa: smallMatching,
  datadam: { realBatch: 8 },
  mtt: smallTrajectories,
  tesla: { ...smallTrajectories, softLabels: true },
};

export function smallRecipe(
  method: Readonly<Record<string, unknown>>,
  changes: Readonly<Record<string, unknown>> = {},
): Recipe {
  const base = {
    ipc: 2,
    init: "real",
    seed: 11,
    network: { width: 4, depth: 1 },
    augmentation: { strategy: ["crop", "flip"] },
    method: { ...smallMethods[String(method.id)], ...method },
    evaluation: { protocol: "dm", trials: 2, epochs: 2, baselines: ["random"] },
    record: { previewEverySteps: 3, checkpointEverySteps: 2 },
  };
  const classes = classNames.map((name) => ({ name, train: 12 }));
  return resolveRecipe([base, changes], { name: "easy", size: SIDE, channels: 1, classes });
}

/** What a run folder would hold. */
export class MemoryFolder implements RunPort {
  events: RunEvent[] = [];
  readonly files = new Map<string, Uint8Array>();
  readonly previews: number[] = [];
  /** In the order of writing. */
  readonly checkpoints = new Map<string, Uint8Array>();

  async appendEvents(events: readonly RunEvent[]): Promise<void> {
    this.events.push(...events);
  }
  async writeCheckpoint(name: string, bytes: Uint8Array): Promise<void> {
    this.checkpoints.delete(name);
    this.checkpoints.set(name, bytes);
  }
  async writePreview(step: number): Promise<void> {
    this.previews.push(step);
  }
  async writeFile(name: string, bytes: Uint8Array): Promise<void> {
    this.files.set(name, bytes);
  }

  /** The newest checkpoint, if there is one, with the events cut to it. */
  goBack(): Checkpoint | undefined {
    const newest = [...this.checkpoints].at(-1);
    const checkpoint = newest && decodeCheckpoint(newest[1], newest[0]);
    this.events = this.events.slice(0, checkpoint?.events ?? 0);
    return checkpoint;
  }

  /** All that must be equal between a run and its repetition. */
  get result() {
    const events = this.events.map((event) => ({ ...event, time: 0 }));
    return { events, files: this.files, last: [...this.checkpoints].at(-1) };
  }
}

export interface Conditions {
  readonly recipe: Recipe;
  readonly backend: Backend;
  readonly folder?: MemoryFolder;
  readonly artifacts?: MemoryArtifacts;
  readonly evaluate?: boolean;
  /** The earlier set that the images begin with. */
  readonly initial?: DistilledSet;
  readonly imagesAtOnce?: number | undefined;
  readonly resume?: boolean;
  /** Called at each sign of progress; true stops the run. */
  readonly stopsAt?: (progress: Progress) => boolean;
  readonly stopAtOnce?: boolean;
  /** True ends the distillation by hand. */
  readonly endsAt?: (progress: Progress) => boolean;
}

/** Runs or goes on with an experiment, and gives its folder. */
export async function runSmall(conditions: Conditions): Promise<{ outcome: Outcome; folder: MemoryFolder }> {
  const { recipe, backend, folder = new MemoryFolder(), evaluate = false, resume = false, stopsAt } = conditions;
  const { artifacts = new MemoryArtifacts() } = conditions;
  const controller = new AbortController();
  const finish = new AbortController();
  if (conditions.stopAtOnce) controller.abort();
  let time = 0;
  const checkpoint = resume ? folder.goBack() : undefined;
  const outcome = await runExperiment({
    recipe,
    ...splitTraining(train, recipe),
    test,
    ...(conditions.initial && { initial: async () => conditions.initial as DistilledSet }),
    fingerprint: "0".repeat(64),
    runtime: new Runtime(backend),
    port: folder,
    artifacts,
    clock: () => (time += 7),
    signal: controller.signal,
    finish: finish.signal,
    ...(checkpoint ? { checkpoint } : {}),
    evaluate,
    imagesAtOnce: conditions.imagesAtOnce,
    onProgress: (progress) => {
      if (stopsAt?.(progress)) controller.abort();
      if (conditions.endsAt?.(progress)) finish.abort();
    },
  });
  return { outcome, folder };
}

/** A backend that knows which of its values are alive and what was uploaded. */
export function countValues(backend: Backend) {
  const live = new Set<Value>();
  const uploads: HostArray[] = [];
  const counted: Backend = {
    ...backend,
    upload: (array) => {
      uploads.push(array);
      const value = backend.upload(array);
      live.add(value);
      return value;
    },
    run: async (executable, inputs, donated) => {
      const results = await backend.run(executable, inputs, donated);
      inputs.forEach((value, index) => {
        if (donated[index]) live.delete(value);
      });
      for (const value of results) live.add(value);
      return results;
    },
    free: (value) => {
      live.delete(value);
      backend.free(value);
    },
  };
  return { backend: counted, live, uploads };
}

// The loop of an experiment: synthesise, then evaluate, writing events, previews and checkpoints as it goes.
// It gets its world as arguments; the worker, the child process, the command line and the tests are its callers.
import { type DistilledSet, toSafetensors } from "../data/distilled-set.ts";
import type { ImageSet } from "../data/image-set.ts";
import { type HostArray, isValue, type Runtime, type Value } from "../engine/index.ts";
import { deriveKey, rootKey } from "../lib/random.ts";
import { UserError } from "../lib/user-error.ts";
import { type MethodState, methodOf, type SavedTree, type StateTree } from "../methods/index.ts";
import { createNet } from "../nn/nets/index.ts";
import type { Recipe } from "../recipe/index.ts";
import { type Checkpoint, encodeCheckpoint, type Trial } from "./checkpoint.ts";
import { createEvaluator, listJobs, summariseTrials } from "./evaluate.ts";
import type { RunEvent, Stage } from "./events.ts";
import { Pace } from "./pace.ts";
import type { Progress, RunPort } from "./ports.ts";
import { drawGrid } from "./preview.ts";

export interface Experiment {
  readonly recipe: Recipe;
  readonly train: ImageSet;
  readonly test: ImageSet;
  /** Of the dataset. */
  readonly fingerprint: string;
  readonly runtime: Runtime;
  readonly port: RunPort;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  readonly signal: AbortSignal;
  /** Where an earlier session stopped. */
  readonly checkpoint?: Checkpoint;
  readonly evaluate: boolean;
  readonly onProgress: (progress: Progress) => void;
}

export interface Outcome {
  readonly status: "done" | "stopped" | "failed";
  readonly stage: Stage;
  readonly step: number;
  readonly error?: UserError;
  /** Seconds of this session in each stage. */
  readonly seconds: Partial<Record<Stage, number>>;
}

type EventBody = RunEvent extends infer E ? (E extends RunEvent ? Omit<E, "seq" | "time"> : never) : never;

/** Runs or goes on with an experiment until it is done, stopped or failed. */
export async function runExperiment(experiment: Experiment): Promise<Outcome> {
  return new Session(experiment).run();
}

class Session {
  readonly #x: Experiment;
  readonly #log: EventLog;
  readonly #seconds: Partial<Record<Stage, number>> = {};
  #trials: Trial[];

  constructor(experiment: Experiment) {
    this.#x = experiment;
    this.#log = new EventLog(experiment.port, experiment.clock, experiment.checkpoint?.events ?? 0);
    this.#trials = [...(experiment.checkpoint?.trials ?? [])];
  }

  async run(): Promise<Outcome> {
    const { checkpoint, evaluate } = this.#x;
    let stopped: Outcome | undefined;
    let saved = checkpoint?.state ?? 0;
    if (checkpoint?.stage !== "evaluate") {
      const result = await this.#timed("synthesise", () => this.#synthesise());
      saved = result.saved;
      stopped = result.outcome;
    }
    if (!stopped && evaluate) stopped = await this.#timed("evaluate", () => this.#evaluate(saved));
    if (stopped) return { ...stopped, seconds: this.#seconds };
    const stage = evaluate ? "evaluate" : "synthesise";
    const step = evaluate ? this.#trials.length : this.#steps();
    await this.#log.add({ type: "done", stage, step });
    await this.#log.flush();
    return { status: "done", stage, step, seconds: this.#seconds };
  }

  async #timed<T>(stage: Stage, work: () => Promise<T>): Promise<T> {
    const start = this.#x.clock();
    try {
      return await work();
    } finally {
      this.#seconds[stage] = (this.#x.clock() - start) / 1000;
    }
  }

  #steps(): number {
    const { method } = this.#x.recipe;
    return methodOf(method.id).steps(method);
  }

  async #synthesise(): Promise<{ saved: SavedTree; outcome?: Outcome }> {
    const { recipe, train, runtime, port, signal, checkpoint, clock, onProgress } = this.#x;
    const method = methodOf(recipe.method.id);
    const [channels, height, width] = train.imageShape;
    const net = createNet(recipe.network, { channels, height, width, classes: train.classNames.length });
    const key = deriveKey(rootKey(recipe.seed), "synthesise");
    const { init, augmentation, ipc } = recipe;
    const context = { runtime, key, real: train, net, ipc, init, strategy: augmentation.strategy };
    const started = method.start(context, recipe.method);
    const steps = this.#steps();
    const pace = new Pace(clock);

    let state: MethodState;
    /** The state before `state`: what to go back to when a loss is not finite. */
    let before: MethodState | undefined;
    if (checkpoint) {
      state = restore(runtime, checkpoint.state) as MethodState;
    } else {
      await this.#log.add({ type: "stage", stage: "synthesise", step: 0, steps });
      state = await started.init();
      await this.#record(state, steps);
    }
    pace.mark(state.step, steps);
    while (state.step < steps) {
      if (signal.aborted) {
        const saved = await this.#save("synthesise", state.step, state);
        return { saved, outcome: { status: "stopped", stage: "synthesise", step: state.step, seconds: {} } };
      }
      const result = await started.step(state);
      const metrics: Record<string, number> = {};
      for (const [name, value] of Object.entries(result.metrics)) metrics[name] = await runtime.take(value);
      if (!Object.values(metrics).every(Number.isFinite)) {
        const good = before ?? state;
        const error = nonFinite(state.step, good.step, method.rateName, recipe);
        return { saved: await this.#giveUp(good, error), outcome: failure("synthesise", good.step, error) };
      }
      if (before) runtime.free(before);
      before = state;
      state = result.state;
      await this.#log.add({ type: "step", stage: "synthesise", step: state.step, metrics });
      await this.#record(state, steps);
      onProgress({
        stage: "synthesise",
        done: state.step,
        total: steps,
        unit: "step",
        ...pace.mark(state.step, steps),
        note: `loss ${metrics.loss.toPrecision(4)}`,
      });
    }
    const saved = await save(runtime, state);
    await port.writeFile("distilled.safetensors", toSafetensors(this.#distilled(saved)));
    runtime.free([state, before ?? []]);
    return { saved };
  }

  /** The preview and the checkpoint that are due at this step. */
  async #record(state: MethodState, steps: number): Promise<void> {
    const { port, recipe } = this.#x;
    const { step } = state;
    const due = (every: number) => step % every === 0 || step === steps;
    if (due(recipe.record.previewEverySteps)) {
      await port.writePreview(step, drawGrid(this.#distilled(await save(this.#x.runtime, state))));
      await this.#log.add({ type: "preview", stage: "synthesise", step, file: `${pad(step)}.png` });
    }
    if (due(recipe.record.checkpointEverySteps)) {
      await this.#log.add({ type: "checkpoint", stage: "synthesise", step, file: `${pad(step)}.safetensors` });
      await this.#save("synthesise", step, state);
    }
  }

  /** Writes a checkpoint that all events so far precede. */
  async #save(stage: Stage, step: number, state: MethodState | SavedTree): Promise<SavedTree> {
    await this.#log.flush();
    const saved = await save(this.#x.runtime, state);
    const name = stage === "synthesise" ? pad(step) : `${stage}-${pad(step)}`;
    const checkpoint = { stage, step, events: this.#log.count, trials: this.#trials, state: saved };
    await this.#x.port.writeCheckpoint(name, encodeCheckpoint(checkpoint));
    return saved;
  }

  /** Keeps the last good state, as a checkpoint and as a set, and says why the run ends here. */
  async #giveUp(good: MethodState, error: UserError): Promise<SavedTree> {
    const saved = await this.#save("synthesise", good.step, good);
    await this.#x.port.writeFile("distilled.safetensors", toSafetensors(this.#distilled(saved)));
    const { code, message, hint } = error;
    await this.#log.add({ type: "failed", stage: "synthesise", step: good.step, code, message, hint });
    await this.#log.flush();
    return saved;
  }

  #distilled(saved: SavedTree): DistilledSet {
    const { recipe, train, fingerprint } = this.#x;
    const pieces = (saved as { images: HostArray[] }).images;
    const count = pieces.reduce((sum, { shape }) => sum + shape[0], 0);
    const images = new Float32Array(count * train.pixels);
    let at = 0;
    for (const { data } of pieces) {
      images.set(data, at);
      at += data.length;
    }
    return {
      images,
      shape: [count, ...train.imageShape],
      labels: { kind: "hard", values: Int32Array.from({ length: count }, (_, i) => Math.floor(i / recipe.ipc)) },
      normaliser: train.source.normaliser,
      classNames: train.classNames,
      ipc: recipe.ipc,
      recipe,
      fingerprint,
      extra: {},
    };
  }

  async #evaluate(saved: SavedTree): Promise<Outcome | undefined> {
    const { recipe, train, test, runtime, port, signal, clock, onProgress } = this.#x;
    const jobs = listJobs(recipe);
    const evaluator = createEvaluator({ recipe, runtime, train, test, distilled: this.#distilled(saved) });
    const epochs = recipe.evaluation.epochs + 1;
    const pace = new Pace(clock);
    if (this.#trials.length === 0 && this.#x.checkpoint?.stage !== "evaluate") {
      await this.#log.add({ type: "stage", stage: "evaluate", step: 0, steps: jobs.length });
    }
    pace.mark(this.#trials.length * epochs, jobs.length * epochs);
    while (this.#trials.length < jobs.length) {
      const done = this.#trials.length;
      const job = jobs[done];
      let accuracy: number;
      try {
        accuracy = await evaluator.run(job, signal, (epoch) => {
          const finished = done * epochs + epoch + 1;
          const total = jobs.length * epochs;
          const note = `${job.net} on ${job.set}, trial ${job.trial + 1}`;
          onProgress({ stage: "evaluate", done: finished, total, unit: "epoch", ...pace.mark(finished, total), note });
        });
      } catch (error) {
        if (!signal.aborted) throw error;
        await this.#save("evaluate", done, saved);
        return { status: "stopped", stage: "evaluate", step: done, seconds: {} };
      }
      this.#trials = [...this.#trials, { ...job, accuracy }];
      const place = { stage: "evaluate" as const, step: done + 1 };
      const { set, net, trial } = job;
      await this.#log.add({ type: "evaluation", ...place, set, net, trial, ipc: recipe.ipc, accuracy });
      await this.#log.add({ type: "checkpoint", ...place, file: `evaluate-${pad(done + 1)}.safetensors` });
      await this.#save("evaluate", done + 1, saved);
    }
    const summary = summariseTrials(recipe, this.#trials, train.source.normaliser, test.size);
    await port.writeFile("evaluation.json", new TextEncoder().encode(`${JSON.stringify(summary, null, 2)}\n`));
    return undefined;
  }
}

/** Numbers events and hands them over in batches. */
class EventLog {
  readonly #port: RunPort;
  readonly #clock: () => number;
  #waiting: RunEvent[] = [];
  #lastFlush = 0;
  /** Events so far, of all sessions. */
  count: number;

  constructor(port: RunPort, clock: () => number, count: number) {
    this.#port = port;
    this.#clock = clock;
    this.count = count;
  }

  async add(event: EventBody): Promise<void> {
    const time = this.#clock();
    this.#waiting.push({ ...event, seq: this.count++, time } as RunEvent);
    if (time - this.#lastFlush > 250) await this.flush();
  }

  async flush(): Promise<void> {
    this.#lastFlush = this.#clock();
    if (this.#waiting.length === 0) return;
    const events = this.#waiting;
    this.#waiting = [];
    await this.#port.appendEvents(events);
  }
}

const pad = (step: number) => String(step).padStart(6, "0");

const failure = (stage: Stage, step: number, error: UserError): Outcome => ({
  status: "failed",
  stage,
  step,
  error,
  seconds: {},
});

function nonFinite(step: number, good: number, rateName: string, recipe: Recipe): UserError {
  const rate = rateName.split(".").reduce<unknown>((at, name) => (at as Record<string, unknown>)[name], recipe);
  return new UserError(
    "non-finite-loss",
    `The loss of step ${step + 1} is not a finite number; the images of step ${good} are kept.`,
    `Lower ${rateName} (${String(rate)} now), for example with --set ${rateName}=${Number(rate) / 10}.`,
  );
}

/** A state with numbers of the host in place of values. */
async function save(runtime: Runtime, tree: StateTree | SavedTree): Promise<SavedTree> {
  if (typeof tree === "number") return tree;
  if (isValue(tree)) {
    const value = tree as Value;
    return { shape: value.shape, data: await runtime.read(value) };
  }
  if ("data" in tree && ArrayBuffer.isView(tree.data)) return tree as HostArray;
  if (Array.isArray(tree)) return Promise.all(tree.map((each) => save(runtime, each)));
  const entries = Object.entries(tree as Record<string, StateTree>);
  return Object.fromEntries(
    await Promise.all(entries.map(async ([name, value]) => [name, await save(runtime, value)] as const)),
  );
}

function restore(runtime: Runtime, tree: SavedTree): StateTree {
  if (typeof tree === "number") return tree;
  if ("data" in tree && ArrayBuffer.isView(tree.data)) return runtime.backend.upload(tree as HostArray);
  if (Array.isArray(tree)) return tree.map((each) => restore(runtime, each));
  return Object.fromEntries(Object.entries(tree).map(([name, value]) => [name, restore(runtime, value as SavedTree)]));
}

// The loop of an experiment: synthesise, then evaluate, writing events, previews and checkpoints as it goes.
// It gets its world as arguments; the worker, the child process, the command line and the tests are its callers.
import { type DistilledSet, toSafetensors } from "../data/distilled-set.ts";
import { imagesUnder } from "../data/fit-set.ts";
import type { ImageSet } from "../data/image-set.ts";
import { describeNormaliser } from "../data/normaliser.ts";
import { drawGrid } from "../data/preview.ts";
import { isValue, type Runtime, type Value } from "../engine/index.ts";
import { countEpochs, protocolOf } from "../evaluation/protocols.ts";
import { invariant } from "../lib/invariant.ts";
import { deriveKey, rootKey } from "../lib/random.ts";
import { UserError } from "../lib/user-error.ts";
import {
  type InitialImages,
  type MethodState,
  methodOf,
  type SavedState,
  type SavedTree,
  type StateTree,
  type StepResult,
} from "../methods/index.ts";
import { createNet } from "../nn/nets/index.ts";
import type { Recipe } from "../recipe/index.ts";
import type { Artifact, ArtifactStore, Chunk } from "./artifacts.ts";
import {
  type Best,
  type Checkpoint,
  encodeCheckpoint,
  isArray,
  requireFitting,
  type Trial,
  toTensor,
} from "./checkpoint.ts";
import { createEvaluator, type Evaluator, findDivergence, summariseTrials } from "./evaluate.ts";
import type { RunEvent, Stage } from "./events.ts";
import { type Job, listJobs } from "./jobs.ts";
import { makeOrFind } from "./make-artifact.ts";
import { Pace } from "./pace.ts";
import type { Progress, RunPort } from "./ports.ts";
import { type Preparation, type Prepared, preparations } from "./prepare.ts";

export interface Experiment {
  readonly recipe: Recipe;
  readonly train: ImageSet;
  /** Held out of the training images, where the recipe holds out some. */
  readonly validation?: ImageSet | undefined;
  readonly test: ImageSet;
  /** The earlier set that the images begin with, where the recipe names one; missing where nothing is computed in earnest. */
  readonly initial?: (() => Promise<DistilledSet>) | undefined;
  /** Of the dataset. */
  readonly fingerprint: string;
  readonly runtime: Runtime;
  readonly port: RunPort;
  /** Missing where nothing is computed in earnest: what a run prepares is then blank. */
  readonly artifacts: ArtifactStore | undefined;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  readonly signal: AbortSignal;
  /** Ends the distillation before its last step; what comes after it, such as the evaluation, is done. */
  readonly finish?: AbortSignal | undefined;
  /** Where an earlier session stopped. */
  readonly checkpoint?: Checkpoint;
  readonly evaluate: boolean;
  /** How many synthetic images may go through the network at once, where it was made fewer to save memory. */
  readonly imagesAtOnce?: number | undefined;
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

/** A state on the backend, and how many events tell of it and what came before. */
interface Mark {
  readonly state: MethodState;
  events: number;
}

/** A step that was asked for, and whose metrics are still to be known. */
interface Pending {
  readonly state: MethodState;
  readonly values: Pick<StepResult<MethodState>, "metrics" | "details">;
  readonly metrics: Promise<Record<string, number>>;
  /** Its details, where they are to be written down. */
  readonly vectors: Promise<Record<string, number[]>> | undefined;
  readonly problem: string | undefined;
}

/** The same on the host. */
interface Saved {
  readonly saved: SavedState;
  readonly events: number;
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
  #best: Best | undefined;
  #judges: Evaluator | undefined;
  #prepared: Prepared;
  /** Steps of the preparations so far: the stage counts on from one to the next. */
  #preparedSteps = 0;
  /** The state of the last checkpoint. */
  #good: Saved | undefined;

  constructor(experiment: Experiment) {
    this.#x = experiment;
    this.#log = new EventLog(experiment.port, experiment.clock, experiment.checkpoint?.events ?? 0);
    this.#trials = [...(experiment.checkpoint?.trials ?? [])];
    this.#best = experiment.checkpoint?.best;
    const { train, validation, test, recipe } = experiment;
    // What is chosen, or given by an earlier set, takes the place of noise before the first step.
    const init = recipe.init === "real" ? "real" : "noise";
    this.#prepared = { train, validation, test, init };
  }

  async run(): Promise<Outcome> {
    const { checkpoint, evaluate, recipe, train } = this.#x;
    if (checkpoint) requireFitting(checkpoint, recipe, train.imageShape, train.classNames.length);
    let stopped = await this.#timed("prepare", () => this.#prepare());
    if (stopped) return { ...stopped, seconds: this.#seconds };
    let saved = checkpoint?.state;
    if (!saved || checkpoint?.stage !== "evaluate") {
      const result = await this.#timed("synthesise", () => this.#synthesise());
      saved = result.saved;
      stopped = result.outcome;
    }
    const set = saved;
    if (!stopped && evaluate) stopped = await this.#timed("evaluate", () => this.#evaluate(set));
    if (stopped) return { ...stopped, seconds: this.#seconds };
    const stage = evaluate ? "evaluate" : "synthesise";
    const step = evaluate ? this.#trials.length : set.step;
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

  /** Makes or finds what the recipe needs before the synthesis, and takes it up. */
  async #prepare(): Promise<Outcome | undefined> {
    const { artifacts } = this.#x;
    for (const prepare of preparations) {
      const wanted = prepare(this.#x, this.#prepared);
      if (!wanted) continue;
      if (!artifacts) await wanted.rehearse?.(this.#x.clock);
      const made = artifacts ? await this.#makeOrFind(artifacts, wanted) : wanted.blank();
      if ("status" in made) return made;
      this.#prepared = { ...this.#prepared, ...made };
    }
    return undefined;
  }

  /** Its chunks are told as steps, found ones too, so that a run's events do not depend on what the store had. */
  async #makeOrFind(artifacts: ArtifactStore, wanted: Preparation): Promise<Partial<Prepared> | Outcome> {
    const { signal, clock, onProgress, checkpoint } = this.#x;
    const { title } = wanted;
    const isTold = checkpoint === undefined;
    const pace = new Pace(clock);
    let step = this.#preparedSteps;
    const steps = step + wanted.steps;
    if (isTold) await this.#log.add({ type: "stage", stage: "prepare", step, steps });
    pace.mark(step, steps);
    const tell = async ({ name, metrics }: Chunk) => {
      step++;
      if (isTold) await this.#log.add({ type: "step", stage: "prepare", step, metrics });
      const note = `${title}, ${name}`;
      onProgress({ stage: "prepare", done: step, total: steps, unit: "step", ...pace.mark(step, steps), note });
    };
    let artifact: Artifact;
    try {
      artifact = await makeOrFind(artifacts, wanted, signal, tell);
    } catch (error) {
      if (!signal.aborted) throw error;
      await this.#log.flush();
      return { status: "stopped", stage: "prepare", step, seconds: {} };
    }
    this.#preparedSteps = steps;
    return wanted.open(artifact);
  }

  /** Where the images begin: as prepared, or those of the earlier set as this run's normaliser has them. */
  async #init(): Promise<InitialImages> {
    const { recipe, initial } = this.#x;
    const { init, train } = this.#prepared;
    if (typeof recipe.init === "string" || !initial) return init;
    const set = await initial();
    return { kind: "given", images: { shape: set.shape, data: imagesUnder(set, train.source.normaliser) } };
  }

  async #synthesise(): Promise<{ saved: SavedState; outcome?: Outcome }> {
    const { recipe, runtime, port, signal, finish, checkpoint, clock, imagesAtOnce, onProgress } = this.#x;
    const { train, experts } = this.#prepared;
    const init = checkpoint ? "noise" : await this.#init();
    const method = methodOf(recipe.method.id);
    const [channels, height, width] = train.imageShape;
    const net = createNet(recipe.network, { channels, height, width, classes: train.classNames.length });
    const key = deriveKey(rootKey(recipe.seed), "synthesise");
    const { augmentation, ipc } = recipe;
    const started = method.start(
      { runtime, key, real: train, net, ipc, init, strategy: augmentation.strategy, experts, imagesAtOnce, signal },
      recipe.method,
    );
    const steps = this.#steps();
    const pace = new Pace(clock);

    /** The newest state, and the one before it to go back to. */
    const kept: Mark[] = [];
    const keep = (state: MethodState): Mark => {
      const mark = { state, events: this.#log.count };
      kept.unshift(mark);
      for (const old of kept.splice(2)) runtime.free(old.state);
      return mark;
    };
    const giveUp = async (candidates: readonly Mark[], problem: string, code = "non-finite-loss") => {
      const good = await this.#findGood(candidates);
      const error = divergence(code, problem, good.saved.step, method.rateName, recipe);
      await this.#giveUp(good, error);
      return { saved: good.saved, outcome: failure("synthesise", good.saved.step, error) };
    };
    const ask = async (from: MethodState): Promise<Pending> => {
      const { state, problem, metrics: scalars, details } = await started.step(from);
      const metrics = readMetrics(runtime, scalars);
      // Asked for at once, so that there is one wait for all.
      const vectors = details && this.#isDetailed(state.step, steps) ? readDetails(runtime, details) : undefined;
      for (const reading of [metrics, vectors]) reading?.catch(() => {}); // told where it is needed, if it is
      return { state, values: { metrics: scalars, ...(details && { details }) }, metrics, vectors, problem };
    };
    const stop = async ({ state }: Mark) => {
      const saved = await saveState(runtime, state);
      if (!isFiniteTree(saved))
        return await giveUp(kept.slice(1), `The images of step ${state.step} are not finite numbers`);
      await this.#save("synthesise", state.step, saved);
      return {
        saved,
        outcome: { status: "stopped" as const, stage: "synthesise" as const, step: state.step, seconds: {} },
      };
    };
    /** The step after the newest state, and the one after that. */
    let pending: Pending | undefined;
    let ahead: Pending | undefined;

    try {
      let at: Mark;
      if (checkpoint) {
        at = keep(restore(runtime, checkpoint.state) as MethodState);
        this.#good = { saved: checkpoint.state, events: checkpoint.events };
      } else {
        await this.#log.add({ type: "stage", stage: "synthesise", step: 0, steps });
        at = keep(await started.init());
        await this.#record(at, steps);
      }
      pace.mark(at.state.step, steps);
      const wasEnded = checkpoint?.isEnded ?? false;
      while (at.state.step < steps && !finish?.aborted && !wasEnded) {
        const { step } = at.state;
        if (signal.aborted) return await stop(at);
        try {
          pending ??= await ask(at.state);
          if (pending.problem !== undefined) return await giveUp(kept, pending.problem, "diverged");
          // Meanwhile the device goes on, unless the state in between is to be written down.
          if (runtime.backend.capabilities.queues && !this.#isRecorded(step + 1, steps))
            ahead = await ask(pending.state);
        } catch (error) {
          if (signal.aborted) continue; // within a step: the state before it stays
          throw error;
        }
        const metrics = await pending.metrics;
        if (!Object.values(metrics).every(Number.isFinite)) {
          // The images that this loss was computed on are in doubt, unless there are none before them.
          const candidates = kept.length > 1 ? kept.slice(1) : kept;
          return await giveUp(candidates, `The loss of step ${step + 1} is not a finite number`);
        }
        const vectors = await pending.vectors;
        runtime.free(valuesOf(pending.values));
        at = keep(pending.state);
        [pending, ahead] = [ahead, undefined];
        await this.#log.add({ type: "step", stage: "synthesise", step: step + 1, metrics });
        if (vectors) await this.#log.add({ type: "detail", stage: "synthesise", step: step + 1, vectors });
        const progress = { stage: "synthesise", done: step + 1, total: steps, unit: "step" } as const;
        const rate = pace.mark(step + 1, steps);
        let isGood: boolean;
        try {
          isGood = await this.#record(at, steps, (note) => onProgress({ ...progress, ...rate, note }));
        } catch (error) {
          if (!signal.aborted) throw error;
          // Within the judging of a step: the run goes on from the step before.
          const [, before] = kept;
          const saved = await saveState(runtime, before.state);
          await this.#save("synthesise", saved.step, saved, { events: before.events });
          return {
            saved,
            outcome: { status: "stopped" as const, stage: "synthesise" as const, step: saved.step, seconds: {} },
          };
        }
        if (!isGood) {
          return await giveUp(kept.slice(1), `The images of step ${step + 1} are not finite numbers`);
        }
        const note = metrics.loss === undefined ? "left out" : `loss ${metrics.loss.toPrecision(4)}`;
        onProgress({ ...progress, ...rate, note });
      }
      const saved = await saveState(runtime, at.state);
      if (saved.step < steps && !wasEnded) {
        if (!isFiniteTree(saved)) {
          return await giveUp(kept.slice(1), `The images of step ${saved.step} are not finite numbers`);
        }
        await this.#endEarly(saved, steps);
      }
      await port.writeFile("distilled.safetensors", toSafetensors(this.#distilled(saved)));
      // Written before, too; but a run that went back may have left a later one.
      if (this.#best) await this.#writeBest(this.#best);
      return { saved };
    } finally {
      for (const { state } of kept) runtime.free(state);
      for (const dropped of [pending, ahead]) if (dropped) runtime.free([dropped.state, valuesOf(dropped.values)]);
    }
  }

  /** Whether a step's vectors are written down: at some 500 steps of a run, and wherever there is a preview. */
  #isDetailed(step: number, steps: number): boolean {
    return (
      step % Math.ceil(steps / 500) === 0 || step % this.#x.recipe.record.previewEverySteps === 0 || step === steps
    );
  }

  /** Whether a preview or a checkpoint is due at a step. */
  #isRecorded(step: number, steps: number): boolean {
    const { previewEverySteps, checkpointEverySteps } = this.#x.recipe.record;
    const isDue = step % previewEverySteps === 0 || step % checkpointEverySteps === 0;
    return step === steps || isDue || this.#isJudged(step, steps);
  }

  /** Whether a step is evaluated on the held-out images. */
  #isJudged(step: number, steps: number): boolean {
    const { everySteps } = this.#x.recipe.evaluation;
    return everySteps > 0 && step > 0 && (step % everySteps === 0 || step === steps);
  }

  /** What is due: an evaluation, the preview, the checkpoint; false, and none of them, when the state is not finite. */
  async #record(mark: Mark, steps: number, tell: (note: string) => void = () => {}): Promise<boolean> {
    const { recipe, runtime } = this.#x;
    const { step } = mark.state;
    const isDue = (every: number) => step % every === 0 || step === steps;
    const { previewEverySteps, checkpointEverySteps } = recipe.record;
    if (this.#isRecorded(step, steps)) {
      const saved = await saveState(runtime, mark.state);
      if (!isFiniteTree(saved)) return false;
      if (this.#isJudged(step, steps)) await this.#judge(saved, tell);
      if (isDue(previewEverySteps)) await this.#preview(saved);
      if (isDue(checkpointEverySteps)) {
        await this.#log.add({ type: "checkpoint", stage: "synthesise", step, file: `${pad(step)}.safetensors` });
        await this.#save("synthesise", step, saved);
        this.#good = { saved, events: this.#log.count };
      }
    }
    mark.events = this.#log.count;
    return true;
  }

  /**
   * Trains one network on the images of a step and tests it on the held-out ones. It is the same fresh network for every
   * step, so that the steps differ by their images alone.
   */
  async #judge(saved: SavedState, tell: (note: string) => void): Promise<void> {
    const { recipe, runtime, signal } = this.#x;
    const { train, validation } = this.#prepared;
    invariant(validation, "a recipe whose steps are judged holds out images");
    const { step } = saved;
    const job: Job = { set: "distilled", net: recipe.evaluation.nets[0], trial: 0 };
    this.#judges ??= createEvaluator({ recipe, runtime, train, test: validation });
    let lastLoss = 0;
    const accuracy = await this.#judges.run(
      job,
      signal,
      (epoch, loss) => {
        lastLoss = loss;
        tell(`${job.net} on step ${step}, epoch ${epoch + 1}`);
      },
      this.#distilled(saved),
    );
    const place = { stage: "synthesise" as const, step };
    const divergence = findDivergence(job, lastLoss, recipe);
    if (divergence) await this.#log.add({ type: "warning", ...place, ...divergence });
    await this.#log.add({ type: "evaluation", ...place, ...job, ipc: recipe.ipc, accuracy });
    if (this.#best && accuracy <= this.#best.accuracy) return;
    this.#best = { step, accuracy, state: saved };
    await this.#writeBest(this.#best);
  }

  async #writeBest({ state }: Best): Promise<void> {
    await this.#x.port.writeFile("best.safetensors", toSafetensors(this.#distilled(state)));
  }

  async #preview(saved: SavedState): Promise<void> {
    const { step } = saved;
    await this.#x.port.writePreview(step, drawGrid(this.#distilled(saved)));
    await this.#log.add({ type: "preview", stage: "synthesise", step, file: `${pad(step)}.png` });
  }

  /** A person ended the distillation here: the last picture and the last checkpoint are of this step. */
  async #endEarly(saved: SavedState, steps: number): Promise<void> {
    const place = { stage: "synthesise" as const, step: saved.step };
    const { previewEverySteps, checkpointEverySteps } = this.#x.recipe.record;
    if (saved.step % previewEverySteps !== 0) await this.#preview(saved);
    const message = `The distillation was ended by hand after ${saved.step} of ${steps} steps.`;
    await this.#log.add({ type: "warning", ...place, code: "ended-early", message, hint: "" });
    if (saved.step % checkpointEverySteps !== 0) {
      await this.#log.add({ type: "checkpoint", ...place, file: `${pad(saved.step)}.safetensors` });
    }
    await this.#save("synthesise", saved.step, saved, { isEnded: true });
  }

  /** Writes a checkpoint that `events` events precede: all so far, unless it goes back. */
  async #save(
    stage: Stage,
    step: number,
    state: SavedState,
    { events = this.#log.count, ...more }: Partial<Pick<Checkpoint, "events" | "isEnded">> = {},
  ): Promise<void> {
    await this.#log.flush();
    const name = stage === "synthesise" ? pad(step) : `${stage}-${pad(step)}`;
    const { recipe } = this.#x;
    const best = this.#best && this.#best.step <= state.step ? { best: this.#best } : {};
    const checkpoint = { stage, step, events, trials: this.#trials, ...best, ...more, recipe, state };
    await this.#x.port.writeCheckpoint(name, encodeCheckpoint(checkpoint));
  }

  /** The first of these states that is finite, else that of the last checkpoint. */
  async #findGood(candidates: readonly Mark[]): Promise<Saved> {
    for (const { state, events } of candidates) {
      const saved = await saveState(this.#x.runtime, state);
      if (isFiniteTree(saved)) return { saved, events };
    }
    invariant(this.#good, "the first images are finite");
    return this.#good;
  }

  /** Keeps the last good state, as a checkpoint and as a set, and says why the run ends here. */
  async #giveUp({ saved, events }: Saved, error: UserError): Promise<void> {
    await this.#save("synthesise", saved.step, saved, { events });
    await this.#x.port.writeFile("distilled.safetensors", toSafetensors(this.#distilled(saved)));
    const { code, message, hint } = error;
    await this.#log.add({ type: "failed", stage: "synthesise", step: saved.step, code, message, hint });
    await this.#log.flush();
  }

  #distilled(saved: SavedState): DistilledSet {
    const { recipe, fingerprint } = this.#x;
    const { train } = this.#prepared;
    const { images: pieces } = saved;
    const { labels, extra = {} } = methodOf(recipe.method.id).learned?.(saved) ?? {};
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
      labels: labels ?? {
        kind: "hard",
        values: Int32Array.from({ length: count }, (_, i) => Math.floor(i / recipe.ipc)),
      },
      normaliser: train.source.normaliser,
      classNames: train.classNames,
      ipc: recipe.ipc,
      recipe,
      fingerprint,
      extra: Object.fromEntries(Object.entries(extra).map(([name, array]) => [name, toTensor(array)])),
    };
  }

  async #evaluate(saved: SavedState): Promise<Outcome | undefined> {
    const { recipe, runtime, port, signal, clock, onProgress } = this.#x;
    const { train, test, choices } = this.#prepared;
    const jobs = listJobs(recipe, this.#best !== undefined);
    const distilled = this.#distilled(saved);
    const best = this.#best && this.#distilled(this.#best.state);
    const evaluator = createEvaluator({ recipe, runtime, train, test, distilled, best, choices });
    const { evaluation } = recipe;
    const epochs = countEpochs(protocolOf(evaluation.protocol), evaluation.epochs);
    const pace = new Pace(clock);
    if (this.#trials.length === 0 && this.#x.checkpoint?.stage !== "evaluate") {
      await this.#log.add({ type: "stage", stage: "evaluate", step: 0, steps: jobs.length });
    }
    pace.mark(this.#trials.length * epochs, jobs.length * epochs);
    while (this.#trials.length < jobs.length) {
      const done = this.#trials.length;
      const job = jobs[done];
      let accuracy: number;
      let lastLoss = 0;
      const before = this.#trials[done - 1];
      try {
        const isSame = job.set === "best" && this.#best?.step === saved.step;
        // The same images train the same network: its accuracy is known.
        if (isSame) accuracy = before.accuracy;
        else
          accuracy = await evaluator.run(job, signal, (epoch, loss) => {
            lastLoss = loss;
            const finished = done * epochs + epoch + 1;
            const total = jobs.length * epochs;
            const note = `${job.net} on ${job.set}, trial ${job.trial + 1}, loss ${loss.toPrecision(3)}`;
            onProgress({
              stage: "evaluate",
              done: finished,
              total,
              unit: "epoch",
              ...pace.mark(finished, total),
              note,
            });
          });
      } catch (error) {
        if (!signal.aborted) throw error;
        await this.#save("evaluate", done, saved);
        return { status: "stopped", stage: "evaluate", step: done, seconds: {} };
      }
      this.#trials = [...this.#trials, { ...job, accuracy }];
      const place = { stage: "evaluate" as const, step: done + 1 };
      const { set, net, trial } = job;
      const divergence = findDivergence(job, lastLoss, recipe);
      if (divergence) await this.#log.add({ type: "warning", ...place, ...divergence });
      await this.#log.add({ type: "evaluation", ...place, set, net, trial, ipc: recipe.ipc, accuracy });
      await this.#log.add({ type: "checkpoint", ...place, file: `evaluate-${pad(done + 1)}.safetensors` });
      await this.#save("evaluate", done + 1, saved);
    }
    const normaliser = describeNormaliser(train.source.normaliser);
    const summary = summariseTrials(recipe, this.#trials, normaliser, test.size, this.#best?.step);
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

function divergence(code: string, problem: string, good: number, rateName: string, recipe: Recipe): UserError {
  const rate = rateName.split(".").reduce<unknown>((at, name) => (at as Record<string, unknown>)[name], recipe);
  return new UserError(
    code,
    `${problem}; the images of step ${good} are kept.`,
    `Lower ${rateName}, which is ${String(rate)}, for example to ${Number((Number(rate) / 10).toPrecision(6))}.`,
  );
}

type Metrics = StepResult<MethodState>["metrics"];
type Details = NonNullable<StepResult<MethodState>["details"]>;

async function readMetrics(runtime: Runtime, metrics: Metrics): Promise<Record<string, number>> {
  const read = async ([name, value]: [string, Value | number]) =>
    [name, typeof value === "number" ? value : (await runtime.read(value))[0]] as const;
  return Object.fromEntries(await Promise.all(Object.entries(metrics).map(read)));
}

async function readDetails(runtime: Runtime, details: Details): Promise<Record<string, number[]>> {
  const read = async ([name, value]: [string, Value | readonly number[]]) =>
    [name, Array.from(isValue(value) ? await runtime.read(value) : value)] as const;
  return Object.fromEntries(await Promise.all(Object.entries(details).map(read)));
}

const valuesOf = ({ metrics, details = {} }: Pending["values"]): Value[] =>
  [...Object.values(metrics), ...Object.values(details)].filter(isValue);

/** A state with numbers of the host in place of values. */
async function saveState(runtime: Runtime, state: MethodState): Promise<SavedState> {
  return (await save(runtime, state)) as SavedState;
}

async function save(runtime: Runtime, tree: StateTree): Promise<SavedTree> {
  if (typeof tree === "number") return tree;
  if (isValue(tree)) return { shape: tree.shape, data: await runtime.read(tree) };
  if (Array.isArray(tree)) return Promise.all(tree.map((each: StateTree) => save(runtime, each)));
  const entries = Object.entries(tree as Record<string, StateTree>);
  return Object.fromEntries(
    await Promise.all(entries.map(async ([name, value]) => [name, await save(runtime, value)] as const)),
  );
}

function restore(runtime: Runtime, tree: SavedTree): StateTree {
  if (typeof tree === "number") return tree;
  if (isArray(tree)) return runtime.backend.upload(tree);
  if (Array.isArray(tree)) return tree.map((each) => restore(runtime, each));
  return Object.fromEntries(Object.entries(tree).map(([name, value]) => [name, restore(runtime, value as SavedTree)]));
}

function isFiniteTree(tree: SavedTree): boolean {
  if (typeof tree === "number") return Number.isFinite(tree);
  if (isArray(tree)) return tree.data.every(Number.isFinite);
  return Object.values(tree).every(isFiniteTree);
}

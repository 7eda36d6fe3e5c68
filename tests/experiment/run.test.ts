// The loop of an experiment: its events and files, a loss that is not finite, the evaluation, and no value forgotten.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type RunEvent, runEventSchema } from "../../shared/api/runs.ts";
import { fromSafetensors } from "../../shared/data/distilled-set.ts";
import { type Backend, Runtime } from "../../shared/engine/index.ts";
import {
  type Checkpoint,
  decodeCheckpoint,
  encodeCheckpoint,
  requireFitting,
} from "../../shared/experiment/checkpoint.ts";
import { estimateRun } from "../../shared/experiment/estimate.ts";
import { createEvaluator } from "../../shared/experiment/evaluate.ts";
import { testBackends } from "../support/backends.ts";
import { MemoryArtifacts } from "./memory-artifacts.ts";
import { classNames, countValues, MemoryFolder, runSmall, smallRecipe, test as testSet, train } from "./small-world.ts";

let backend: Backend;
beforeAll(async () => {
  const native = testBackends.find(({ name }) => name === "onnx native");
  backend = await native!.open();
  expect(backend.capabilities.adapter).toMatch(native!.adapter);
});
afterAll(() => backend.dispose());

describe("a whole run", () => {
  test("writes events, previews, checkpoints and results in order", async () => {
    const { outcome, folder } = await runSmall({
      recipe: smallRecipe({ id: "dm", steps: 5 }),
      backend,
      evaluate: true,
    });
    expect(outcome).toMatchObject({ status: "done", stage: "evaluate", step: 4 });
    for (const event of folder.events) expect(runEventSchema.parse(event)).toEqual(event);
    expect(folder.events.map(({ seq }) => seq)).toEqual(folder.events.map((_, index) => index));
    const told = folder.events.map((event) => ("step" in event ? `${event.type} ${event.step}` : event.type));
    const synthesis =
      "stage 0,preview 0,checkpoint 0,step 1,step 2,checkpoint 2,step 3,preview 3,step 4,checkpoint 4,step 5,preview 5,checkpoint 5";
    const evaluation = [1, 2, 3, 4].map((job) => `evaluation ${job},checkpoint ${job}`).join();
    expect(told.join()).toBe(`${synthesis},stage 0,${evaluation},done 4`);
    expect(folder.previews).toEqual([0, 3, 5]);
    const set = fromSafetensors(folder.files.get("distilled.safetensors") as Uint8Array);
    expect(set.shape).toEqual([6, 1, 8, 8]);
    expect(set.classNames).toEqual(classNames);
  });

  test("of no steps keeps the images it began with, real ones of each class", async () => {
    const { folder } = await runSmall({ recipe: smallRecipe({ id: "dm", steps: 0 }), backend });
    const set = fromSafetensors(folder.files.get("distilled.safetensors") as Uint8Array);
    const real = await train.images(Array.from({ length: train.size }, (_, index) => index));
    const imagesOf = (data: Float32Array) =>
      Array.from({ length: data.length / 64 }, (_, i) => String(data.subarray(i * 64, i * 64 + 64)));
    const known = imagesOf(real.data);
    const classes = imagesOf(set.images).map((image) => Math.floor(known.indexOf(image) / 12));
    expect(classes).toEqual([0, 0, 1, 1, 2, 2]);
  });

  test("stopped in its evaluation it repeats no finished trial and ends the same", async () => {
    const recipe = smallRecipe({ id: "dm", steps: 2 });
    const whole = await runSmall({ recipe, backend, evaluate: true });
    for (const stopAt of [1, 4, 8]) {
      const stopsAt = ({ stage, done }: { stage: string; done: number }) => stage === "evaluate" && done === stopAt;
      const { outcome, folder } = await runSmall({ recipe, backend, evaluate: true, stopsAt });
      // Three epochs a trial; a trial is finished when its network was tested.
      expect(outcome).toMatchObject({ status: "stopped", stage: "evaluate", step: Math.floor((stopAt - 1) / 3) });
      await runSmall({ recipe, backend, folder, resume: true, evaluate: true });
      expect(folder.result).toEqual(whole.folder.result);
    }
  });
});

describe("a distillation that a person ends", () => {
  const recipe = smallRecipe({ id: "dm", steps: 6 });
  const endsAt = ({ stage, done }: { stage: string; done: number }) => stage === "synthesise" && done === 3;

  /** Dies before its `last`-th write, as a killed process does. */
  class KilledFolder extends MemoryFolder {
    writes = 0;
    isEnded = false;
    readonly last: number;
    constructor(last: number) {
      super();
      this.last = last;
    }
    #write() {
      if (++this.writes === this.last) throw new Error("killed");
    }
    override async appendEvents(events: readonly RunEvent[]): Promise<void> {
      this.#write();
      await super.appendEvents(events);
    }
    override async writeCheckpoint(name: string, bytes: Uint8Array): Promise<void> {
      this.#write();
      await super.writeCheckpoint(name, bytes);
      this.isEnded ||= decodeCheckpoint(bytes, name).isEnded === true;
    }
    override async writePreview(step: number): Promise<void> {
      this.#write();
      await super.writePreview(step);
    }
    override async writeFile(name: string, bytes: Uint8Array): Promise<void> {
      this.#write();
      await super.writeFile(name, bytes);
    }
  }

  test.each([true, false])(
    "is never gone on with once that is written, whenever it is killed (evaluate: %s)",
    async (evaluate) => {
      const { folder: whole } = await runSmall({ recipe, backend, evaluate, endsAt, folder: new KilledFolder(-1) });
      expect(whole.events).toContainEqual(expect.objectContaining({ type: "warning", code: "ended-early", step: 3 }));
      expect(whole.events.at(-1)).toMatchObject({ type: "done" });
      let kept = 0;
      for (let last = (whole as KilledFolder).writes; last > 0; last--) {
        const folder = new KilledFolder(last);
        await expect(runSmall({ recipe, backend, evaluate, endsAt, folder })).rejects.toThrow("killed");
        if (!folder.isEnded) break;
        kept++;
        await runSmall({ recipe, backend, evaluate, folder, resume: true });
        expect(folder.result, `write ${last}`).toEqual(whole.result);
      }
      // At least the set and the last events come after it.
      expect(kept).toBeGreaterThanOrEqual(2);
    },
  );
});

describe("a loss that is read while the next step is computed", () => {
  /** The same backend, as one whose runs only queue their work. */
  const queueing = (of: Backend): Backend => ({ ...of, capabilities: { ...of.capabilities, queues: true } });
  const sparse = { record: { previewEverySteps: 5, checkpointEverySteps: 6 } };
  const good = smallRecipe({ id: "dm", steps: 11 }, sparse);
  const bad = smallRecipe({ id: "dm", steps: 11, imageLearningRate: 1e30 }, { ...sparse, network: { norm: "none" } });
  const at = (step: number) => (progress: { stage: string; done: number }) => progress.done === step;

  test.each([
    ["to its end", { recipe: good }],
    ["that is stopped", { recipe: good, stopsAt: at(3) }],
    ["that is stopped before a checkpoint", { recipe: good, stopsAt: at(5) }],
    ["that a person ends", { recipe: good, endsAt: at(7) }],
    ["that fails", { recipe: bad }],
  ])("changes nothing of a run %s, and forgets no value", async (_, conditions) => {
    const plain = await runSmall({ ...conditions, backend });
    const counted = countValues(queueing(backend));
    const queued = await runSmall({ ...conditions, backend: counted.backend });
    expect(queued.outcome).toMatchObject({ ...plain.outcome, seconds: expect.anything() });
    expect(queued.folder.result).toEqual(plain.folder.result);
    expect(queued.folder.previews).toEqual(plain.folder.previews);
    expect(counted.live.size).toBe(0);
  });

  test("asks for the next step before the loss is known, but not past a state that is written down", async () => {
    const order: string[] = [];
    const told: Backend = {
      ...queueing(backend),
      run: async (executable, inputs, donated) => {
        if (executable.program.name === "dm-loss") order.push("step");
        return backend.run(executable, inputs, donated);
      },
    };
    const stopsAt = ({ done }: { done: number }) => {
      order.push(String(done));
      return false;
    };
    await runSmall({ recipe: smallRecipe({ id: "dm", steps: 4 }, sparse), backend: told, stopsAt });
    expect(order.join(" ")).toBe("step step 1 step 2 step 3 4");
  });
});

describe("numbers that are not finite", () => {
  const recipe = smallRecipe({ id: "dm", steps: 9, imageLearningRate: 1e30 }, { network: { norm: "none" } });

  test("stop the run, name the rate and a tenth of it, and keep the last good state and the earlier files", async () => {
    const { outcome, folder } = await runSmall({ recipe, backend, evaluate: true });
    expect(outcome).toMatchObject({ status: "failed", stage: "synthesise", error: { code: "non-finite-loss" } });
    expect(outcome.error?.message).toMatch(
      /^The loss of step \d is not a finite number; the images of step \d are kept\.$/,
    );
    expect(outcome.error?.hint).toBe("Lower method.imageLearningRate, which is 1e+30, for example to 1e+29.");
    expect(folder.events.at(-1)).toMatchObject({ type: "failed", step: outcome.step, code: "non-finite-loss" });
    expect(folder.checkpoints.has("000000")).toBe(true);
    expect(folder.previews[0]).toBe(0);
    for (const [name, bytes] of folder.checkpoints) {
      for (const { data } of decodeCheckpoint(bytes, name).state.images) expect(data.every(Number.isFinite)).toBe(true);
    }
    // The reader refuses what is not finite.
    const set = fromSafetensors(folder.files.get("distilled.safetensors") as Uint8Array);
    const last = decodeCheckpoint([...folder.checkpoints.values()].at(-1) as Uint8Array, "last");
    expect(last).toMatchObject({ stage: "synthesise", step: outcome.step });
    expect([...last.state.images[0].data]).toEqual([...set.images]);
  });

  test("come again on resume, with the same events", async () => {
    const { folder } = await runSmall({ recipe, backend });
    const before = structuredClone(folder.result);
    const { outcome } = await runSmall({ recipe, backend, folder, resume: true });
    expect(outcome.status).toBe("failed");
    expect(folder.result).toEqual(before);
  });

  test("in the images of the last step, whose loss nothing computes, are seen too", async () => {
    const last = smallRecipe({ id: "dm", steps: 1, imageLearningRate: 1e300 }, { ipc: 1, network: { norm: "none" } });
    const { outcome, folder } = await runSmall({ recipe: last, backend, evaluate: true });
    expect(outcome).toMatchObject({ status: "failed", step: 0, error: { code: "non-finite-loss" } });
    expect(outcome.error?.message).toBe("The images of step 1 are not finite numbers; the images of step 0 are kept.");
    const first = await runSmall({ recipe: smallRecipe({ id: "dm", steps: 0 }, { ipc: 1 }), backend });
    const read = (bytes: Uint8Array | undefined) => fromSafetensors(bytes as Uint8Array).images;
    expect(read(folder.files.get("distilled.safetensors"))).toEqual(
      read(first.folder.files.get("distilled.safetensors")),
    );
  });
});

describe("the evaluation", () => {
  const signal = new AbortController().signal;
  const recipe = smallRecipe({ id: "dm", steps: 1 });

  async function watch(set: "distilled" | "random" | "whole", trial: number) {
    const { folder } = await runSmall({ recipe, backend });
    const distilled = fromSafetensors(folder.files.get("distilled.safetensors") as Uint8Array);
    const counted = countValues(backend);
    const evaluator = createEvaluator({
      recipe,
      runtime: new Runtime(counted.backend),
      train,
      test: testSet,
      distilled,
    });
    const losses: number[] = [];
    const accuracy = await evaluator.run({ set, net: "convnet-1", trial }, signal, (_, loss) => losses.push(loss));
    const texts = counted.uploads.map(({ shape, data }) => `${shape}: ${data}`);
    return {
      accuracy,
      losses,
      // Weight and bias of convolution, norm and classifier come first.
      net: texts.slice(0, 6),
      batches: counted.uploads.filter(({ shape }) => shape.length === 4 && shape[2] === 8),
      alive: counted.live.size,
    };
  }

  test("trains every set from the same networks, new ones each trial, and draws random anew", async () => {
    const [distilled, random, whole, again, next] = [
      await watch("distilled", 0),
      await watch("random", 0),
      await watch("whole", 0),
      await watch("random", 0),
      await watch("random", 1),
    ];
    expect(random.net).toEqual(distilled.net);
    expect(whole.net).toEqual(distilled.net);
    expect(next.net).not.toEqual(random.net);
    expect(again).toEqual(random);
    const sorted = ({ batches }: typeof random) => String([...batches[0].data].sort());
    expect(sorted(next)).not.toBe(sorted(random));
    expect([distilled, random, whole].map(({ batches }) => batches[0].shape[0])).toEqual([6, 6, 36]);
    expect(random.batches.at(-1)?.shape[0]).toBe(testSet.size);
    for (const { accuracy, alive, losses } of [distilled, random, whole]) {
      expect(alive).toBe(0);
      expect(losses).toHaveLength(3);
      expect(accuracy * testSet.size).toBeCloseTo(Math.round(accuracy * testSet.size), 9);
    }
  });

  test("warns of a network whose training diverged", async () => {
    const method = { id: "dm", steps: 1, imageLearningRate: 1e38 };
    const huge = smallRecipe(method, { network: { norm: "none" }, evaluation: { trials: 1, epochs: 8 } });
    const { folder, outcome } = await runSmall({ recipe: huge, backend, evaluate: true });
    expect(outcome.status).toBe("done");
    const warnings = folder.events.filter((event) => event.type === "warning");
    expect(warnings).toMatchObject([
      {
        code: "diverged",
        stage: "evaluate",
        message: "The loss of convnet-1 on distilled, trial 1, is not a finite number: its accuracy tells nothing.",
        hint: "Distil again with a lower method.imageLearningRate.",
      },
    ]);
    expect(folder.events.map(({ seq }) => seq)).toEqual(folder.events.map((_, index) => index));
  });

  test("learns what is easy to learn", async () => {
    const longer = smallRecipe(
      { id: "dm", steps: 0 },
      { evaluation: { epochs: 60, baselines: ["whole"] }, network: { width: 8 } },
    );
    const evaluator = createEvaluator({ recipe: longer, runtime: new Runtime(backend), train, test: testSet });
    const accuracy = await evaluator.run({ set: "whole", net: "convnet-1", trial: 0 }, signal, () => {});
    expect(accuracy).toBeGreaterThan(0.8);
  });

  test("does not begin a batch after a stop", async () => {
    const counted = countValues(backend);
    const evaluator = createEvaluator({ recipe, runtime: new Runtime(counted.backend), train, test: testSet });
    const job = { set: "whole", net: "convnet-1", trial: 0 } as const;
    await expect(evaluator.run(job, AbortSignal.abort(), () => {})).rejects.toThrow(/abort/i);
    expect(counted.live.size).toBe(0);
  });
});

describe("values on the backend", () => {
  const recipe = smallRecipe({ id: "dm", steps: 6 });
  const withBatchNorm = smallRecipe({ id: "dm", steps: 6 }, { network: { norm: "batch" } });

  test.each([
    ["convnet-1", recipe],
    ["convnet-1-bn", withBatchNorm],
  ])("are as many after each step, and none at the end: %s", async (name, recipe) => {
    expect(recipe.evaluation.nets).toEqual([name]);
    const counted = countValues(backend);
    const alive: number[] = [];
    const stopsAt = () => {
      alive.push(counted.live.size);
      return false;
    };
    await runSmall({ recipe, backend: counted.backend, evaluate: true, stopsAt });
    const [first, ...steps] = alive.slice(0, 6);
    expect(first).toBeGreaterThan(0);
    expect(new Set(steps).size).toBe(1);
    const epochs = alive.slice(6);
    expect(epochs).toHaveLength(12);
    expect(new Set(epochs).size).toBe(1);
    expect(counted.live.size).toBe(0);
  });

  test.each([
    { how: "a stop in the steps", conditions: { recipe, stopsAt: ({ done }: { done: number }) => done === 3 } },
    {
      how: "a stop in the evaluation",
      conditions: { recipe, evaluate: true, stopsAt: ({ stage }: { stage: string }) => stage === "evaluate" },
    },
    {
      how: "a failure",
      conditions: {
        recipe: smallRecipe({ id: "dm", steps: 6, imageLearningRate: 1e30 }, { network: { norm: "none" } }),
      },
    },
  ])("are freed after $how", async ({ conditions }) => {
    const counted = countValues(backend);
    const { outcome } = await runSmall({ ...conditions, backend: counted.backend });
    expect(outcome.status).not.toBe("done");
    expect(counted.live.size).toBe(0);
  });

  test("are freed when a write fails", async () => {
    const counted = countValues(backend);
    class FullFolder extends MemoryFolder {
      override async writeCheckpoint(name: string, bytes: Uint8Array): Promise<void> {
        if (name === "000004") throw new Error("the disk is full");
        await super.writeCheckpoint(name, bytes);
      }
    }
    await expect(runSmall({ recipe, backend: counted.backend, folder: new FullFolder() })).rejects.toThrow("full");
    expect(counted.live.size).toBe(0);
  });

  test("are freed after an estimate, which counts steps and trials", async () => {
    const counted = countValues(backend);
    let time = 0;
    const estimate = await estimateRun({
      recipe,
      runtime: new Runtime(counted.backend),
      train,
      test: testSet,
      fingerprint: "",
      artifacts: new MemoryArtifacts(),
      clock: () => (time += 1000),
      evaluate: true,
    });
    expect(counted.live.size).toBe(0);
    // A clock that ticks a second at each look: a step, an epoch and a test take one each.
    expect(estimate).toMatchObject({ steps: 6, secondsPerStep: 1, synthesiseSeconds: 6 });
    // Two trials of two sets: three epochs and a test.
    expect(estimate.evaluateSeconds).toBe(2 * 2 * (3 + 1));
    expect(estimate.totalSeconds).toBe(6 + 16);
  });
});

describe("a checkpoint", () => {
  const recipe = smallRecipe({ id: "dm", steps: 2 });

  test("gives back what was written, and the same bytes again", async () => {
    const { folder } = await runSmall({ recipe, backend, evaluate: true });
    for (const [name, bytes] of folder.checkpoints) {
      const checkpoint = decodeCheckpoint(bytes, name);
      expect(encodeCheckpoint(checkpoint)).toEqual(bytes);
      expect(() => requireFitting(checkpoint, recipe, [1, 8, 8], 3)).not.toThrow();
    }
  });

  test("of a recipe from before a setting existed has that setting's default", async () => {
    const { folder } = await runSmall({ recipe, backend, stopsAt: () => true });
    const checkpoint = folder.goBack() as Checkpoint;
    const network = { id: "convnet", depth: 1, width: 4, norm: "instance" };
    expect(recipe.network).toMatchObject({ ...network, activation: "relu", pool: "avg" });
    const fits = (changed: object, own: typeof recipe) =>
      requireFitting({ ...checkpoint, recipe: { ...recipe, network: { ...network, ...changed } } }, own, [1, 8, 8], 3);
    expect(() => fits({}, recipe)).not.toThrow();
    const swish = smallRecipe({ id: "dm", steps: 2 }, { network: { activation: "swish" } });
    expect(() => fits({}, swish)).toThrow(/recipe is not that of run.json/);
  });

  test("that is damaged at any byte of its end, or of another experiment, is refused", async () => {
    const { folder } = await runSmall({ recipe, backend, evaluate: true });
    const bytes = [...folder.checkpoints.values()].at(-1) as Uint8Array;
    for (const length of [0, 7, 8, 100, bytes.length / 2, bytes.length - 1]) {
      expect(() => decodeCheckpoint(bytes.subarray(0, length), "cut"), `${length} bytes`).toThrow(
        /^cut cannot be read: /,
      );
    }
    const set = folder.files.get("distilled.safetensors") as Uint8Array;
    expect(() => decodeCheckpoint(set, "set")).toThrow(/^set cannot be read: /);
    const checkpoint = decodeCheckpoint(bytes, "whole");
    expect(() => requireFitting(checkpoint, { ...recipe, ipc: 3 }, [1, 8, 8], 3)).toThrow(/not 9 of 1 x 8 x 8/);
    expect(() => requireFitting(checkpoint, recipe, [3, 8, 8], 3)).toThrow(/not 6 of 3 x 8 x 8/);
    expect(() => requireFitting(checkpoint, { ...recipe, seed: 9 }, [1, 8, 8], 3)).toThrow(
      /recipe is not that of run.json/,
    );
    const fewer = { ...recipe, evaluation: { ...recipe.evaluation, trials: 1 } };
    expect(() => requireFitting(checkpoint, fewer, [1, 8, 8], 3)).toThrow(/trials are not those/);
    await expect(
      runSmall({ recipe: smallRecipe({ id: "dm", steps: 2 }, { ipc: 1 }), backend, folder, resume: true }),
    ).rejects.toThrow(/of another experiment/);
  });
});

// Trajectory matching through the methods themselves: what they draw, the exact gradient, steps left out, stops within a step, labels.

import { describe, expect, test } from "vitest";
import {
  type Backend,
  createReferenceBackend,
  defineProgram,
  grad,
  type HostArray,
  Runtime,
  type Tensor,
  type TensorTree,
  tensorsOf,
  type Value,
  withTensors,
} from "../../shared/engine/index.ts";
import { deriveKey, rootKey } from "../../shared/lib/random.ts";
import type { Experts, SavedState } from "../../shared/methods/index.ts";
import { mtt } from "../../shared/methods/mtt.ts";
import { tesla } from "../../shared/methods/tesla.ts";
import { drawChunks, drawStart, expertsOf, moveRate, type TrajectoryState } from "../../shared/methods/trajectory.ts";
import {
  type AugmentationTensors,
  augment,
  drawAugmentation,
  packAugmentations,
} from "../../shared/nn/augment/index.ts";
import { countParameters } from "../../shared/nn/flat-parameters.ts";
import { crossEntropy } from "../../shared/nn/losses.ts";
import { noBuffers } from "../../shared/nn/net.ts";
import { createConvNet } from "../../shared/nn/nets/convnet.ts";
import { trajectoryLoss } from "../../shared/nn/unroll.ts";
import { countValues, train as real } from "../experiment/small-world.ts";

const key = rootKey(5);
const [, side] = real.imageShape;
const [classes, ipc] = [3, 2];
const net = createConvNet(
  { id: "convnet", depth: 1, width: 3, norm: "instance" },
  { channels: 1, height: side, width: side, classes },
);
const parameters = countParameters(net.params(key));
const strategy = ["color" as const, "crop" as const, "rotate" as const];

/** Networks that have nothing to do with each other, or that stand still. */
const experts = (stands = false): Experts => ({
  count: 2,
  epochs: 2,
  snapshot: async (expert, epoch) => net.params(deriveKey(key, "expert", expert, stands ? 0 : epoch)),
  plane: async () => ({
    axes: { shape: [2, parameters], data: new Float32Array(2 * parameters).fill(0.1) },
    origin: { shape: [2], data: Float32Array.of(0, 1) },
    path: [0, 1, 2, 3, 4, 5],
  }),
});

const small = {
  innerSteps: 3,
  expertEpochs: 1,
  maxStart: 2,
  studentBatch: 4,
  initialRate: 0.3,
  rateLearningRate: 1e-3,
};
const start = (changes: object, given: { stands?: boolean; signal?: AbortSignal; on?: Backend } = {}) => {
  const runtime = new Runtime(given.on ?? createReferenceBackend());
  const context = {
    ...{ runtime, key, real, net, ipc, init: "real" as const, strategy },
    ...{ experts: experts(given.stands), signal: given.signal },
  };
  return { runtime, method: mtt.start(context, mtt.options.parse({ id: "mtt", ...small, ...changes })), context };
};
type State = TrajectoryState;
const states = (step: unknown) => (step as { state: State }).state;

describe("what is drawn", () => {
  test("each expert once a round, shuffled anew, from epochs 0 to the last below the highest start", () => {
    const drawn = Array.from({ length: 400 }, (_, step) => drawStart(key, step, 8, 5));
    const rounds = Array.from({ length: 50 }, (_, round) => drawn.slice(8 * round, 8 * round + 8));
    for (const round of rounds) expect(new Set(round.map(({ expert }) => expert)).size).toBe(8);
    expect(new Set(rounds.map((round) => round.map(({ expert }) => expert).join())).size).toBeGreaterThan(40);
    const counts = [0, 1, 2, 3, 4].map((epoch) => drawn.filter((each) => each.epoch === epoch).length);
    expect(counts.reduce((sum, count) => sum + count)).toBe(400);
    for (const count of counts) expect(count).toBeGreaterThan(50);
  });

  test("all images in chunks, the short one first, before any comes again", () => {
    const chunks = drawChunks(key, 7, 10, 4).map((chunk) => [...chunk]);
    expect(chunks.map(({ length }) => length)).toEqual([2, 4, 4, 2, 4, 4, 2]);
    for (const first of [0, 3]) {
      expect(
        chunks
          .slice(first, first + 3)
          .flat()
          .sort((a, b) => a - b),
      ).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    }
    expect(chunks.slice(0, 3)).not.toEqual(chunks.slice(3, 6));
    expect(drawChunks(key, 3, 6, 6).every((chunk) => chunk.length === 6)).toBe(true);
  });

  test("the experts' epochs are those that are read: the last start and what follows", () => {
    for (const [maxStart, expertEpochs] of [
      [1, 1],
      [2, 2],
      [40, 2],
      [3, 20],
    ]) {
      const training = expertsOf(mtt.options.parse({ id: "mtt", maxStart, expertEpochs }));
      expect(training.epochs).toBe(maxStart - 1 + expertEpochs);
    }
  });
});

test.each([
  { innerSteps: 0 },
  { innerSteps: 2.5 },
  { expertEpochs: 0 },
  { maxStart: 0 },
  { studentBatch: -1 },
  { initialRate: 0 },
  { rateLearningRate: -1 },
  { imageMomentum: 1 },
  { maxSkipped: 0 },
  { experts: { count: 0 } },
  { experts: { learningRate: 0 } },
  { gradient: "tesla" },
])("%o is out of range", (changes) => {
  expect(mtt.options.safeParse({ id: "mtt", ...changes }).success).toBe(false);
});

test("mtt's step is that of the whole unroll as one graph, with its own draws", async () => {
  const { runtime, method, context } = start({ imageLearningRate: 50, maxLoss: 100 });
  const before = (await method.init()) as State;
  const result = await method.step(before);
  const after = states(result);

  const at = deriveKey(key, "step", 0);
  const { expert, epoch } = drawStart(key, 0, 2, 2);
  const chunks = drawChunks(deriveKey(at, "chunks"), 3, classes * ipc, 4);
  const steps = chunks.map((chunk, k) => ({
    chunk: { shape: [chunk.length], data: chunk },
    labels: {
      shape: [chunk.length, classes],
      data: Float64Array.from(
        Array.from(chunk).flatMap((image) => [0, 1, 2].map((c) => (c === Math.floor(image / ipc) ? 1 : 0))),
      ),
    },
    w: packAugmentations(
      drawAugmentation(deriveKey(at, "augment", k), strategy, chunk.length, side, side),
      side,
      side,
      true,
    ),
  }));
  type Step = { chunk: Tensor; labels: Tensor; w: AugmentationTensors };
  const naive = defineProgram(
    "naive",
    (given: { s: Tensor; rate: Tensor; start: TensorTree; target: TensorTree; steps: Step[] }) => {
      let theta = given.start;
      for (const { chunk, labels, w } of given.steps) {
        const x = augment(given.s.gather(chunk), w);
        const loss = crossEntropy(net.apply(theta, noBuffers, x, { mode: "train" }).logits, labels);
        const gradient = grad(loss, tensorsOf(theta));
        theta = withTensors(
          theta,
          tensorsOf(theta).map((each, i) => each.sub(gradient[i].mul(given.rate))),
        );
      }
      const loss = trajectoryLoss(theta, { start: given.start, target: given.target });
      const [toImages, toRate] = grad(loss, [given.s, given.rate]);
      return { loss, images: given.s.sub(toImages.mul(50)), toRate, norm: toImages.norm() };
    },
  );
  const whole = await runtime.run(naive, {
    ...{ s: before.images[0], rate: { shape: [], data: Float64Array.of(0.3) }, steps },
    start: await context.experts.snapshot(expert, epoch),
    target: await context.experts.snapshot(expert, epoch + 1),
  });
  expect(result.metrics.loss).toBeCloseTo(await runtime.take(whole.loss), 12);
  expect(result.metrics.gradientNorm).toBeCloseTo(await runtime.take(whole.norm), 12);
  expect(after.rate).toBeCloseTo(0.3 - 1e-3 * (await runtime.take(whole.toRate)), 12);
  expect(result.metrics).toMatchObject({ learningRate: after.rate, startEpoch: epoch, skipped: 0 });
  const [images, expected] = [await runtime.read(after.images[0]), await runtime.read(whole.images)];
  images.forEach((value, i) => void expect(value).toBeCloseTo(expected[i], 10));

  // What is shown of the way: from the start, and after each step; the last distance is the loss.
  const details = result.details as Record<string, number[]>;
  expect(details.distance).toHaveLength(4);
  expect(details.distance[0]).toBe(1);
  expect(details.distance[3] ** 2).toBeCloseTo(result.metrics.loss as number, 12);
  expect(details.path).toHaveLength(8);
  expect(details.expertDistance[0]).toBe(1);
  expect(details.expertDistance[1]).toBe(0);
  expect(details).toMatchObject({ where: [expert, epoch, epoch + 1], expertPath: [0, 1, 2, 3, 4, 5] });
});

test("the step size stays above zero, and is given with the set", async () => {
  const moved = moveRate({ rate: 0.01, rateVelocity: 2 }, 3, { rateLearningRate: 1, rateMomentum: 0.5 });
  expect(moved).toEqual({ rate: 1e-6, rateVelocity: 4 });
  expect(moveRate({ rate: 1, rateVelocity: 2 }, 3, { rateLearningRate: 0.1, rateMomentum: 0.5 }).rate).toBeCloseTo(0.6);
  const saved = { step: 1, images: [], rate: 0.25 } as SavedState;
  expect(mtt.learned?.(saved).extra?.learning_rate).toEqual({ shape: [], data: Float32Array.of(0.25) });
});

describe("a step that would lead away", () => {
  test.each([
    ["with a loss above the limit", { maxLoss: 1e-9 }, false],
    ["with a loss that is no number, since the expert stands still", {}, true],
  ])(
    "%s is left out and counted, and so many in a row end the run with the last good state",
    async (_, changes, stands) => {
      const counted = countValues(createReferenceBackend());
      const { runtime, method } = start({ maxSkipped: 3, ...changes }, { stands, on: counted.backend });
      let state = (await method.init()) as State;
      const first = await runtime.read(state.images[0]);
      for (let step = 1; step <= 3; step++) {
        const result = await method.step(state);
        // All were left out: the step size is halved.
        const learningRate = 0.3 / 2 ** step;
        const loss = stands ? {} : { skippedLoss: expect.any(Number) };
        expect(result.metrics).toEqual({ learningRate, startEpoch: expect.any(Number), skipped: step, ...loss });
        expect(result.problem !== undefined).toBe(step === 3);
        expect(result.details).toBeUndefined();
        runtime.free(state);
        state = states(result);
        expect(state).toMatchObject({ step, skipped: step, skippedInRow: step });
        expect(await runtime.read(state.images[0])).toEqual(first);
      }
      runtime.free(state);
      expect(counted.live.size).toBe(0);
    },
  );

  test("leaves the step size as it is where most steps were taken", async () => {
    const { method } = start({ maxLoss: 1e-9 });
    const { metrics } = await method.step({ ...((await method.init()) as State), step: 7, skipped: 3 });
    expect(metrics).toMatchObject({ learningRate: 0.3, skipped: 4 });
  });

  test("does not count as one in a row once a step was taken", async () => {
    const { runtime, method } = start({ maxLoss: 100 });
    const state = { ...((await method.init()) as State), skipped: 5, skippedInRow: 4 };
    const result = await method.step(state);
    expect(states(result)).toMatchObject({ skipped: 5, skippedInRow: 0 });
    expect(await runtime.read(states(result).images[0])).not.toEqual(await runtime.read(state.images[0]));
  });
});

test("stopped between any two programs of a step, it throws the reason and leaves nothing on the backend", async () => {
  // Three steps out and one located after each, the end, three back: a stop at each of them.
  for (let at = 1; at <= 8; at++) {
    const counted = countValues(createReferenceBackend());
    const controller = new AbortController();
    let runs = 0;
    const on: Backend = {
      ...counted.backend,
      run: (...given) => {
        if (++runs === at) controller.abort(new Error("enough"));
        return counted.backend.run(...given);
      },
    };
    const { runtime, method } = start({ maxLoss: 100 }, { signal: controller.signal, on });
    const state = await method.init();
    await expect(method.step(state)).rejects.toThrow("enough");
    runtime.free(state);
    expect(counted.live.size, `stopped at program ${at}`).toBe(0);
  }
});

describe("tesla's labels", () => {
  const options = { id: "tesla", ...small, maxLoss: 100 };
  test("are what the target says of the images, and kept with the set; hard ones stay hard", async () => {
    for (const softLabels of [true, false]) {
      const { runtime, context } = start({});
      const method = tesla.start(context, tesla.options.parse({ ...options, softLabels }));
      const before = await method.init();
      const { state } = await method.step(before);
      const saved = (await runtime.readTree({
        ...state,
        step: [],
        rate: [],
        rateVelocity: [],
        skipped: [],
        skippedInRow: [],
      })) as SavedState;
      const learned = tesla.learned?.({ ...saved, rate: 0.1 });
      if (!softLabels) {
        expect(learned?.labels).toBeUndefined();
        continue;
      }
      const { expert, epoch } = drawStart(key, 0, 2, 2);
      const theta = await context.experts.snapshot(expert, epoch + 1);
      const program = defineProgram("softmax", ({ theta, s }: { theta: TensorTree; s: Tensor }) => {
        const scores = net.apply(theta, noBuffers, s, { mode: "train" }).logits.exp();
        return { p: scores.div(scores.sum([1], true)) };
      });
      const { p } = await runtime.run(program, { theta, s: before.images[0] as Value });
      const expected = await runtime.read(p);
      expect(learned?.labels?.kind).toBe("soft");
      expect((state.labels as Value[])[0].shape).toEqual([classes * ipc, classes]);
      expected.forEach((value, i) => void expect((saved.labels as HostArray[])[0].data[i]).toBeCloseTo(value, 9));
    }
  });
});

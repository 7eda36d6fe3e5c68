// DC and DSA: the traps that are known of them. Not here: how images are normalised for the eye and that an evaluation follows the
// update are the run's (tests/experiment); which networks suit a distillation is a matter of results, not of the code.
import { describe, expect, test } from "vitest";
import {
  createReferenceBackend,
  defineProgram,
  grad,
  type HostArray,
  opaque,
  Runtime,
  type Tensor,
  type TensorTree,
  type Value,
} from "../../shared/engine/index.ts";
import { rootKey, uniform } from "../../shared/lib/random.ts";
import { dc } from "../../shared/methods/dc.ts";
import { dsa } from "../../shared/methods/dsa.ts";
import { createMatchingPrograms } from "../../shared/methods/gradient-matching.ts";
import { distances } from "../../shared/methods/matching.ts";
import type { MethodContext } from "../../shared/methods/method.ts";
import type { Strategy } from "../../shared/nn/augment/index.ts";
import { batchStatistics, normaliseBy, type Statistics, updateStatistics } from "../../shared/nn/batch-norm.ts";
import type { Net } from "../../shared/nn/net.ts";
import { createConvNet } from "../../shared/nn/nets/convnet.ts";
import { countValues, smallRecipe } from "../experiment/small-world.ts";
import { classes, perClass, real, side } from "./noise-set.ts";

const convnet = createConvNet(
  { id: "convnet", depth: 2, width: 3, norm: "instance" },
  { channels: 1, height: side, width: side, classes },
);
const everything: Strategy = ["color", "crop", "cutout", "flip", "scale", "rotate"];
const array = (shape: number[], data: readonly number[]): HostArray => ({ shape, data: Float64Array.from(data) });

describe("the layer-wise distance", () => {
  const runtime = new Runtime(createReferenceBackend());
  const program = defineProgram("distance", ({ real, ours }: { real: Tensor[]; ours: Tensor[] }) => {
    const terms = distances.layerwise(real, ours);
    return {
      terms,
      gradients: grad(
        terms.reduce((sum, term) => sum.add(term)),
        ours,
      ),
    };
  });
  const measure = async (real: readonly HostArray[], ours: readonly HostArray[]) => {
    const result = await runtime.run(program, { real: [...real], ours: [...ours] });
    const read = (values: readonly Value[]) => Promise.all(values.map(async (each) => [...(await runtime.read(each))]));
    return { terms: (await read(result.terms)).flat(), gradients: await read(result.gradients) };
  };

  test("is 0.04 + 2 + 1 for the worked rows, of which the last is zero", async () => {
    const real = [array([3, 2], [3, 4, 1, 0, 1, 1])];
    const { terms } = await measure(real, [array([3, 2], [4, 3, -2, 0, 0, 0])]);
    expect(terms).toHaveLength(1);
    expect(terms[0]).toBeCloseTo(3.04, 5);
  });

  test("of a row of zeros is exactly 1, with a derivative that is finite, and zero where the real row is", async () => {
    const { terms, gradients } = await measure([array([2, 2], [1, 2, 0, 0])], [array([2, 2], [0, 0, 0, 0])]);
    expect(terms).toEqual([2]);
    expect(gradients[0].slice(2).map(Math.abs)).toEqual([0, 0]);
    expect(gradients[0][0]).toBeCloseTo(-1e6, 3);
    expect(gradients[0][1]).toBeCloseTo(-2e6, 3);
  });

  test("counts tensors of one dimension for nothing, and layer norm by its channels", async () => {
    const [scale, bias] = [array([2, 1, 2], [1, 0, 0, 1]), array([3], [1, 2, 3])];
    const { terms, gradients } = await measure([scale, bias], [array([2, 1, 2], [0, 1, 0, 1]), array([3], [-9, 0, 9])]);
    expect(terms).toHaveLength(1);
    expect(terms[0]).toBeCloseTo(1, 5); // of two channels one is at a right angle, the other alike
    expect(gradients[1]).toEqual([0, 0, 0]);
  });

  test("of opposite gradients is twice the rows of a network: 788 for ConvNet-3 of width 128 and ten classes", async () => {
    const net = createConvNet(
      { id: "convnet", depth: 3, width: 128, norm: "instance" },
      { channels: 3, height: 32, width: 32, classes: 10 },
    );
    let rows = 0;
    const shapes = await shapesOf(net);
    for (const shape of shapes) if (shape.length > 1) rows += shape[0];
    expect(rows).toBe(394);
    const small = shapes.map((shape) => [shape[0], ...shape.slice(1).map(() => 1)]);
    const ones = small.map((shape) => array(shape, Array(shape[0]).fill(1)));
    const { terms } = await measure(
      ones,
      small.map((shape) => array(shape, Array(shape[0]).fill(-1))),
    );
    expect(terms.reduce((sum, term) => sum + term)).toBeCloseTo(788, 2);
  });

  async function shapesOf(net: Net): Promise<(readonly number[])[]> {
    const uploaded = runtime.upload(net.params(rootKey(0)));
    const shapes: (readonly number[])[] = [];
    const visit = (node: object): void => {
      if ("shape" in node) shapes.push((node as Value).shape);
      else for (const child of Object.values(node)) visit(child);
    };
    visit(uploaded);
    return shapes;
  }
});

/** Steps of a method on a backend that counts its values. */
function begin(method: typeof dc | typeof dsa, settings: object, context: Partial<MethodContext> = {}) {
  const counted = countValues(createReferenceBackend());
  const runtime = new Runtime(counted.backend);
  const given = { runtime, key: rootKey(4), real, net: convnet, ipc: 2, init: "real" as const, strategy: everything };
  const options = method.options.parse({ id: method.id, realBatch: 3, ...settings });
  return { ...counted, runtime, started: method.start({ ...given, ...context }, options as never) };
}

/** What is uploaded as masks of augmentations while `work` runs. */
async function masksOf(uploads: readonly HostArray[], work: () => Promise<unknown>): Promise<HostArray[]> {
  const before = uploads.length;
  await work();
  return uploads.slice(before).filter(({ shape }) => shape.length === 4 && shape[2] === side && shape[1] === 1);
}

test("dsa sees the real and the synthetic images of a class alike: as long as they are the same images, the loss is zero", async () => {
  // A real batch of 256 from a class of four is the whole class; four synthetic images begin as the same.
  const { runtime, started } = begin(dsa, { realBatch: 256 }, { ipc: perClass });
  let state = await started.init();
  for (let step = 0; step < 8; step++) {
    const result = await started.step(state);
    const [loss, norm] = [result.metrics.loss, result.metrics.gradientNorm] as Value[];
    expect((await runtime.read(loss))[0]).toBeLessThan(1e-3);
    expect((await runtime.read(norm))[0]).toBeLessThan(1);
    // The images have hardly moved, but enough for the next step: go on from the same ones.
    state = { ...state, step: step + 1 };
  }
});

test("dsa draws once for each class and matching, and for each image of the network's training", async () => {
  const { uploads, started } = begin(
    dsa,
    { outerLoops: 2, innerLoops: 1, trainBatch: 6 },
    { strategy: ["cutout"], init: "noise" },
  );
  const state = await started.init();
  const masks = (await masksOf(uploads, () => started.step(state))).filter(({ data }) => data.includes(0));
  const sets = masks.map(({ shape }) => shape[0]);
  // Of each class one for the real images and one for the synthetic ones, then one training step of six.
  expect(sets).toEqual([1, 1, 1, 1, 1, 1, 6]);
  const shown = masks.map(({ data }) => String(data));
  for (const label of [0, 1, 2]) expect(shown[2 * label]).toBe(shown[2 * label + 1]);
  expect(new Set(shown.slice(0, 6)).size).toBe(3);
  const training = masks[6].data;
  const images = Array.from({ length: 6 }, (_, at) => String(training.slice(at * side * side, (at + 1) * side * side)));
  expect(new Set(images).size).toBeGreaterThan(3);
});

test("dc sees images as they are, whatever the evaluation's strategy", async () => {
  const imagesAfter = async (strategy: Strategy) => {
    const { runtime, uploads, started } = begin(dc, { outerLoops: 2 }, { strategy, init: "noise" });
    const masks: HostArray[] = [];
    let state = await started.init();
    for (let step = 0; step < 2; step++) {
      masks.push(...(await masksOf(uploads, async () => ({ state } = await started.step(state)))));
    }
    expect(masks.filter(({ data }) => data.includes(0) || data.every((each) => each === 1))).toEqual([]);
    return Promise.all(state.images.map(async (piece) => [...(await runtime.read(piece))]));
  };
  expect(await imagesAfter(everything)).toEqual(await imagesAfter([]));
});

test("a network trains between its updates and not after its last; a fresh one follows", async () => {
  const { started, live, runtime } = begin(dc, { outerLoops: 3, innerLoops: 2 });
  let state = await started.init();
  const students: unknown[] = [];
  for (let step = 0; step < 6; step++) {
    const result = await started.step(state);
    runtime.free([state, result.metrics, result.details ?? {}]);
    state = result.state;
    students.push((state.student as unknown[]).length);
    // Images and velocities of each class, and the network's ten tensors where it goes on.
    expect(live.size).toBe(2 * classes + (step % 3 === 2 ? 0 : 10));
  }
  expect(students).toEqual([1, 1, 0, 1, 1, 0]);
});

test("filters that no image wakes leave the images' gradient finite", async () => {
  const runtime = new Runtime(createReferenceBackend());
  const { deriveReal, match } = createMatchingPrograms(convnet, { distance: "layerwise", imageMomentum: 0 });
  const params = convnet.params(rootKey(1)) as unknown as { blocks: { norm: { bias: HostArray } }[] };
  for (const { norm } of params.blocks) norm.bias.data[0] = -100;
  const student = { theta: runtime.upload(opaque<HostArray>(params)), buffers: runtime.upload(convnet.buffers()) };
  const label = array([1, classes], [0, 1, 0]);
  const images = (seed: number): HostArray => ({
    shape: [2, 1, side, side],
    data: uniform(rootKey(seed), 2 * side * side),
  });
  const { gradients } = await runtime.run(deriveReal, { student, label, x: images(2) });
  const velocity = array([2, 1, side, side], Array(2 * side * side).fill(0));
  const rate = array([], [1]);
  const result = await runtime.run(match, { student, label, s: images(3), velocity, gradients, rate });
  const moved = [...(await runtime.read(result.velocity))];
  expect(moved.every(Number.isFinite)).toBe(true);
  expect(moved.some((each) => each !== 0)).toBe(true);
  expect(Math.max(...moved.map(Math.abs))).toBeLessThan(1e4);
});

describe("batch norm", () => {
  /** One batch norm, one linear layer. */
  const net: Net = {
    ...convnet,
    id: "flat-bn",
    params: () =>
      opaque<HostArray>({
        weight: { shape: [classes, side * side], data: uniform(rootKey(6), classes * side * side, -1, 1) },
        scale: array([1], [1]),
        shift: array([1], [0]),
      }),
    buffers: () => opaque<HostArray>({ mean: array([1], [0]), variance: array([1], [1]) }),
    apply: (params, buffers, images, { mode }) => {
      const { weight, scale, shift } = params as unknown as Record<"weight" | "scale" | "shift", Tensor>;
      const running = buffers as unknown as Statistics;
      const used = mode === "train" ? batchStatistics(images) : running;
      const features = normaliseBy(used, images, scale, shift).flatten();
      const next = mode === "train" ? updateStatistics(running, images) : running;
      const kept = opaque<Tensor>({ ...next });
      return {
        logits: features.matmul(weight, { transposeB: true }),
        features,
        taps: { normInputs: [], activations: [] },
        buffers: kept as TensorTree,
      };
    },
  };
  const buffersOf = async (runtime: Runtime, student: unknown): Promise<number[]> => {
    const { mean, variance } = (student as { buffers: Record<"mean" | "variance", Value> }).buffers;
    return [(await runtime.read(mean))[0], (await runtime.read(variance))[0]];
  };

  test("takes its statistics from 16 real images of each class, all of a smaller one, again before every matching", async () => {
    const { runtime, uploads, started } = begin(dc, { outerLoops: 2, trainBatch: 6 }, { net });
    let state = await started.init();
    for (let step = 0; step < 2; step++) {
      const before = uploads.length;
      const given = state;
      ({ state } = await started.step(given));
      const together = uploads
        .slice(before)
        .filter(({ shape }) => shape[0] === classes * perClass && shape.length === 4);
      expect(together).toHaveLength(1);
      if (step > 0) continue;
      // From mean 0 and variance 1: a tenth of the real images' own, then a tenth of the training batch's.
      const moments = (data: ArrayLike<number>) => {
        const mean = Array.from(data).reduce((sum, x) => sum + x, 0) / data.length;
        return [mean, Array.from(data).reduce((sum, x) => sum + (x - mean) ** 2, 0) / (data.length - 1)];
      };
      const pieces = await Promise.all(state.images.map((piece) => runtime.read(piece)));
      const batches = [together[0].data, pieces.flatMap((piece) => [...piece])].map(moments);
      const expected = batches.reduce((kept, batch) => kept.map((old, at) => 0.9 * old + 0.1 * batch[at]), [0, 1]);
      const actual = await buffersOf(runtime, (state.student as unknown[])[0]);
      for (const at of [0, 1]) expect(actual[at]).toBeCloseTo(expected[at], 6);
    }
  });
});

test("a step that is told to stop leaves nothing behind but the state it was given", async () => {
  for (let after = 0; ; after++) {
    let checks = 0;
    const reason = new Error("stop");
    const signal = {
      throwIfAborted: () => {
        if (checks++ === after) throw reason;
      },
    } as unknown as AbortSignal;
    const { started, live } = begin(dsa, { outerLoops: 2 }, { signal });
    const state = await started.init();
    const before = new Set(live);
    const failed = await started.step(state).then(
      () => false,
      (error) => error === reason,
    );
    if (!failed) {
      // Two programs of each class, the summary, the joining of the images, one training step.
      expect(after).toBe(2 * classes + 3);
      break;
    }
    expect(live).toEqual(before);
  }
});

test("settings that cannot be, or contradict each other, are told all at once", () => {
  const problems = (method: object, changes: object = {}) => {
    try {
      smallRecipe({ id: "dsa", ...method }, { ...changes });
      return [];
    } catch (error) {
      return String((error as Error).message)
        .split("\n")
        .slice(1)
        .map((line) => line.trim());
    }
  };
  expect(problems({ outerLoops: 1, innerLoops: 1 })).toEqual([]);
  expect(problems({ outerLoops: 1, innerLoops: 50 }, { ipc: 13 })).toEqual([
    expect.stringMatching(/^ipc: 13 images of each class .* use at most 12, or init=noise$/),
    expect.stringMatching(
      /^method\.innerLoops: 50 epochs .* set method\.outerLoops to 2 or more, or method\.innerLoops to 1$/,
    ),
  ]);
  expect(problems({ outerLoops: 0, realBatch: 0, imageMomentum: 1, networkLearningRate: -1, distance: "far" })).toEqual(
    [
      "method.outerLoops: 0 is too small: at least 1",
      "method.realBatch: 0 is too small: at least 1",
      "method.imageMomentum: 1 is too large: below 1",
      "method.networkLearningRate: -1 is too small: above 0",
      expect.stringMatching(/^method\.distance: .*layerwise/),
    ],
  );
});

// ConvNet-3, DSA, DM and the evaluation's training against PyTorch, on every backend.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ImageSet } from "../../shared/data/image-set.ts";
import {
  defineProgram,
  grad,
  type HostArray,
  opaque,
  Runtime,
  type Tensor,
  type TensorTree,
  tensorsOf,
  type Value,
  type ValueTree,
  zerosLike,
} from "../../shared/engine/index.ts";
import { protocolOf } from "../../shared/evaluation/protocols.ts";
import { createTrainer } from "../../shared/evaluation/train-fresh.ts";
import { createExpertPrograms } from "../../shared/experiment/expert-training.ts";
import { rootKey } from "../../shared/lib/random.ts";
import { flattenTree } from "../../shared/lib/tree.ts";
import { averageOf, createDataDamPrograms, datadam } from "../../shared/methods/datadam.ts";
import { createDmPrograms } from "../../shared/methods/dm.ts";
import type { Experts, Method } from "../../shared/methods/index.ts";
import { mtt } from "../../shared/methods/mtt.ts";
import { createLabelling, tesla } from "../../shared/methods/tesla.ts";
import {
  createTrajectoryPrograms,
  moveRate,
  type TrajectoryOptions,
  type TrajectoryState,
} from "../../shared/methods/trajectory.ts";
import type { Augmentation } from "../../shared/nn/augment/draw.ts";
import { type AugmentationTensors, augment, packAugmentations } from "../../shared/nn/augment/index.ts";
import { countParameters, flattenArrays } from "../../shared/nn/flat-parameters.ts";
import { cosineDistance, crossEntropy, squaredDistance } from "../../shared/nn/losses.ts";
import { noBuffers } from "../../shared/nn/net.ts";
import { createConvNet } from "../../shared/nn/nets/convnet.ts";
import { buildAugmentations } from "../support/augmentations.ts";
import { testBackends } from "../support/backends.ts";
import { Golden, relativeError } from "../support/golden.ts";

const inputs = {
  "convnet-3": { channels: 3, height: 32, width: 32, classes: 10 },
  "convnet-3-grey": { channels: 1, height: 28, width: 28, classes: 10 },
  "convnet-3-grey-32": { channels: 1, height: 32, width: 32, classes: 10 },
};

const parameterNames = (golden: Golden, prefix: string): string[] =>
  flattenTree(
    golden.convnet(prefix) as never,
    (node): node is never => typeof node === "object" && "data" in (node as object),
  ).map(({ path }) => path);

describe.each(testBackends)("golden files on $name", ({ open, adapter, tolerance }) => {
  let runtime: Runtime;
  const limit = tolerance < 1e-6 ? 1e-8 : 1e-4;
  const Floats = tolerance < 1e-6 ? Float64Array : Float32Array;

  beforeAll(async () => {
    const backend = await open();
    expect(backend.capabilities.adapter).toMatch(adapter);
    runtime = new Runtime(backend);
  });
  afterAll(() => runtime.dispose());

  const close = async (value: Value, expected: ArrayLike<number>, what: string, scale = 1e-3) =>
    expect(relativeError(await runtime.read(value), expected, scale), what).toBeLessThan(limit);

  for (const [name, input] of Object.entries(inputs)) {
    test(`${name}: forward, parameter gradients, pixel gradients of gradient distances`, async () => {
      const golden = new Golden(name);
      const net = createConvNet({ id: "convnet", depth: 3, width: 8, norm: "instance" }, input);
      const program = defineProgram(
        `golden-${name}`,
        (given: { theta: TensorTree; x: Tensor; y: Tensor; realX: Tensor; realY: Tensor }) => {
          const { theta, x, y, realX, realY } = given;
          const { logits, features } = net.apply(theta, noBuffers, x, { mode: "train" });
          const real = net.apply(theta, noBuffers, realX, { mode: "train" });
          const parameters = tensorsOf(theta);
          const loss = crossEntropy(logits, y);
          const gradients = grad(loss, parameters);
          const realGradients = grad(crossEntropy(real.logits, realY), parameters).map((each) => each.detach());
          const add = (terms: Tensor[]) => terms.reduce((sum, term) => sum.add(term));
          const squared = add(gradients.map((each, at) => squaredDistance(realGradients[at], each)));
          const cosine = add(gradients.map((each, at) => cosineDistance(realGradients[at], each)));
          return {
            logits,
            features,
            loss,
            gradients,
            squared,
            squaredPixels: grad(squared, [x])[0],
            cosine,
            cosinePixels: grad(cosine, [x])[0],
          };
        },
      );
      const result = await runtime.run(program, {
        theta: golden.convnet(""),
        x: golden.get("images"),
        y: golden.get("labels"),
        realX: golden.get("real.images"),
        realY: golden.get("real.labels"),
      });
      await close(result.features, golden.get("features").data, "features");
      await close(result.logits, golden.get("logits").data, "logits");
      await close(result.loss, golden.get("loss").data, "loss");
      for (const [at, path] of parameterNames(golden, "").entries()) {
        // The norm removes a convolution's bias: its gradient is zero in truth, and is compared as it stands.
        const scale = path.endsWith("conv.bias") ? 1 : 1e-3;
        await close(result.gradients[at], golden.get(`grad.${path}`).data, `gradient of ${path}`, scale);
      }
      await close(result.squared, golden.get("distance.squared").data, "squared distance");
      await close(result.squaredPixels, golden.get("distance.squared.pixels").data, "its pixel gradient");
      // A bias before instance norm has a gradient of zero in truth, and the cosine of two zeros is noise in float32:
      // the sum over tensors is compared on the float64 backend only, and row by row in the method's own golden.
      if (limit === 1e-8) {
        await close(result.cosine, golden.get("distance.cosine").data, "cosine distance");
        await close(result.cosinePixels, golden.get("distance.cosine.pixels").data, "its pixel gradient");
      }
    });
  }

  describe("dsa", () => {
    const golden = new Golden("dsa");
    const program = defineProgram("golden-dsa", (given: { x: Tensor; w: AugmentationTensors; weights: Tensor }) => {
      const output = augment(given.x, given.w);
      return { output, gradient: grad(output.mul(given.weights).sum(), [given.x])[0] };
    });

    for (const group of ["rgb", "grey"]) {
      for (const mode of ["shared", "each"]) {
        const prefix = `${group}.${mode}.`;
        const operations = new Set(
          golden.names.filter((name) => name.startsWith(prefix)).map((name) => name.split(".")[2]),
        );
        test(`${group} ${mode}: ${[...operations].join(", ")}`, async () => {
          expect(operations.size).toBeGreaterThanOrEqual(8);
          const x = golden.get(`${group}.images`);
          const [, , height, width] = x.shape;
          for (const operation of operations) {
            const drawn = buildAugmentations(golden, `${prefix}${operation}`, operation, height, width);
            const w = packAugmentations(drawn, height, width, true, Floats);
            const result = await runtime.run(program, { x, w, weights: golden.get(`${group}.weights`) });
            await close(result.output, golden.get(`${prefix}${operation}.output`).data, `${operation} output`);
            await close(result.gradient, golden.get(`${prefix}${operation}.gradient`).data, `${operation} gradient`);
          }
        });
      }
    }
  });

  test("dm: two steps equal PyTorch's", async () => {
    const golden = new Golden("dm-step");
    const net = createConvNet(
      { id: "convnet", depth: 3, width: 8, norm: "instance" },
      { ...inputs["convnet-3"], classes: 2 },
    );
    const { embedReal, match } = createDmPrograms(net, { ipc: 2, classes: 2, imageMomentum: 0.5 });
    let s: HostArray = golden.get("images");
    let velocity: HostArray = { shape: s.shape, data: new Float64Array(s.data.length) };
    for (let step = 0; step < 2; step++) {
      const theta = golden.convnet(`step${step}.`);
      const drawn: Augmentation[] = [];
      const targets = [];
      for (let c = 0; c < 2; c++) {
        const prefix = `step${step}.class${c}.`;
        const operation = golden.names.find((name) => name.startsWith(prefix))?.split(".")[2] ?? "";
        const [w] = buildAugmentations(golden, `${prefix}${operation}`, operation, 32, 32);
        drawn.push(w);
        const x = golden.row(`step${step}.real`, c);
        targets.push(
          (await runtime.run(embedReal, { theta, x, w: packAugmentations([w], 32, 32, false, Floats) })).mean,
        );
      }
      const w = packAugmentations(drawn, 32, 32, true, Floats);
      const rate = { shape: [], data: new Float32Array([1]) };
      const result = await runtime.run(match, { theta, targets, s, velocity, w, rate });
      await close(result.loss, golden.get(`step${step}.loss`).data, `loss of step ${step}`);
      await close(result.s, golden.get(`step${step}.images`).data, `images after step ${step}`);
      s = { shape: s.shape, data: await runtime.read(result.s) };
      velocity = { shape: s.shape, data: await runtime.read(result.velocity) };
    }
  });

  test.each([
    { norm: "batch", changes: {} },
    { norm: "instance", changes: { power: 4, featureWeight: 0.02, lossScale: 1 } },
  ] as const)("datadam: a step under $norm norm equals PyTorch's", async ({ norm, changes }) => {
    const options = datadam.options.parse({ id: "datadam", ...changes });
    const { power, featureWeight, lossScale, imageLearningRate, imageMomentum } = options;
    const weights = { features: featureWeight, scale: lossScale };
    const golden = new Golden("datadam-step");
    const [counts, classes] = [[4, 3], 2];
    const net = createConvNet(
      { id: "convnet", depth: 3, width: 4, norm },
      { channels: 3, height: 16, width: 16, classes },
    );
    const { observe, match, report } = createDataDamPrograms(net, { power, weights, imageMomentum });
    const theta = golden.convnet(`${norm}.`);
    const drawn = ["color", "crop"].flatMap((operation, c) =>
      buildAugmentations(golden, `${norm}.class${c}.${operation}`, operation, 16, 16),
    );
    const pack = (each: Augmentation[]) => packAugmentations(each, 16, 16, true, Floats);
    const real = await runtime.run(observe, {
      theta,
      x: golden.get(`${norm}.real`),
      w: pack(drawn.flatMap((w, c) => Array.from({ length: counts[c] }, () => w))),
      average: averageOf(counts, Floats),
    });
    const moved = await runtime.run(match, {
      theta,
      real,
      s: golden.get(`${norm}.synthetic`),
      velocity: golden.get(`${norm}.velocity`),
      w: pack(drawn),
      average: averageOf([2, 2], Floats),
      rate: { shape: [], data: new Float32Array([imageLearningRate]) },
    });
    await close(moved.byClass, golden.get(`${norm}.by_class`).data, "loss of each class");
    await close(moved.byLayer, golden.get(`${norm}.by_layer`).data, "loss of each layer");
    await close(moved.s, golden.get(`${norm}.images`).data, "images after the step");
    await close(moved.velocity, golden.get(`${norm}.velocity_after`).data, "their velocity", 1e-6);
    const [byClass, byLayer, squares] = [[moved.byClass], [moved.byLayer], [moved.squaredGradient]];
    const told = await runtime.run(report, { byClass, byLayer, squares });
    const sum = (values: ArrayLike<number>) => Array.from(values).reduce((total, value) => total + value, 0);
    await close(told.loss, [sum(golden.get(`${norm}.by_class`).data) / classes], "the loss that is told");
    const norms = golden.get(`${norm}.gradient`).data.map((value) => value * value);
    await close(told.gradientNorm, [Math.sqrt(sum(norms))], "norm of the gradient", 1e-6);
  });

  const small = { channels: 3, height: 8, width: 8, classes: 2 };
  const createSmall = () => createConvNet({ id: "convnet", depth: 3, width: 4, norm: "instance" }, small);
  const drawnOf = (golden: Golden, prefix: string): Augmentation[] => {
    const operation =
      golden.names
        .find((name) => name.startsWith(prefix))
        ?.slice(prefix.length)
        .split(".")[0] ?? "";
    return buildAugmentations(golden, `${prefix}${operation}`, operation, small.height, small.width);
  };

  describe.each([
    ["mtt", "mtt", false],
    ["tesla", "tesla", false],
    ["tesla-soft", "tesla", true],
  ] as const)("trajectories: %s", (part, id, soft) => {
    const { imageMomentum, rateMomentum } = { mtt, tesla }[id].options.parse({ id }) as TrajectoryOptions;
    // The second chunk holds images of no other; the first and the last are of one image, the same one in the second outer step.
    const chunks = [
      [[3], [0, 2, 1], [1]],
      [[2], [1, 3, 0], [2]],
    ];

    test("two outer steps equal PyTorch's: loss, gradients, images, step size, labels", async () => {
      const golden = new Golden("trajectory");
      const net = createSmall();
      const { unroll, move } = createTrajectoryPrograms(net, { imageMomentum, frozen: id === "tesla" });
      const labelling = createLabelling(net);
      let s = runtime.upload(golden.get(`${part}.images`));
      let velocity = runtime.upload({ shape: s.shape, data: new Float64Array(4 * 3 * 8 * 8) });
      let learned = { rate: 0.2, rateVelocity: 0 };
      for (const [step, chunk] of chunks.entries()) {
        const prefix = `${part}.step${step}.`;
        const [start, target] = ["start", "target"].map(
          (name) => runtime.upload(golden.convnet(`${prefix}${name}.`)) as ValueTree,
        );
        const hard = { shape: [4, 2], data: Float64Array.of(1, 0, 1, 0, 0, 1, 0, 1) };
        const { labels } = soft ? await runtime.run(labelling, { theta: target, s }) : { labels: runtime.upload(hard) };
        if (soft) await close(labels, golden.get(`${prefix}labels`).data, `labels of step ${step}`);
        const steps = chunk.map((rows, k) => ({
          chunk: { shape: [rows.length], data: Int32Array.from(rows) },
          labels,
          w: packAugmentations(drawnOf(golden, `${prefix}draw${k}.`), 8, 8, true, Floats),
        }));
        const scalar = (value: number) => ({ shape: [], data: Float64Array.of(value) });
        const result = await unroll(runtime, {
          theta: start,
          outer: { images: s },
          steps,
          rate: runtime.upload(scalar(learned.rate)),
          goal: { start, target },
        });
        const { images: gradient } = result.outer as unknown as { images: Value };
        await close(result.loss, golden.get(`${prefix}loss`).data, `loss of step ${step}`);
        await close(gradient, golden.get(`${prefix}gradient`).data, `pixel gradient of step ${step}`);
        await close(result.rate, golden.get(`${prefix}rateGradient`).data, `gradient to the step size of step ${step}`);
        const moved = await runtime.run(move, { s, velocity, gradient, rate: scalar(20) });
        ({ s, velocity } = moved);
        learned = moveRate(learned, await runtime.take(result.rate), { rateLearningRate: 1e-2, rateMomentum });
        await close(s, golden.get(`${prefix}images`).data, `images after step ${step}`);
        expect(relativeError([learned.rate], golden.get(`${prefix}rate`).data)).toBeLessThan(limit);
        const norm = Math.hypot(...golden.get(`${prefix}gradient`).data);
        await close(moved.norm, [norm], `norm of the gradient of step ${step}`);
      }
    });
  });

  // What it adds to the above, a method's constants and what a step leaves out, is the host's: one backend is enough.
  test.each(limit === 1e-8 ? [mtt, tesla] : [])(
    "$id as a whole: three steps equal PyTorch's, one of them left out",
    async (method: Method) => {
      const golden = new Golden("trajectory");
      const prefix = `${method.id}-whole.`;
      let step = 0;
      const net = createSmall();
      const course = (epoch: number) => golden.convnet(`${prefix}step${step}.${epoch === 0 ? "start" : "target"}.`);
      const length = countParameters(net.params(rootKey(0)));
      const experts: Experts = {
        ...{ count: 1, epochs: 1, snapshot: async (_, epoch) => course(epoch) },
        plane: async () => ({
          axes: { shape: [2, length], data: new Float32Array(2 * length) },
          ...{ origin: { shape: [2], data: new Float32Array(2) }, path: [0, 0, 0, 0] },
        }),
      };
      const real = new ImageSet({
        ...{ classNames: ["a", "b"], counts: [1, 1], ...small, normaliser: { kind: "standard", mean: [0], std: [1] } },
        read: async () => new Uint8Array(),
      });
      const init = { kind: "given", images: golden.get(`${prefix}images`) } as const;
      const context = { runtime, key: rootKey(1), real, net, ipc: 2, init, strategy: [], experts };
      // Momenta, the largest loss and the smallest step size are the method's own.
      const rates = { imageLearningRate: 20, initialRate: 0.2, rateLearningRate: 2e-2 };
      const options = { id: method.id, innerSteps: 3, expertEpochs: 1, maxStart: 1, ...rates };
      const started = method.start(context, method.options.parse(options));
      let state = await started.init();
      for (; step < 3; step++) {
        const told = await started.step(state);
        state = told.state;
        const [expected, what] = [(name: string) => golden.get(`${prefix}step${step}.${name}`).data, `step ${step}`];
        await close(state.images[0], expected("images"), `images after ${what}`);
        const { rate, skipped } = state as TrajectoryState;
        expect(relativeError([rate], expected("rate"), 1e-6), `step size after ${what}`).toBeLessThan(limit);
        expect(skipped, `left out until ${what}`).toBe(step === 0 ? 0 : 1);
        if (step === 1) continue;
        const { loss, gradientNorm } = told.metrics as Record<string, number>;
        expect(relativeError([loss], expected("loss")), `loss of ${what}`).toBeLessThan(limit);
        expect(relativeError([gradientNorm], expected("norm")), `gradient of ${what}`).toBeLessThan(limit);
      }
    },
  );

  test("an expert: three batches equal PyTorch's", async () => {
    const golden = new Golden("trajectory");
    const { step: train } = createExpertPrograms(createSmall());
    let theta: ValueTree = runtime.upload(golden.convnet("expert.initial.")) as ValueTree;
    for (let step = 0; step < 3; step++) {
      const prefix = `expert.step${step}.`;
      const result = await runtime.run(train, {
        theta,
        images: golden.get(`${prefix}images`),
        targets: golden.get(`${prefix}labels`),
        w: packAugmentations(drawnOf(golden, `${prefix}draw.`), 8, 8, false, Floats),
        rate: { shape: [], data: Float64Array.of(0.1) },
      });
      theta = result.theta;
      await close(result.loss, [golden.get("expert.losses").data[step]], `loss of batch ${step}`);
      const trained = flattenArrays(opaque((await runtime.readTree(theta)) as object)).data;
      const expected = flattenArrays(golden.convnet(prefix)).data;
      // Snapshots are float32, whatever trains them.
      expect(relativeError(trained, expected), `parameters after batch ${step}`).toBeLessThan(Math.max(limit, 1e-6));
    }
  });

  test("training: six steps of SGD, the rate dropped and the momentum restarted after three", async () => {
    const golden = new Golden("training");
    const net = createConvNet({ id: "convnet", depth: 3, width: 8, norm: "instance" }, inputs["convnet-3-grey"]);
    const { trainStep } = createTrainer(runtime, net, protocolOf("dm")).programs;
    const initial = golden.convnet("initial.");
    const drawn = { parts: [] };
    let theta: ValueTree = runtime.upload(initial);
    const buffers = runtime.upload(net.buffers());
    let velocity: ValueTree = runtime.upload(zerosLike(initial));
    const pick = (name: string, rows: Float64Array): HostArray => {
      const { shape } = golden.get(name);
      const picked = [...rows].map((row) => golden.row(name, row).data);
      return { shape: [rows.length, ...shape.slice(1)], data: Float64Array.from(picked.flatMap((row) => [...row])) };
    };
    for (let step = 0; step < 6; step++) {
      const rows = golden.row("order", step).data;
      const rate = { shape: [], data: Float64Array.of(golden.get("rates").data[step]) };
      const given = {
        theta,
        buffers,
        velocity,
        images: pick("images", rows),
        targets: pick("labels", rows),
        drawn,
        rate,
      };
      const result = await runtime.run(trainStep, given);
      ({ theta, velocity } = result);
      await close(result.loss, [golden.get("losses").data[step]], `loss of step ${step}`);
      const trained = flattenTree(
        (await runtime.readTree(theta)) as never,
        (node): node is never => "data" in (node as object),
      ) as unknown as { path: string; leaf: HostArray }[];
      for (const { path, leaf } of trained) {
        const expected = golden.get(`step${step}.${path}`).data;
        expect(relativeError(leaf.data, expected), `${path} after step ${step}`).toBeLessThan(limit);
      }
      if (step === 2) velocity = runtime.upload(zerosLike(initial));
    }
  });
});

// Two steps of DC and of DSA against PyTorch, on every backend.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type HostArray, Runtime, type Value, type ValueTree } from "../../shared/engine/index.ts";
import { flattenTree } from "../../shared/lib/tree.ts";
import { dc } from "../../shared/methods/dc.ts";
import { dsa } from "../../shared/methods/dsa.ts";
import { createMatchingPrograms } from "../../shared/methods/gradient-matching.ts";
import type { DistanceName } from "../../shared/methods/matching.ts";
import { packAugmentations } from "../../shared/nn/augment/index.ts";
import { createConvNet } from "../../shared/nn/nets/convnet.ts";
import { buildAugmentations } from "../support/augmentations.ts";
import { testBackends } from "../support/backends.ts";
import { Golden, relativeError } from "../support/golden.ts";

const [CLASSES, IPC, SIDE, TRAIN_BATCH] = [2, 2, 16, 3];
const net = createConvNet(
  { id: "convnet", depth: 3, width: 8, norm: "instance" },
  { channels: 3, height: SIDE, width: SIDE, classes: CLASSES },
);
const settings = { dc: dc.options.parse({ id: "dc" }), dsa: dsa.options.parse({ id: "dsa" }) };

describe.each(testBackends)("gradient matching on $name", ({ open, adapter, tolerance }) => {
  let runtime: Runtime;
  const limit = tolerance < 1e-6 ? 1e-8 : 1e-4;
  const Floats = tolerance < 1e-6 ? Float64Array : Float32Array;

  beforeAll(async () => {
    const backend = await open();
    expect(backend.capabilities.adapter).toMatch(adapter);
    runtime = new Runtime(backend);
  });
  afterAll(() => runtime.dispose());

  const close = async (value: Value, expected: ArrayLike<number>, what: string) =>
    expect(relativeError(await runtime.read(value), expected), what).toBeLessThan(limit);
  const scalar = (value: number): HostArray => ({ shape: [], data: Float64Array.of(value) });
  const oneHot = (rows: readonly number[]): HostArray => ({
    shape: [rows.length, CLASSES],
    data: Float32Array.from(rows.flatMap((label) => Array.from({ length: CLASSES }, (_, c) => Number(c === label)))),
  });
  /** The draw that the golden holds under a prefix; none where it holds none. */
  const viewOf = (golden: Golden, prefix: string, isDifferentiable: boolean) => {
    const names = golden.names.filter((name) => name.startsWith(`${prefix}.`)).map((name) => name.split(".")[2]);
    const operation = names.find((name) => name !== "terms");
    if (operation === undefined) return {};
    const drawn = buildAugmentations(golden, `${prefix}.${operation}`, operation, SIDE, SIDE);
    return { w: packAugmentations(drawn, SIDE, SIDE, isDifferentiable, Floats) };
  };
  const rowsOf = (golden: Golden, name: string, label: number): HostArray => {
    const { shape, data } = golden.get(name);
    const size = (IPC * data.length) / shape[0];
    return { shape: [IPC, ...shape.slice(1)], data: data.slice(label * size, (label + 1) * size) };
  };
  const matchClass = async (
    golden: Golden,
    programs: ReturnType<typeof createMatchingPrograms>,
    given: { theta: ValueTree; step: number; label: number; rate: number },
  ) => {
    const { theta, step, label } = given;
    const student = { theta, buffers: runtime.upload(net.buffers()) };
    const [x, name] = [golden.row(`step${step}.real`, label), `step${step}.class${label}`];
    const shared = { student, label: oneHot([label]) };
    const { gradients } = await runtime.run(programs.deriveReal, { ...shared, x, ...viewOf(golden, name, false) });
    const at = step === 0 ? "" : `step${step - 1}.`;
    const [s, velocity] = [`${at}images`, `${at}velocity`].map((each) => rowsOf(golden, each, label));
    const own = { s, velocity, gradients, rate: scalar(given.rate) };
    return runtime.run(programs.match, { ...shared, ...own, ...viewOf(golden, name, true) });
  };

  test.each(["dc", "dsa"] as const)("%s: two steps, and the network's training between them", async (id) => {
    const golden = new Golden(`${id}-steps`);
    const programs = createMatchingPrograms(net, settings[id]);
    let theta: ValueTree = runtime.upload(golden.convnet("step0."));
    for (let step = 0; step < 2; step++) {
      const pieces: Value[] = [];
      const told: Record<"losses" | "layers" | "norms", Value[]> = { losses: [], layers: [], norms: [] };
      const losses = golden.get(`step${step}.losses`).data;
      for (let label = 0; label < CLASSES; label++) {
        const what = `of class ${label} at step ${step}`;
        const rate = settings[id].imageLearningRate;
        const result = await matchClass(golden, programs, { theta, step, label, rate });
        await close(result.loss, [losses[label]], `loss ${what}`);
        await close(result.layers, golden.get(`step${step}.class${label}.terms`).data, `terms ${what}`);
        await close(result.velocity, rowsOf(golden, `step${step}.velocity`, label).data, `velocity ${what}`);
        await close(result.s, rowsOf(golden, `step${step}.images`, label).data, `images ${what}`);
        pieces.push(result.s);
        told.losses.push(result.loss);
        told.layers.push(result.layers);
        told.norms.push(result.norm);
      }
      const { loss, gradientNorm, lossByClass, lossByLayer } = await runtime.run(programs.summarise, told);
      const terms = Array.from({ length: CLASSES }, (_, c) => golden.get(`step${step}.class${c}.terms`).data);
      await close(loss, [(losses[0] + losses[1]) / CLASSES], "loss");
      await close(gradientNorm, golden.get(`step${step}.norm`).data, "norm of the images' gradient");
      await close(lossByClass, losses, "loss by class");
      await close(
        lossByLayer,
        terms[0].map((term, at) => (term + terms[1][at]) / CLASSES),
        "loss by layer",
      );
      if (step === 1) break;

      const { s } = await runtime.run(programs.join, { pieces });
      let student = { theta, buffers: runtime.upload(net.buffers()) };
      for (let epoch = 0; epoch < 2; epoch++) {
        const order = Int32Array.from(golden.get(`order${epoch}`).data);
        for (let batch = 0; batch * TRAIN_BATCH < order.length; batch++) {
          const indices = order.slice(batch * TRAIN_BATCH, (batch + 1) * TRAIN_BATCH);
          student = await runtime.run(programs.train, {
            student,
            s,
            indices: { shape: [indices.length], data: indices },
            targets: oneHot(Array.from(indices, (index) => Math.floor(index / IPC))),
            rate: scalar(settings[id].networkLearningRate),
            ...viewOf(golden, `train${epoch}.batch${batch}`, false),
          });
        }
      }
      theta = student.theta;
      const trained = flattenTree(
        (await runtime.readTree(theta)) as never,
        (node): node is never => "data" in (node as object),
      ) as unknown as { path: string; leaf: HostArray }[];
      expect(trained).toHaveLength(14);
      for (const { path, leaf } of trained) {
        const expected = golden.get(`step1.${path}`).data;
        expect(relativeError(leaf.data, expected), `${path} after the training`).toBeLessThan(limit);
      }
    }
  });

  test.each(["mse", "cosine"] as const satisfies DistanceName[])(
    "the %s distance and its gradient",
    async (distance) => {
      const golden = new Golden("dc-steps");
      const programs = createMatchingPrograms(net, { distance, imageMomentum: 0 });
      const theta = runtime.upload(golden.convnet("step0."));
      const { loss, velocity } = await matchClass(golden, programs, { theta, step: 0, label: 0, rate: 0 });
      await close(loss, golden.get(`${distance}.loss`).data, "loss");
      // Without momentum the velocity is the gradient.
      await close(velocity, golden.get(`${distance}.gradient`).data, "gradient");
    },
  );
});

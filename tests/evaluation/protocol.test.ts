// The evaluation's schedule: epochs, batches, the rate's drop and the momentum's restart, as the official loop has them.
import { expect, test } from "vitest";
import { oneHot } from "../../shared/data/image-set.ts";
import {
  type Arguments,
  createReferenceBackend,
  type HostArray,
  type Program,
  Runtime,
} from "../../shared/engine/index.ts";
import { strategyOf } from "../../shared/evaluation/augmentations.ts";
import {
  conditionsAt,
  countEpochs,
  type ProtocolId,
  protocolIds,
  protocolOf,
} from "../../shared/evaluation/protocols.ts";
import { summarise } from "../../shared/evaluation/statistics.ts";
import { createTrainer, type TrainingState } from "../../shared/evaluation/train-fresh.ts";
import { rootKey, uniform } from "../../shared/lib/random.ts";
import { createConvNet } from "../../shared/nn/nets/convnet.ts";

const [SIZE, CLASSES] = [5, 2];

/** Notes the rate and the batch of every training step, and whether the velocity was all zero before it. */
class Recorder extends Runtime {
  readonly steps: { rate: number; batch: number; restarted: boolean }[] = [];

  override async run<In extends object, Out extends object>(program: Program<In, Out>, args: Arguments<In>) {
    const given = args as unknown as { rate?: HostArray; images: HostArray; velocity?: object };
    if (given.rate) {
      const velocity = (await this.readTree(given.velocity)) as { linear: { weight: HostArray } };
      const restarted = velocity.linear.weight.data.every((value) => value === 0);
      this.steps.push({ rate: given.rate.data[0], batch: given.images.shape[0], restarted });
    }
    return super.run(program, args);
  }
}

const protocol = { ...protocolOf("dm"), batch: 3 };
const net = createConvNet(
  { id: "convnet", depth: 1, width: 2, norm: "instance" },
  { channels: 1, height: 4, width: 4, classes: CLASSES },
);
const pixels = uniform(rootKey(1), SIZE * 16);

/** Five images; what is taken of them is noted in `seen`. */
function createSet(seen: number[][] = [], learningRate?: number) {
  const batch = async (indices: ArrayLike<number>) => {
    seen.push(Array.from(indices));
    const rows = Array.from(indices).flatMap((index) => [...pixels.slice(index * 16, index * 16 + 16)]);
    const labels = Array.from(indices, (i) => i % 2);
    return {
      images: { shape: [indices.length, 1, 4, 4], data: Float32Array.from(rows) },
      targets: oneHot(labels, CLASSES),
    };
  };
  return { size: SIZE, batch, learningRate };
}

test("E + 1 epochs; after epoch floor(E / 2) + 1 a tenth of the rate and no momentum", async () => {
  const runtime = new Recorder(createReferenceBackend());
  const seen: number[][] = [];
  const epochs = 6;
  const theta = await createTrainer(runtime, net, protocol).train(createSet(seen), ["crop"], epochs, rootKey(2));
  runtime.free(theta);

  expect(runtime.steps.length).toBe((epochs + 1) * 2);
  expect(runtime.steps.map(({ batch }) => batch)).toEqual(Array.from({ length: epochs + 1 }, () => [3, 2]).flat());
  const rates = runtime.steps.map(({ rate }) => Number(rate.toPrecision(6)));
  // Epochs 0 to 4 at the full rate, 5 and 6 at a tenth.
  expect(rates).toEqual([...Array(10).fill(0.01), ...Array(4).fill(0.001)]);
  expect(runtime.steps.flatMap(({ restarted }, step) => (restarted ? [step] : []))).toEqual([0, 10]);
  // Every epoch sees every image once, in an order of its own.
  const orders = Array.from({ length: epochs + 1 }, (_, epoch) => seen.slice(2 * epoch, 2 * epoch + 2).flat());
  for (const order of orders) expect([...order].sort()).toEqual([0, 1, 2, 3, 4]);
  expect(new Set(orders.map(String)).size).toBeGreaterThan(3);
});

/** Where the conditions change: epoch, rate as a part of the first, momentum, and whether it begins anew. */
function changesOf(id: ProtocolId, epochs: number) {
  const own = protocolOf(id);
  const all = Array.from({ length: countEpochs(own, epochs) }, (_, epoch) => conditionsAt(own, epochs, epoch));
  const changes = all.flatMap(({ factor, momentum, restarts }, epoch) =>
    epoch === 0 || factor !== all[epoch - 1].factor || restarts
      ? [[epoch, Number(factor.toPrecision(6)), momentum, restarts]]
      : [],
  );
  return { epochs: all.length, changes };
}

test("every protocol of the table, by name", () => {
  const begin = [0, 1, 0.9, false];
  const tenth = (epoch: number) => [begin, [epoch, 0.1, 0.9, true]];
  const expected: Partial<Record<ProtocolId, unknown>> = {
    dc: [300, 301, tenth(152), 0.01, 256, 5e-4],
    "dc-mnist": [1000, 1001, tenth(502), 0.01, 256, 5e-4],
    dsa: [1000, 1001, tenth(502), 0.01, 256, 5e-4],
    dm: [1000, 1001, tenth(502), 0.01, 256, 5e-4],
    idc: [1000, 1000, [begin, [666, 0.2, 0.9, false], [833, 0.04, 0.9, false]], 0.01, 64, 5e-4],
    datadam: [1800, 1801, tenth(902), 0.01, 64, 5e-4],
    datm: [1000, 1001, tenth(502), "learned", 128, 5e-4],
    mtt: [1000, 1001, tenth(502), "learned", 256, 5e-4],
    tesla: [1000, 1001, tenth(502), "learned", 256, 5e-4],
    ast: [1000, 1001, [begin, [502, 0.5, 0.8, true]], "learned", 256, 1e-3],
  };
  for (const [id, row] of Object.entries(expected) as [ProtocolId, unknown][]) {
    const { epochs, usesLearnedRate, learningRate, batch, weightDecay } = protocolOf(id);
    const { epochs: run, changes } = changesOf(id, epochs);
    expect([epochs, run, changes, usesLearnedRate ? "learned" : learningRate, batch, weightDecay], id).toEqual(row);
  }
  const all = ["color", "crop", "cutout", "flip", "scale", "rotate"] as const;
  expect(strategyOf(protocolOf("dc"), [...all])).toEqual([]);
  expect(strategyOf(protocolOf("idc"), [...all])).toEqual(["flip", "color", "crop", "scale", "rotate"]);
  expect(strategyOf(protocolOf("datadam"), ["crop", "flip"])).toEqual(["crop", "flip"]);
  expect(protocolIds.filter((id) => protocolOf(id).labels === "own")).toContain("datm");
});

test("a learned rate is taken by the protocols that take it, and by no other", async () => {
  for (const [id, expected] of [
    ["datm", 0.25],
    ["ast", 0.25],
    ["mtt", 0.25],
    ["tesla", 0.25],
    ["dm", 0.01],
  ] as const) {
    const runtime = new Recorder(createReferenceBackend());
    const trainer = createTrainer(runtime, net, protocolOf(id));
    runtime.free(await trainer.train(createSet([], 0.25), [], 0, rootKey(2)));
    expect(Number(runtime.steps[0].rate.toPrecision(6)), id).toBe(expected);
  }
});

test("a training that goes on from an epoch ends in the same bits, across a drop and another momentum", async () => {
  const runtime = new Runtime(createReferenceBackend());
  const trainer = createTrainer(runtime, net, { ...protocolOf("ast"), batch: 3 });
  const [set, epochs, key] = [createSet(), 3, rootKey(4)];
  const states: TrainingState[] = [];
  const keep = async (_epoch: number, _loss: number, state: TrainingState) => {
    const { theta, buffers, velocity } = (await runtime.readTree(state)) as Record<keyof TrainingState, never>;
    states.push({
      theta: runtime.upload(theta),
      buffers: runtime.upload(buffers),
      velocity: runtime.upload(velocity),
    });
  };
  const whole = await runtime.readTree(await trainer.train(set, ["crop"], epochs, key, keep));
  expect(states).toHaveLength(4);
  for (const [at, state] of states.entries()) {
    const from = { epoch: at + 1, state };
    const resumed = await trainer.train(set, ["crop"], epochs, key, () => {}, from);
    expect(await runtime.readTree(resumed), `from epoch ${at + 1}`).toEqual(whole);
  }
});

test("mean and population deviation", () => {
  const { mean, std } = summarise([0.7, 0.72, 0.68, 0.7]);
  expect(mean).toBeCloseTo(0.7, 12);
  expect(std).toBeCloseTo(Math.sqrt(0.0008 / 4), 12);
});

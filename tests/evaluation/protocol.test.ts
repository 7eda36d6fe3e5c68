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
import { protocolOf } from "../../shared/evaluation/protocols.ts";
import { summarise } from "../../shared/evaluation/statistics.ts";
import { createTrainer } from "../../shared/evaluation/train-fresh.ts";
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

test("E + 1 epochs; after epoch floor(E / 2) + 1 a tenth of the rate and no momentum", async () => {
  const runtime = new Recorder(createReferenceBackend());
  const net = createConvNet(
    { id: "convnet", depth: 1, width: 2, norm: "instance" },
    { channels: 1, height: 4, width: 4, classes: CLASSES },
  );
  const protocol = { ...protocolOf("dm"), batch: 3 };
  const pixels = uniform(rootKey(1), SIZE * 16);
  const seen: number[][] = [];
  const set = {
    size: SIZE,
    batch: async (indices: ArrayLike<number>) => {
      seen.push(Array.from(indices));
      const data = Float32Array.from(
        Array.from(indices).flatMap((index) => [...pixels.slice(index * 16, index * 16 + 16)]),
      );
      return {
        images: { shape: [indices.length, 1, 4, 4], data },
        targets: oneHot(
          Array.from(indices, (i) => i % 2),
          CLASSES,
        ),
      };
    },
  };
  const epochs = 6;
  const theta = await createTrainer(runtime, net, protocol).train(
    set,
    ["crop"],
    { height: 4, width: 4 },
    epochs,
    rootKey(2),
  );
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

test.each([
  ["mtt", 0.03, 0.03],
  ["tesla", 0.03, 0.03],
  ["mtt", undefined, 0.01],
  ["dm", 0.03, 0.01],
] as const)("%s trains a set whose learned step size is %s with %s", async (protocol, learningRate, expected) => {
  const runtime = new Recorder(createReferenceBackend());
  const net = createConvNet(
    { id: "convnet", depth: 1, width: 2, norm: "instance" },
    { channels: 1, height: 4, width: 4, classes: CLASSES },
  );
  const images = { shape: [2, 1, 4, 4], data: uniform(rootKey(1), 32) };
  const set = { size: 2, learningRate, batch: async () => ({ images, targets: oneHot([0, 1], CLASSES) }) };
  const trainer = createTrainer(runtime, net, protocolOf(protocol));
  runtime.free(await trainer.train(set, [], { height: 4, width: 4 }, 0, rootKey(2)));
  expect(runtime.steps.map(({ rate }) => rate)).toEqual([Math.fround(expected)]);
});

test("mean and population deviation", () => {
  const { mean, std } = summarise([0.7, 0.72, 0.68, 0.7]);
  expect(mean).toBeCloseTo(0.7, 12);
  expect(std).toBeCloseTo(Math.sqrt(0.0008 / 4), 12);
});

// Expert trajectories: what their artifact is named after, what is in it, how it is left, found damaged, and estimated.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Backend, createReferenceBackend, type HostTree, Runtime } from "../../shared/engine/index.ts";
import { artifactId } from "../../shared/experiment/artifacts.ts";
import { estimateRun } from "../../shared/experiment/estimate.ts";
import { prepareExperts } from "../../shared/experiment/experts.ts";
import type { Preparation } from "../../shared/experiment/prepare.ts";
import type { Experts } from "../../shared/methods/index.ts";
import { flattenArrays } from "../../shared/nn/flat-parameters.ts";
import type { Recipe } from "../../shared/recipe/index.ts";
import { MemoryArtifacts } from "./memory-artifacts.ts";
import { countValues, runSmall, smallRecipe, test as testSet, train } from "./small-world.ts";

const recipe = smallRecipe({ id: "mtt", steps: 2 });
let backend: Backend;
beforeAll(() => {
  backend = createReferenceBackend();
});
afterAll(() => backend.dispose());

const wantedOf = (of: Recipe, fingerprint = "a", on = backend): Preparation => {
  const world = { recipe: of, fingerprint, runtime: new Runtime(on), evaluate: false };
  return prepareExperts(world, { train, test: testSet, init: "noise" }) as Preparation;
};

async function make(wanted: Preparation, artifacts = new MemoryArtifacts(), signal = new AbortController().signal) {
  const id = await artifactId(wanted.spec);
  await using writer = await artifacts.write(id, wanted.spec);
  await writer.finish(await wanted.make(writer, signal));
  const artifact = await artifacts.open(id);
  if (!artifact) throw new Error("it was just finished");
  return { id, artifact, artifacts, experts: (await wanted.open(artifact)).experts as Experts };
}

const distance = (a: HostTree, b: HostTree) => {
  const [x, y] = [flattenArrays(a).data, flattenArrays(b).data];
  return Math.hypot(...Array.from(x, (value, at) => value - y[at]));
};

test("a method that asks for none gets none", () => {
  expect(wantedOf(smallRecipe({ id: "dm" }))).toBeUndefined();
});

test("methods that ask for the same share them; another dataset, network, strategy or training has its own", async () => {
  const idOf = (of: Recipe, fingerprint?: string) => artifactId(wantedOf(of, fingerprint).spec);
  const id = await idOf(recipe);
  expect(await idOf(smallRecipe({ id: "tesla", steps: 9, innerSteps: 7 }, { seed: 5, ipc: 1 }))).toBe(id);
  const others = [
    idOf(recipe, "b"),
    idOf(smallRecipe({ id: "mtt" }, { network: { width: 5 } })),
    idOf(smallRecipe({ id: "mtt" }, { augmentation: { strategy: ["crop"] } })),
    idOf(smallRecipe({ id: "mtt", maxStart: 3 })),
    idOf(smallRecipe({ id: "mtt", experts: { count: 2, batch: 20, learningRate: 0.06 } })),
    idOf(smallRecipe({ id: "mtt", experts: { count: 2, batch: 20, learningRate: 0.05, seed: 1 } })),
  ];
  expect(new Set([id, ...(await Promise.all(others))]).size).toBe(others.length + 1);
});

describe("what is made", () => {
  let made: Awaited<ReturnType<typeof make>>;
  let wanted: Preparation;
  beforeAll(async () => {
    wanted = wantedOf(recipe);
    made = await make(wanted);
  });

  test("holds the epochs that are read, and no more: the last start and its target", () => {
    expect(recipe.method).toMatchObject({ maxStart: 2, expertEpochs: 2 });
    const { chunks } = made.artifact;
    const names = chunks.map(({ name }) => name);
    const ofOne = (expert: number) => [0, 1, 2, 3].map((epoch) => `expert-${expert}.epoch-${epoch}`);
    expect(names).toEqual([...ofOne(0), "expert-0.plane", ...ofOne(1), "expert-1.plane"]);
    expect(chunks).toHaveLength(wanted.steps);
    expect(chunks.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(wanted.bytes);
  });

  test("are experts that learn, each on its own way, with snapshots that differ", async () => {
    const metrics = made.artifact.chunks.map((chunk) => chunk.metrics);
    for (const expert of [0, 1]) {
      const own = metrics.filter((each) => each.expert === expert && "epoch" in each);
      expect(own.map(({ epoch }) => epoch)).toEqual([0, 1, 2, 3]);
      expect(own[3].loss).toBeLessThan(own[1].loss);
      expect(own[3].accuracy).toBeGreaterThan(0.9);
    }
    const { experts } = made;
    const [first, next] = [await experts.snapshot(0, 0), await experts.snapshot(0, 1)];
    expect(distance(first, next)).toBeGreaterThan(0.01);
    expect(distance(first, await experts.snapshot(1, 0))).toBeGreaterThan(0.1);
    await expect(experts.snapshot(0, 4)).rejects.toThrow();
  });

  test("has a plane of unit axes, in which the snapshots lie where the path says, ever further to the right", async () => {
    const { axes, origin, path } = await made.experts.plane(1);
    const size = axes.shape[1];
    const product = (a: ArrayLike<number>, b: ArrayLike<number>) => {
      let sum = 0;
      for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
      return sum;
    };
    const [x, y] = [axes.data.subarray(0, size), axes.data.subarray(size)];
    expect(product(x, x)).toBeCloseTo(1, 5);
    expect(product(y, y)).toBeCloseTo(1, 5);
    expect(product(x, y)).toBeCloseTo(0, 5);
    for (let epoch = 0; epoch <= 3; epoch++) {
      const theta = flattenArrays(await made.experts.snapshot(1, epoch)).data;
      expect(product(x, theta) - origin.data[0]).toBeCloseTo(path[2 * epoch], 4);
      expect(product(y, theta) - origin.data[1]).toBeCloseTo(path[2 * epoch + 1], 4);
    }
    expect(path[6]).toBeGreaterThan(path[0]);
    // Of any plane it keeps most of the way between two snapshots.
    const between = Math.hypot(path[6] - path[0], path[7] - path[1]);
    const whole = distance(await made.experts.snapshot(1, 0), await made.experts.snapshot(1, 3));
    expect(between / whole).toBeGreaterThan(0.98);
    expect(between / whole).toBeLessThan(1 + 1e-5);
  });

  test("of another network inside is refused by name", async () => {
    const { id, artifact } = made;
    const short = { ...artifact, read: async () => new Uint8Array(8) };
    const { experts } = await wanted.open(short);
    await expect(experts?.snapshot(0, 1)).rejects.toMatchObject({
      code: "artifact-damaged",
      message: expect.stringMatching(`${id} is damaged: expert-0.epoch-1 has 2 numbers`),
    });
  });
});

test("stopped between two batches, nothing is left on the backend, and the epoch begins again with the same numbers", async () => {
  const whole = await make(wantedOf(recipe));
  const counted = countValues(backend);
  const artifacts = new MemoryArtifacts();
  const controller = new AbortController();
  let runs = 0;
  const stopping: Backend = {
    ...counted.backend,
    run: (...given) => {
      // Within the second epoch, which has two batches.
      if (++runs === 5) controller.abort();
      return counted.backend.run(...given);
    },
  };
  await expect(make(wantedOf(recipe, "a", stopping), artifacts, controller.signal)).rejects.toThrow(/abort/i);
  expect(counted.live.size).toBe(0);
  const [kept] = artifacts.kept.values();
  expect(kept.chunks.map(({ name }) => name)).toEqual(["expert-0.epoch-0", "expert-0.epoch-1"]);
  const resumed = await make(wantedOf(recipe), artifacts);
  expect(resumed.artifacts.kept.get(resumed.id)?.bytes).toEqual(whole.artifacts.kept.get(whole.id)?.bytes);
});

test("an expert whose loss is not a number is told with the rate to lower", async () => {
  const wild = smallRecipe({ id: "mtt", experts: { count: 1, batch: 20, learningRate: 1e30 } });
  await expect(make(wantedOf(wild))).rejects.toMatchObject({
    code: "experts-diverged",
    hint: expect.stringMatching(/^Lower method\.experts\.learningRate, which is 1e\+30/),
  });
});

test("a run ends with the damage of its experts, named", async () => {
  const artifacts = new MemoryArtifacts();
  const { outcome } = await runSmall({ recipe, backend, artifacts });
  expect(outcome.status).toBe("done");
  for (const { bytes } of artifacts.kept.values()) for (const name of bytes.keys()) bytes.set(name, new Uint8Array(4));
  await expect(runSmall({ recipe, backend, artifacts })).rejects.toMatchObject({ code: "artifact-damaged" });
});

test("are estimated before they start, and cost nothing once they are there", async () => {
  const counted = countValues(backend);
  let time = 0;
  const estimate = (artifacts: MemoryArtifacts) =>
    estimateRun({
      ...{ recipe, runtime: new Runtime(counted.backend), train, test: testSet, artifacts, evaluate: false },
      fingerprint: "a",
      // A second at each look: three batches take one, and so does a test.
      clock: () => (time += 1000),
    });
  const before = await estimate(new MemoryArtifacts());
  const wanted = wantedOf(recipe);
  expect(before.artifactBytes).toBe(wanted.bytes);
  // Two experts of three epochs of two batches.
  expect(before.prepareSeconds).toBe(2 * 3 * (1 + 1));
  expect(before.totalSeconds).toBe(before.prepareSeconds + before.synthesiseSeconds);
  const { artifacts } = await make(wanted);
  expect(await estimate(artifacts)).toMatchObject({ prepareSeconds: 0, artifactBytes: 0 });

  const full = new MemoryArtifacts();
  full.room = (wanted.bytes ?? 0) - 1;
  const already = time;
  await expect(estimate(full)).rejects.toMatchObject({
    code: "no-space",
    message: expect.stringMatching(/takes .* GB for expert trajectories; the disk has/),
    hint: expect.stringMatching(/^Lower method\.experts\.count or method\.maxStart or network\.width/),
  });
  expect(time).toBe(already); // nothing was computed
  expect(counted.live.size).toBe(0);
});

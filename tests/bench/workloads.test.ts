// Every benchmark question, small: on reference and onnx, in both suites; what a record says; and that the peers' suite is theirs.
import { afterAll, describe, expect, test } from "vitest";
import {
  type BenchOptions,
  compareResults,
  computeTruth,
  dryRun,
  measure,
  questions,
  readResults,
} from "../../shared/bench/index.ts";
import { drawNormal } from "../../shared/bench/recipes.ts";
import { Runtime } from "../../shared/engine/index.ts";
import { testBackends } from "../support/backends.ts";

const sizes = { batch: 3, realPerClass: 2, syntheticPerClass: 1 };
const cases = (["peers", "spec"] as const).flatMap((suite) => questions.map((question) => ({ suite, question })));
const native = testBackends.find(({ name }) => name === "onnx native");
const runtime = native?.open().then((backend) => new Runtime(backend));
afterAll(async () => (await runtime)?.dispose());

const counters = { dispatches: () => null, peakBytes: () => null, heldBytes: () => null, settle: async () => {} };

describe.each(cases.filter(({ question }) => question.name !== "matmul1024"))(
  "$question.name of $suite",
  ({ suite, question }) => {
    const options: BenchOptions = { suite, width: 4, sizes };
    const workload = question.create(options);

    test("gives on onnx what it gives in float64, which is not zero", async () => {
      const truth = await computeTruth(workload);
      for (const [name, numbers] of Object.entries(truth)) {
        expect(Math.hypot(...numbers.slice(0, 1000)), name).toBeGreaterThan(0);
      }
      const errors = compareResults(await readResults(workload, (await runtime) as Runtime), truth);
      expect(Object.keys(errors)).toEqual(Object.keys(truth));
      for (const [name, error] of Object.entries(errors)) expect(error, name).toBeLessThan(1e-4);
    });
  },
);

const find = (name: string) => questions.find((question) => question.name === name) as (typeof questions)[number];

test("a record tells the arithmetic, the times, and the error of every result", async () => {
  const question = find("dc");
  const record = await measure(question, (await runtime) as Runtime, {
    suite: "peers",
    width: 4,
    sizes,
    counters,
    peakGflops: 100,
    truth: computeTruth,
    seconds: 0,
  });
  expect(record).toMatchObject({ name: "dc", suite: "peers", width: 4, backend: "onnx", runs: 3, dispatches: null });
  expect(record.shapes).toBe("real [2,1,28,28], synthetic [1,1,28,28]");
  expect(record.gflops).toBeCloseTo(record.gflop / (record.medianMs / 1000), 9);
  expect(record.peakShare).toBeCloseTo(record.gflops / 100, 9);
  expect(Object.keys(record.errors as object)).toEqual(["loss", "pixels"]);
  expect(record.error).toBe(Math.max(...Object.values(record.errors as object)));
});

describe("a dry run", () => {
  const stepOf = (name: string, width = 4) => {
    const workload = find(name).create({ suite: "peers", width, sizes });
    return async (dry: Runtime) => (await workload.prepare(dry))();
  };

  test("counts two operations a multiply-add of products and convolutions", async () => {
    expect(await dryRun(stepOf("matmul512"))).toBe(2 * 512 ** 3);
    // Three images; the maps of 28, 14 and 7 pixels, nine taps each; 36 features to ten classes.
    const forward = 2 * 3 * (28 * 28 * 9 * 4 + (14 * 14 + 7 * 7) * 9 * 4 * 4 + 36 * 10);
    expect(await dryRun(stepOf("forward"))).toBe(forward);
    // Each product again for either operand's gradient; the images need none.
    expect(await dryRun(stepOf("train"))).toBe(3 * forward - 2 * 3 * 28 * 28 * 9 * 4);
  });

  test("shows everything that the result depends on", async () => {
    const show = async (name: string, width?: number) => {
      const parts: string[] = [];
      await dryRun(stepOf(name, width), (part) => void parts.push(typeof part === "string" ? part : part.join()));
      return parts.join("\n");
    };
    const shown = await show("mtt");
    expect(await show("mtt")).toBe(shown);
    expect(await show("mtt", 5)).not.toBe(shown);
    expect(shown.match(/^run bench-mtt-/gm)).toHaveLength(11); // five steps ahead, one end, five back
    expect(shown).toContain("convWeightGrad");
  });
});

describe("the peers' suite", () => {
  test("draws the peers' numbers", () => {
    // The first weights of width 32, as their generator gives them in float32.
    const { data } = drawNormal(1000 + 31 * 32, [32, 1, 3, 3], Math.sqrt(2 / 9));
    expect(Array.from(data.subarray(0, 3))).toEqual([0.09949623048305511, -0.1726924329996109, -0.503207802772522]);
  });

  test("has the loss that PyTorch computes in float64 from the same files", async () => {
    const { loss } = await computeTruth(find("dc").create({ suite: "peers", width: 32 }));
    expect(loss[0]).toBeCloseTo(0.7703869831129693, 12);
  });
});

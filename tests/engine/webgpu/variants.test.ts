// Which variant is chosen: forced, else measured, else preferred; never a disabled one while there is another; and measuring itself.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { WebgpuBackend } from "../../../shared/engine/index.ts";
import { matmul } from "../../../shared/engine/ops/matmul.ts";
import type { AdapterTraits, GpuNode, VariantSet, VariantsOf } from "../../../shared/engine/webgpu/kernel.ts";
import { gpuNode, tuneVariants } from "../../../shared/engine/webgpu/tune.ts";
import { choiceKey, createChooser, pickVariant, traitsOf } from "../../../shared/engine/webgpu/variants.ts";
import { webgpu } from "../../support/backends.ts";
import { swiftshaderMissing } from "../../support/swiftshader.ts";

const traits: AdapterTraits = { software: false };
const set: VariantSet = {
  shapeClass: "small",
  variants: ["a", "b", "c"].map((name) => ({ name, lower: () => ({ kernels: [] }) })),
  preferred: "b",
};
const pick = (choice: Omit<Parameters<typeof pickVariant>[2], "traits">) =>
  pickVariant("op", set, { traits, ...choice }).name;

describe("the choice of a variant", () => {
  test("is the preferred one where nothing else is known", () => {
    expect(pick({})).toBe("b");
    expect(pick({ memory: { "op large": "c" }, forced: { other: "a" } })).toBe("b");
  });

  test("is what was measured, and before that what is forced, as far as there is such a variant", () => {
    const memory = { [choiceKey("op", set)]: "c" };
    expect(pick({ memory })).toBe("c");
    expect(pick({ memory, forced: { op: "a" } })).toBe("a");
    expect(pick({ memory, forced: { op: "none of them" } })).toBe("c");
    expect(pick({ memory: { [choiceKey("op", set)]: "gone" } })).toBe("b");
  });

  test("is never a disabled one while there is another", () => {
    expect(pick({ disabled: ["op/b"] })).toBe("a");
    expect(pick({ disabled: ["op/a", "op/b"], forced: { op: "a" } })).toBe("c");
    expect(pick({ disabled: ["op/a", "op/b", "op/c"] })).toBe("b");
    expect(pick({ disabled: ["other/b"] })).toBe("b");
  });

  test("is asked only where there are several", () => {
    const choose = createChooser({ traits });
    expect(choose("op", "alias")).toBe("alias");
    expect(choose("op", () => set)).toEqual({ kernels: [] });
  });
});

const node = gpuNode(
  [
    { shape: [64, 32], dtype: "f32" },
    { shape: [32, 48], dtype: "f32" },
  ],
  { shape: [64, 48], dtype: "f32" },
  { transposeA: false, transposeB: false },
);
const lower = matmul.webgpu as (given: GpuNode) => VariantsOf;
const variants = lower(node);

test("prefers workgroup tiles on a GPU, and subgroups on a CPU that has them", () => {
  expect(variants({ software: false, subgroupSize: 32 }).preferred).toBe("tiles");
  expect(variants({ software: true, subgroupSize: 8 }).preferred).toBe("lanes");
  expect(variants({ software: true }).preferred).toBe("direct");
  expect(variants({ software: true }).variants.map(({ name }) => name)).not.toContain("lanes");
});

describe.skipIf(swiftshaderMissing)("measuring", () => {
  let backend: WebgpuBackend;

  beforeAll(async () => {
    backend = (await webgpu.open()) as WebgpuBackend;
  });
  afterAll(() => backend.dispose());

  test("knows the size of SwiftShader's subgroups", () => {
    expect(traitsOf(backend.device, true)).toEqual({ software: true, subgroupSize: 4 });
  });

  test("remembers one variant a shape class as plain JSON, and measures no class twice", async () => {
    const here = traitsOf(backend.device, true);
    const key = choiceKey("matmul", variants(here));
    const memory = await tuneVariants(backend.device, here, [{ op: "matmul", node, variants }]);
    expect(Object.keys(memory)).toEqual([key]);
    expect(variants(here).variants.map(({ name }) => name)).toContain(memory[key]);
    expect(JSON.parse(JSON.stringify(memory))).toEqual(memory);
    const known = { [key]: "as remembered" };
    expect(await tuneVariants(backend.device, here, [{ op: "matmul", node, variants }], known)).toEqual(known);
  });
});

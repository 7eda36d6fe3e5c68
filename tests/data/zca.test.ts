// ZCA whitening on every backend: the worked value, numpy's eigendecomposition, and what it says when it fails.
import { afterAll, describe, expect, test } from "vitest";
import { fitZca, type PixelRows, Whitener } from "../../shared/data/zca.ts";
import { type Backend, createReferenceBackend, Runtime } from "../../shared/engine/index.ts";
import { testBackends } from "../support/backends.ts";
import { Golden, relativeError } from "../support/golden.ts";

const { signal } = new AbortController();

function rowsOf(levels: readonly (readonly number[])[]): PixelRows {
  const read = async (from: number, to: number) => Uint8Array.from(levels.slice(from, to).flat());
  return { size: levels.length, pixels: levels[0].length, read };
}

/** The pixels of tests/golden/golden_zca.py: more images than one product takes. */
const golden = new Golden("zca");
const levels = Array.from({ length: 1100 }, (_, i) =>
  Array.from({ length: 12 }, (_, p) => ((i * i * 13 + i * 7) % 200) + ((i * (p + 3) * 5 + p * p) % 56)),
);

describe.each(testBackends)("on $name", ({ open, tolerance }) => {
  let backend: Backend;
  afterAll(() => backend.dispose());

  test("two corners of a square are whitened as worked out by hand", async () => {
    backend = await open();
    const runtime = new Runtime(backend);
    const corners = rowsOf([
      [0, 0],
      [255, 0],
      [0, 255],
    ]);
    const { normaliser } = await fitZca(runtime, corners, signal);
    const [a, b] = [1.613743, 0.322749];
    for (const [i, value] of [a, b, b, a].entries()) expect(normaliser.transform[i]).toBeCloseTo(value, 6);
    const whitener = new Whitener(runtime, normaliser);
    const whitened = await whitener.whiten(await corners.read(0, 3));
    whitener.free();
    const expected = [-0.645497, -0.645497, 0.968246, -0.322749, -0.322749, 0.968246];
    for (const [i, value] of expected.entries()) expect(whitened[i]).toBeCloseTo(value, 6);
  });

  test("it is what the eigendecomposition gives", async () => {
    const runtime = new Runtime(backend);
    const { normaliser, residual } = await fitZca(runtime, rowsOf(levels), signal);
    // Transforms are kept as float32, also those of a float64 backend.
    const close = Math.max(tolerance / 10, 5e-7);
    for (const name of ["mean", "transform", "inverse"] as const) {
      expect(relativeError(normaliser[name], golden.get(name).data), name).toBeLessThan(close);
    }
    expect(residual).toBeLessThan(close);
    const whitener = new Whitener(runtime, normaliser);
    const bytes = Uint8Array.from(levels.slice(0, 20).flat());
    expect(relativeError(await whitener.whiten(bytes), golden.get("whitened").data)).toBeLessThan(close);
    whitener.free();
  });
});

test("images that are all the same are only scaled", async () => {
  const { normaliser } = await fitZca(
    new Runtime(createReferenceBackend()),
    rowsOf([
      [7, 9],
      [7, 9],
    ]),
    signal,
  );
  expect(normaliser.transform[0]).toBeCloseTo(1 / Math.sqrt(0.1), 6);
  expect(normaliser.transform[1]).toBeCloseTo(0, 12);
  expect(normaliser.inverse[3]).toBeCloseTo(Math.sqrt(0.1), 6);
});

/** A backend that keeps count of its values, and reads what `read` makes of scalars. */
function disturb(change: (value: number) => number) {
  const plain = createReferenceBackend();
  const live = new Set<unknown>();
  const backend: Backend = {
    ...plain,
    upload: (array) => {
      const value = plain.upload(array);
      live.add(value);
      return value;
    },
    run: async (executable, inputs, donated) => {
      const results = await plain.run(executable, inputs, donated);
      for (const [i, value] of inputs.entries()) if (donated[i]) live.delete(value);
      for (const value of results) live.add(value);
      return results;
    },
    read: async (value) => (await plain.read(value)).map(change),
    free: (value) => {
      live.delete(value);
      plain.free(value);
    },
  };
  return { backend, live };
}

test.each([
  ["is not a number", () => Number.NaN, /cannot be computed: after 1 iterations it is NaN from the identity/],
  ["does not fall", () => 2, /after 100 iterations it is 2\.0 from the identity/],
  ["ends too high", () => 0.1, /it ends 0\.029 from the identity/],
])("a fit whose distance %s is given up, and forgets no value", async (_, change, message) => {
  const { backend, live } = disturb(change);
  const fitting = fitZca(new Runtime(backend), rowsOf(levels.slice(0, 9)), signal);
  await expect(fitting).rejects.toMatchObject({ code: "whitening-failed" });
  await expect(fitting).rejects.toThrow(message);
  expect(live.size).toBe(0);
});

test("a fit can be stopped", async () => {
  const { backend, live } = disturb((value) => value);
  await expect(fitZca(new Runtime(backend), rowsOf(levels), AbortSignal.abort())).rejects.toThrow(/abort/i);
  const controller = new AbortController();
  let products = 0;
  const counting: Backend = {
    ...backend,
    run: async (...args) => {
      if (++products === 4) controller.abort(); // two of images, one to begin with, one iteration
      return backend.run(...args);
    },
  };
  await expect(fitZca(new Runtime(counting), rowsOf(levels), controller.signal)).rejects.toThrow(/abort/i);
  expect(products).toBe(4);
  expect(live.size).toBe(0);
});

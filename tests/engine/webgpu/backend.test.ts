// The webgpu backend on SwiftShader beyond single ops: donation, steady memory, equal bits, limits, errors that must not pass in silence.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  BackendError,
  createWebgpuBackend,
  defineProgram,
  grad,
  type HostArray,
  Runtime,
  sizeOf,
  type Tensor,
  traceProgram,
  type Value,
  type WebgpuBackend,
} from "../../../shared/engine/index.ts";
import { definePrimitive } from "../../../shared/engine/op.ts";
import { deriveKey, rootKey, uniform } from "../../../shared/lib/random.ts";
import { reference, webgpu } from "../../support/backends.ts";
import { worstError } from "../../support/samples.ts";
import { swiftshaderMissing } from "../../support/swiftshader.ts";

const key = rootKey(7);

function numbers(name: string, shape: readonly number[], scale = 1): HostArray {
  return { shape, data: Float32Array.from(uniform(deriveKey(key, name), sizeOf(shape), -scale, scale)) };
}

type Weights = { conv: Tensor; scale: Tensor; shift: Tensor; linear: Tensor };
type Arrays<T> = { readonly [K in keyof T]: HostArray };

const startWeights = (): Arrays<Weights> => ({
  conv: numbers("conv", [8, 3, 3, 3], 0.3),
  scale: numbers("scale", [8]),
  shift: numbers("shift", [8]),
  linear: numbers("linear", [8 * 16, 5], 0.1),
});

function lossOf(weights: Weights, images: Tensor, labels: Tensor): Tensor {
  const features = images
    .conv2d(weights.conv, { padding: 1 })
    .instanceNorm(weights.scale, weights.shift)
    .relu()
    .avgPool2d(2)
    .flatten();
  return features
    .matmul(weights.linear)
    .logSoftmax()
    .mul(labels)
    .sum()
    .mul(-1 / images.shape[0]);
}

/** One step of SGD with momentum: weights and velocity are consumed. */
const trainStep = defineProgram(
  "train step",
  (args: { weights: Weights; velocity: Weights; images: Tensor; labels: Tensor; rate: Tensor }) => {
    const names = ["conv", "scale", "shift", "linear"] as const;
    const loss = lossOf(args.weights, args.images, args.labels);
    const gradients = grad(
      loss,
      names.map((name) => args.weights[name]),
    );
    const velocity = names.map((name, at) => args.velocity[name].mul(0.9).add(gradients[at]));
    const weights = names.map((name, at) => args.weights[name].sub(velocity[at].mul(args.rate)));
    const named = (tensors: Tensor[]) => Object.fromEntries(names.map((name, at) => [name, tensors[at]]));
    return { loss, weights: named(weights) as Weights, velocity: named(velocity) as Weights };
  },
  { donate: ["weights", "velocity"] },
);

const batch = {
  images: numbers("images", [6, 3, 8, 8]),
  labels: { shape: [6, 5], data: Float32Array.from({ length: 30 }, (_, at) => (at % 5 === at % 6 ? 1 : 0)) },
  rate: { shape: [], data: Float32Array.of(0.1) },
};
const still = (weights: Arrays<Weights>) =>
  Object.fromEntries(
    Object.entries(weights).map(([name, { shape }]) => [name, { shape, data: new Float32Array(sizeOf(shape)) }]),
  ) as Arrays<Weights>;

/** Trains and returns the losses and the last weights; `onStep` looks in between. */
async function train(runtime: Runtime, steps: number, onStep: () => void = () => {}) {
  let weights = runtime.upload(startWeights()) as { [K in keyof Weights]: Value };
  let velocity = runtime.upload(still(startWeights())) as { [K in keyof Weights]: Value };
  const losses: number[] = [];
  for (let step = 0; step < steps; step++) {
    const results = await runtime.run(trainStep, { ...batch, weights, velocity });
    ({ weights, velocity } = results);
    losses.push(await runtime.take(results.loss));
    onStep();
  }
  const last = (await runtime.readTree(weights)) as Arrays<Weights>;
  runtime.free({ weights, velocity });
  return { losses, last };
}

describe.skipIf(swiftshaderMissing)("the webgpu backend", () => {
  let backend: WebgpuBackend;
  let runtime: Runtime;

  beforeAll(async () => {
    backend = (await webgpu.open()) as WebgpuBackend;
    expect(backend.capabilities).toMatchObject({ backend: "webgpu", precision: "f32", software: true });
    expect(backend.capabilities.adapter).toMatch(webgpu.adapter);
    runtime = new Runtime(backend);
  });
  afterAll(() => backend.dispose());

  test("trains a net as reference does, step after step", async () => {
    const ours = await train(runtime, 3);
    const theirs = await train(new Runtime(await reference.open()), 3);
    expect(worstError(ours.losses, theirs.losses)).toBeLessThan(1e-5);
    for (const name of ["conv", "scale", "shift", "linear"] as const) {
      expect(worstError(ours.last[name].data, theirs.last[name].data), name).toBeLessThan(1e-4);
    }
    expect(ours.losses[2]).toBeLessThan(ours.losses[0]);
  });

  test("gives the same bits run after run", async () => {
    expect(await train(runtime, 3)).toEqual(await train(runtime, 3));
  });

  test("makes no buffer and holds no more memory once it is warm", async () => {
    const seen: { created: number; live: number; held: number }[] = [];
    const before = backend.stats().liveBytes;
    await train(runtime, 8, () => {
      const { buffersCreated, liveBytes, heldBytes } = backend.stats();
      seen.push({ created: buffersCreated, live: liveBytes, held: heldBytes });
    });
    expect(new Set(seen.slice(3).map((each) => JSON.stringify(each))).size).toBe(1);
    expect(seen[3]).toEqual(seen[7]);
    const { liveBytes, peakBytes, heldBytes } = backend.stats();
    expect(liveBytes).toBe(before);
    expect(peakBytes).toBeGreaterThan(liveBytes);
    expect(heldBytes).toBeGreaterThanOrEqual(peakBytes);
  });

  test("stays below a memory limit by letting go of what is idle, and names what does not fit", async () => {
    const memoryLimit = 600_000;
    const limited = createWebgpuBackend(backend.device, { adapter: "the same", software: true, memoryLimit });
    for (const size of [20_000, 40_000, 60_000, 80_000, 100_000]) {
      const value = limited.upload(numbers("large", [size]));
      expect(limited.stats().heldBytes).toBeLessThanOrEqual(memoryLimit);
      limited.free(value);
    }
    const kept = limited.upload(numbers("large", [80_000]));
    const add = defineProgram("add one", ({ x }: { x: Tensor }) => ({ y: x.add(1) }));
    const running = new Runtime(limited).run(add, { x: kept });
    await expect(running).rejects.toThrow(BackendError);
    await expect(running).rejects.toThrow(
      /^webgpu: add f32\[80000\] needs \d+ bytes beside \d+ .* memory limit of 600000$/,
    );
    const { liveBytes } = limited.stats();
    limited.free(kept);
    expect(limited.stats().liveBytes).toBeLessThanOrEqual(liveBytes - 320_000);
  });

  test("consumes donated values and leaves the others alone", async () => {
    const twice = (donate: "x"[]) => defineProgram("twice", ({ x }: { x: Tensor }) => ({ y: x.mul(2) }), { donate });
    const x = backend.upload({ shape: [3], data: Float32Array.of(1, 2, 3) });
    const { y } = await runtime.run(twice([]), { x });
    expect([...(await backend.read(x))]).toEqual([1, 2, 3]);
    const live = backend.stats().liveBytes;
    const { y: again } = await runtime.run(twice(["x"]), { x });
    expect(backend.stats().liveBytes).toBe(live);
    expect([...(await backend.read(again))]).toEqual([2, 4, 6]);
    await expect(backend.read(x)).rejects.toThrow(/used after it was freed/);
    await expect(runtime.run(twice([]), { x })).rejects.toThrow(/used after it was freed/);
    runtime.free({ y, again });
  });

  test("returns inputs, reshaped inputs, constants and the same tensor twice as values of their own", async () => {
    const program = defineProgram(
      "edges",
      ({ x }: { x: Tensor }) => ({ x, column: x.reshape([3, 1]), three: x.constant(3), a: x.neg(), b: x.neg() }),
      { donate: ["x"] },
    );
    for (let run = 0; run < 2; run++) {
      const results = await runtime.run(program, { x: { shape: [3], data: Float32Array.of(1, 2, 3) } });
      runtime.free(results.a);
      runtime.free(results.x);
      // Other values come and go: what is still held must not be overwritten.
      runtime.free(await runtime.run(program, { x: { shape: [3], data: Float32Array.of(7, 8, 9) } }));
      expect([...(await backend.read(results.b))]).toEqual([-1, -2, -3]);
      expect([...(await backend.read(results.column))]).toEqual([1, 2, 3]);
      expect(await runtime.take(results.three)).toBe(3);
      runtime.free([results.b, results.column]);
    }
  });

  test("takes one value for several arguments", async () => {
    const program = defineProgram("twice", ({ a, b, c }: Record<"a" | "b" | "c", Tensor>) => ({ y: a.mul(b).sub(c) }));
    const data = [0.5, -2, 3, 7];
    const value = backend.upload({ shape: [4], data: Float32Array.from(data) });
    const { y } = await runtime.run(program, { a: value, b: value, c: value });
    expect(Array.from(await backend.read(y))).toEqual(data.map((x) => x * x - x));
    runtime.free([y, value]);
  });

  test("compiles nothing for a second batch and another map of the same net", async () => {
    const net = await webgpu.open();
    const program = defineProgram("forward", ({ w, x }: { w: Tensor; x: Tensor }) => ({
      y: x.conv2d(w, { padding: 1 }),
    }));
    const run = async (shape: readonly number[]) => {
      await new Runtime(net).run(program, { w: numbers("w", [16, 8, 3, 3]), x: numbers("x", shape) });
      return (net as WebgpuBackend).stats().pipelines;
    };
    const first = await run([6, 8, 14, 14]);
    expect(await run([3, 8, 14, 14])).toBe(first);
    expect(await run([5, 8, 7, 7])).toBe(first);
    await net.dispose();
  });

  test("reads what a value held when the run was asked for, though it is freed and its memory taken at once", async () => {
    const program = defineProgram("late", ({ x }: { x: Tensor }) => ({ y: x.add(1) }));
    const array = { shape: [2], data: Float32Array.of(1, 2) };
    const executable = await backend.compile(traceProgram(program, { x: array }, backend).traced);
    const x = backend.upload(array);
    const running = backend.run(executable, [x], [false]);
    backend.free(x);
    const other = backend.upload({ shape: [2], data: Float32Array.of(50, 60) });
    const [y] = await running;
    expect([...(await backend.read(y))]).toEqual([2, 3]);
    for (const value of [y, other]) backend.free(value);
  });

  test("keeps images and indices as they were uploaded", async () => {
    const images = numbers("layout", [3, 5, 4, 2]);
    const indices = { shape: [2, 3, 2, 1], data: Int32Array.from({ length: 12 }, (_, at) => at - 5) };
    for (const array of [images, indices]) {
      const value = backend.upload(array);
      expect(await backend.read(value)).toEqual(array.data);
      backend.free(value);
    }
  });

  test("carries NaN and infinities to where the host sees them", async () => {
    const program = defineProgram("odd numbers", ({ x, y }: { x: Tensor; y: Tensor }) => ({
      relu: x.relu(),
      maximum: x.maximum(y),
      minimum: y.minimum(x),
      tanh: x.tanh(),
      sum: x.sum(),
      max: x.max(),
    }));
    const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;
    const args = {
      x: { shape: [5], data: Float32Array.of(nan, infinity, -infinity, -1, 1) },
      y: { shape: [5], data: Float32Array.of(0, 0, 0, nan, 0) },
    };
    const read = async (on: Runtime) => on.readTree(await on.run(program, args)) as Promise<Record<string, HostArray>>;
    const [ours, theirs] = [await read(runtime), await read(new Runtime(await reference.open()))];
    for (const name of ["relu", "maximum", "minimum", "sum", "max"]) {
      expect([...ours[name].data], name).toEqual([...theirs[name].data]);
    }
    expect(worstError(ours.tanh.data.slice(1), theirs.tanh.data.slice(1))).toBeLessThan(1e-6);
    expect(ours.tanh.data[0]).toBeNaN();
  });

  test("names op, shape and limit of a tensor that is too large", async () => {
    const most = backend.device.limits.maxStorageBufferBindingSize;
    expect(most).toBeGreaterThan(128 * 2 ** 20); // more than WebGPU gives unasked
    const program = defineProgram("huge", ({ x }: { x: Tensor }) => ({ y: x.expand([most / 4 + 4, 2]) }));
    const run = runtime.run(program, { x: { shape: [2], data: new Float32Array(2) } });
    await expect(run).rejects.toThrow(BackendError);
    const op = `expand f32\\[${most / 4 + 4},2\\] needs ${2 * most + 32} bytes`;
    await expect(run).rejects.toThrow(new RegExp(`${op}, above the adapter's maxStorageBufferBindingSize of ${most}`));
  });

  test("shows the line of a kernel that does not compile, and goes on", async () => {
    const broken = definePrimitive<Record<never, never>>({
      name: "broken",
      infer: ([x]) => x,
      vjp: () => [null],
      reference: () => {},
      onnx: () => "",
      webgpu: () => ({
        kernels: [
          {
            wgsl: "fn main() {}\nfn f() -> f32 { return oops; }",
            slots: [0, "output"],
            written: 1,
            workgroups: [1, 1],
          },
        ],
      }),
      samples: [],
    });
    const program = defineProgram("bad", ({ x }: { x: Tensor }) => ({ y: x.exp().sum().expand([4]).apply(broken) }));
    const args = { x: { shape: [4], data: new Float32Array(4) } };
    const { traced } = traceProgram(program, args, backend);
    await expect(backend.compile(traced)).rejects.toThrow(
      /webgpu: program bad: the kernel of broken f32\[4\] does not compile: line 2: .*oops.*\n.*return oops/,
    );
    await expect(backend.compile(traced)).rejects.toThrow(
      /\ngiven expand: f32\[4\]\nfrom {2}sum: f32\[\]\nfrom {2}exp: f32\[4\]\nfrom {2}input: f32\[4\]$/,
    );
    expect((await train(runtime, 1)).losses).toHaveLength(1);
  });
});

describe.skipIf(swiftshaderMissing)("after an error of the device", () => {
  const double = defineProgram("double", ({ x }: { x: Tensor }) => ({ y: x.mul(2) }));
  const args = { x: { shape: [2], data: Float32Array.of(1, 2) } };

  async function open(): Promise<{ backend: WebgpuBackend; runtime: Runtime }> {
    const backend = (await webgpu.open()) as WebgpuBackend;
    const runtime = new Runtime(backend);
    runtime.free(await runtime.run(double, args));
    return { backend, runtime };
  }

  test("an uncaptured error makes reads and runs fail and names the program", async () => {
    const { backend, runtime } = await open();
    const { y } = await runtime.run(double, args);
    backend.device.createBuffer({ size: 4, usage: 0x3ff }); // no such combination of uses
    await backend.device.queue.onSubmittedWorkDone();
    await expect(backend.read(y)).rejects.toThrow(/webgpu: in or after program double: .*usage/s);
    await expect(runtime.run(double, args)).rejects.toThrow(BackendError);
    expect(() => backend.upload(args.x)).toThrow(/program double/);
    await backend.dispose();
  });

  test("a lost device makes the next call fail", async () => {
    const { backend, runtime } = await open();
    backend.device.destroy();
    await backend.device.lost;
    await expect(runtime.run(double, args)).rejects.toThrow(/the device was lost .* after program double/);
    await backend.dispose();
  });

  test("an error inside a run fails its reads, though the run itself did not wait", async () => {
    const { backend } = await open();
    const big = defineProgram("big", ({ x }: { x: Tensor }) => ({ y: x.expand([5000, 2]).neg() }));
    const executable = await backend.compile(traceProgram(big, args, backend).traced);
    const x = backend.upload(args.x);
    const { device } = backend;
    const popErrorScope = device.popErrorScope.bind(device);
    let isFirst = true;
    device.popErrorScope = () => {
      const outcome = popErrorScope();
      if (!isFirst) return outcome;
      isFirst = false;
      return outcome.then(() => ({ message: "too little" }) as GPUError);
    };
    const [y] = await backend.run(executable, [x], [true]);
    await expect(backend.read(y)).rejects.toThrow(/no memory for \d+ bytes of neg f32\[5000,2\]: too little/);
    await backend.dispose();
  });

  test("a backend that was disposed of says so", async () => {
    const { backend, runtime } = await open();
    await backend.dispose();
    await expect(runtime.run(double, args)).rejects.toThrow(/disposed of/);
  });
});

// Programs: traced once per shapes, shared by content, donated values consumed, results printed.
import { describe, expect, test } from "vitest";
import {
  type Backend,
  createReferenceBackend,
  defineProgram,
  grad,
  printProgram,
  Runtime,
  type Tensor,
  traceProgram,
} from "../../shared/engine/index.ts";

const vector = (...values: number[]) => ({ shape: [values.length], data: Float64Array.from(values) });

function countCompiles(): { backend: Backend; count: () => number } {
  const backend = createReferenceBackend();
  let compiles = 0;
  const counted: Backend = {
    ...backend,
    compile: (program) => {
      compiles++;
      return backend.compile(program);
    },
  };
  return { backend: counted, count: () => compiles };
}

const double = () => defineProgram("double", ({ x }: { x: Tensor }) => ({ y: x.mul(2) }));

describe("compiling", () => {
  test("once per shapes, and once for programs of the same content", async () => {
    const { backend, count } = countCompiles();
    const runtime = new Runtime(backend);
    const program = double();
    for (let i = 0; i < 3; i++) await runtime.run(program, { x: vector(1, 2) });
    expect(count()).toBe(1);
    await runtime.run(program, { x: vector(1, 2, 3) });
    expect(count()).toBe(2);
    const { y } = await runtime.run(double(), { x: vector(5, 6) });
    expect(count()).toBe(2);
    expect([...(await runtime.read(y))]).toEqual([10, 12]);
  });

  test("the same graph of other input types is another program", async () => {
    const { backend, count } = countCompiles();
    const runtime = new Runtime(backend);
    // The second input is not used: the graphs print alike, the calls differ.
    const program = defineProgram("first", ({ x }: { x: Tensor; unused: Tensor }) => ({ y: x.mul(2) }));
    await runtime.run(program, { x: vector(1), unused: vector(1, 2) });
    await runtime.run(program, { x: vector(1), unused: vector(1, 2, 3) });
    expect(count()).toBe(2);
  });
});

describe("values", () => {
  test("donated ones are consumed, others stay", async () => {
    const runtime = new Runtime(createReferenceBackend());
    const program = defineProgram("step", ({ a, b }: { a: Tensor; b: Tensor }) => ({ sum: a.add(b) }), {
      donate: ["a"],
    });
    const { a, b } = runtime.upload({ a: vector(1, 2), b: vector(3, 4) });
    const { sum } = await runtime.run(program, { a, b });
    expect([...(await runtime.read(sum))]).toEqual([4, 6]);
    expect([...(await runtime.read(b))]).toEqual([3, 4]);
    await expect(runtime.read(a)).rejects.toThrow(/after it was freed/);
  });
});

describe("gradients within one graph", () => {
  // f(x) = x^3: f' = 3 x^2, f'' = 6 x, f''' = 6.
  test("of any order", async () => {
    const runtime = new Runtime(createReferenceBackend());
    const cubes = defineProgram("cubes", ({ x }: { x: Tensor }) => {
      const derive = (y: Tensor) => grad(y.sum(), [x])[0];
      const first = derive(x.mul(x).mul(x));
      const second = derive(first);
      return { first, second, third: derive(second) };
    });
    const result = await runtime.run(cubes, { x: vector(2, -1) });
    expect([...(await runtime.read(result.first))]).toEqual([12, 3]);
    expect([...(await runtime.read(result.second))]).toEqual([12, -6]);
    expect([...(await runtime.read(result.third))]).toEqual([6, 6]);
  });

  // g(y) = d/dx (x^2 y) at x = y: the inner gradient closes over y, or is given it as an argument.
  test("nested by argument and by closure: an outer variable stays a variable inside", async () => {
    const runtime = new Runtime(createReferenceBackend());
    const inner = (x: Tensor, y: Tensor) => grad(x.mul(x).mul(y).sum(), [x])[0]; // 2 x y
    const nested = defineProgram("nested", ({ x, y }: { x: Tensor; y: Tensor }) => {
      const closure = (outer: Tensor) => ((own: Tensor) => grad(own.mul(own).mul(outer).sum(), [own])[0])(x);
      return {
        byArgument: grad(inner(x, y).sum(), [y])[0], // 2 x
        byClosure: grad(closure(y).sum(), [y])[0],
        // Both are x: inner(x, x) = d(x^3)/dx = 3 x^2, and its derivative is 6 x.
        same: grad(inner(x, x).sum(), [x])[0],
      };
    });
    const result = await runtime.run(nested, { x: vector(3, -2), y: vector(5, 7) });
    expect([...(await runtime.read(result.byArgument))]).toEqual([6, -4]);
    expect([...(await runtime.read(result.byClosure))]).toEqual([6, -4]);
    expect([...(await runtime.read(result.same))]).toEqual([18, -12]);
  });

  test("a loss that does not depend on a variable has zeros for its gradient", async () => {
    const runtime = new Runtime(createReferenceBackend());
    const program = defineProgram("independent", ({ x, y }: { x: Tensor; y: Tensor }) => ({
      gradient: grad(x.mul(x).sum(), [y])[0],
    }));
    const { gradient } = await runtime.run(program, { x: vector(1), y: vector(1, 2) });
    expect([...(await runtime.read(gradient))]).toEqual([0, 0]);
  });
});

test("a constant is a finite number: graphs are told apart by their text", () => {
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
    const program = defineProgram("mask", ({ x }: { x: Tensor }) => ({ y: x.maximum(value) }));
    const trace = () => traceProgram(program, { x: vector(1) }, createReferenceBackend());
    expect(trace).toThrow(`constant: ${value} is not a finite number`);
  }
});

test("a program prints as one line a node, simplified", () => {
  const program = defineProgram("loss", ({ x, w }: { x: Tensor; w: Tensor }) => {
    const y = x.mul(1).reshape([2, 2]).reshape([4]).mul(w).mul(2).mul(3).relu();
    return { gradient: grad(y.sum(), [w])[0] };
  });
  const args = { x: vector(1, 2, 3, 4), w: vector(1, 1, 1, 1) };
  const { traced } = traceProgram(program, args, createReferenceBackend());
  expect(printProgram(traced)).toMatchInlineSnapshot(`
    "program loss
    input 0 is x
    input 1 is w
    %0 = input(index=0, shape=[4], dtype="f32"): f32[4]
    %1 = input(index=1, shape=[4], dtype="f32"): f32[4]
    %2 = mul(%0, %1): f32[4]
    %3 = constant(value=6): f32[]
    %4 = mul(%2, %3): f32[4]
    %5 = constant(value=0): f32[]
    %6 = greater(%4, %5): f32[4]
    %7 = mul(%6, %3): f32[4]
    %8 = mul(%7, %0): f32[4]
    return %8"
  `);
});

// Every op on every backend against `reference`; first and second gradients against finite differences; shape errors.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type Backend,
  defineProgram,
  grad,
  type HostArray,
  Runtime,
  ShapeError,
  Tensor,
} from "../../shared/engine/index.ts";
import type { Attrs, Op, Sample } from "../../shared/engine/op.ts";
import { ops } from "../../shared/engine/ops/index.ts";
import { formatShape, sizeOf } from "../../shared/engine/shape.ts";
import { traceInputs } from "../../shared/engine/tensor.ts";
import { deriveKey, rootKey, uniform } from "../../shared/lib/random.ts";
import { reference, testBackends } from "../support/backends.ts";
import { drawInput, worstError } from "../support/samples.ts";

type Inputs = Record<string, Tensor>;
const key = rootKey(20240);

function apply(op: Op, inputs: readonly Tensor[], attrs: Attrs | undefined): Tensor {
  const { graph } = inputs[0];
  return new Tensor(
    graph,
    graph.node(
      op,
      inputs.map((input) => input.node),
      attrs ?? {},
    ),
  );
}

const draw = (op: Op, sample: Sample, index: number): HostArray[] =>
  sample.inputs.map((input, at) => drawInput(input, deriveKey(key, op.name, index, at)));

const named = (prefix: string, arrays: readonly HostArray[]): Record<string, HostArray> =>
  Object.fromEntries(arrays.map((array, index) => [`${prefix}${index}`, array]));

const weights = (shape: readonly number[], name: string): HostArray => ({
  shape,
  data: Float64Array.from(uniform(deriveKey(key, name), sizeOf(shape), -1, 1)),
});

/** Places of the inputs that the test differentiates. */
const smooth = (sample: Sample): number[] =>
  sample.inputs.flatMap((input, index) => (input.bound === undefined && !input.constant ? [index] : []));

/**
 * The op's value, its first gradient and its second: value y, d<y,w>/dx, and d<first,v>/dx,
 * where w and v are arguments, so that a value of neither is special.
 */
function programOf(op: Op, sample: Sample) {
  return defineProgram(`${op.name}`, (args: Inputs) => {
    const inputs = sample.inputs.map((_, index) => args[`x${index}`]);
    const output = apply(op, inputs, sample.attrs);
    const xs = smooth(sample).map((index) => inputs[index]);
    const first = xs.length > 0 ? grad(output.mul(args.w).sum(), xs) : [];
    const inner = first.map((gradient, at) => gradient.mul(args[`v${smooth(sample)[at]}`]).sum());
    const total = inner.length > 0 ? inner.reduce((sum, each) => sum.add(each)) : undefined;
    const second = total ? grad(total, xs) : [];
    return { output, first, second, scalar: output.mul(args.w).sum(), ...(total ? { inner: total } : {}) };
  });
}

function argumentsOf(op: Op, sample: Sample, drawn: readonly HostArray[]): Record<string, HostArray> {
  const types = drawn.map(({ shape, data }) => ({ shape, dtype: data instanceof Int32Array ? "i32" : "f32" }) as const);
  const { shape } = op.infer(types, sample.attrs ?? {});
  const seeds = smooth(sample).map((index) => [`v${index}`, weights(sample.inputs[index].shape, `v${index}`)] as const);
  return { ...named("x", drawn), w: weights(shape, "w"), ...Object.fromEntries(seeds) };
}

const titleOf = (sample: Sample): string =>
  `${sample.inputs.map((input) => formatShape(input.shape)).join(" ")} ${sample.attrs ? JSON.stringify(sample.attrs) : ""}`;

async function readAll(runtime: Runtime, values: object): Promise<Record<string, ArrayLike<number>>> {
  const flat: Record<string, ArrayLike<number>> = {};
  const tree = (await runtime.readTree(values)) as Record<string, HostArray | HostArray[]>;
  for (const [name, leaf] of Object.entries(tree)) {
    for (const [index, array] of (Array.isArray(leaf) ? leaf : [leaf]).entries()) flat[`${name}${index}`] = array.data;
  }
  runtime.free(values);
  return flat;
}

describe.each(testBackends.filter((backend) => backend !== reference))("$name equals reference", (entry) => {
  let backend: Backend;
  let runtime: Runtime;
  const oracle = reference.open().then((opened) => new Runtime(opened));

  beforeAll(async () => {
    backend = await entry.open();
    runtime = new Runtime(backend);
    expect(backend.capabilities.adapter).toMatch(entry.adapter);
  });
  afterAll(() => runtime.dispose());

  for (const op of ops) {
    test(op.name, async () => {
      for (const [index, sample] of op.samples.entries()) {
        const program = programOf(op, sample);
        const args = argumentsOf(op, sample, draw(op, sample, index));
        const expected = await readAll(await oracle, await (await oracle).run(program, args));
        const actual = await readAll(runtime, await runtime.run(program, args));
        for (const [name, values] of Object.entries(expected)) {
          const error = worstError(actual[name], values);
          expect(error, `${op.name} ${titleOf(sample)}: ${name}`).toBeLessThan(entry.tolerance);
        }
      }
    });
  }
});

describe("gradients equal finite differences on reference", () => {
  const step = 1e-5;

  for (const op of ops) {
    for (const [index, sample] of op.samples.entries()) {
      // A kink, a tie or a hundred thousand elements would not tell more than the small cases do.
      if (smooth(sample).length === 0 || sample.inputs.some((input) => sizeOf(input.shape) > 3000)) continue;
      test(`${op.name} ${titleOf(sample)}`, async () => {
        const runtime = new Runtime(await reference.open());
        const program = programOf(op, sample);
        const drawn = draw(op, sample, index);
        const at = (changed: readonly HostArray[]) =>
          runtime.run(program, argumentsOf(op, sample, changed)).then((values) => readAll(runtime, values));
        const centre = await at(drawn);
        for (const [place, input] of smooth(sample).entries()) {
          const { shape, data } = drawn[input];
          // The directional derivative along a random direction tests every element at once.
          const direction = uniform(deriveKey(key, "direction", input), data.length, -1, 1);
          const moved = (sign: number) =>
            drawn.map((array, other) =>
              other === input
                ? { shape, data: Float64Array.from(data, (x, i) => x + sign * step * direction[i]) }
                : array,
            );
          const [ahead, behind] = [await at(moved(1)), await at(moved(-1))];
          for (const [order, source] of [
            ["first", "scalar0"],
            ["second", "inner0"],
          ] as const) {
            const gradient = centre[`${order}${place}`];
            const along = Array.from(gradient).reduce((sum, value, i) => sum + value * direction[i], 0);
            const measured = (ahead[source][0] - behind[source][0]) / (2 * step);
            const scale = 1 + Math.abs(measured);
            expect(Math.abs(along - measured) / scale, `${order} gradient to input ${input}`).toBeLessThan(2e-6);
          }
        }
      });
    }
  }
});

describe("shape errors", () => {
  for (const op of ops) {
    for (const [index, bad] of (op.badSamples ?? []).entries()) {
      test(`${op.name} ${index} names the op, the shapes and the trail`, () => {
        const { inputs } = traceInputs(bad.inputs);
        const build = () => apply(op, inputs, bad.attrs);
        expect(build).toThrow(ShapeError);
        expect(build).toThrow(bad.why);
        expect(build).toThrow(new RegExp(`^${op.name}: `));
        expect(build).toThrow(/given input: /);
      });
    }
  }

  test("every op with more than one way to be wrong has a bad sample", () => {
    const without = ops.filter((op) => !op.badSamples?.length).map((op) => op.name);
    expect(without).toEqual(["detach"]);
  });
});

// What a check of an adapter computes: every variant of every op that has some, on small real shapes, and a few fused programs.
import { deriveKey, integers, rootKey, uniform } from "../../lib/random.ts";
import type { HostArray } from "../backend.ts";
import { grad } from "../grad.ts";
import type { Attrs, Op, SampleInput } from "../op.ts";
import { type ConvAttrs, convSizes } from "../ops/conv2d.ts";
import { defineProgram, type Program } from "../program.ts";
import { type Shape, sizeOf } from "../shape.ts";
import { Tensor } from "../tensor.ts";
import type { AdapterTraits } from "./kernel.ts";
import { gpuNode } from "./tune.ts";

export interface CheckCase {
  /** The op, or what a fused program computes. */
  readonly op: string;
  /** The variant of the op; none for a fused program. */
  readonly variant?: string;
  /** Nothing else computes these shapes: where it is wrong, the adapter is. */
  readonly isOnlyWay?: boolean;
  /** What may be switched off or told of, but makes no training wrong. */
  readonly isOptional?: boolean;
  readonly program: Program<Tensors, Tensors>;
  readonly inputs: Readonly<Record<string, HostArray>>;
}

type Tensors = Readonly<Record<string, Tensor>>;
type Shaped = {
  readonly inputs: readonly Pick<SampleInput, "shape" | "bound">[];
  readonly attrs?: Attrs;
};

/**
 * Images, input channels, rows and columns, output channels, kernel, stride, padding, groups. The first is a layer of the papers'
 * networks with an odd batch on an odd map; then what kernels treat apart: three channels and one, stride 2, few outputs, depthwise.
 */
const convolutions: readonly (readonly [number, number, number, number, number, number, number, number?])[] = [
  [17, 32, 7, 32, 3, 1, 1],
  [1, 3, 14, 32, 3, 1, 1],
  [17, 1, 8, 32, 3, 1, 3],
  [17, 8, 14, 16, 3, 2, 1],
  [1, 32, 8, 5, 5, 1, 2],
  [17, 16, 7, 16, 3, 2, 1, 16],
  [2, 6, 8, 9, 3, 1, 1, 3],
];

interface ConvShapes {
  readonly images: Shape;
  readonly weights: Shape;
  readonly result: Shape;
  readonly attrs: ConvAttrs;
}

const convolutionCases = convolutions.map(([n, cin, side, cout, k, stride, padding, groups]): ConvShapes => {
  const attrs = { stride, padding, ...(groups ? { groups } : {}) };
  const [images, weights] = [
    [n, cin, side, side],
    [cout, cin / (groups ?? 1), k, k],
  ];
  const { oh, ow } = convSizes(images, weights, attrs);
  return { images, weights, result: [n, cout, oh, ow], attrs };
});

/** Rows, summed length, columns, and which operand is read transposed. */
const products = [
  [72, 64, 100, false, false],
  [17, 132, 10, false, true],
  [256, 17, 10, true, false],
  [35, 33, 66, true, true],
] as const;

const shapes: Readonly<Record<string, readonly Shaped[]>> = {
  conv2d: convolutionCases.map(({ images, weights, attrs }) => ({
    inputs: [{ shape: images }, { shape: weights }],
    attrs,
  })),
  convInputGrad: convolutionCases.map(({ images, weights, result, attrs }) => ({
    inputs: [{ shape: result }, { shape: weights }],
    attrs: { ...attrs, sides: images.slice(2) },
  })),
  convWeightGrad: convolutionCases.map(({ images, weights, result, attrs }) => ({
    inputs: [{ shape: result }, { shape: images }],
    attrs: { ...attrs, sides: weights.slice(2) },
  })),
  matmul: products.map(([m, k, n, transposeA, transposeB]) => ({
    inputs: [{ shape: transposeA ? [k, m] : [m, k] }, { shape: transposeB ? [n, k] : [k, n] }],
    attrs: { transposeA, transposeB },
  })),
};

const key = rootKey(1);
const draw = (name: string, shape: Shape, bound?: number): HostArray => {
  const [at, size] = [deriveKey(key, name), sizeOf(shape)];
  return { shape, data: bound ? integers(at, size, bound) : uniform(at, size, -2, 2) };
};

/** Every case, the most telling first: each variant once, the fused programs, then each variant on its other shapes. */
export function listCases(ops: readonly Op[], traits: AdapterTraits): CheckCase[] {
  const rounds: CheckCase[][] = [];
  for (const op of ops) {
    const given: readonly Shaped[] = shapes[op.name] ?? op.samples;
    for (const [round, { inputs, attrs = {} }] of given.entries()) {
      const names = variantNames(op, inputs, attrs, traits);
      for (const variant of names) {
        rounds[round] ??= [];
        rounds[round].push({ op: op.name, variant, isOnlyWay: names.length === 1, ...singleOp(op, inputs, attrs) });
      }
    }
  }
  const all = rounds.flat();
  // Some variants compute only shapes that come late.
  const firsts = [...Map.groupBy(all, ({ op, variant }) => `${op}/${variant}`).values()].map(([each]) => each);
  const others = all.filter((each) => !firsts.includes(each));
  return [...firsts, ...fusedPrograms, ...others, ...moreFusedPrograms];
}

function variantNames(op: Op, inputs: Shaped["inputs"], attrs: Attrs, traits: AdapterTraits): string[] {
  if (op.kind !== "primitive" || typeof op.webgpu !== "function") return [];
  const types = inputs.map(({ shape, bound }) => ({ shape, dtype: bound ? ("i32" as const) : ("f32" as const) }));
  const lowering = op.webgpu(gpuNode(types, op.infer(types, attrs), attrs));
  return typeof lowering === "function" ? lowering(traits).variants.map(({ name }) => name) : [];
}

function singleOp(op: Op, inputs: Shaped["inputs"], attrs: Attrs): Pick<CheckCase, "program" | "inputs"> {
  const program = defineProgram<Tensors, Tensors>(`check ${op.name}`, (given) => {
    const tensors = Object.values(given);
    const { graph } = tensors[0];
    const nodes = tensors.map(({ node }) => node);
    return { result: new Tensor(graph, graph.node(op, nodes, attrs)) };
  });
  return {
    program,
    inputs: Object.fromEntries(
      inputs.map(({ shape, bound }, at) => [`x${at}`, draw(`${op.name} ${at}`, shape, bound)]),
    ),
  };
}

const fused = (
  op: string,
  trace: (inputs: Tensors) => Tensors,
  inputs: CheckCase["inputs"],
  isOptional = false,
): CheckCase => ({
  op,
  isOptional,
  program: defineProgram(`check ${op}`, trace),
  inputs,
});

const withNaN = draw("max", [12, 40]);
withNaN.data.set([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY], 77);

const normalisation = (n: number, channels: number, side: number): CheckCase =>
  fused(
    "normalisation and its gradient",
    ({ x, scale, shift, weights }) => {
      const y = x.instanceNorm(scale, shift).relu();
      const [dx, dscale, dshift] = grad(y.mul(weights).sum(), [x, scale, shift]);
      return { y, dx, dscale, dshift };
    },
    {
      x: draw("x", [n, channels, side, side]),
      scale: draw("scale", [channels]),
      shift: draw("shift", [channels]),
      weights: draw("weights", [n, channels, side, side]),
    },
  );

/** What no single op shows: chains, sums over axes and long sums in parts, in kernels that are generated. */
const fusedPrograms: readonly CheckCase[] = [
  normalisation(17, 8, 8),
  fused(
    "softmax and its gradient",
    ({ logits, target }) => {
      const loss = logits.logSoftmax().mul(target).sum().neg();
      return { loss, gradient: grad(loss, [logits])[0] };
    },
    { logits: draw("logits", [17, 10]), target: draw("target", [17, 10]) },
  ),
  fused("a long sum in parts", ({ x }) => ({ sum: x.square().sum() }), { x: draw("long", [3, 70001]) }),
  // WGSL leaves NaN to the driver: where it is lost, a loss that is not finite may be seen later than it could be.
  fused("max with NaN and infinity", ({ x }) => ({ max: x.max([1]) }), { x: withNaN }, true),
];
const moreFusedPrograms: readonly CheckCase[] = [normalisation(3, 3, 7)];

// ZCA whitening computed: fitted on pixels, applied to pixels. With the covariance S of the training images and a small e, the
// transform is (S + e I)^(-1/2) and its inverse (S + e I)^(1/2) (Krizhevsky 2009, appendix A).
import { defineProgram, type HostArray, type Runtime, type Tensor } from "../engine/index.ts";
import { UserError } from "../lib/user-error.ts";
import { ZCA_EPSILON, type ZcaNormaliser } from "./normaliser.ts";

/** uint8 images, each a row of `pixels` values. */
export interface PixelRows {
  readonly size: number;
  readonly pixels: number;
  /** Images `from` (included) to `to` (not included). */
  read(from: number, to: number): Promise<Uint8Array>;
}

export interface FittedZca {
  readonly normaliser: ZcaNormaliser;
  readonly iterations: number;
  /** How far transform * inverse is from the identity: root mean square over the directions. */
  readonly residual: number;
}

/** Images of one product of a fit. */
export const ROWS = 1024;
const MAX_ITERATIONS = 100;
/** Rounding leaves some 1e-6 in float32; what is worse than this has not converged. */
const MAX_RESIDUAL = 1e-3;

/** [n, D], of mean zero: adds their products to `sum` [D, D]. */
const accumulate = defineProgram(
  "zca-covariance",
  ({ sum, rows }: { sum: Tensor; rows: Tensor }) => ({ sum: sum.add(rows.matmul(rows, { transposeA: true })) }),
  { donate: ["sum"] },
);

/** From 0 to D - 1 as [D] to the identity. */
const identity = (order: Tensor) => {
  const [size] = order.shape;
  return order
    .reshape([size, 1])
    .expand([size, size])
    .equal(order.reshape([1, size]).expand([size, size]));
};

/** A = S + e I, divided by its largest absolute row sum, which no eigenvalue exceeds. */
const begin = defineProgram(
  "zca-begin",
  ({ sum, order, scale }: { sum: Tensor; order: Tensor; scale: Tensor }) => {
    const matrix = sum.mul(scale).add(identity(order).mul(ZCA_EPSILON));
    const bound = matrix.abs().sum([1]).max();
    return { y: matrix.div(bound), z: identity(order), bound };
  },
  { donate: ["sum"] },
);

/**
 * One coupled Newton-Schulz step (Higham, Functions of Matrices, chapter 6): Y goes to A^(1/2), Z to A^(-1/2). `residual` is the
 * Frobenius norm of I - ZY before it.
 */
const iterate = defineProgram(
  "zca-newton-schulz",
  ({ y, z, order }: { y: Tensor; z: Tensor; order: Tensor }) => {
    const error = identity(order).sub(z.matmul(y));
    const factor = identity(order).add(error.mul(0.5));
    return { y: y.matmul(factor), z: factor.matmul(z), residual: error.square().sum().sqrt() };
  },
  { donate: ["y", "z"] },
);

const symmetric = (matrix: Tensor) => matrix.add(matrix.permute([1, 0])).mul(0.5);

const finish = defineProgram(
  "zca-finish",
  ({ y, z, bound }: { y: Tensor; z: Tensor; bound: Tensor }) => ({
    transform: symmetric(z).div(bound.sqrt()),
    inverse: symmetric(y).mul(bound.sqrt()),
  }),
  { donate: ["y", "z", "bound"] },
);

const apply = defineProgram("zca-apply", ({ rows, transform }: { rows: Tensor; transform: Tensor }) => ({
  rows: rows.matmul(transform),
}));

/**
 * Fits the whitening of images in [0, 1]; their covariance is divided by n - 1. Throws UserError "whitening-failed", and the reason
 * of the signal, which is looked at between programs.
 */
export async function fitZca(runtime: Runtime, images: PixelRows, signal: AbortSignal): Promise<FittedZca> {
  const { size, pixels } = images;
  const mean = await meanOf(images, signal);
  const order: HostArray = { shape: [pixels], data: Float32Array.from({ length: pixels }, (_, i) => i) };
  let sum = runtime.upload({ shape: [pixels, pixels], data: new Float32Array(pixels * pixels) });
  let live: unknown = sum;
  try {
    const rows = Math.min(ROWS, size);
    for (let from = 0; from < size; from += rows) {
      signal.throwIfAborted();
      const bytes = await images.read(from, Math.min(size, from + rows));
      // The last rows, where they are fewer, are made up with zeros, which add nothing: one program serves all.
      ({ sum } = await runtime.run(accumulate, {
        sum,
        rows: { shape: [rows, pixels], data: centre(bytes, mean, rows) },
      }));
      live = sum;
    }
    const scale: HostArray = { shape: [], data: Float32Array.of(1 / Math.max(1, size - 1)) };
    let { y, z, bound } = await runtime.run(begin, { sum, order, scale });
    live = [y, z, bound];
    for (let iterations = 1, before = Number.POSITIVE_INFINITY; ; iterations++) {
      signal.throwIfAborted();
      const next = await runtime.run(iterate, { y, z, order });
      ({ y, z } = next);
      live = [y, z, bound, next.residual];
      const [norm] = await runtime.read(next.residual);
      runtime.free(next.residual);
      live = [y, z, bound];
      // Below a half, each norm is less than the square of the one before: that it falls slower is rounding.
      if (norm < 0.5 && norm >= before / 2) {
        const residual = before / Math.sqrt(pixels);
        if (residual > MAX_RESIDUAL) throw failed(`it ends ${residual.toPrecision(2)} from the identity`);
        const matrices = await runtime.run(finish, { y, z, bound });
        live = matrices;
        const [transform, inverse] = [await runtime.read(matrices.transform), await runtime.read(matrices.inverse)];
        const normaliser = { kind: "zca" as const, mean, transform: toFloats(transform), inverse: toFloats(inverse) };
        return { normaliser, iterations, residual };
      }
      if (!Number.isFinite(norm) || iterations === MAX_ITERATIONS) {
        throw failed(`after ${iterations} iterations it is ${norm.toPrecision(2)} from the identity`);
      }
      before = norm;
    }
  } finally {
    runtime.free(live);
  }
}

const failed = (what: string) =>
  new UserError(
    "whitening-failed",
    `The whitening of these images cannot be computed: ${what}.`,
    "Use dataset.normalise=standard, or another adapter if this one shows the same with other images.",
  );

/** Exact until the division: sums of bytes are whole numbers. */
async function meanOf({ size, pixels, read }: PixelRows, signal: AbortSignal): Promise<Float32Array> {
  const sums = new Float64Array(pixels);
  for (let from = 0; from < size; from += ROWS) {
    signal.throwIfAborted();
    const bytes = await read(from, Math.min(size, from + ROWS));
    for (let at = 0; at < bytes.length; at += pixels) for (let p = 0; p < pixels; p++) sums[p] += bytes[at + p];
  }
  return Float32Array.from(sums, (total) => total / (255 * size));
}

/** Pixels in [0, 1] less their mean; zeros to `rows` rows. */
function centre(bytes: Uint8Array, mean: Float32Array, rows: number): Float32Array {
  const data = new Float32Array(rows * mean.length);
  for (let at = 0; at < bytes.length; at += mean.length) {
    for (let p = 0; p < mean.length; p++) data[at + p] = bytes[at + p] / 255 - mean[p];
  }
  return data;
}

const toFloats = (data: Float32Array | Float64Array | Int32Array) =>
  data instanceof Float32Array ? data : Float32Array.from(data);

/** Whitens pixels on a backend, where the transform stays until it is freed. */
export class Whitener {
  readonly #runtime: Runtime;
  readonly #mean: Float32Array;
  readonly #transform: ReturnType<Runtime["backend"]["upload"]>;

  constructor(runtime: Runtime, { mean, transform }: Pick<ZcaNormaliser, "mean" | "transform">) {
    this.#runtime = runtime;
    this.#mean = mean;
    this.#transform = runtime.upload({ shape: [mean.length, mean.length], data: transform });
  }

  /** Whole images, uint8, to as many float32 values. */
  async whiten(bytes: Uint8Array): Promise<Float32Array> {
    const size = this.#mean.length;
    const shape = [bytes.length / size, size];
    const rows = { shape, data: centre(bytes, this.#mean, shape[0]) };
    const whitened = await this.#runtime.run(apply, { rows, transform: this.#transform });
    const data = await this.#runtime.read(whitened.rows);
    this.#runtime.free(whitened);
    return toFloats(data);
  }

  free(): void {
    this.#runtime.free(this.#transform);
  }
}

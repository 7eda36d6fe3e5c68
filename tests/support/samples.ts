// Draws an op's sample inputs and compares arrays.
import type { HostArray } from "../../shared/engine/index.ts";
import type { SampleInput } from "../../shared/engine/op.ts";
import { sizeOf } from "../../shared/engine/shape.ts";
import { deriveKey, integers, type Key, permutation, uniform } from "../../shared/lib/random.ts";

export function drawInput(input: SampleInput, key: Key): HostArray {
  const { shape } = input;
  const size = sizeOf(shape);
  if (input.bound !== undefined) {
    return { shape, data: input.values ? Int32Array.from(input.values) : integers(key, size, input.bound) };
  }
  if (input.values) return { shape, data: Float64Array.from(input.values) };
  const low = input.low ?? -2;
  const high = input.high ?? 2;
  const data = Float64Array.from(uniform(key, size, low, high));
  if (input.distinct) {
    const order = permutation(deriveKey(key, "distinct"), size);
    for (let i = 0; i < size; i++) data[i] = low + order[i] * Math.max(input.distinct, (high - low) / size);
  }
  if (input.awayFromZero) {
    for (let i = 0; i < size; i++) data[i] += data[i] < 0 ? -input.awayFromZero : input.awayFromZero;
  }
  // Every backend is given the same float32 numbers.
  return { shape, data: Float64Array.from(Float32Array.from(data)) };
}

/** The largest |a - b| / (1 + |b|), and NaN where either is not a number. */
export function worstError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  let worst = actual.length === expected.length ? 0 : Number.NaN;
  for (let i = 0; i < expected.length; i++) {
    const error = Math.abs(actual[i] - expected[i]) / (1 + Math.abs(expected[i]));
    if (!(error <= worst)) worst = error;
  }
  return worst;
}

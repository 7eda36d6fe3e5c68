// How tensors lie in a device's memory: images and weights (four float axes) with channels last, all else row-major.
import type { TensorType } from "../op.ts";
import { type Shape, sizeOf, stridesOf } from "../shape.ts";

/** Axes from outermost to innermost in memory. */
export function physicalOrder({ shape, dtype }: TensorType): number[] {
  return shape.length === 4 && dtype === "f32" ? [0, 2, 3, 1] : shape.map((_, axis) => axis);
}

/** Elements between neighbours along each logical axis. */
export function deviceStrides(type: TensorType): number[] {
  const order = physicalOrder(type);
  const inMemory = stridesOf(order.map((axis) => type.shape[axis]));
  return type.shape.map((_, axis) => inMemory[order.indexOf(axis)]);
}

/** Bytes of a tensor's buffer: whole `vec4`s, so that kernels may read and write the last one whole. */
export function bufferBytes(shape: Shape): number {
  return Math.ceil(sizeOf(shape) / 4) * 16;
}

/** Whether both hold the same elements at the same places, so that one may be read as the other. */
export function sameMemory(a: StridedShape, b: StridedShape): boolean {
  return JSON.stringify(evenRuns(a)) === JSON.stringify(evenRuns(b));
}

interface StridedShape {
  readonly shape: Shape;
  readonly strides: readonly number[];
}

/** [length, stride] of the longest evenly spaced runs, which say where the i-th element lies whatever the shape. */
function evenRuns({ shape, strides }: StridedShape): [number, number][] {
  const runs: [number, number][] = [];
  shape.forEach((length, axis) => {
    if (length === 1) return;
    const outer = runs.at(-1);
    if (outer && outer[1] === length * strides[axis]) runs[runs.length - 1] = [outer[0] * length, strides[axis]];
    else runs.push([length, strides[axis]]);
  });
  return runs;
}

type Numbers = Float32Array | Int32Array;

/** Row-major numbers in the order of the device's memory, as 4-byte elements. */
export function toDevice(type: TensorType, data: ArrayLike<number>): Numbers {
  const out = type.dtype === "i32" ? new Int32Array(data.length) : new Float32Array(data.length);
  if (isRowMajor(type)) out.set(data);
  else eachPlace(type, (host, device) => void (out[device] = data[host]));
  return out;
}

/** The device's memory as row-major numbers. */
export function fromDevice(type: TensorType, memory: ArrayBuffer): Numbers {
  const size = sizeOf(type.shape);
  const data = type.dtype === "i32" ? new Int32Array(memory, 0, size) : new Float32Array(memory, 0, size);
  if (isRowMajor(type)) return data.slice();
  const out = new Float32Array(size);
  eachPlace(type, (host, device) => void (out[host] = data[device]));
  return out;
}

function isRowMajor(type: TensorType): boolean {
  const { shape } = type;
  return sameMemory({ shape, strides: stridesOf(shape) }, { shape, strides: deviceStrides(type) });
}

/** Visits the elements of a channels-last tensor by their two offsets. */
function eachPlace({ shape: [n, c, h, w] }: TensorType, visit: (host: number, device: number) => void): void {
  const pixels = h * w;
  for (let image = 0; image < n; image++)
    for (let channel = 0; channel < c; channel++) {
      const host = (image * c + channel) * pixels;
      const device = image * pixels * c + channel;
      for (let pixel = 0; pixel < pixels; pixel++) visit(host + pixel, device + pixel * c);
    }
}

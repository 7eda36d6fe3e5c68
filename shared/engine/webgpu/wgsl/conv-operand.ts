// How kernels of convolution read and write images, results and weights, and the arithmetic of strides that they share.
import { type Factor, sumOf, vectorWidth } from "../indexing.ts";
import type { Buffer, GpuTensor, Sizes } from "../kernel.ts";

/** Channels of an invocation's tile in the kernels whose invocations work alone. */
export const TILE = 4;
export const four = [0, 1, 2, 3];
/** The axis of images, results and weights that lies innermost in memory. */
const CHANNELS = 1;

/** A four-axis operand: reads of one channel, or of four neighbours at once where the layout has them together. */
export class Operand {
  readonly name: string;
  readonly strides: readonly Factor[];
  readonly channels: number;
  readonly width: 1 | 4;
  /** Strides that the kernel's text leaves open. */
  readonly sizes: Sizes;

  /** Of images, the strides that follow from the size of their map may be left open: those between images and between rows. */
  constructor(name: string, { shape, strides }: GpuTensor, isOpen = false) {
    this.name = name;
    this.sizes = isOpen ? { [`${name}Image`]: strides[0], [`${name}Row`]: strides[2] } : {};
    this.strides = isOpen ? [`sizes.${name}Image`, strides[1], `sizes.${name}Row`, strides[3]] : strides;
    this.channels = shape[CHANNELS];
    this.width = vectorWidth(CHANNELS, this.channels, [strides]);
  }

  get buffer(): Omit<Buffer, "slot"> {
    return { name: this.name, type: this.width === 4 ? "vec4f" : "f32" };
  }

  /** WGSL of the place of channel 0 at the coordinates of the other three axes. */
  place(axis0: string, axis2: string, axis3: string): string {
    return sumOf([
      [axis0, this.strides[0]],
      [axis2, this.strides[2]],
      [axis3, this.strides[3]],
    ]);
  }

  /** WGSL of four channels from `first`, a multiple of four; the last is repeated behind the end. */
  fourChannels(place: string, first: string): string {
    if (this.width === 4) return `${this.name}[(${place} + ${first}) / 4u]`;
    const at = (index: number) => {
      const channel = index === 0 ? first : `min(${first} + ${index}u, ${this.channels - 1}u)`;
      return `${this.name}[${sumOf([
        [place, 1],
        [channel, this.strides[CHANNELS]],
      ])}]`;
    };
    return this.channels === 1 ? `vec4f(${at(0)})` : `vec4f(${four.map(at).join(", ")})`;
  }

  /** WGSL of `width` channels from `first`. */
  some(place: string, first: string): string {
    if (this.width === 4) return this.fourChannels(place, first);
    return `${this.name}[${sumOf([
      [place, 1],
      [first, this.strides[CHANNELS]],
    ])}]`;
  }

  /** WGSL that writes four channels from `first`, those that exist. */
  write(place: string, first: string, value: string): string {
    if (this.width === 4) return `${this.name}[(${place} + ${first}) / 4u] = ${value};`;
    return four
      .filter((index) => index < this.channels)
      .map((index) => {
        const target = sumOf([
          [place, 1],
          [`(${first} + ${index}u)`, this.strides[CHANNELS]],
        ]);
        const store = `${this.name}[${target}] = ${value}[${index}];`;
        return index === 0 || this.channels % TILE === 0
          ? store
          : `if (${first} + ${index}u < ${this.channels}u) {\n${store}\n}`;
      })
      .join("\n");
  }
}

export const blocksOf = (length: number) => Math.ceil(length / TILE);
/** Coordinates that may lie outside are signed. */
export const signed = (value: number) => `${value}i`;
export const timesStride = (text: string, stride: number) => (stride === 1 ? text : `${text} * ${signed(stride)}`);
export const overStride = (text: string, stride: number) => (stride === 1 ? text : `${text} / ${signed(stride)}`);
/** WGSL that holds where a place before division by the stride is one that the convolution visits. */
export const isOnStride = (text: string, stride: number) =>
  stride === 1 ? `${text} >= 0i` : `${text} >= 0i && ${text} % ${signed(stride)} == 0i`;

// Reads the golden files that independent Python scripts wrote.
import { readFileSync } from "node:fs";
import { type HostArray, type HostTree, opaque } from "../../shared/engine/index.ts";
import { readSafetensors } from "../../shared/formats/index.ts";
import { invariant } from "../../shared/lib/invariant.ts";

export class Golden {
  readonly #tensors: ReturnType<typeof readSafetensors>["tensors"];

  constructor(name: string) {
    this.#tensors = readSafetensors(readFileSync(new URL(`../golden/${name}.safetensors`, import.meta.url))).tensors;
  }

  get names(): string[] {
    return Object.keys(this.#tensors);
  }

  get(name: string): HostArray & { data: Float64Array } {
    const tensor = this.#tensors[name];
    invariant(tensor && tensor.dtype === "F64", `the golden file has no tensor ${name}`);
    return { shape: tensor.shape, data: tensor.data as Float64Array };
  }

  /** One number. */
  number(name: string): number {
    return this.get(name).data[0];
  }

  /** The `index`-th entry along the first axis. */
  row(name: string, index: number): HostArray & { data: Float64Array } {
    const { shape, data } = this.get(name);
    const size = data.length / shape[0];
    return { shape: shape.slice(1), data: data.slice(index * size, (index + 1) * size) };
  }

  /** ConvNet parameters whose names begin with `prefix`. */
  convnet(prefix: string): HostTree {
    const layer = (name: string) => ({
      weight: this.get(`${prefix}${name}.weight`),
      bias: this.get(`${prefix}${name}.bias`),
    });
    return opaque({
      blocks: [0, 1, 2].map((block) => ({ conv: layer(`blocks.${block}.conv`), norm: layer(`blocks.${block}.norm`) })),
      linear: layer("linear"),
    });
  }
}

/** The largest difference relative to the largest expected value, which counts as at least `scale`. */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>, scale = 1e-3): number {
  invariant(actual.length === expected.length, `${actual.length} numbers against ${expected.length}`);
  let largest = scale;
  let worst = 0;
  for (let i = 0; i < expected.length; i++) largest = Math.max(largest, Math.abs(expected[i]));
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs(actual[i] - expected[i]);
    if (!(difference <= worst)) worst = difference;
  }
  return worst / largest;
}

// How networks are called: a family, its depth, and a word for each thing that is not as usual, such as convnet-3-w64-bn.
import type { Activation, Norm, Pool } from "./layers.ts";

interface Nameable {
  readonly id: string;
  readonly depth?: number;
  readonly norm?: Norm;
}

/** Batch norm is always named; the rest, but for a depth, is as in the recipe's network or as usual. */
export function nameOf({ id, depth, norm }: Nameable): string {
  return [id, ...(depth === undefined ? [] : [depth]), ...(norm === "batch" ? ["bn"] : [])].join("-");
}

type Option = { readonly norm: Norm } | { readonly activation: Activation } | { readonly pool: Pool };

const words: Readonly<Record<string, Option>> = {
  in: { norm: "instance" },
  bn: { norm: "batch" },
  ln: { norm: "layer" },
  gn: { norm: "group" },
  nonorm: { norm: "none" },
  relu: { activation: "relu" },
  sigmoid: { activation: "sigmoid" },
  leakyrelu: { activation: "leakyrelu" },
  swish: { activation: "swish" },
  avgpool: { pool: "avg" },
  maxpool: { pool: "max" },
  nopool: { pool: "none" },
};

/** The options that words such as "-w64-bn" stand for; undefined where one is not known, or two speak of the same thing. */
export function readWords(text: string): Readonly<Record<string, unknown>> | undefined {
  const options: Record<string, unknown> = {};
  for (const word of text.split("-").slice(1)) {
    const [, width] = /^w(\d+)$/.exec(word) ?? [];
    const read = /^\d+$/.test(word) ? { depth: Number(word) } : width ? { width: Number(width) } : words[word];
    const [field, value] = Object.entries(read ?? {})[0] ?? [];
    if (field === undefined || field in options) return undefined;
    options[field] = value;
  }
  return options;
}

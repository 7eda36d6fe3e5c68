// Every network, in one list: the recipe's `network` field and the evaluation's names are read from it.
import { z } from "zod";
import { UserError } from "../../lib/user-error.ts";
import type { Net, NetInput } from "../net.ts";
import { convnetOptions, createConvNet } from "./convnet.ts";

/** The schema of a recipe's `network`. */
export const networkOptions = z.discriminatedUnion("id", [convnetOptions]);

export type NetworkOptions = z.infer<typeof networkOptions>;

export function createNet(options: NetworkOptions, input: NetInput): Net {
  switch (options.id) {
    case "convnet":
      return createConvNet(options, input);
    default:
      throw options.id satisfies never;
  }
}

/** ConvNet's usual depth: the last map is 4x4, or as near as the sides allow. */
export function usualDepth(side: number): number {
  return Math.max(1, Math.min(8, Math.round(Math.log2(side)) - 2));
}

/** A network by its name in `evaluation.nets`, e.g. "convnet-3" or "convnet-3-w64"; the rest as in the recipe's network. */
export function namedNetwork(name: string, like: NetworkOptions): NetworkOptions {
  const parts = /^convnet-(\d+)(?:-w(\d+))?$/.exec(name);
  const parsed = convnetOptions.safeParse({
    ...like,
    depth: Number(parts?.[1]),
    width: parts?.[2] ? Number(parts[2]) : like.width,
  });
  if (!parts || !parsed.success) {
    throw new UserError(
      "unknown-net",
      `evaluation.nets: there is no network "${name}".`,
      "Use convnet-1 to convnet-8, with a width if it differs from the recipe's: convnet-3-w64.",
    );
  }
  return parsed.data;
}

// Every network, in one list: the recipe's `network` field and the evaluation's names are read from it.
import { z } from "zod";
import { nearest } from "../../lib/nearest.ts";
import { UserError } from "../../lib/user-error.ts";
import type { Net, NetInput } from "../net.ts";
import { alexnet } from "./alexnet.ts";
import { convnet } from "./convnet.ts";
import { lenet } from "./lenet.ts";
import { mlp } from "./mlp.ts";
import { nameOf, readWords } from "./names.ts";
import { resnet18, resnet18Ap } from "./resnet18.ts";
import { vgg11 } from "./vgg11.ts";

export { nameOf } from "./names.ts";
export { usualDepth } from "./usual-depth.ts";

const families = [convnet, mlp, lenet, alexnet, vgg11, resnet18, resnet18Ap] as const;

type SchemasOf<F extends readonly { readonly options: z.ZodObject }[]> = {
  readonly [At in keyof F]: F[At]["options"];
};

/** The schema of a recipe's `network`. */
export const networkOptions = z
  .discriminatedUnion("id", families.map(({ options }) => options) as unknown as SchemasOf<typeof families>)
  .describe("The network that the images are distilled with");

/** As a recipe may have it: what is left out has its usual value. */
export type NetworkOptions = z.input<typeof networkOptions>;

const idOf = ({ options }: (typeof families)[number]) => options.shape.id.value;

/** Throws UserErrors "net-too-deep" and "net-groups", whose messages begin with the field that they are about. */
export function createNet(options: NetworkOptions, input: NetInput): Net {
  const family = families.find((each) => idOf(each) === options.id);
  return (family as { create(options: NetworkOptions, input: NetInput): Net }).create(options, input);
}

/** Names to choose from: of every family its usual form, and that with batch norm where it has one. */
export const networkNames: readonly string[] = families.flatMap((family) =>
  [{}, { norm: "batch" }].flatMap((form) => {
    const options = family.options.safeParse({
      id: idOf(family),
      ...form,
      ...(family === convnet ? { depth: 3 } : {}),
    });
    return options.success ? [nameOf(options.data)] : [];
  }),
);

/**
 * A network by its name in `evaluation.nets`, e.g. "convnet-3", "convnet-3-w64" or "vgg11-bn". What the name does not say is
 * as in the recipe's network where that is of the same family, but for batch norm, which is always named; else as usual.
 * Throws UserError "unknown-net".
 */
export function namedNetwork(name: string, like: NetworkOptions): z.output<typeof networkOptions> {
  for (const family of families) {
    const id = idOf(family);
    if (name !== id && !name.startsWith(`${id}-`)) continue;
    const words = readWords(name.slice(id.length));
    const parsed = networkOptions.safeParse({ ...(like.id === id ? inherited(like) : {}), id, ...words });
    if (words && parsed.success) return parsed.data;
  }
  const suggestion = nearest(name, networkNames);
  throw new UserError(
    "unknown-net",
    `evaluation.nets: there is no network "${name}".`,
    `${suggestion ? `Did you mean ${suggestion}? ` : ""}Use convnet-1 to convnet-8, ${families.slice(1).map(idOf).join(", ")}; with -bn for batch norm, and a width if it differs from the recipe's: convnet-3-w64.`,
  );
}

function inherited(like: NetworkOptions): object {
  const { depth, norm, ...rest } = like as { depth?: number; norm?: string };
  return norm === undefined || norm === "batch" ? rest : { ...rest, norm };
}

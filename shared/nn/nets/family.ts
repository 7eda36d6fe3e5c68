// A family of networks: the options that tell its members apart, and how one is built.
import { z } from "zod";
import { UserError } from "../../lib/user-error.ts";
import type { Net, NetInput } from "../net.ts";
import { usualDepth } from "./usual-depth.ts";

/** `options` has the family's `id`; what is left out of them has the papers' value, where they agree on one. */
export function defineFamily<O extends z.ZodObject>(
  options: O,
  build: (options: z.output<O>, input: NetInput) => Net,
): { readonly options: O; create(given: z.input<O>, input: NetInput): Net } {
  return { options, create: (given, input) => build(options.parse(given), input) };
}

export const widthOption = (usual: number) =>
  z.int().min(1).max(1024).default(usual).describe("Channels of the first layer; the others keep their ratio to it");

/** Throws UserError "net-too-deep" where nothing is left of the images behind the last layer; `fits` knows of squares. */
export function requireFit(id: string, { height, width }: NetInput, fits: (side: number) => boolean): void {
  const side = Math.min(height, width);
  if (fits(side)) return;
  let smallest = side + 1;
  while (!fits(smallest)) smallest++;
  throw new UserError(
    "net-too-deep",
    `network.id: ${id} is too deep for ${height}x${width} pixels.`,
    `Use images of at least ${smallest} pixels, or a shallower network such as convnet-${usualDepth(side)}.`,
  );
}

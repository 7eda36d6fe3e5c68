// Chooses among an op's variants: a name that is forced, else one that was measured, else the one preferred for the adapter.
import { invariant } from "../../lib/invariant.ts";
import type { AdapterTraits, Lowering, Variant, VariantSet, VariantsOf } from "./kernel.ts";

/** Variant names by `choiceKey`: what tune.ts measured on an adapter, as plain JSON. */
export type VariantMemory = Readonly<Record<string, string>>;

export interface VariantChoice {
  readonly traits: AdapterTraits;
  /** Variant names by op: taken wherever a node has that variant. For tests, and for comparing by hand. */
  readonly forced?: Readonly<Record<string, string>>;
  /** Variants that are never taken while there is another, as "op/variant": those that were found to be wrong on the adapter. */
  readonly disabled?: readonly string[];
  readonly memory?: VariantMemory;
}

/** What a plan asks: which of the ways to lower a node it shall take. */
export type Chooser = (op: string, lowering: Lowering | VariantsOf) => Lowering;

export function choiceKey(op: string, { shapeClass }: Pick<VariantSet, "shapeClass">): string {
  return `${op} ${shapeClass}`;
}

export function createChooser(choice: VariantChoice): Chooser {
  return (op, lowering) =>
    typeof lowering === "function" ? pickVariant(op, lowering(choice.traits), choice).lower() : lowering;
}

/** Those that are not switched off; all where none is left. */
export function allowedVariants(op: string, { variants }: VariantSet, disabled: readonly string[]): readonly Variant[] {
  const allowed = variants.filter(({ name }) => !disabled.includes(`${op}/${name}`));
  return allowed.length > 0 ? allowed : variants;
}

export function pickVariant(op: string, set: VariantSet, choice: VariantChoice): Variant {
  const known = allowedVariants(op, set, choice.disabled ?? []);
  const wanted = [choice.forced?.[op], choice.memory?.[choiceKey(op, set)], set.preferred];
  for (const name of wanted) {
    const found = known.find((variant) => variant.name === name);
    if (found) return found;
  }
  invariant(known.length > 0, `${op} ${set.shapeClass} has no variant`);
  return known[0];
}

/** What a device tells of its adapter. */
export function traitsOf(device: GPUDevice, software: boolean): AdapterTraits {
  const { subgroupMinSize, subgroupMaxSize } = device.adapterInfo;
  const oneSize = device.features.has("subgroups") && subgroupMinSize === subgroupMaxSize;
  return oneSize ? { software, subgroupSize: subgroupMinSize } : { software };
}

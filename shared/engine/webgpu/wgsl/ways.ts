// What the variants of convolution, of its adjoints and of matrix products have in common: their names, which adapters
// they fit, and how alike two shapes must be to be computed alike.
import type { ConvSizes } from "../../ops/conv2d.ts";
import type { AdapterTraits, KernelLowering, Variant, VariantSet, VariantsOf } from "../kernel.ts";

interface Ways {
  /** By subgroups that hand round what each lane reads: for adapters on which a read costs more than arithmetic. */
  readonly lanes?: (subgroupSize: number) => KernelLowering;
  /** By workgroups that share tiles of both operands: for GPUs. */
  readonly tiles: () => KernelLowering;
  /** By invocations that work alone. */
  readonly direct: () => KernelLowering;
}

/** A subgroup below holds too little to hand round; above, kernels would waste most lanes. */
const LANES_SUBGROUPS = { least: 4, most: 32 };

export function variantsOf(shapeClass: string, { lanes, tiles, direct }: Ways): VariantsOf {
  return ({ software, subgroupSize = 0 }: AdapterTraits): VariantSet => {
    const fits = subgroupSize >= LANES_SUBGROUPS.least && subgroupSize <= LANES_SUBGROUPS.most;
    const variants: Variant[] = [
      { name: "tiles", lower: tiles },
      { name: "direct", lower: direct },
      ...(lanes && fits ? [{ name: "lanes", lower: () => lanes(subgroupSize) }] : []),
    ];
    const onCpu = lanes && fits ? "lanes" : "direct";
    return { shapeClass, variants, preferred: software ? onCpu : "tiles" };
  };
}

/** Lengths within a factor of two of each other: which variant is fastest does not turn on less. */
const magnitude = (length: number) => 2 ** Math.round(Math.log2(length));

export function convShapeClass(s: ConvSizes): string {
  const channels = [s.cin, s.cout].map((count) => (count % 4 === 0 ? magnitude(count) : count));
  const pixels = magnitude(s.n * s.oh * s.ow);
  return `${channels.join(">")} k${s.kh}x${s.kw} s${s.stride} ${s.ow < 6 ? "narrow " : ""}~${pixels}`;
}

export function matmulShapeClass(
  { batch, m, k, n }: Record<"batch" | "m" | "k" | "n", number>,
  layout: string,
): string {
  return `${[batch, m, k, n].map(magnitude).join("x")} ${layout}`;
}

// A network's parameters as one vector [P], in the order of PyTorch's `named_parameters`, and back: what trajectories are made of.
import { type HostArray, type HostTree, sizeOf, type Tensor, type TensorTree, tensorsOf } from "../engine/index.ts";
import { invariant } from "../lib/invariant.ts";
import { flattenTree, mapTree, type Tree } from "../lib/tree.ts";

type Shaped = { readonly shape: readonly number[] };
const hasShape = (node: unknown): node is Shaped => typeof node === "object" && node !== null && "shape" in node;
const asTree = <Leaf>(tree: object) => tree as Tree<Leaf>;

/** [P] inside a program; gradients flow through. */
export function flattenParameters(theta: TensorTree): Tensor {
  const [first, ...others] = tensorsOf(theta).map((tensor) => tensor.reshape([tensor.size]));
  return first.concat(others, 0);
}

/** The parameters in the form of `like`: a tree of tensors, of values, or of arrays. */
export function restoreParameters(flat: Tensor, like: object): TensorTree {
  return cut(like, flat.size, ({ shape }, from, to) => flat.slice([from], [to]).reshape(shape)) as TensorTree;
}

/** P of a tree of tensors, of values, or of arrays. */
export function countParameters(theta: object): number {
  return flattenTree(asTree<Shaped>(theta), hasShape).reduce((sum, { leaf }) => sum + sizeOf(leaf.shape), 0);
}

/** [P] on the host. */
export function flattenArrays(theta: HostTree): HostArray {
  const arrays = flattenTree(asTree<HostArray>(theta), hasShape as (node: unknown) => node is HostArray);
  const size = countParameters(theta);
  const data = new Float32Array(size);
  let at = 0;
  for (const { leaf } of arrays) {
    data.set(leaf.data, at);
    at += leaf.data.length;
  }
  return { shape: [size], data };
}

/** The host's arrays in the form of `like`; they are views of the vector. */
export function restoreArrays({ data }: HostArray, like: object): HostTree {
  return cut(like, data.length, ({ shape }, from, to) => ({ shape, data: data.subarray(from, to) })) as HostTree;
}

/** A tree of the form of `like` with each leaf made from its part of a vector. */
function cut(like: object, length: number, make: (leaf: Shaped, from: number, to: number) => unknown): unknown {
  let at = 0;
  const made = mapTree(asTree<Shaped>(like), hasShape, (leaf) => {
    const from = at;
    at += sizeOf(leaf.shape);
    return make(leaf, from, at);
  });
  invariant(at === length, `a vector of ${length} numbers for ${at} parameters`);
  return made;
}

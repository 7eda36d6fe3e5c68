// A network's parameters as one vector, in the network's own order, as trajectories are kept and measured.
import { type HostArray, type HostTree, opaque } from "../engine/index.ts";
import { flattenTree, mapTree, type Tree } from "../lib/tree.ts";

function isArray(node: unknown): node is HostArray {
  return typeof node === "object" && node !== null && "data" in node && ArrayBuffer.isView(node.data);
}

const leavesOf = (tree: HostTree) => flattenTree(tree as unknown as Tree<HostArray>, isArray);

export function countParameters(tree: HostTree): number {
  return leavesOf(tree).reduce((sum, { leaf }) => sum + leaf.data.length, 0);
}

/** As float32, [parameters]. */
export function flattenParameters(tree: HostTree): Float32Array<ArrayBuffer> {
  const flat = new Float32Array(countParameters(tree));
  let at = 0;
  for (const { leaf } of leavesOf(tree)) {
    flat.set(leaf.data, at);
    at += leaf.data.length;
  }
  return flat;
}

/** The tree of the same form as `like`, with the vector's numbers. */
export function unflattenParameters(like: HostTree, flat: Float32Array): HostTree {
  let at = 0;
  const cut = ({ shape, data }: HostArray): HostArray => {
    const from = at;
    at += data.length;
    return { shape, data: flat.subarray(from, at) };
  };
  return opaque(mapTree(like as unknown as Tree<HostArray>, isArray, cut));
}

// Decides which nodes of a lowered graph are computed together: what is stored, what is computed again wherever it is read,
// and which sums and maps share one walk over memory.
import { invariant } from "../../lib/invariant.ts";
import { type Node, topologicalOrder } from "../graph.ts";
import { sizeOf } from "../shape.ts";
import { deviceStrides, sameMemory } from "./layout.ts";
import {
  fitsRows,
  isLiteral,
  type LoopKernel,
  type Space,
  type Stored,
  sameSpace,
  spaceOf,
  Unfusable,
  writeLoopKernel,
} from "./loop-kernel.ts";
import { inlineOf, isReduction, isSource, type Lowered } from "./lower.ts";

/** Nodes that are computed by one kernel, or one node by kernels of its own. */
export interface Group {
  /** Of a kernel that is written for the nodes. */
  readonly space: Space | undefined;
  readonly members: readonly Node[];
  /** Why the first member is not computed with those of an earlier group, where that was tried. */
  readonly apart?: string | undefined;
}

export interface FuseLimits {
  /** Buffers that a kernel may bind. */
  readonly maxBuffers: number;
  readonly busy: number;
}

/** Work of an element that is rather done twice than stored. */
const CHEAP = 24;
/** Work of an element above which it is stored for whoever broadcasts it. */
const WORTH_STORING = 4;
/** Bindings that are left for a kernel's results and for what else it reads. */
const SPARE_BUFFERS = 3;
/** Groups of the same space that are tried, the latest first. */
const TRIES = 6;

export interface Fused {
  readonly groups: readonly Group[];
  /** The node in whose memory a node lies. */
  readonly home: (node: Node) => Node;
  /** The kernel of a group, given where every node of memory lies. */
  readonly write: (group: Group, memoryOf: (node: Node) => number) => LoopKernel;
  /** What a group reads from memory. */
  readonly reads: (group: Group) => readonly Node[];
}

/** Views of memory are followed to what lies there. */
function home(node: Node): Node {
  let at = node;
  while (at.op.name === "reshape") {
    const [from] = at.inputs;
    const view = (each: Node) => ({ shape: each.shape, strides: deviceStrides(each) });
    if (!sameMemory(view(from), view(at))) break;
    at = from;
  }
  return at;
}

export function fuse({ outputs, first, kernels }: Lowered, limits: FuseLimits): Fused {
  const wanted = [...first, ...outputs];
  const order = topologicalOrder(wanted);
  const stored = new Set<Node>(chooseStored(order, wanted, kernels, limits.maxBuffers - SPARE_BUFFERS));
  const groups: { space: Space | undefined; members: Node[]; apart?: string | undefined }[] = [];
  const groupOf = new Map<Node, number>();

  /** Nodes of memory, and sums, that a node is computed from. */
  const sourcesOf = (node: Node): Node[] => {
    const found = new Set<Node>();
    const seen = new Set<Node>();
    const visit = (each: Node) => {
      if (isLiteral(each) || seen.has(each)) return;
      seen.add(each);
      const at = home(each);
      if (isSource(at) || stored.has(at) || isReduction(at) || kernels.has(at)) found.add(at);
      else each.inputs.forEach(visit);
    };
    node.inputs.forEach(visit);
    return [...found];
  };

  const request = (group: Group, memoryOf: (node: Node) => number, isKept: (node: Node) => boolean) => {
    const inside = new Set(group.members);
    return {
      space: group.space as Space,
      members: group.members,
      busy: limits.busy,
      find: (node: Node): Stored | undefined => {
        const at = home(node);
        if (inside.has(at) || isLiteral(at)) return undefined;
        const isThere = isSource(at) || groupOf.has(at);
        return isThere ? { memory: memoryOf(at), strides: deviceStrides(node) } : undefined;
      },
      store: (node: Node): Stored => ({ memory: memoryOf(node), strides: deviceStrides(node) }),
      isKept,
    };
  };

  const numbers = new Map<Node, number>();
  const number = (node: Node): number => {
    let known = numbers.get(node);
    if (known === undefined) numbers.set(node, (known = numbers.size));
    return known;
  };

  /** Why one kernel cannot compute all the members; undefined where it can. */
  const refusal = (group: Group): string | undefined => {
    try {
      const { length } = writeLoopKernel(request(group, number, () => true)).memory;
      return length <= limits.maxBuffers ? undefined : `${length} buffers would be bound`;
    } catch (error) {
      if (error instanceof Unfusable) return error.message;
      throw error;
    }
  };

  const place = (node: Node): void => {
    if (groupOf.has(node)) return;
    const sources = sourcesOf(node);
    for (const source of sources) if (!isSource(source)) place(source);
    const space = spaceOf(node, deviceStrides);
    const before = new Set(sources.map((source) => groupOf.get(source)).filter((at) => at !== undefined));
    let tries = 0;
    let apart: string | undefined;
    for (let at = groups.length - 1; at >= 0 && tries < TRIES; at--) {
      const group = groups[at];
      if (!group.space || [...before].some((each) => each > at)) continue;
      if (!joins(node, space, { space: group.space, members: group.members }, before.has(at))) continue;
      tries++;
      const why = refusal({ space: group.space, members: [...group.members, node] });
      if (why) {
        apart ??= why;
        continue;
      }
      group.members.push(node);
      groupOf.set(node, at);
      return;
    }
    if (refusal({ space, members: [node] })) {
      const part = partToStore(node, sourcesOf, stored);
      invariant(part, `${node.op.name} reads more tensors than a kernel can bind`);
      stored.add(part);
      place(part);
      place(node);
      return;
    }
    groupOf.set(node, groups.push({ space, members: [node], apart }) - 1);
  };

  for (const node of order) {
    if (kernels.has(node)) {
      for (const input of node.inputs) if (!isSource(home(input))) place(home(input));
      groupOf.set(node, groups.push({ space: undefined, members: [node] }) - 1);
    } else if (stored.has(node) && !isSource(node)) {
      place(node);
    }
  }

  // A group that was made early may have taken members that need later ones: none does, as each member's sources come before.
  const readBy = new Map<Node, Set<number>>();
  const reads = (group: Group): Node[] => {
    if (!group.space) return group.members[0].inputs.map(home);
    const inside = new Set(group.members);
    return [...new Set(group.members.flatMap(sourcesOf))].filter((source) => !inside.has(source) && !isLiteral(source));
  };
  groups.forEach((group, at) => {
    for (const source of reads(group)) readBy.set(source, (readBy.get(source) ?? new Set()).add(at));
  });
  const results = new Set(outputs.map(home));
  const isKept = (node: Node) => results.has(node) || readBy.has(node);

  return {
    groups,
    home,
    reads,
    write: (group, memoryOf) => writeLoopKernel(request(group, memoryOf, isKept)),
  };
}

/** Whether a node may be tried beside a group's members. */
function joins(node: Node, space: Space, group: { space: Space; members: readonly Node[] }, isFed: boolean): boolean {
  const { reduced } = group.space;
  if (isReduction(node)) return reduced.length > 0 && sameSpace(space, group.space);
  if (reduced.length === 0) return sameSpace(space, group.space);
  // Rows may be few and long: what has no part in their sums is better off alone.
  if (!isFed) return false;
  const isElementwise = group.space.parts === 1 && String(node.shape) === String(group.space.shape);
  return isElementwise || fitsRows(node, group.space);
}

/** Among the inputs of a node that reads too many tensors, the one that takes most of them together. */
function partToStore(
  node: Node,
  sourcesOf: (node: Node) => readonly Node[],
  stored: ReadonlySet<Node>,
): Node | undefined {
  const all = sourcesOf(node).length;
  let best: Node | undefined;
  let most = 1;
  const seen = new Set<Node>();
  const visit = (from: Node) => {
    const each = from === node ? node : home(from);
    if (seen.has(each) || isSource(each) || (each !== node && (stored.has(each) || !inlineOf(each)))) return;
    seen.add(each);
    const reads = sourcesOf(each).length;
    if (each !== node && reads > most && reads < all) {
      best = each;
      most = reads;
    }
    each.inputs.forEach(visit);
  };
  visit(node);
  return best;
}

/**
 * Nodes whose results lie in memory: the wanted ones, and others besides sums and ops with kernels of their own. Elements of more than `mostLeaves` other
 * tensors are not put together in one place.
 */
function chooseStored(
  order: readonly Node[],
  wanted: readonly Node[],
  kernels: Lowered["kernels"],
  mostLeaves: number,
): Set<Node> {
  const users = new Map<Node, Node[]>();
  for (const node of order)
    for (const input of new Set(node.inputs)) users.set(input, [...(users.get(input) ?? []), node]);
  const results = new Set(wanted.map(home));
  /** Users of the memory, views of it passed over. */
  const usersOf = (node: Node): Node[] =>
    (users.get(node) ?? []).flatMap((user) =>
      home(user) === home(node) && user.op.name === "reshape" ? usersOf(user) : [user],
    );

  const stored = new Set<Node>();
  const work = new Map<Node, number>();
  const leaves = new Map<Node, ReadonlySet<Node>>();
  for (const node of order) {
    if (isSource(node)) {
      if (!isLiteral(node)) leaves.set(node, new Set([node]));
      continue;
    }
    if (home(node) !== node) {
      leaves.set(node, leaves.get(home(node)) ?? new Set());
      work.set(node, work.get(home(node)) ?? 0);
      continue;
    }
    if (kernels.has(node) || isReduction(node)) {
      leaves.set(node, new Set([node]));
      if (results.has(node) || kernels.has(node) || usersOf(node).some((user) => kernels.has(user))) stored.add(node);
      continue;
    }
    const inline = inlineOf(node);
    invariant(inline, `${node.op.name} cannot be computed on a GPU`);
    const own = new Set(node.inputs.flatMap((input) => [...(leaves.get(input) ?? [])]));
    const cost = inline.work + node.inputs.reduce((sum, input) => sum + (work.get(input) ?? 0), 0);
    const readers = usersOf(node);
    const size = sizeOf(node.shape);
    const large = [...own].filter((leaf) => 2 * sizeOf(leaf.shape) >= size).length;
    const isNeeded =
      results.has(node) ||
      readers.some((user) => kernels.has(user) || (inlineOf(user)?.scattered?.(user.attrs) ?? false)) ||
      (cost >= WORTH_STORING && readers.some((user) => sizeOf(user.shape) >= 8 * size)) ||
      (readers.length > 1 && (large > 2 || cost > CHEAP)) ||
      own.size > mostLeaves ||
      cost > 8 * CHEAP;
    if (isNeeded) stored.add(node);
    leaves.set(node, isNeeded ? new Set([node]) : own);
    work.set(node, isNeeded ? 0 : cost);
  }
  return stored;
}

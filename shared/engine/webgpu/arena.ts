// Where intermediate results lie in shared memory, one block or as many as the largest buffer makes necessary: those that live
// at the same time never share a byte, those that do not mostly share.

export interface Interval {
  readonly bytes: number;
  /** The first and the last step that need it, both included. */
  readonly from: number;
  readonly to: number;
}

export interface Location {
  readonly block: number;
  readonly offset: number;
}

export interface Packing {
  readonly locations: readonly Location[];
  /** Bytes of each block. */
  readonly blocks: readonly number[];
  /** The largest sum of bytes that live at one time: no packing takes less. */
  readonly lowerBound: number;
}

/** Places the largest first, each at the lowest offset where nothing that lives meanwhile lies, in blocks of at most `largest` bytes. */
export function packArena(intervals: readonly Interval[], alignment: number, largest: number): Packing {
  const size = (bytes: number) => Math.ceil(bytes / alignment) * alignment;
  // One row of addresses, of which each block is a stretch that nothing crosses.
  const stretch = Math.floor(largest / alignment) * alignment;
  const within = (offset: number, bytes: number) =>
    (offset % stretch) + bytes > stretch ? Math.ceil(offset / stretch) * stretch : offset;
  const offsets = new Array<number>(intervals.length).fill(0);
  const placed: number[] = [];
  const bySize = intervals.map((_, index) => index);
  bySize.sort((a, b) => intervals[b].bytes - intervals[a].bytes || intervals[a].from - intervals[b].from);
  const blocks: number[] = [];
  for (const index of bySize) {
    const { from, to } = intervals[index];
    const wanted = size(intervals[index].bytes);
    const beside = placed.filter((other) => intervals[other].from <= to && intervals[other].to >= from);
    beside.sort((a, b) => offsets[a] - offsets[b]);
    let offset = 0;
    for (const other of beside) {
      if (offsets[other] - offset >= wanted) break;
      offset = within(Math.max(offset, offsets[other] + size(intervals[other].bytes)), wanted);
    }
    offsets[index] = offset;
    placed.push(index);
  }
  const locations = offsets.map((at) => ({ block: Math.floor(at / stretch), offset: at % stretch }));
  locations.forEach(({ block, offset }, index) => {
    while (blocks.length <= block) blocks.push(0);
    blocks[block] = Math.max(blocks[block], offset + size(intervals[index].bytes));
  });
  return { locations, blocks, lowerBound: lowerBound(intervals, size) };
}

function lowerBound(intervals: readonly Interval[], size: (bytes: number) => number): number {
  const changes = new Map<number, number>();
  const change = (at: number, by: number) => changes.set(at, (changes.get(at) ?? 0) + by);
  for (const { bytes, from, to } of intervals) {
    change(from, size(bytes));
    change(to + 1, -size(bytes));
  }
  let live = 0;
  let most = 0;
  for (const at of [...changes.keys()].sort((a, b) => a - b)) {
    live += changes.get(at) as number;
    most = Math.max(most, live);
  }
  return most;
}

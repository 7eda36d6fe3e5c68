// Labels beside the ends of lines: each as near to its line as the others let it.

/** New places in the given order, at least `gap` apart and within [from, to] where there is room for all. */
export function spreadLabels(places: readonly number[], gap: number, from: number, to: number): number[] {
  const order = places.map((at, index) => ({ at, index })).sort((a, b) => a.at - b.at);
  const out = new Array<number>(places.length);
  let before = from - gap;
  for (const { at, index } of order) {
    before = out[index] = Math.max(at, before + gap);
  }
  // What was pushed out at the end goes back, and takes its neighbours along.
  let limit = to;
  for (const { index } of order.toReversed()) {
    out[index] = Math.min(out[index], limit);
    limit = out[index] - gap;
  }
  return out;
}

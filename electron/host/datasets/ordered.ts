// Works on many items at once and yields the results in the order of the items, with a bound on what is in flight.

export interface Bounds<T> {
  maxItems: number;
  /** Cost of an item, e.g. its pixels; the sum in flight stays below `maxWeight`, but one item always fits. */
  weigh(item: T): number;
  maxWeight: number;
  signal: AbortSignal;
}

/** `work` must not reject: failures are results. */
export async function* mapInOrder<T, R>(
  items: Iterable<T>,
  work: (item: T) => Promise<R>,
  { maxItems, weigh, maxWeight, signal }: Bounds<T>,
): AsyncGenerator<[T, R]> {
  const inFlight: { item: T; weight: number; result: Promise<R> }[] = [];
  let weightInFlight = 0;
  try {
    for (const item of items) {
      const weight = weigh(item);
      while (inFlight.length > 0 && (inFlight.length >= maxItems || weightInFlight + weight > maxWeight)) {
        const first = inFlight[0];
        yield [first.item, await first.result];
        weightInFlight -= first.weight;
        inFlight.shift();
      }
      signal.throwIfAborted();
      inFlight.push({ item, weight, result: work(item) });
      weightInFlight += weight;
    }
    while (inFlight.length > 0) {
      const first = inFlight[0];
      yield [first.item, await first.result];
      inFlight.shift();
      signal.throwIfAborted();
    }
  } finally {
    // Whoever closes the source next must not pull it away from under running work.
    await Promise.all(inFlight.map(({ result }) => result));
  }
}

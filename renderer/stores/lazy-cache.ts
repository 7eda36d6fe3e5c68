// Things that are loaded when they are first looked for, a few at once, and kept while they are likely to be wanted again.

interface LazyCacheOptions<T> {
  load(key: string): Promise<T>;
  /** Something that was looked for is there now. */
  onLoaded(): void;
  /** Told of what is no longer kept. */
  onDropped?(value: T): void;
  readonly kept: number;
  readonly atOnce: number;
}

export function createLazyCache<T>({ load, onLoaded, onDropped, kept, atOnce }: LazyCacheOptions<T>) {
  const values = new Map<string, T>(); // the one last looked for is last
  const failed = new Set<string>();
  const loading = new Set<string>();
  let isDisposed = false;
  const keep = (key: string, value: T) => {
    values.set(key, value);
    for (const [oldest, old] of values) {
      if (values.size <= kept) return;
      values.delete(oldest);
      onDropped?.(old);
    }
  };
  const start = async (key: string) => {
    loading.add(key);
    try {
      const value = await load(key);
      if (isDisposed) onDropped?.(value);
      else keep(key, value);
    } catch {
      failed.add(key); // asked for again each frame, it would be asked for for ever
    }
    loading.delete(key);
    if (!isDisposed) onLoaded();
  };
  return {
    /** Undefined where it is not there yet; what finds no place to load now must be looked for again. */
    get(key: string): T | undefined {
      const value = values.get(key);
      if (value !== undefined) {
        values.delete(key);
        values.set(key, value);
      } else if (loading.size < atOnce && !loading.has(key) && !failed.has(key)) void start(key);
      return value;
    },
    dispose() {
      isDisposed = true;
      for (const value of values.values()) onDropped?.(value);
      values.clear();
    },
  };
}

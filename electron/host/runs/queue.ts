// Runs pieces of work on the same thing one after the other, in the order in which they were asked for.

export type Queue = { run<T>(key: string, work: () => Promise<T>): Promise<T> };

export function createQueue(): Queue {
  const last = new Map<string, Promise<unknown>>();
  return {
    run(key, work) {
      const before = last.get(key) ?? Promise.resolve();
      const result = before.then(work, work); // an earlier failure is its own caller's
      last.set(key, result);
      const forget = () => {
        if (last.get(key) === result) last.delete(key);
      };
      result.then(forget, forget);
      return result;
    },
  };
}

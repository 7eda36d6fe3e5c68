// Passes messages about a thing to those who listen for it.

export interface Signals<M> {
  send(key: string, message: M): void;
  /** Returns the way to stop listening. */
  listen(key: string, listener: (message: M) => void): () => void;
}

export function createSignals<M>(): Signals<M> {
  const listeners = new Map<string, Set<(message: M) => void>>();
  return {
    send(key, message) {
      for (const listener of listeners.get(key) ?? []) listener(message);
    },
    listen(key, listener) {
      const set = listeners.get(key) ?? new Set();
      listeners.set(key, set.add(listener));
      return () => {
        set.delete(listener);
        if (set.size === 0 && listeners.get(key) === set) listeners.delete(key);
      };
    },
  };
}

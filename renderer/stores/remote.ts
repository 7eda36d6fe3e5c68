// A list from the host that is read again on demand, keeping what is shown until the new answer is there.
import { createStore } from "zustand/vanilla";

export interface ListState<T> {
  readonly value: T | undefined;
  readonly error: unknown;
}

export function createRemote<T>(read: () => Promise<T>) {
  const store = createStore<ListState<T>>(() => ({ value: undefined, error: undefined }));
  let newest = 0;
  return {
    store,
    /** Only the newest of several answers counts. */
    async refresh(): Promise<void> {
      const mine = ++newest;
      try {
        const value = await read();
        if (mine === newest) store.setState({ value, error: undefined });
      } catch (error) {
        if (mine === newest) store.setState({ error });
      }
    },
  };
}

export type Remote<T> = ReturnType<typeof createRemote<T>>;

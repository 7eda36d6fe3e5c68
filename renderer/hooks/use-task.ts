// One thing at a time that the user has asked for: whether it runs, and how it failed.
import { useState } from "react";

export interface Task {
  readonly isBusy: boolean;
  readonly error: unknown;
  run(work: () => Promise<unknown>): Promise<void>;
  clear(): void;
}

export function useTask(): Task {
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  return {
    isBusy,
    error,
    clear: () => setError(undefined),
    run: async (work) => {
      setBusy(true);
      setError(undefined);
      try {
        await work();
      } catch (failure) {
        setError(failure);
      } finally {
        setBusy(false);
      }
    },
  };
}

// Keeps the machine from sleeping while an experiment computes.

export interface AwakeOptions {
  /** Whether something computes now, in the page or in a child process. */
  readonly isComputing: () => Promise<boolean>;
  /** Keeps the machine awake; returns what `release` takes. */
  readonly hold: () => number;
  readonly release: (id: number) => void;
  readonly everyMs: number;
}

/** Asks again and again, so that a run is noticed whoever computes it and however it ends. */
export function stayAwake({ isComputing, hold, release, everyMs }: AwakeOptions): Disposable {
  let held: number | undefined;
  let isDisposed = false;
  const letGo = () => {
    if (held !== undefined) release(held);
    held = undefined;
  };
  const look = async () => {
    // A host that does not answer changes nothing.
    const computes = await isComputing().catch(() => held !== undefined);
    if (isDisposed) return;
    if (!computes) letGo();
    else held ??= hold();
  };
  void look();
  const timer = setInterval(() => void look(), everyMs);
  return {
    [Symbol.dispose]() {
      isDisposed = true;
      clearInterval(timer);
      letGo();
    },
  };
}

// A check that can fail only through a bug of ours, never through a user's input.

export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`Internal error: ${message}`);
}

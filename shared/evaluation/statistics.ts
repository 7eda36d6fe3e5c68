// Mean and spread of trials.

/** Mean and population standard deviation, as the papers report them. */
export function summarise(trials: readonly number[]): { mean: number; std: number } {
  const mean = trials.reduce((sum, value) => sum + value, 0) / trials.length;
  const variance = trials.reduce((sum, value) => sum + (value - mean) ** 2, 0) / trials.length;
  return { mean, std: Math.sqrt(variance) };
}

// Which exact values belong to the step that is looked at.

/** The newest kept step by then; undefined where the values of that time are gone. */
export function keptAt(kept: readonly number[], step: number): number | undefined {
  return kept.findLast((each) => each <= step);
}

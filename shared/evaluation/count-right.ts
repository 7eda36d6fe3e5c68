// How many images of a batch a network names rightly.

/** Rows of `scores` [labels.length][classes] that are highest at their label; of equal scores the first counts. */
export function countRight(scores: ArrayLike<number>, labels: readonly number[]): number {
  const classes = scores.length / labels.length;
  return labels.filter((label, row) => {
    let best = 0;
    for (let c = 1; c < classes; c++) if (scores[row * classes + c] > scores[row * classes + best]) best = c;
    return best === label;
  }).length;
}

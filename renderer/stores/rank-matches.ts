// Finds by typing: all letters in order, better where they begin words or stand together.

/** 0 where the letters are not there; else the higher the better. */
function scoreMatch(label: string, query: string): number {
  const text = label.toLowerCase();
  const at = text.indexOf(query);
  if (at === 0) return 4;
  if (at > 0) return /[a-z0-9]/.test(text[at - 1]) ? 2 : 3;
  let from = 0;
  for (const letter of query) {
    from = text.indexOf(letter, from) + 1;
    if (from === 0) return 0;
  }
  return 1;
}

/** The items that match, best first; in their own order where equal, or where nothing was typed. */
export function rankMatches<T>(items: readonly T[], query: string, labelOf: (item: T) => string): T[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  return items
    .map((item) => ({ item, scores: words.map((word) => scoreMatch(labelOf(item), word)) }))
    .filter(({ scores }) => scores.every((score) => score > 0))
    .sort((a, b) => sum(b.scores) - sum(a.scores))
    .map(({ item }) => item);
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, each) => total + each, 0);

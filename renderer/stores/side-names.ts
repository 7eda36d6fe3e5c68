// Names of runs side by side: told apart where they are the same, and short where they begin alike.
import { type Difference, showValue } from "./tree.ts";

/** Without the words that all of them begin with. */
export function dropCommonStart(names: readonly string[]): string[] {
  const words = names.map((name) => name.split(" "));
  const shortest = Math.min(...words.map(({ length }) => length));
  let common = 0;
  while (common < shortest && words.every((each) => each[common] === words[0][common])) common++;
  // A name that is the start of the others, or the same, would become empty: keep its last word.
  const dropped = Math.min(common, shortest - 1);
  return words.map((each) => each.slice(dropped).join(" "));
}

/** Runs of one name are told apart by the first setting in which they differ, else by number. */
export function tellApart(names: readonly string[], differences: readonly Difference[]): string[] {
  if (new Set(names).size === names.length) return [...names];
  const telling = differences.find(({ values }) => new Set(values.map(showValue)).size === names.length);
  return names.map((name, i) =>
    telling ? `${name}, ${telling.path.split(".").at(-1)} ${showValue(telling.values[i])}` : `${name} (${i + 1})`,
  );
}

// Names of runs side by side: told apart where they are the same, and short where they begin alike.
import { type Difference, isSame, showValue } from "./tree.ts";

/** Without the words that all of them begin with, but for the last such word: "ipc 1" and "ipc 10". */
export function dropCommonStart(names: readonly string[]): string[] {
  const words = names.map((name) => name.split(" "));
  const shortest = Math.min(...words.map(({ length }) => length));
  let common = 0;
  while (common < shortest && words.every((each) => each[common] === words[0][common])) common++;
  return words.map((each) => each.slice(Math.max(0, common - 1)).join(" "));
}

/** Runs of one name are told apart by the first setting in which all of them differ, else by number. */
export function tellApart(names: readonly string[], differences: readonly Difference[]): string[] {
  return names.map((name, i) => {
    const same = names.flatMap((other, j) => (other === name ? [j] : []));
    if (same.length === 1) return name;
    const differs = ({ values }: Difference) =>
      same.every((j) => same.every((k) => j === k || !isSame(values[j], values[k])));
    const telling = differences.find(differs);
    return telling
      ? `${name}, ${telling.path.split(".").at(-1)} ${showValue(telling.values[i])}`
      : `${name} (${same.indexOf(i) + 1})`;
  });
}

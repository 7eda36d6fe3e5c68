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

/** Settings that would tell runs apart, but that nobody thinks in. */
const isDull = (path: string) => path === "adapter" || path.endsWith("fingerprint") || path.startsWith("record.");

/** Runs of one name are told apart by a setting in which all of them differ, else by two, else by number. */
export function tellApart(names: readonly string[], differences: readonly Difference[]): string[] {
  const useful = differences.filter(({ path }) => !isDull(path));
  const pairs = useful.flatMap((a, i) => useful.slice(i + 1).map((b) => [a, b]));
  return names.map((name, i) => {
    const same = names.flatMap((other, j) => (other === name ? [j] : []));
    if (same.length === 1) return name;
    const areApart = (by: readonly Difference[]) =>
      same.every((j) => same.every((k) => j === k || by.some(({ values }) => !isSame(values[j], values[k]))));
    const telling = [...useful.map((each) => [each]), ...pairs].find(areApart);
    return telling
      ? [name, ...telling.map(({ path, values }) => `${path.split(".").at(-1)} ${showValue(values[i])}`)].join(", ")
      : `${name} (${same.indexOf(i) + 1})`;
  });
}

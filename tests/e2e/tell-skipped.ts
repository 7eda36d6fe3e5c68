// Says at the end, in a box, which tests did not run and why: a skipped test must not look like a passed one.
import type { FullConfig, Reporter, Suite, TestCase } from "@playwright/test/reporter";

const WIDTH = 100;

class TellSkipped implements Reporter {
  #suite: Suite | undefined;

  onBegin(_config: FullConfig, suite: Suite): void {
    this.#suite = suite;
  }

  onEnd(): void {
    const skipped = (this.#suite?.allTests() ?? []).filter((test) => test.outcome() === "skipped" && reasonOf(test));
    if (skipped.length === 0) return;
    const byReason = Map.groupBy(skipped, (test) => `${projectOf(test)}: ${reasonOf(test)}`);
    const lines = [...byReason].flatMap(([reason, tests]) => [
      ...wrap(`NOT RUN in ${reason}`),
      ...tests.flatMap((test) => wrap(`  ${test.title}`)),
      "",
    ]);
    const edge = "─".repeat(WIDTH + 2);
    const box = [`┌${edge}┐`, ...lines.slice(0, -1).map((line) => `│ ${line.padEnd(WIDTH)} │`), `└${edge}┘`];
    process.stdout.write(`\n${box.join("\n")}\n`);
  }

  printsToStdio(): boolean {
    return false;
  }
}

const projectOf = (test: TestCase): string => test.parent.project()?.name ?? "";

const reasonOf = (test: TestCase): string | undefined =>
  [...test.annotations, ...test.results.flatMap(({ annotations }) => annotations)].find(
    ({ type }) => type === "skip" || type === "fixme",
  )?.description ?? (test.expectedStatus === "skipped" ? "no reason is given" : undefined);

function wrap(text: string): string[] {
  const lines: string[] = [];
  for (const word of text.split(/(?<=\s)/)) {
    if (lines.length === 0 || (lines.at(-1) + word).trimEnd().length > WIDTH) lines.push(word);
    else lines[lines.length - 1] += word;
  }
  return lines.map((line) => line.trimEnd());
}

export default TellSkipped;

// What happened in a run, line by line, folded away until it is wanted; its newest line is always in sight.
import { UnstyledButton } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconChevronDown, IconChevronUp } from "@tabler/icons-react";
import { formatClock, formatCount, formatPercent } from "../../stores/format.ts";
import type { LogEvent, RunState } from "../../stores/run-state.ts";
import type { Notice } from "../../stores/watch-run.ts";
import { text } from "../../text.ts";
import styles from "./run-log.module.css";

const MOST_LINES = 200;

interface Line {
  readonly key: string;
  readonly time: number;
  readonly words: string;
  readonly isWarning: boolean;
}

function toLine(event: LogEvent): Line {
  const line = (words: string, isWarning = false) => ({ key: `e${event.seq}`, time: event.time, words, isWarning });
  switch (event.type) {
    case "stage":
      return line(text.run.logStage(text.stage[event.stage], event.stage === "synthesise" ? event.steps : undefined));
    case "evaluation":
      if (event.stage === "synthesise") {
        return line(text.run.logJudged(formatCount(event.step), formatPercent(event.accuracy)));
      }
      return line(
        text.run.logEvaluation(text.run.sets[event.set], event.net, event.trial, formatPercent(event.accuracy)),
      );
    case "status":
      return line(text.run.logStatus(text.status[event.status]));
    case "warning":
      return line([event.message, event.hint].filter(Boolean).join(" "), event.code !== "ended-early");
    case "failed":
      return line([event.message, event.hint].filter(Boolean).join(" "), true);
    case "done":
      return line(text.run.logDone);
    default:
      throw event satisfies never;
  }
}

export function RunLog({ log, notices }: { readonly log: RunState["log"]; readonly notices: readonly Notice[] }) {
  const [isOpen, { toggle }] = useDisclosure(false);
  const lines = [
    ...log.slice(-MOST_LINES).map(toLine),
    ...notices.map(({ time, message }, i) => ({ key: `n${i}`, time, words: message, isWarning: true })),
  ].sort((a, b) => a.time - b.time);
  const newest = lines.at(-1);
  const warnings = lines.filter(({ isWarning }) => isWarning).length;
  const Chevron = isOpen ? IconChevronDown : IconChevronUp;
  return (
    <section className={styles.log} aria-label={text.run.log}>
      <UnstyledButton className={styles.bar} aria-expanded={isOpen} onClick={toggle}>
        <Chevron size={14} aria-hidden />
        <span className={styles.title}>{text.run.log}</span>
        {warnings > 0 && <span className={styles.warnings}>{text.run.logWarnings(warnings)}</span>}
        <span className={styles.newest}>{isOpen ? "" : (newest?.words ?? text.run.logEmpty)}</span>
      </UnstyledButton>
      {isOpen && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolled region must be reached by keys.
        <ol className={styles.lines} tabIndex={0}>
          {lines.toReversed().map(({ key, time, words, isWarning }) => (
            <li key={key} data-warning={isWarning || undefined}>
              <time className={styles.time} dateTime={new Date(time).toISOString()}>
                {formatClock(time)}
              </time>
              <span>{words}</span>
            </li>
          ))}
          {lines.length === 0 && <li>{text.run.logEmpty}</li>}
        </ol>
      )}
    </section>
  );
}

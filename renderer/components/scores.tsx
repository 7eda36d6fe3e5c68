// Accuracies of a run's sets on one line each: every trial a dot, the mean a bar with its spread; the paper's beside.
import { Popover, UnstyledButton } from "@mantine/core";
import { IconInfoCircle } from "@tabler/icons-react";
import { formatPercent, formatSpread } from "../stores/format.ts";
import type { Score } from "../stores/scores.ts";
import { text } from "../text.ts";
import styles from "./scores.module.css";

/** A published figure: fractions, and in sentences what makes it another experiment than ours. */
export interface Published {
  readonly mean: number;
  readonly std: number | undefined;
  readonly notes: readonly string[];
  readonly differences: readonly string[];
}

interface ScoresProps {
  readonly scores: readonly Score[];
  readonly published?: Published | undefined;
  readonly empty: string;
}

/** The part of 0 to 1 that the dots use, with some air, so that near values are told apart. */
function rangeOf(scores: readonly Score[], published: Published | undefined): { from: number; to: number } {
  const all = scores.flatMap(({ trials, mean, std }) => [...trials, mean - std, mean + std]);
  if (published) all.push(published.mean - (published.std ?? 0), published.mean + (published.std ?? 0));
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const air = Math.max(0.01, (high - low) * 0.15);
  return { from: Math.max(0, low - air), to: Math.min(1, high + air) };
}

export function Scores({ scores, published, empty }: ScoresProps) {
  if (scores.length === 0 && !published) return <p className={styles.empty}>{empty}</p>;
  const range = rangeOf(scores, published);
  const place = (value: number) => `${(100 * (value - range.from)) / (range.to - range.from)}%`;
  const hasNets = new Set(scores.map(({ net }) => net)).size > 1;
  return (
    <div className={styles.scores}>
      {scores.map(({ set, net, trials, mean, std }) => {
        const name = hasNets ? `${text.run.sets[set]}, ${net}` : text.run.sets[set];
        return (
          <div className={styles.row} key={`${set}${net}`} data-set={set}>
            <span className={styles.name}>{name}</span>
            <span className={styles.line} aria-hidden>
              <span
                className={styles.spread}
                style={{ left: place(mean - std), width: `calc(${place(mean + std)} - ${place(mean - std)})` }}
              />
              {trials.map((trial, i) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: trials have no name but their number.
                <span key={i} className={styles.trial} style={{ left: place(trial) }} />
              ))}
              <span className={styles.mean} style={{ left: place(mean) }} />
            </span>
            <span className={styles.value}>{formatSpread(mean, std)}</span>
          </div>
        );
      })}
      {published && (
        <div className={styles.row} data-set="paper">
          <span className={styles.name}>
            {text.run.paper}
            <Popover position="top-start" withArrow={false} shadow="sm" width={320}>
              <Popover.Target>
                <UnstyledButton className={styles.info} aria-label={text.run.paperHint} title={text.run.paperHint}>
                  <IconInfoCircle size={14} />
                </UnstyledButton>
              </Popover.Target>
              <Popover.Dropdown className={styles.notes}>
                {published.notes.map((note) => (
                  <p key={note}>{note}</p>
                ))}
                {published.differences.length > 0 && (
                  <ul>
                    {published.differences.map((each) => (
                      <li key={each}>{each}</li>
                    ))}
                  </ul>
                )}
              </Popover.Dropdown>
            </Popover>
          </span>
          <span className={styles.line} aria-hidden>
            {published.std !== undefined && (
              <span
                className={styles.whisker}
                style={{
                  left: place(published.mean - published.std),
                  width: `calc(${place(published.mean + published.std)} - ${place(published.mean - published.std)})`,
                }}
              />
            )}
            <span className={styles.published} style={{ left: place(published.mean) }} />
          </span>
          <span className={styles.value}>
            {published.std === undefined
              ? `${formatPercent(published.mean)} %`
              : formatSpread(published.mean, published.std)}
          </span>
        </div>
      )}
      <p className={styles.caption}>
        {scores.length === 0 ? empty : compareSets(scores)}
        {published && published.differences.length > 0 && ` ${text.run.paperOther(published.differences.length)}`}
      </p>
    </div>
  );
}

/** What the eye should take away, in words. */
function compareSets(scores: readonly Score[]): string {
  const ours = scores.find(({ set }) => set === "distilled");
  const random = scores.find(({ set, net }) => set === "random" && net === ours?.net);
  const trials = text.run.trials(Math.max(...scores.map((each) => each.trials.length)));
  if (!ours || !random) return `${trials}.`;
  const ahead = ours.mean - random.mean;
  const points = formatPercent(Math.abs(ahead));
  return `${ahead >= 0 ? text.scores.ahead(points) : text.scores.behind(points)}, ${trials}.`;
}

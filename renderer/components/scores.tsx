// Accuracies of a run's sets on one line each: every trial a dot, the mean a bar with its spread; the paper's beside.
import { Anchor } from "@mantine/core";
import { useState } from "react";
import { formatPercent, formatSpread } from "../stores/format.ts";
import type { PaperAgainstOurs } from "../stores/paper-against-ours.ts";
import type { Score } from "../stores/scores.ts";
import { text } from "../text.ts";
import { formatPublished, PaperDialog } from "./paper-dialog.tsx";
import styles from "./scores.module.css";

interface ScoresProps {
  readonly scores: readonly Score[];
  /** A published case of the same dataset and ipc. */
  readonly compared?: PaperAgainstOurs | undefined;
  /** Why there is none to compare with. */
  readonly noPaper?: string | undefined;
  readonly empty: string;
}

interface Published {
  readonly mean: number;
  readonly std: number;
}

/** The part of 0 to 1 that the dots use, with some air, so that near values are told apart. */
function rangeOf(scores: readonly Score[], published: Published | undefined): { from: number; to: number } {
  const all = scores.flatMap(({ trials, mean, std }) => [...trials, mean - std, mean + std]);
  if (published) all.push(published.mean - published.std, published.mean + published.std);
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const air = Math.max(0.01, (high - low) * 0.15);
  return { from: Math.max(0, low - air), to: Math.min(1, high + air) };
}

export function Scores({ scores, compared, noPaper, empty }: ScoresProps) {
  const [isOpen, setOpen] = useState(false);
  if (scores.length === 0 && !compared) {
    return (
      <p className={styles.empty}>
        {empty} {noPaper}
      </p>
    );
  }
  const { mean, std } = compared?.found.published ?? {};
  const published = mean === undefined ? undefined : { mean: mean / 100, std: (std ?? 0) / 100 };
  const range = rangeOf(scores, published);
  const place = (value: number) => `${(100 * (value - range.from)) / (range.to - range.from)}%`;
  const hasNets = new Set(scores.map(({ net }) => net)).size > 1;
  return (
    <div className={styles.scores}>
      {scores.map(({ set, net, trials, mean, std }) => {
        const name = hasNets ? `${text.run.sets[set]}, ${net}` : text.run.sets[set];
        return (
          <div className={styles.row} key={`${set}${net}`} data-set={set}>
            <span className={styles.name} title={name}>
              {name}
            </span>
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
      {compared && published && (
        <div className={styles.row} data-set="paper">
          <span className={styles.name}>{text.run.paper}</span>
          <span className={styles.line} aria-hidden>
            {published.std > 0 && (
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
            {formatPublished(compared.found.published.mean, compared.found.published.std)}
          </span>
        </div>
      )}
      <p className={styles.caption}>
        {scores.length === 0 ? empty : compareSets(scores)} {noPaper}
        {compared && (
          <>
            {compared.differences.length === 0 ? text.paper.same : text.paper.other(compared.differences.length)}{" "}
            <Anchor component="button" type="button" underline="always" inherit onClick={() => setOpen(true)}>
              {text.paper.title}
            </Anchor>
          </>
        )}
      </p>
      {compared && isOpen && <PaperDialog compared={compared} onClose={() => setOpen(false)} />}
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

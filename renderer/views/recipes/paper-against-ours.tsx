// Two dots with whiskers on one line: what the paper published and what was reached here.
import type { Case } from "../../../shared/recipe/published.ts";
import type { Score } from "../../stores/scores.ts";
import styles from "./recipes.module.css";

interface PaperAgainstOursProps {
  readonly published: Case["published"];
  readonly ours: Score;
}

const WIDTH = 120;
const MIDDLE = 10;

export function PaperAgainstOurs({ published, ours }: PaperAgainstOursProps) {
  const toX = (percent: number) => 4 + (Math.max(0, Math.min(100, percent)) / 100) * (WIDTH - 8);
  const dots = [
    { name: "paper", mean: published.mean, std: published.std ?? 0 },
    { name: "ours", mean: 100 * ours.mean, std: 100 * ours.std },
  ];
  return (
    <svg width={WIDTH} height={2 * MIDDLE} aria-hidden className={styles.dots}>
      <line x1={4} x2={WIDTH - 4} y1={MIDDLE} y2={MIDDLE} />
      {dots.map(({ name, mean, std }) => (
        <g key={name} data-of={name}>
          <line x1={toX(mean - std)} x2={toX(mean + std)} y1={MIDDLE} y2={MIDDLE} />
          <circle cx={toX(mean)} cy={MIDDLE} r={3.5} />
        </g>
      ))}
    </svg>
  );
}

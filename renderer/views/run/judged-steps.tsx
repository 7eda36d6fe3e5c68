// The accuracy of steps on held-out training images, as a line over steps with its best step marked.
import { formatCount, formatPercent } from "../../stores/format.ts";
import { findBestStep, toJudgedPoints } from "../../stores/judged.ts";
import type { Evaluation } from "../../stores/run-state.ts";
import { toSparkline } from "../../stores/sparkline.ts";
import { text } from "../../text.ts";
import styles from "./judged-steps.module.css";

const WIDTH = 240;
const HEIGHT = 36;

export function JudgedSteps({ judged }: { readonly judged: readonly Evaluation[] }) {
  const points = toJudgedPoints(judged);
  const best = findBestStep(points);
  const [first, last] = [points[0], points.at(-1)];
  if (!best || !first || !last) return null;
  const words = text.run.judgedBest(formatPercent(best.value), formatCount(best.step));
  const [from, to] = [formatPercent(first.value), formatPercent(last.value)];
  const at = (best.step - first.step) / Math.max(1, last.step - first.step);
  return (
    <figure className={styles.judged} aria-label={text.run.judgedSentence(points.length, from, to, words)}>
      <span className={styles.name}>{text.run.judged}</span>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" className={styles.line} aria-hidden>
        <path d={toSparkline(points, WIDTH, HEIGHT)} vectorEffect="non-scaling-stroke" />
        <line x1={at * WIDTH} x2={at * WIDTH} y1={0} y2={HEIGHT} vectorEffect="non-scaling-stroke" />
      </svg>
      <figcaption>{words}</figcaption>
    </figure>
  );
}

// An import that waits or runs, as the card that its dataset will be: the contact sheet fills meanwhile.
import { Button, Progress } from "@mantine/core";
import { imports } from "../../host.ts";
import { type ImportJob, nameOf } from "../../stores/imports.ts";
import { text } from "../../text.ts";
import styles from "./datasets.module.css";

const places = [0, 1, 2, 3, 4, 5, 6, 7, 8];

export function ImportCard({ job }: { readonly job: ImportJob }) {
  const { key, state, progress, pictures } = job;
  const name = nameOf(job);
  const percent = progress?.type === "progress" && progress.total > 0 ? (100 * progress.done) / progress.total : 0;
  return (
    <section className={styles.card} aria-label={text.importing.progress(name)}>
      <span className={styles.contact} aria-hidden>
        {places.map((at) => (
          <span key={at} className={styles.place}>
            {pictures[at] && <img src={pictures[at]} alt="" />}
          </span>
        ))}
      </span>
      <span className={styles.words}>
        <span className={styles.name}>{name}</span>
        <span>{describe(job)}</span>
        <span>
          {state === "running" && progress?.type === "progress"
            ? text.importing.rate(Math.round(progress.imagesPerSecond), progress.secondsLeft)
            : "\u00a0"}
        </span>
        <span className={styles.last}>
          <Progress size={4} value={percent} aria-label={text.importing.progress(name)} />
          <Button
            className={styles.cancel}
            size="compact-xs"
            variant="default"
            aria-label={text.importing.cancelOf(name)}
            onClick={() => imports.cancel(key)}
          >
            {text.cancel}
          </Button>
        </span>
      </span>
    </section>
  );
}

function describe({ state, progress }: ImportJob): string {
  if (state === "waiting") return text.importing.waiting;
  if (!progress) return text.importing.starting;
  const { done, total } = progress;
  return progress.type === "scan" ? text.importing.scanning(done, total) : text.importing.storing(done, total);
}

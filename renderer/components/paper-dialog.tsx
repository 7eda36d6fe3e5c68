// Paper against ours: the published figure beside what a run measured, and every setting in which the two differ.
import { Anchor, Modal } from "@mantine/core";
import { formatSpread } from "../stores/format.ts";
import type { PaperAgainstOurs } from "../stores/paper-against-ours.ts";
import { showValue } from "../stores/tree.ts";
import { text } from "../text.ts";
import styles from "./paper-dialog.module.css";

interface PaperDialogProps {
  readonly compared: PaperAgainstOurs;
  readonly onClose: () => void;
}

export function PaperDialog({ compared, onClose }: PaperDialogProps) {
  const { seed, found, run, ours, differences, leftOut } = compared;
  const { authors, title, venue, year, url } = seed.paper;
  const { mean, std, source } = found.published;
  return (
    <Modal opened onClose={onClose} title={text.paper.title} size={720} closeButtonProps={{ "aria-label": text.close }}>
      <div className={styles.body}>
        <p>
          {authors}:{" "}
          <Anchor href={url} target="_blank" rel="noreferrer" underline="always" inherit>
            {title}
          </Anchor>
          , {venue} {year}. {text.paper.source(source)}
        </p>
        <table className={`small-table ${styles.table}`}>
          <thead>
            <tr>
              <td />
              <th scope="col">{text.paper.paper}</th>
              <th scope="col">{run.name}</th>
            </tr>
          </thead>
          <tbody>
            <tr className={styles.accuracy}>
              <th scope="row">{text.paper.accuracy(found.net)}</th>
              <td>{formatPublished(mean, std)}</td>
              <td>
                {ours ? text.paper.ours(formatSpread(ours.mean, ours.std), ours.trials.length) : text.paper.notMeasured}
              </td>
            </tr>
            {differences.map(({ path, paper, ours: own }) => (
              <tr key={path}>
                <th scope="row">{path}</th>
                <td>{showValue(paper)}</td>
                <td>{showValue(own)}</td>
              </tr>
            ))}
          </tbody>
        </table>
        {leftOut.map((sentence) => (
          <p key={sentence}>{sentence}</p>
        ))}
        <p className={styles.quiet}>
          {differences.length === 0 ? text.paper.same : text.paper.other(differences.length)}{" "}
          {text.paper.settings(seed.source)}
        </p>
      </div>
    </Modal>
  );
}

/** Percent, as the papers have it. */
export const formatPublished = (mean: number, std: number | undefined): string =>
  `${mean.toFixed(1)}${std === undefined ? "" : ` ± ${std.toFixed(1)}`} %`;

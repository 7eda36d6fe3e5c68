// The classes with their counts as bars; choosing one shows its pictures alone.
import { ClassBar } from "../../components/class-bar.tsx";
import { Panel } from "../../components/panel.tsx";
import type { Dataset } from "../../stores/dataset.ts";
import { formatCount } from "../../stores/format.ts";
import { text } from "../../text.ts";
import styles from "./class-list.module.css";

interface ClassListProps {
  readonly dataset: Dataset;
  readonly only: number | undefined;
  readonly onChoose: (index: number | undefined) => void;
}

export function ClassList({ dataset: { classes }, only, onChoose }: ClassListProps) {
  const most = Math.max(...classes.map(({ train, test }) => train + test));
  return (
    <Panel title={text.datasets.classes} tools={text.datasets.legend}>
      <ul className={styles.classes}>
        {classes.map((each, index) => (
          <li key={each.name}>
            <button
              type="button"
              className={styles.class}
              aria-pressed={only === index}
              title={text.datasets.countsOf(each.train, each.test)}
              onClick={() => onChoose(only === index ? undefined : index)}
            >
              <span className={styles.className}>{each.name}</span>
              <ClassBar of={each} most={most} />
              <span className={styles.count}>{formatCount(each.train + each.test)}</span>
            </button>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

// How many pictures a class has, beside the largest class: training solid, testing lighter.
import styles from "./class-bar.module.css";

interface ClassBarProps {
  readonly of: { readonly train: number; readonly test: number };
  readonly most: number;
}

export function ClassBar({ of: { train, test }, most }: ClassBarProps) {
  return (
    <span className={styles.bar} aria-hidden>
      <span style={{ width: `${(100 * train) / most}%` }} />
      <span className={styles.test} style={{ width: `${(100 * test) / most}%` }} />
    </span>
  );
}

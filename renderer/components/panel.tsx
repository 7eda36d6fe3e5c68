// A titled panel with its tools at the right: the one surface that views are made of.
import type { ReactNode } from "react";
import styles from "./panel.module.css";

interface PanelProps {
  readonly title: string;
  readonly tools?: ReactNode;
  readonly children: ReactNode;
  /** Fills the height that is there, its body scrolling or clipped. */
  readonly fill?: boolean;
  readonly flush?: boolean;
}

export function Panel({ title, tools, children, fill = false, flush = false }: PanelProps) {
  return (
    <section className={styles.panel} data-fill={fill || undefined} aria-label={title}>
      <header className={styles.header}>
        <h2 className={styles.title}>{title}</h2>
        {tools && <div className={styles.tools}>{tools}</div>}
      </header>
      <div className={styles.body} data-flush={flush || undefined}>
        {children}
      </div>
    </section>
  );
}

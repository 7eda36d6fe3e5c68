// What a place is for while it is empty, and the first step.
import type { Icon } from "@tabler/icons-react";
import type { ReactNode } from "react";
import styles from "./empty-state.module.css";

interface EmptyStateProps {
  readonly icon: Icon;
  readonly title: string;
  readonly message: string;
  readonly children?: ReactNode;
}

export function EmptyState({ icon: Picture, title, message, children }: EmptyStateProps) {
  return (
    <div className={styles.empty}>
      <Picture size={32} stroke={1.25} className={styles.icon} aria-hidden />
      <h2 className={styles.title}>{title}</h2>
      <p className={styles.message}>{message}</p>
      {children && <div className={styles.actions}>{children}</div>}
    </div>
  );
}

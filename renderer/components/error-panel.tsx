// What happened, to what, and the way out; details fold out, and all of it can be copied.
import { Button } from "@mantine/core";
import { useClipboard } from "@mantine/hooks";
import { IconAlertTriangle, IconInfoCircle } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { describeError, UserError } from "../../shared/lib/user-error.ts";
import { text } from "../text.ts";
import styles from "./error-panel.module.css";

interface ErrorPanelProps {
  readonly error: unknown;
  /** Something to know, which stops nobody. */
  readonly isNotice?: boolean;
  readonly children?: ReactNode;
}

interface Told {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}

/** Failures of the host and of a run's events have the same three fields as a UserError. */
function toTold(error: unknown): Told {
  const { code, message, hint } = (error ?? {}) as Partial<Told>;
  if (typeof message !== "string") return { code: "", message: describeError(error), hint: "" };
  return { code: code ?? "", message, hint: hint ?? "" };
}

function listDetails(error: unknown): string[] {
  const problems = error instanceof UserError ? (error.problems ?? []) : [];
  const cause = error instanceof Error && error.cause !== undefined ? [describeError(error.cause)] : [];
  return [...problems.map(({ path, message }) => `${path}: ${message}`), ...cause];
}

export function ErrorPanel({ error, isNotice = false, children }: ErrorPanelProps) {
  const clipboard = useClipboard({ timeout: 2000 });
  const { code, message, hint } = toTold(error);
  const Picture = isNotice ? IconInfoCircle : IconAlertTriangle;
  const details = listDetails(error);
  const whole = [message, hint, code && `(${code})`, ...details].filter(Boolean).join("\n");
  return (
    <div className={styles.panel} data-notice={isNotice || undefined} role={isNotice ? "note" : "alert"}>
      <Picture size={18} className={styles.icon} aria-hidden />
      <div className={styles.words}>
        <p className={styles.message}>{message}</p>
        {hint && <p>{hint}</p>}
        {details.length > 0 && (
          <details className={styles.details}>
            <summary>{text.error.details}</summary>
            {details.map((each) => (
              <p key={each}>{each}</p>
            ))}
          </details>
        )}
        <div className={styles.actions}>
          {children}
          <Button variant="subtle" color="gray" size="compact-xs" onClick={() => clipboard.copy(whole)}>
            {clipboard.copied ? text.copied : text.error.copy}
          </Button>
        </div>
      </div>
    </div>
  );
}

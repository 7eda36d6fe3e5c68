// What an import does before it can be decided on: finding, sending and looking through, or why that failed.
import { Button, Progress } from "@mantine/core";
import { ErrorPanel } from "../components/error-panel.tsx";
import { useFocus } from "../hooks/use-focus.ts";
import type { DraftState } from "../stores/import-draft.ts";
import { text } from "../text.ts";
import { offerAnother } from "../ui.ts";
import styles from "./import-dialog.module.css";

interface DraftProgressProps {
  readonly name: string;
  readonly state: Exclude<DraftState, { phase: "ready" }>;
  readonly onCancel: () => void;
}

export function DraftProgress({ name, state, onCancel }: DraftProgressProps) {
  if (state.phase === "failed") return <Failure error={state.error} onClose={onCancel} />;
  return <Working name={name} state={state} onCancel={onCancel} />;
}

function Failure({ error, onClose }: { readonly error: unknown; readonly onClose: () => void }) {
  const first = useFocus<HTMLButtonElement>();
  return (
    <div className={styles.stage} data-short>
      <ErrorPanel error={error} />
      <div className={styles.actions}>
        <Button variant="default" onClick={onClose}>
          {text.close}
        </Button>
        <Button ref={first} onClick={offerAnother}>
          {text.importing.another}
        </Button>
      </div>
    </div>
  );
}

type WorkingState = Exclude<DraftState, { phase: "ready" | "failed" }>;

interface WorkingProps extends DraftProgressProps {
  readonly state: WorkingState;
}

function Working({ name, state, onCancel }: WorkingProps) {
  const cancel = useFocus<HTMLButtonElement>();
  const { words, detail, percent } = describe(state);
  return (
    <div className={styles.stage}>
      <p>{text.importing.lookingAt(name)}</p>
      <Progress size={4} value={percent} aria-label={words} />
      <div role="status">
        <p>{words}</p>
        <p className={styles.quiet}>{detail || "\u00a0"}</p>
      </div>
      <div className={styles.actions}>
        <Button ref={cancel} variant="default" onClick={onCancel}>
          {text.cancel}
        </Button>
      </div>
    </div>
  );
}

function describe(state: WorkingState) {
  switch (state.phase) {
    case "listing":
      return { words: text.importing.listing(state.found), detail: "", percent: 0 };
    case "sending": {
      const { files, ofFiles, bytes, ofBytes, bytesPerSecond, secondsLeft } = state.progress;
      return {
        words: text.importing.sending(files, ofFiles),
        detail: text.importing.sent(bytes, ofBytes, bytesPerSecond, secondsLeft),
        percent: ofBytes > 0 ? (100 * bytes) / ofBytes : 0,
      };
    }
    case "scanning": {
      const { done, total } = state;
      return { words: text.importing.scanning(done, total), detail: "", percent: total > 0 ? (100 * done) / total : 0 };
    }
    default:
      return state satisfies never;
  }
}

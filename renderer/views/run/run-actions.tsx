// What can be done with a run: start, pause, resume, end the distillation, export. Every button keeps its place.
import { Button, Tooltip } from "@mantine/core";
import { IconPackageExport, IconPlayerPause, IconPlayerPlay, IconPlayerStop, IconX } from "@tabler/icons-react";
import { useState } from "react";
import type { RunRecord } from "../../../shared/api/runs.ts";
import { Confirm } from "../../components/confirm.tsx";
import type { Place } from "../../stores/compute-places.ts";
import { formatCount } from "../../stores/format.ts";
import { text } from "../../text.ts";
import { ResumeOn } from "./resume-on.tsx";
import styles from "./run.module.css";

/** What a person has asked for, until the run has done it. */
export type Wish = "pause" | "finish" | undefined;

interface RunActionsProps {
  readonly record: RunRecord | undefined;
  readonly state: "unknown" | "new" | "waiting" | "running" | "resumable" | "done";
  /** Going on may fail again, so that it is offered without emphasis. */
  readonly isFailed: boolean;
  readonly wish: Wish;
  readonly isBusy: boolean;
  /** Whether the distillation goes on, so that it can be ended. */
  readonly isDistilling: boolean;
  readonly hasImages: boolean;
  readonly evaluates: boolean;
  readonly last: number;
  readonly total: number;
  /** Without a place where the run goes by itself. */
  readonly onStart: (place?: Place) => void;
  readonly onPause: () => void;
  readonly onFinish: (() => Promise<unknown>) | undefined;
  readonly onExport: () => void;
}

export function RunActions(props: RunActionsProps) {
  const { record, state, isFailed, wish, isBusy, isDistilling, hasImages, evaluates, last, total } = props;
  const { onStart, onPause, onFinish, onExport } = props;
  const [isAsking, setAsking] = useState(false);
  const isActive = state === "running" || state === "waiting";
  const canStop = isDistilling && hasImages && (state === "running" || state === "resumable") && wish === undefined;
  const words = [formatCount(last), formatCount(total)] as const;
  return (
    <>
      <Tooltip label={text.run.exportHint} disabled={hasImages}>
        <Button
          variant={state === "done" ? "filled" : "default"}
          leftSection={<IconPackageExport size={14} />}
          disabled={!hasImages}
          onClick={onExport}
        >
          {text.run.export}
        </Button>
      </Tooltip>
      {state !== "done" && onFinish && (
        <Tooltip label={isDistilling ? text.run.stopHint : text.run.stopLate}>
          <Button
            variant="default"
            className={styles.action}
            leftSection={<IconPlayerStop size={14} />}
            disabled={!canStop}
            loading={wish === "finish" && state === "running" && isDistilling}
            onClick={() => setAsking(true)}
          >
            {text.run.stop}
          </Button>
        </Tooltip>
      )}
      {isActive && (
        <Button
          variant="default"
          className={styles.action}
          leftSection={state === "waiting" ? <IconX size={14} /> : <IconPlayerPause size={14} />}
          disabled={isBusy || wish !== undefined}
          onClick={onPause}
        >
          {state === "waiting" ? text.run.unqueue : wish === "pause" ? text.run.pausing : text.run.pause}
        </Button>
      )}
      {(state === "new" || state === "resumable") && (
        <Button.Group>
          <Button
            variant={isFailed ? "default" : "filled"}
            className={styles.action}
            leftSection={<IconPlayerPlay size={14} />}
            loading={isBusy}
            onClick={() => onStart()}
          >
            {state === "new" ? text.run.start : text.run.resume}
          </Button>
          {record && <ResumeOn record={record} isEmphasised={!isFailed} isDisabled={isBusy} onChoose={onStart} />}
        </Button.Group>
      )}
      {isAsking && onFinish && (
        <Confirm
          title={text.run.stopTitle(words[0])}
          message={evaluates ? text.run.stopMessage(...words) : text.run.stopMessagePlain(...words)}
          action={evaluates ? text.run.stopAction : text.run.stopActionPlain}
          onConfirm={onFinish}
          onClose={() => setAsking(false)}
        />
      )}
    </>
  );
}

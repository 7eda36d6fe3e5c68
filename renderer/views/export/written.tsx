// What an export has written, and the ways to it.
import { Button } from "@mantine/core";
import { useClipboard } from "@mantine/hooks";
import { IconCircleCheck } from "@tabler/icons-react";
import type { ExportResult } from "../../../shared/api/runs.ts";
import { shell } from "../../host.ts";
import { formatBytes } from "../../stores/format.ts";
import { text } from "../../text.ts";
import styles from "./export.module.css";

interface WrittenProps {
  readonly result: ExportResult;
  readonly hasPictures: boolean;
}

export function Written({ result, hasPictures }: WrittenProps) {
  const clipboard = useClipboard({ timeout: 2000 });
  return (
    <div className={styles.result} role="status">
      <p className={styles.done}>
        <IconCircleCheck size={16} aria-hidden />
        {text.export.written}, {formatBytes(result.tree.bytes)}
      </p>
      <p className={styles.path}>{result.dir}</p>
      {hasPictures && <p className={styles.quiet}>{text.export.clipped(result.clipped)}</p>}
      <div className={styles.actions}>
        {shell && (
          <Button size="compact-xs" variant="default" onClick={() => shell?.reveal(result.dir)}>
            {text.export.reveal}
          </Button>
        )}
        <Button size="compact-xs" variant="default" onClick={() => clipboard.copy(result.dir)}>
          {clipboard.copied ? text.copied : text.export.copyPath}
        </Button>
      </div>
    </div>
  );
}

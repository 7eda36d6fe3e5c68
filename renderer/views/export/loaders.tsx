// The program that loads the exported set, for each format, to copy.
import { Button, SegmentedControl } from "@mantine/core";
import { useClipboard } from "@mantine/hooks";
import { useState } from "react";
import type { ExportPlan } from "../../../shared/api/runs.ts";
import { Panel } from "../../components/panel.tsx";
import { text } from "../../text.ts";
import styles from "./export.module.css";

export function Loaders({ loaders }: { readonly loaders: ExportPlan["loaders"] }) {
  const [wanted, setWanted] = useState<string>();
  const clipboard = useClipboard({ timeout: 2000 });
  const shown = loaders.find(({ format }) => format === wanted) ?? loaders[0];
  return (
    <Panel
      title={text.export.loader}
      fill
      tools={
        <>
          {loaders.length > 1 && (
            <SegmentedControl
              aria-label={text.export.loaderFormat}
              data={loaders.map(({ format }) => ({ value: format, label: format }))}
              value={shown.format}
              onChange={setWanted}
            />
          )}
          <Button size="compact-xs" variant="default" onClick={() => clipboard.copy(shown.python)}>
            {clipboard.copied ? text.copied : text.export.copy}
          </Button>
        </>
      }
    >
      <p className={styles.quiet}>{text.export.loaderHint}</p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolled region must be reached by keys. */}
      <pre className={styles.code} tabIndex={0}>
        {shown.python}
      </pre>
    </Panel>
  );
}

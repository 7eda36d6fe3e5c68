// Folders in the store that cannot be read as runs, each with the reason and a way to be rid of it.
import { ActionIcon, Tooltip } from "@mantine/core";
import { IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import type { RunList } from "../../../shared/api/runs.ts";
import { Confirm } from "../../components/confirm.tsx";
import { Panel } from "../../components/panel.tsx";
import { client, refreshRuns } from "../../host.ts";
import { text } from "../../text.ts";
import styles from "./runs.module.css";

type Broken = RunList["broken"][number];

export function BrokenRuns({ broken }: { readonly broken: readonly Broken[] }) {
  const [toDelete, setToDelete] = useState<Broken>();
  return (
    <Panel title={text.runs.broken} flush>
      <ul className={styles.broken}>
        {broken.map((each) => (
          <li key={each.id}>
            <span className={styles.brokenName}>{each.id}</span>
            <span className={styles.brokenReason}>{each.reason}</span>
            <Tooltip label={text.runs.brokenRow(each.id)}>
              <ActionIcon size={24} aria-label={text.runs.brokenRow(each.id)} onClick={() => setToDelete(each)}>
                <IconTrash size={14} />
              </ActionIcon>
            </Tooltip>
          </li>
        ))}
      </ul>
      {toDelete && (
        <Confirm
          title={text.runs.deleteTitle([toDelete.id])}
          message={`${toDelete.path}\n\n${text.runs.deleteBroken}`}
          action={text.delete}
          onClose={() => setToDelete(undefined)}
          onConfirm={async () => {
            await client.runs.delete(toDelete.id);
            await refreshRuns();
          }}
        />
      )}
    </Panel>
  );
}

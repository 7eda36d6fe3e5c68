// Another name for a run; its id and folder stay.
import { Button, Modal, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import styles from "../../components/dialog.module.css";
import { ErrorPanel } from "../../components/error-panel.tsx";
import { useTask } from "../../hooks/use-task.ts";
import { client, refreshRuns } from "../../host.ts";
import type { RunRow } from "../../stores/run-rows.ts";
import { text } from "../../text.ts";

export function RenameRun({ row, onClose }: { readonly row: RunRow; readonly onClose: () => void }) {
  const [name, setName] = useState(row.name);
  const task = useTask();
  const wanted = name.trim();
  const rename = (event: FormEvent) => {
    event.preventDefault();
    if (wanted === "") return;
    void task.run(async () => {
      await client.runs.update(row.id, { name: wanted });
      await refreshRuns();
      onClose();
    });
  };
  return (
    <Modal
      opened
      onClose={onClose}
      title={text.runs.renameTitle(row.name)}
      size={440}
      closeButtonProps={{ "aria-label": text.close }}
    >
      <form className={styles.body} onSubmit={rename}>
        <TextInput
          data-autofocus
          aria-label={text.runs.name}
          maxLength={120}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          onFocus={(event) => event.currentTarget.select()}
        />
        {task.error !== undefined && <ErrorPanel error={task.error} />}
        <div className={styles.actions}>
          <Button variant="default" onClick={onClose}>
            {text.cancel}
          </Button>
          <Button type="submit" loading={task.isBusy} disabled={wanted === ""}>
            {text.runs.renameAction}
          </Button>
        </div>
      </form>
    </Modal>
  );
}

// Asks for another name of a dataset.
import { Button, Modal, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import styles from "../../components/dialog.module.css";
import { ErrorPanel } from "../../components/error-panel.tsx";
import { useTask } from "../../hooks/use-task.ts";
import { client, datasets } from "../../host.ts";
import type { Dataset } from "../../stores/dataset.ts";
import { text } from "../../text.ts";

interface RenameDatasetProps {
  readonly dataset: Dataset;
  readonly onClose: () => void;
}

export function RenameDataset({ dataset, onClose }: RenameDatasetProps) {
  const [name, setName] = useState(dataset.name);
  const task = useTask();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    task.run(async () => {
      await client.datasets.rename(dataset.id, name.trim());
      await datasets.refresh();
      onClose();
    });
  };
  return (
    <Modal opened onClose={onClose} title={text.datasets.renameTitle} closeButtonProps={{ "aria-label": text.close }}>
      <form className={styles.body} onSubmit={submit}>
        <TextInput
          label={text.importing.name}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          onFocus={(event) => event.currentTarget.select()}
          data-autofocus
          maxLength={200}
        />
        {task.error !== undefined && <ErrorPanel error={task.error} />}
        <div className={styles.actions}>
          <Button variant="default" onClick={onClose}>
            {text.cancel}
          </Button>
          <Button type="submit" loading={task.isBusy} disabled={name.trim() === ""}>
            {text.datasets.rename}
          </Button>
        </div>
      </form>
    </Modal>
  );
}

// Asks once before something goes for good, naming what goes.
import { Button, Modal } from "@mantine/core";
import { useTask } from "../hooks/use-task.ts";
import { text } from "../text.ts";
import styles from "./dialog.module.css";
import { ErrorPanel } from "./error-panel.tsx";

interface ConfirmProps {
  readonly title: string;
  readonly message: string;
  readonly action: string;
  readonly onConfirm: () => Promise<unknown>;
  readonly onClose: () => void;
}

export function Confirm({ title, message, action, onConfirm, onClose }: ConfirmProps) {
  const task = useTask();
  const confirm = () =>
    task.run(async () => {
      await onConfirm();
      onClose();
    });
  return (
    <Modal opened onClose={onClose} title={title} size={440} closeButtonProps={{ "aria-label": text.close }}>
      <div className={styles.body}>
        <p>{message}</p>
        {task.error !== undefined && <ErrorPanel error={task.error} />}
        <div className={styles.actions}>
          <Button variant="default" onClick={onClose} data-autofocus>
            {text.cancel}
          </Button>
          <Button color="bad" loading={task.isBusy} onClick={confirm}>
            {action}
          </Button>
        </div>
      </div>
    </Modal>
  );
}

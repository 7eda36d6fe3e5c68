// The keys of all actions.
import { Modal } from "@mantine/core";
import { type Action, actions } from "../../shared/api/actions.ts";
import { text } from "../text.ts";
import { closeDialog } from "../ui.ts";
import styles from "./help-sheet.module.css";
import { Keys } from "./keys.tsx";

export function HelpSheet() {
  const withKeys = (actions as readonly Action[]).filter(({ accelerator, key }) => accelerator ?? key);
  return (
    <Modal
      opened
      onClose={closeDialog}
      title={text.help.title}
      size={560}
      closeButtonProps={{ "aria-label": text.close }}
    >
      <dl className={styles.list}>
        {withKeys.map(({ id, label, accelerator, key }) => (
          <div className={styles.row} key={id}>
            <dt>{label.replace("…", "")}</dt>
            <dd>
              {key && <Keys shortcut={key} />}
              {accelerator && <Keys shortcut={accelerator} />}
            </dd>
          </div>
        ))}
      </dl>
    </Modal>
  );
}

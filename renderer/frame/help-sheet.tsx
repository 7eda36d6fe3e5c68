// The keys of all actions.
import { Modal } from "@mantine/core";
import { useStore } from "zustand";
import { type Action, actions } from "../../shared/api/actions.ts";
import { commands } from "../host.ts";
import { text } from "../text.ts";
import { closeDialog } from "../ui.ts";
import styles from "./help-sheet.module.css";
import { Keys } from "./keys.tsx";

export function HelpSheet() {
  const { bindings } = useStore(commands);
  // A view's own actions are bound while it is shown; the sheet tells them everywhere.
  const withKeys = (actions as readonly Action[]).filter(
    ({ id, menu, accelerator, key }) => (accelerator ?? key) && (bindings[id] || menu === "run" || id === "export"),
  );
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

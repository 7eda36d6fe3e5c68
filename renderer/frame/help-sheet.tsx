// The keys of all actions.
import { Modal } from "@mantine/core";
import { type Action, actions } from "../../shared/api/actions.ts";
import { text } from "../text.ts";
import { closeDialog } from "../ui.ts";
import styles from "./help-sheet.module.css";
import { Keys } from "./keys.tsx";

const menus = ["file", "view", "run", "help"] as const satisfies readonly Action["menu"][];

export function HelpSheet() {
  return (
    <Modal
      opened
      onClose={closeDialog}
      title={text.help.title}
      size={720}
      closeButtonProps={{ "aria-label": text.close }}
    >
      <div className={styles.groups}>
        {menus.map((menu) => (
          <section key={menu} className={styles.group}>
            <h3 className={styles.title}>{text.help.menus[menu]}</h3>
            <dl>
              {(actions as readonly Action[])
                .filter((action) => action.menu === menu && (action.accelerator ?? action.key))
                .map(({ id, label, accelerator, key }) => (
                  <Row key={id} label={label.replace("…", "")} keys={[key, accelerator]} />
                ))}
            </dl>
          </section>
        ))}
        <section className={styles.group}>
          <h3 className={styles.title}>{text.help.table}</h3>
          <dl>
            {text.help.tableKeys.map(([keys, label]) => (
              <Row key={keys} label={label} keys={[keys]} />
            ))}
          </dl>
        </section>
      </div>
      <p className={styles.note}>{text.help.note}</p>
    </Modal>
  );
}

interface RowProps {
  readonly label: string;
  readonly keys: readonly (string | undefined)[];
}

function Row({ label, keys }: RowProps) {
  return (
    <div className={styles.row}>
      <dt>{label}</dt>
      <dd>{keys.map((each) => each && <Keys key={each} shortcut={each} />)}</dd>
    </div>
  );
}

// The title bar: where one is, and the ways to commands and help.
import { ActionIcon, Tooltip, UnstyledButton } from "@mantine/core";
import { IconHelp, IconSearch } from "@tabler/icons-react";
import { Fragment } from "react";
import { useStore } from "zustand";
import { text } from "../text.ts";
import { openDialog, title } from "../ui.ts";
import { Keys } from "./keys.tsx";
import styles from "./title-bar.module.css";

export function TitleBar() {
  const { crumbs } = useStore(title);
  return (
    <header className={styles.bar}>
      <h1 className={styles.crumbs}>
        {crumbs.map(({ label, href }, i) => (
          <Fragment key={`${label}/${href ?? ""}`}>
            {i > 0 && <span className={styles.slash}>/</span>}
            {href && i < crumbs.length - 1 ? (
              <a href={href}>{label}</a>
            ) : (
              <span className={i === crumbs.length - 1 ? styles.here : undefined}>{label}</span>
            )}
          </Fragment>
        ))}
      </h1>
      <UnstyledButton className={styles.palette} onClick={() => openDialog({ kind: "palette" })}>
        <IconSearch size={14} aria-hidden />
        <span>{text.titleBar.palette}</span>
        <Keys shortcut="CmdOrCtrl+K" />
      </UnstyledButton>
      <Tooltip label={text.titleBar.help}>
        <ActionIcon aria-label={text.titleBar.help} onClick={() => openDialog({ kind: "help" })}>
          <IconHelp size={18} stroke={1.5} />
        </ActionIcon>
      </Tooltip>
    </header>
  );
}

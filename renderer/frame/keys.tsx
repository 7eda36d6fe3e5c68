// A shortcut as keys.
import { Kbd } from "@mantine/core";
import { isMac } from "../host.ts";
import { showKeys } from "../stores/keys.ts";
import styles from "./keys.module.css";

export function Keys({ shortcut }: { readonly shortcut: string }) {
  return (
    <span className={styles.keys}>
      {showKeys(shortcut, isMac).map((key) => (
        <Kbd key={key} size="xs">
          {key}
        </Kbd>
      ))}
    </span>
  );
}

// Where the store lies, and how much of the disk it takes.
import { Button } from "@mantine/core";
import { useClipboard } from "@mantine/hooks";
import { Panel } from "../../components/panel.tsx";
import { useRemote } from "../../hooks/use-remote.ts";
import { app, shell, storeUsage } from "../../host.ts";
import { formatBytes } from "../../stores/format.ts";
import { toHash } from "../../stores/route.ts";
import { text } from "../../text.ts";
import styles from "./settings.module.css";

export function Storage() {
  const path = useRemote(app).value?.storePath ?? "";
  const usage = useRemote(storeUsage).value;
  const clipboard = useClipboard({ timeout: 2000 });
  return (
    <Panel title={text.settings.storage}>
      <dl className={styles.facts}>
        <dt>{text.settings.store}</dt>
        <dd>{path}</dd>
        <dt>{text.settings.used}</dt>
        <dd>{usage ? formatBytes(usage.parts.reduce((sum, { bytes }) => sum + bytes, 0)) : text.loading}</dd>
        <dt>{text.settings.free}</dt>
        <dd>{usage ? formatBytes(usage.freeBytes) : text.loading}</dd>
      </dl>
      <p className={styles.quiet}>{text.settings.storeHint}</p>
      <div className={styles.actions}>
        <Button variant="default" component="a" href={toHash(["artifacts"])}>
          {text.settings.details}
        </Button>
        <Button variant="default" onClick={() => clipboard.copy(path)}>
          {clipboard.copied ? text.copied : text.settings.copyPath}
        </Button>
        {shell && (
          <Button variant="default" onClick={() => shell?.reveal(path)}>
            {text.settings.reveal}
          </Button>
        )}
      </div>
    </Panel>
  );
}

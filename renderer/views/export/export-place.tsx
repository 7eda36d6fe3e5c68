// Where an export goes: the path, what lies there already, and whether there is room.
import { Button, TextInput } from "@mantine/core";
import type { ExportPlan } from "../../../shared/api/runs.ts";
import { shell } from "../../host.ts";
import { formatBytes } from "../../stores/format.ts";
import { text } from "../../text.ts";
import styles from "./export.module.css";

interface ExportPlaceProps {
  readonly dir: string;
  readonly plan: ExportPlan | undefined;
  readonly isBusy: boolean;
  readonly onChange: (dir: string) => void;
}

export function ExportPlace({ dir, plan, isBusy, onChange }: ExportPlaceProps) {
  const place = plan?.place;
  const instead = place?.instead;
  const choose = async () => {
    const folder = await shell?.chooseExportFolder();
    if (folder) onChange(folder);
  };
  const hasRoom = !plan || !place || place.freeBytes > plan.tree.bytes;
  return (
    <>
      <div className={styles.place}>
        <TextInput
          label={text.export.placeLabel}
          description={text.export.placeHint}
          placeholder={plan?.dir}
          value={dir}
          disabled={isBusy}
          error={place?.kind === "occupied"}
          onChange={(event) => onChange(event.currentTarget.value)}
          spellCheck={false}
          className={styles.grow}
        />
        {shell && (
          <Button variant="default" disabled={isBusy} onClick={choose}>
            {text.export.choose}
          </Button>
        )}
      </div>
      <div className={styles.state} role="status">
        {place?.kind === "occupied" ? (
          <>
            <p className={styles.problem}>{place.reason}</p>
            {instead && (
              <Button size="compact-xs" variant="default" onClick={() => onChange(instead)}>
                {text.export.newFolder(instead.split(/[\\/]/).at(-1) ?? "")}
              </Button>
            )}
          </>
        ) : (
          <p className={hasRoom ? styles.quiet : styles.problem}>
            {place &&
              `${text.export.kinds[place.kind]} ${
                hasRoom
                  ? text.export.free(formatBytes(place.freeBytes))
                  : text.export.noRoom(formatBytes(place.freeBytes))
              }`}
          </p>
        )}
      </div>
    </>
  );
}

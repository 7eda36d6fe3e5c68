// Where the images begin: drawn, chosen, noise, or the set of an earlier run or of a file.
import { Select, TextInput } from "@mantine/core";
import type { EarlierSet } from "../../../shared/api/datasets.ts";
import { SetPicture } from "../../components/set-picture.tsx";
import { client } from "../../host.ts";
import { formatCount } from "../../stores/format.ts";
import { isSame, type Json, readPath, showValue } from "../../stores/tree.ts";
import { text } from "../../text.ts";
import styles from "./new-run.module.css";

/** What a new run on the chosen dataset may begin with. */
export interface Beginnings {
  readonly sets: readonly EarlierSet[];
  readonly classes: number;
  /** Of the new run: only sets with as many images fit. */
  readonly ipc: number;
}

interface StartFieldProps {
  readonly label: string;
  readonly description: string;
  readonly error: boolean;
  readonly value: Json;
  readonly options: readonly Json[];
  readonly beginnings: Beginnings;
  readonly onChange: (value: Json) => void;
}

const FILE = "file";
const toKey = (value: Json) => JSON.stringify(value);

export function StartField({ value, options, beginnings, onChange, ...common }: StartFieldProps) {
  const { sets, classes, ipc } = beginnings;
  const name = readPath(value, "set");
  const known = sets.find(({ id }) => id === name);
  const isFile = typeof name === "string" && !known;
  const groups = [
    { group: text.newRun.start.fresh, items: options.map((each) => ({ value: toKey(each), label: showValue(each) })) },
    {
      group: text.newRun.start.earlier,
      items: [
        // Those that fit come first; the others say why they do not.
        ...[...sets]
          .sort((a, b) => Number(b.ipc === ipc) - Number(a.ipc === ipc))
          .map((set) => ({ value: toKey({ set: set.id }), label: set.name, disabled: set.ipc !== ipc })),
        { value: FILE, label: text.newRun.start.file },
      ],
    },
  ];
  const ofKey = (key: string) => sets.find(({ id }) => isSame({ set: id }, key === FILE ? undefined : JSON.parse(key)));
  return (
    <>
      <Select
        {...common}
        data={groups}
        value={isFile ? FILE : toKey(value)}
        onChange={(key) => key !== null && onChange(key === FILE ? { set: "" } : JSON.parse(key))}
        allowDeselect={false}
        maxDropdownHeight={320}
        comboboxProps={{ width: 320, position: "bottom-start", shadow: "sm" }}
        renderOption={({ option }) => {
          const set = ofKey(option.value);
          return set ? <SetOption set={set} classes={classes} ipc={ipc} /> : option.label;
        }}
      />
      {isFile && (
        <TextInput
          className={styles.place}
          aria-label={text.newRun.start.place}
          placeholder={text.newRun.start.place}
          value={name}
          error={common.error}
          onChange={(event) => onChange({ set: event.currentTarget.value })}
        />
      )}
    </>
  );
}

function SetOption({
  set,
  classes,
  ipc,
}: {
  readonly set: EarlierSet;
  readonly classes: number;
  readonly ipc: number;
}) {
  return (
    <span className={styles.set}>
      {set.picture && (
        <SetPicture url={client.runs.previewUrl(set.id, set.picture)} classes={classes} ipc={set.ipc} side={20} />
      )}
      <span className={styles.setWords}>
        <span>{set.name}</span>
        <span className={styles.quiet}>
          {text.newRun.start.facts(set.ipc, formatCount(set.step))}
          {set.ipc !== ipc && `: ${text.newRun.start.otherIpc(set.ipc)}`}
        </span>
      </span>
    </span>
  );
}

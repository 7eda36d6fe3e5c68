// Asks once before runs go, naming them and the disk that becomes free; those that compute are left.
import { useEffect, useState } from "react";
import { Confirm } from "../../components/confirm.tsx";
import { client, refreshRuns, runTable } from "../../host.ts";
import { formatBytes } from "../../stores/format.ts";
import { isBusy, type RunRow } from "../../stores/run-rows.ts";
import { text } from "../../text.ts";

const MAX_NAMED = 6;

interface DeleteRunsProps {
  readonly rows: readonly RunRow[];
  /** Names of files in the user's own folders that stay, after a sentence. */
  readonly onKept: (lines: readonly string[]) => void;
  readonly onClose: () => void;
}

export function DeleteRuns({ rows, onKept, onClose }: DeleteRunsProps) {
  const going = rows.filter((row) => !isBusy(row));
  const [bytes, setBytes] = useState<number>();
  const ids = going.map(({ id }) => id).join();
  useEffect(() => {
    let isWanted = true;
    const list = ids.split(",").filter(Boolean);
    Promise.all(list.map((id) => client.runs.summary(id).then(({ bytes }) => bytes))).then(
      (each) => isWanted && setBytes(each.reduce((sum, one) => sum + one, 0)),
      () => {}, // the deletion itself will tell
    );
    return () => {
      isWanted = false;
    };
  }, [ids]);

  const remove = async () => {
    for (const { id, name } of going) {
      const { kept } = await client.runs.delete(id);
      runTable.forget([id]);
      if (kept.length > 0) onKept([text.runs.kept(name), ...kept]);
    }
    await refreshRuns();
  };
  const names = going.map(({ name, seed }) => `${name}, ${text.runs.seed(seed)}`);
  const listed = [
    ...names.slice(0, MAX_NAMED),
    ...(names.length > MAX_NAMED ? [text.datasets.more(names.length - MAX_NAMED)] : []),
  ];
  const busy = rows.length - going.length;
  const message = [
    ...(names.length > 1 ? [listed.join("\n")] : []),
    text.runs.deleteMessage(bytes === undefined ? text.runs.deleteMeasuring : formatBytes(bytes)),
    ...(busy > 0 ? [text.runs.deleteBusy(busy)] : []),
  ].join("\n\n");
  return (
    <Confirm
      title={text.runs.deleteTitle(going.length === 0 ? rows.map(({ name }) => name) : names)}
      message={message}
      action={text.delete}
      onClose={onClose}
      onConfirm={remove}
    />
  );
}

// Asks once before a dataset goes: what that frees, and which runs need it.
import { useEffect, useState } from "react";
import { Confirm } from "../../components/confirm.tsx";
import { client, datasets, go } from "../../host.ts";
import type { Dataset } from "../../stores/dataset.ts";
import { formatBytes } from "../../stores/format.ts";
import { text } from "../../text.ts";
import type { RunEntries } from "./dataset-runs.tsx";

interface DeleteDatasetProps {
  readonly dataset: Dataset;
  readonly runs: RunEntries;
  readonly onClose: () => void;
}

export function DeleteDataset({ dataset: { id, name }, runs, onClose }: DeleteDatasetProps) {
  const [bytes, setBytes] = useState<number>();
  useEffect(() => {
    client.datasets.measure(id).then(setBytes, () => {}); // it can be deleted all the same
  }, [id]);
  const unfinished = runs.filter(({ record }) => record.status !== "done").map(({ record }) => record.name);
  return (
    <Confirm
      title={text.datasets.deleteTitle(name)}
      message={[
        text.datasets.deleteFrees(bytes === undefined ? "…" : formatBytes(bytes)),
        text.datasets.deleteRuns(runs.length, unfinished),
      ].join(" ")}
      action={text.delete}
      onClose={onClose}
      onConfirm={async () => {
        await client.datasets.delete(id);
        await datasets.refresh();
        go(["datasets"]);
      }}
    />
  );
}

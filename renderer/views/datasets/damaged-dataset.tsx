// A dataset that cannot be read: damaged, or written by a newer version; it can be deleted, never silently.
import { Button } from "@mantine/core";
import { useState } from "react";
import { Confirm } from "../../components/confirm.tsx";
import { ErrorPanel } from "../../components/error-panel.tsx";
import { client, datasets, go } from "../../host.ts";
import type { DamagedDataset } from "../../stores/dataset.ts";
import { formatBytes } from "../../stores/format.ts";
import { text } from "../../text.ts";

export function DamagedPanel({ dataset: { id, code, reason } }: { readonly dataset: DamagedDataset }) {
  const [bytes, setBytes] = useState<number>();
  const isNewer = code === "dataset-newer";
  const ask = async () => setBytes(await client.datasets.measure(id).catch(() => 0));
  return (
    <>
      <ErrorPanel
        isNotice={isNewer}
        error={{
          code,
          message: isNewer ? text.datasets.newer(id) : text.datasets.damaged(id),
          hint: isNewer ? text.datasets.newerHint : `${reason}\n${text.datasets.damagedHint}`,
        }}
      >
        <Button size="compact-xs" variant="default" onClick={ask}>
          {text.datasets.deleteAsk}
        </Button>
      </ErrorPanel>
      {bytes !== undefined && (
        <Confirm
          title={text.datasets.deleteTitle(id)}
          message={text.datasets.deleteDamaged(formatBytes(bytes))}
          action={text.delete}
          onClose={() => setBytes(undefined)}
          onConfirm={async () => {
            await client.datasets.delete(id);
            await datasets.refresh();
            go(["datasets"]);
          }}
        />
      )}
    </>
  );
}

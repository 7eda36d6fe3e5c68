// The dataset of a run, opened again: it must still hold the pictures that the run began with.
import type { DatasetManifest } from "../data/manifest.ts";
import { UserError } from "../lib/user-error.ts";
import type { RunRecord } from "./runs.ts";

/** Throws what `open` throws, naming the run, or UserError "other-dataset". */
export async function openRunDataset<D extends { readonly manifest: DatasetManifest }>(
  { id: runId, dataset: { id, name, fingerprint } }: Pick<RunRecord, "id" | "dataset">,
  open: (id: string) => Promise<D>,
): Promise<D> {
  const dataset = await open(id).catch((error: unknown) => {
    if (!(error instanceof UserError)) throw error;
    const message = `${error.message} The run "${runId}" needs it (${name}).`;
    throw new UserError(error.code, message, "Import it again.", { cause: error });
  });
  if (dataset.manifest.fingerprint === fingerprint) return dataset;
  throw new UserError(
    "other-dataset",
    `The stored dataset ${id} does not hold the pictures that the run "${runId}" began with.`,
    "Import the same pictures again, with the same options.",
  );
}

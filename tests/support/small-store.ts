// A store in a temporary folder with one tiny dataset, a host on it, and a client that calls the host without a socket.
import { join } from "node:path";
import { createHost, type Host } from "../../electron/host/app.ts";
import type { Compute } from "../../electron/host/compute.ts";
import { importDataset } from "../../electron/host/datasets/index.ts";
import type { Log } from "../../electron/host/log.ts";
import { openStore, type Store } from "../../electron/host/store.ts";
import { type Client, createClient } from "../../shared/api/client.ts";
import type { NewRun } from "../../shared/api/runs.ts";
import type { ImageManifest } from "../../shared/data/manifest.ts";
import { createTemporaryFolder, drawTree, writeTree } from "../tools/make-images.ts";

export interface SmallStore extends AsyncDisposable {
  readonly store: Store;
  readonly dataset: ImageManifest;
  /** A path beside the store. */
  at(...names: string[]): string;
  open(parts?: { compute?: Compute; log?: Log }): { readonly host: Host; readonly client: Client };
}

export async function createSmallStore(): Promise<SmallStore> {
  const folder = await createTemporaryFolder();
  const at = (...names: string[]) => join(folder.path, ...names);
  const counts = { "train/ant": 12, "train/bee": 12, "test/ant": 4, "test/bee": 4 };
  await writeTree(at("animals"), await drawTree(counts, { height: 8, width: 8 }));
  const store = await openStore(at("home"));
  const { manifest: dataset } = await importDataset(store, at("animals"), {});
  return {
    store,
    dataset,
    at,
    open(parts = {}) {
      const host = createHost({ store, version: "1.2.3", ...parts });
      const fetch = (async (input, init) => host.request(input as string, init)) as typeof globalThis.fetch;
      return { host, client: createClient(fetch) };
    },
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

/** Settings of the smallest real experiment, for ONNX Runtime: about a second of work. */
export const tinyChanges = {
  network: { width: 4 },
  method: { steps: 60, realBatch: 8 },
  evaluation: { trials: 1, epochs: 3 },
  record: { checkpointEverySteps: 20, previewEverySteps: 20 },
};

/** The same, too long to come to its end in a test. */
export const longChanges = { ...tinyChanges, method: { steps: 100_000, realBatch: 8 } };

/** A new run of a recipe that the host resolves. */
export async function newRunOf(client: Client, dataset: ImageManifest, changes: object): Promise<NewRun> {
  const { recipe } = await client.recipes.resolve({ recipe: "dm", dataset: dataset.id, changes: { ...changes } });
  return {
    name: "small",
    recipe,
    seed: recipe.seed,
    dataset: { id: dataset.id, name: dataset.name, fingerprint: dataset.fingerprint },
    app: { version: "1.2.3" },
    backend: "onnx",
    adapter: "",
  };
}

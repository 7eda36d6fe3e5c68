// What the dataset tests share: a store of their own, and the import as one call.

import { join } from "node:path";
import { importDataset } from "../../../electron/host/datasets/index.ts";
import { openStore, type Store } from "../../../electron/host/store.ts";
import type { ImportOptions } from "../../../shared/api/datasets.ts";
import type { ImageManifest, Problem } from "../../../shared/data/manifest.ts";
import { UserError } from "../../../shared/lib/user-error.ts";
import { createTemporaryFolder, writeTree } from "../../tools/make-images.ts";

export interface Bench extends AsyncDisposable {
  readonly store: Store;
  /** A path for test data beside the store. */
  at(name: string): string;
  /** Writes files into `name` and gives its path. */
  write(name: string, files: Record<string, string | Uint8Array>): Promise<string>;
  import(path: string, options?: ImportOptions): Promise<ImageManifest>;
}

export async function createBench(): Promise<Bench> {
  const folder = await createTemporaryFolder();
  const store = await openStore(join(folder.path, "home"));
  const at = (name: string) => join(folder.path, name);
  return {
    store,
    at,
    async write(name, files) {
      await writeTree(at(name), files);
      return at(name);
    },
    import: async (path, options) => (await importDataset(store, path, options)).manifest,
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

export function reasonFor(problems: readonly Problem[], path: string): string | undefined {
  return problems.find((each) => each.path === path)?.reason;
}

/** The UserError of a call that must fail with one. */
export async function failureOf(work: Promise<unknown>): Promise<UserError> {
  const outcome = await work.then(
    (value) => value,
    (error) => error,
  );
  if (outcome instanceof UserError) return outcome;
  throw new Error(`expected a UserError, got ${outcome instanceof Error ? outcome.stack : JSON.stringify(outcome)}`);
}

// What the parts of the store take on the disk.

import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { StoreUsage } from "../../shared/api/store.ts";
import { listArtifacts } from "./artifacts.ts";
import { listDatasets } from "./datasets/index.ts";
import { measureFiles, measureFreeBytes } from "./files.ts";
import { EXPORTS, listRuns, measureRun } from "./runs/index.ts";
import type { Store } from "./store.ts";

export async function measureStore(store: Store): Promise<StoreUsage> {
  const { runs } = await listRuns(store.home);
  const { datasets, damaged } = await listDatasets(store);
  const artifacts = await listArtifacts(store);
  const exports: StoreUsage["exports"] = [];
  let runBytes = 0;
  for (const run of runs) {
    const dir = join(run.path, EXPORTS, "set");
    const bytes = await measureFiles([dir]);
    const isThere = await stat(dir).then(
      () => true,
      () => false,
    );
    if (isThere) exports.push({ run: run.record.id, name: run.record.name, dir, bytes });
    runBytes += Math.max(0, (await measureRun(store.home, run)) - (isThere ? bytes : 0));
  }
  const sum = (list: readonly { readonly bytes: number }[]) => list.reduce((total, { bytes }) => total + bytes, 0);
  return {
    path: store.home,
    freeBytes: await measureFreeBytes(store.home),
    parts: [
      { id: "datasets", bytes: await measureFiles([store.datasets]), count: datasets.length + damaged.length },
      { id: "runs", bytes: runBytes, count: runs.length },
      { id: "exports", bytes: sum(exports), count: exports.length },
      { id: "artifacts", bytes: sum(artifacts), count: artifacts.length },
      {
        id: "scratch",
        bytes: await measureFiles((await readdir(store.scratch)).map((name) => join(store.scratch, name))),
        count: (await readdir(store.scratch)).length,
      },
    ],
    exports,
    artifacts,
  };
}

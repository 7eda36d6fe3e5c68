// The float64 results that a benchmark is compared with: computed once, and kept in the system's cache folder under the digest of
// all that they depend on.
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { computeTruth, dryRun, type Results, type Workload } from "../../shared/bench/index.ts";
import { readSafetensors, writeSafetensors } from "../../shared/formats/safetensors.ts";
import { isMissing, writeFileAtomic } from "../host/files.ts";

/** The system's folder for what can be made again, or STILLROOM_CACHE. */
export function findCache(env: NodeJS.ProcessEnv = process.env, platform: NodeJS.Platform = process.platform): string {
  if (env.STILLROOM_CACHE) return env.STILLROOM_CACHE;
  if (platform === "darwin") return join(homedir(), "Library", "Caches", "Stillroom");
  if (platform === "win32") return join(env.LOCALAPPDATA || join(homedir(), "AppData", "Local"), "Stillroom", "Cache");
  return join(env.XDG_CACHE_HOME || join(homedir(), ".cache"), "stillroom");
}

/** `onCompute` is told before a truth is computed, which may take minutes. */
export async function loadTruth(workload: Workload, onCompute: () => void): Promise<Results> {
  const hash = createHash("sha256");
  await dryRun(
    (runtime) => workload.results(runtime),
    (part) => void hash.update(part).update("\n"),
  );
  const path = join(findCache(), "truth", `${hash.digest("hex")}.safetensors`);
  try {
    const { tensors } = readSafetensors(await readFile(path), path);
    return Object.fromEntries(Object.entries(tensors).map(([name, { data }]) => [name, data as Float64Array]));
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  onCompute();
  const truth = await computeTruth(workload);
  const tensors = Object.entries(truth).map(([name, data]) => {
    const wide = Float64Array.from(data);
    return [name, { dtype: "F64", shape: [wide.length], data: wide }] as const;
  });
  await writeFileAtomic(path, writeSafetensors(Object.fromEntries(tensors)));
  return truth;
}

// A run record and a store in a temporary folder, for the tests of run folders.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { NewRun } from "../../../shared/api/runs.ts";

/** Removed when the test ends. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "stillroom-test-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export const newRun: NewRun = {
  name: "DM on Fashion, ipc 1",
  recipe: { version: 1, ipc: 2, method: { id: "dm", steps: 20 } },
  seed: 3,
  dataset: { id: "0123", name: "fashion-mnist", fingerprint: "abcd" },
  app: { version: "0.1.0" },
  backend: "onnx",
  adapter: "onnxruntime-node, 2 threads",
};

export async function toArray<T>(values: AsyncIterable<T>): Promise<T[]> {
  const out: T[] = [];
  for await (const value of values) out.push(value);
  return out;
}

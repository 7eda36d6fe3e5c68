// The images' paths in the source, in stored order: written at import, read in ranges.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { ImageManifest, SplitName } from "../../../shared/data/manifest.ts";
import { writeFileDurable } from "../files.ts";

const FILE = "names.json";
const storedNames = z.object({ train: z.array(z.string()), test: z.array(z.string()) });

export class NamesWriter {
  readonly #names: Record<SplitName, string[]> = { train: [], test: [] };
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  add(split: SplitName, path: string): void {
    this.#names[split].push(path);
  }

  /** The file's name, for the manifest. */
  async finish(): Promise<string> {
    await writeFileDurable(join(this.#folder, FILE), JSON.stringify(this.#names));
    return FILE;
  }
}

/** Names of images `from` (included) to `to` (not). None where the dataset has none: they are a help, not the data. */
export async function readNames(
  { names }: ImageManifest,
  folder: string,
  split: SplitName,
  from: number,
  to: number,
): Promise<string[]> {
  if (names === undefined) return [];
  const text = await readFile(join(folder, names), "utf8").catch(() => "");
  try {
    return storedNames.parse(JSON.parse(text))[split].slice(from, to);
  } catch {
    return [];
  }
}

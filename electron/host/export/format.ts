// What an export format is: a plug-in that says which files it makes of a distilled set, and how to read them.

import type { DistilledSet, PixelSet } from "../../../shared/data/distilled-set.ts";

export type ExportSource = {
  readonly set: DistilledSet;
  /** The set de-normalised to 8 bits. */
  readonly pixels: PixelSet;
  /** A folder name for each class, safe on every file system and unique. */
  readonly classFolders: readonly string[];
  /** The bytes of distilled.safetensors. */
  readonly bytes: Uint8Array;
};

export type ExportFile = {
  /** Below the export's folder, with slashes. */
  readonly path: string;
  readonly size: number;
  /** False where `size` is a bound, since the file is compressed. */
  readonly isExact: boolean;
  make(): Promise<Uint8Array>;
};

export type ExportFormat = {
  readonly id: string;
  readonly title: string;
  /** Of the one file, or of the files in its folder. */
  readonly extension: string;
  /** For whoever chooses: what it is good for, in a sentence or two. */
  readonly description: string;
  write(source: ExportSource): ExportFile[];
  /**
   * For the set's README: what the files hold, and a complete Python program, started in the export's folder, that
   * ends with `images` [n][c][h][w] float32 normalised, `labels`, the normaliser (`mean` and `std`, or of a whitened set `mean`,
   * `transform` and `inverse`) and `class_names`.
   */
  describe(source: ExportSource): { readonly text: string; readonly python: string };
};

export function defineFormat<const F extends ExportFormat>(format: F): F {
  return format;
}

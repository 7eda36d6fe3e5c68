// The contract of a reader: one way in which labelled images lie on a disk.

import type { Problem, SplitName } from "../../../../shared/data/manifest.ts";

/** One image as the source lists it, before anything of it is read. */
export interface SourceImage {
  /** As shown to the user: relative to the source, with "/" between names. */
  readonly path: string;
  readonly className: string;
  /** null where the source has no splits: the import draws them. */
  readonly split: SplitName | null;
  /** Size of the encoded image; 0 means an empty file. */
  readonly bytes: number;
}

/** What stands behind a listed image. Raw pixels are grey, row by row. */
export type ImageContent =
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "encoded"; readonly bytes: Uint8Array }
  | { readonly kind: "pixels"; readonly bytes: Uint8Array; readonly height: number; readonly width: number };

/** An opened source. It lists first and reads at random later, since images are stored class by class. */
export interface Source {
  readonly name: string;
  readonly images: readonly SourceImage[];
  /** Digest of what was listed, with sizes and times: equal means unchanged. */
  readonly stamp: string;
  readonly skipped: readonly Problem[];
  readonly warnings: readonly Problem[];
  readonly notes: readonly string[];
  /** Throws an Error whose message is the reason when this one image cannot be read. */
  read(image: SourceImage): Promise<ImageContent>;
  close(): Promise<void>;
}

export interface OpenContext {
  /** An empty folder for what has to be unpacked; whoever called removes it. */
  readonly scratch: string;
  readonly signal: AbortSignal;
}

export interface Reader {
  readonly id: string;
  readonly title: string;
  /** Whether this reader is the one for `path`, which exists. Looks at names and first bytes only. */
  recognise(path: string): Promise<boolean>;
  /** Throws a UserError when the source as a whole cannot be used. */
  open(path: string, context: OpenContext): Promise<Source>;
}

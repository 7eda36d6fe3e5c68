// Dialogs over the window, and the title bar's words: what is not part of any view.
import { createStore } from "zustand/vanilla";
import type { RunRecord } from "../shared/api/runs.ts";
import type { Place } from "./stores/compute-places.ts";
import type { Drop } from "./stores/dropped.ts";
import type { OutsideRecipe } from "./stores/recipe-file.ts";

export type Dialog =
  | { readonly kind: "palette" }
  | { readonly kind: "help" }
  | ({ readonly kind: "import" } & Drop)
  | {
      readonly kind: "place";
      readonly record: RunRecord;
      readonly places: readonly Place[];
      /** To be called once; without a place the person took none. */
      readonly settle: (place?: Place) => void;
    }
  | { readonly kind: "recipe"; readonly file?: File };

export const dialog = createStore<{ readonly open: Dialog | undefined }>(() => ({ open: undefined }));
export const openDialog = (open: Dialog) => dialog.setState({ open });
export const closeDialog = () => dialog.setState({ open: undefined });

/** Asks what to import where nothing is named; what comes while another import is being decided waits its turn. */
export function offerImport({ sources, refused }: Drop = { sources: [], refused: [] }): void {
  const { open } = dialog.getState();
  const before = open?.kind === "import" ? open.sources : [];
  openDialog({ kind: "import", sources: [...before, ...sources], refused });
}

/** In place of the one that was being decided; those that wait keep waiting. */
export function offerAnother(): void {
  const { open } = dialog.getState();
  const waiting = open?.kind === "import" ? open.sources.slice(1) : [];
  openDialog({ kind: "import", sources: waiting, refused: [] });
}

export interface Crumb {
  readonly label: string;
  readonly href?: string;
}
export const title = createStore<{ readonly crumbs: readonly Crumb[] }>(() => ({ crumbs: [] }));

/** A recipe that was opened and waits for the form of a new run. */
export const recipeDraft = createStore<{ readonly outside: OutsideRecipe | undefined }>(() => ({ outside: undefined }));

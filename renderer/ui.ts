// Dialogs over the window, and the title bar's words: what is not part of any view.
import { createStore } from "zustand/vanilla";
import type { RunRecord } from "../shared/api/runs.ts";
import type { Place } from "./stores/compute-places.ts";
import type { ImportSource } from "./stores/imports.ts";

export type Dialog =
  | { readonly kind: "palette" }
  | { readonly kind: "help" }
  | { readonly kind: "import"; readonly source: ImportSource | undefined }
  | {
      readonly kind: "place";
      readonly record: RunRecord;
      readonly places: readonly Place[];
      /** To be called once; without a place the person took none. */
      readonly settle: (place?: Place) => void;
    };

export const dialog = createStore<{ readonly open: Dialog | undefined }>(() => ({ open: undefined }));
export const openDialog = (open: Dialog) => dialog.setState({ open });
export const closeDialog = () => dialog.setState({ open: undefined });

export interface Crumb {
  readonly label: string;
  readonly href?: string;
}
export const title = createStore<{ readonly crumbs: readonly Crumb[] }>(() => ({ crumbs: [] }));

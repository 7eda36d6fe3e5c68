// Dialogs over the window, and the title bar's words: what is not part of any view.
import { createStore } from "zustand/vanilla";
import type { Drop } from "./stores/dropped.ts";

export type Dialog = { readonly kind: "palette" } | { readonly kind: "help" } | ({ readonly kind: "import" } & Drop);

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

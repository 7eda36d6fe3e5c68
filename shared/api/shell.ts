// What the desktop's preload gives the page as `window.stillroom`; a browser gives nothing of it.
import type { ActionId } from "./actions.ts";

/** `DroppedFile` is the DOM's File, which shared code does not know. Paths are absolute; undefined means that the person cancelled. */
export interface Shell<DroppedFile> {
  /** The path of a dropped or picked file or folder. Empty for a file that is not on disk. */
  pathOf(file: DroppedFile): string;
  chooseFolder(): Promise<string | undefined>;
  chooseZip(): Promise<string | undefined>;
  chooseExportFolder(): Promise<string | undefined>;
  /** Shows the file or folder in the system's file manager. */
  reveal(path: string): Promise<void>;
  /** Hears which entry of the native menu was chosen; returns the end of listening. */
  onAction(listener: (id: ActionId) => void): () => void;
}

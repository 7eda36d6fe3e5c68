// What a drop means: one dataset, several, or none; decided by names before anything is read or sent.
import type { ImportSource } from "./import-draft.ts";
import type { UploadSource } from "./uploads.ts";

/** A dropped or picked file or folder. */
export interface DroppedItem {
  readonly name: string;
  readonly isFolder: boolean;
  /** On this machine; empty where the page may not know it. */
  readonly path: string;
  readonly upload: UploadSource;
  /** What lies directly in a folder, or the beginning of that list. */
  listNames(): Promise<readonly { readonly name: string; readonly isFolder: boolean }[]>;
  /** The first four bytes of a file, as Latin-1. */
  readStart(): Promise<string>;
}

export interface Refusal {
  readonly name: string;
  readonly reason: "picture" | "foreign" | "unreadable";
}

export interface Drop {
  readonly sources: readonly ImportSource[];
  readonly refused: readonly Refusal[];
}

const picture = /\.(png|jpe?g|jpe|jfif|webp|gif|tiff?|avif|bmp|svg|heic|heif|ico)$/i;
const idx = /(train|t10k|test)-(images|labels)[-.]idx[13][-.]ubyte(\.gz)?$/i;
const split = /^(train|training|test|testing|val|valid|validation)$/i;
const ZIP_START = "PK\x03\x04";

/** IDX files that were dropped together are one dataset; so are class folders, or the folders of splits; zips never. */
export async function sortDrop(items: readonly DroppedItem[]): Promise<Drop> {
  const folders = items.filter(({ isFolder }) => isFolder);
  const files = items.filter(({ isFolder }) => !isFolder);
  const idxFiles = files.filter(({ name }) => idx.test(name));
  const sources: ImportSource[] = [];
  const refused: Refusal[] = [];
  if (await areOneDataset(folders)) sources.push(combine(folders));
  else sources.push(...folders.map(toSource));
  if (idxFiles.length > 1) sources.push(combine(idxFiles, idxName(idxFiles[0].name)));
  else sources.push(...idxFiles.map(toSource));
  for (const file of files) {
    if (idxFiles.includes(file)) continue;
    if (picture.test(file.name)) refused.push({ name: file.name, reason: "picture" });
    else if (/\.zip$/i.test(file.name)) sources.push(toSource(file));
    else {
      const start = await file.readStart().catch(() => undefined);
      if (start === ZIP_START) sources.push(toSource(file));
      else refused.push({ name: file.name, reason: start === undefined ? "unreadable" : "foreign" });
    }
  }
  return { sources, refused };
}

const toSource = ({ path, upload }: DroppedItem): ImportSource => path || upload;

async function areOneDataset(folders: readonly DroppedItem[]): Promise<boolean> {
  if (folders.length < 2) return false;
  if (folders.every(({ name }) => split.test(name))) return true;
  for (const folder of folders) {
    const names = await folder.listNames().catch(() => []);
    if (names.some(({ name, isFolder }) => !isFolder && picture.test(name))) return true;
  }
  return false;
}

/** "emnist-letters" of "emnist-letters-train-images-idx3-ubyte.gz". */
const idxName = (name: string) => name.replace(idx, "").replace(/[-_. ]+$/, "") || "IDX files";

const MOST_NAMES = 3;

/** Several items as the contents of one folder: sent even where their paths are known, since no folder holds just them. */
function combine(items: readonly DroppedItem[], name = nameTogether(items)): UploadSource {
  return {
    name,
    async listFiles(onFound, signal) {
      let before = 0;
      const lists = [];
      for (const { name: folder, upload } of items) {
        const files = await upload.listFiles((found) => onFound(before + found), signal);
        before += files.length;
        lists.push(files.map((file) => ({ ...file, path: file.path === "" ? folder : `${folder}/${file.path}` })));
      }
      return lists.flat();
    },
  };
}

function nameTogether(items: readonly DroppedItem[]): string {
  const names = items.slice(0, MOST_NAMES).map(({ name }) => name);
  return names.join(" + ") + (items.length > MOST_NAMES ? " + …" : "");
}

/** A path as it is pasted from a terminal, a file manager or an address bar. */
export function cleanPath(pasted: string): string {
  const path = pasted.trim().replace(/^(["'])(.*)\1$/, "$2");
  if (!/^file:\/\//i.test(path)) return path;
  try {
    // "file:///C:/x" is C:/x, "file:///x" is /x
    return decodeURIComponent(new URL(path).pathname).replace(/^\/([a-z]:)/i, "$1");
  } catch {
    return path;
  }
}

// Dropped and picked files and folders as items of a drop.
import type { DroppedItem } from "../stores/dropped.ts";
import type { UploadFile } from "../stores/uploads.ts";

type PathOf = (file: File) => string;
const noPath: PathOf = () => "";

/** What was dropped, taken while the event lasts: later its items are gone. */
export function itemsOfDrop(transfer: DataTransfer, pathOf = noPath): DroppedItem[] {
  return [...transfer.items]
    .filter(({ kind }) => kind === "file")
    .flatMap((item) => {
      const entry = item.webkitGetAsEntry();
      const file = item.getAsFile();
      if (entry) return [itemOfEntry(entry, file ? pathOf(file) : "")];
      return file ? [itemOfFile(file, pathOf(file))] : [];
    });
}

/** Of an <input> that takes whole folders. */
export function itemsOfPickedFolder(files: readonly File[]): DroppedItem[] {
  const [name] = files[0]?.webkitRelativePath.split("/") ?? [];
  if (!name) return [];
  const list = files.map((file) => toFile(file, file.webkitRelativePath.slice(name.length + 1)));
  return [
    {
      name,
      isFolder: true,
      path: "",
      upload: { name, listFiles: () => Promise.resolve(list) },
      listNames: () => Promise.resolve(list.map(({ path }) => ({ name: path, isFolder: path.includes("/") }))),
      readStart: () => Promise.resolve(""),
    },
  ];
}

/** Of an <input> that takes files. */
export const itemsOfPickedFiles = (files: readonly File[]): DroppedItem[] => files.map((file) => itemOfFile(file, ""));

function itemOfFile(file: File, path: string): DroppedItem {
  return {
    name: file.name,
    isFolder: false,
    path,
    upload: { name: file.name, listFiles: () => Promise.resolve([toFile(file, "")]) },
    listNames: () => Promise.resolve([]),
    readStart: () => readStart(file),
  };
}

function itemOfEntry(entry: FileSystemEntry, path: string): DroppedItem {
  const { name } = entry;
  if (isFolder(entry)) {
    return {
      name,
      isFolder: true,
      path,
      upload: { name, listFiles: (onFound, signal) => listFolder(entry, onFound, signal) },
      listNames: async () =>
        (await readBatch(entry.createReader())).map((each) => ({ name: each.name, isFolder: each.isDirectory })),
      readStart: () => Promise.resolve(""),
    };
  }
  return {
    name,
    isFolder: false,
    path,
    upload: { name, listFiles: async () => [toFile(await fileOf(entry), "")] },
    listNames: () => Promise.resolve([]),
    readStart: async () => readStart(await fileOf(entry)),
  };
}

const isFolder = (entry: FileSystemEntry): entry is FileSystemDirectoryEntry => entry.isDirectory;

const toFile = (file: File, path: string): UploadFile => ({
  path,
  bytes: file.size,
  read: () => Promise.resolve(file),
});

const fileOf = (entry: FileSystemEntry): Promise<File> =>
  new Promise((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));

async function readStart(file: File): Promise<string> {
  const bytes = new Uint8Array(await file.slice(0, 4).arrayBuffer());
  return String.fromCharCode(...bytes);
}

const readBatch = (reader: FileSystemDirectoryReader): Promise<FileSystemEntry[]> =>
  new Promise((resolve, reject) => reader.readEntries(resolve, reject));

async function listFolder(
  top: FileSystemDirectoryEntry,
  onFound: (count: number) => void,
  signal: AbortSignal,
): Promise<UploadFile[]> {
  const files: UploadFile[] = [];
  const walk = async (folder: FileSystemDirectoryEntry, before: string): Promise<void> => {
    const reader = folder.createReader();
    // A reader gives a hundred entries at a time, and none at the end.
    for (let entries = await readBatch(reader); entries.length > 0; entries = await readBatch(reader)) {
      signal.throwIfAborted();
      const found = await Promise.all(
        entries.map(async (entry) => {
          const path = before + entry.name;
          return isFolder(entry) ? { entry, path } : toFile(await fileOf(entry), path);
        }),
      );
      for (const each of found) {
        if ("entry" in each) await walk(each.entry, `${each.path}/`);
        else files.push(each);
      }
      onFound(files.length);
    }
  };
  await walk(top, "");
  return files;
}

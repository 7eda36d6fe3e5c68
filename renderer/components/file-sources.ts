// Dropped and picked files as sources of an upload.
import type { UploadFile, UploadSource } from "../stores/uploads.ts";

/** `entry` must have been taken from the drop while its event lasted. */
export function sourceOfEntry(entry: FileSystemEntry): UploadSource {
  return {
    name: entry.name,
    listFiles: () => (isFolder(entry) ? listFolder(entry, "") : Promise.resolve([toFile(entry, "")])),
  };
}

/** Of an <input> that takes whole folders. */
export function sourceOfPicked(files: readonly File[]): UploadSource | undefined {
  const [name] = files[0]?.webkitRelativePath.split("/") ?? [];
  if (!name) return undefined;
  const list = files.map((file) => ({
    path: file.webkitRelativePath.slice(name.length + 1),
    read: () => Promise.resolve(file),
  }));
  return { name, listFiles: () => Promise.resolve(list) };
}

const isFolder = (entry: FileSystemEntry): entry is FileSystemDirectoryEntry => entry.isDirectory;

const toFile = (entry: FileSystemEntry, path: string): UploadFile => ({
  path,
  read: () => new Promise<Blob>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject)),
});

async function listFolder(folder: FileSystemDirectoryEntry, before: string): Promise<UploadFile[]> {
  const reader = folder.createReader();
  const files: UploadFile[] = [];
  for (;;) {
    // A reader gives a hundred entries at a time, and none at the end.
    const entries = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (entries.length === 0) return files;
    for (const entry of entries) {
      const path = before ? `${before}/${entry.name}` : entry.name;
      if (isFolder(entry)) files.push(...(await listFolder(entry, path)));
      else files.push(toFile(entry, path));
    }
  }
}

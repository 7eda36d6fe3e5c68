// From a list of relative paths to images with class and split: the rules of a folder with one sub-folder per class.

import type { Problem, SplitName } from "../../../shared/data/manifest.ts";
import { UserError } from "../../../shared/lib/user-error.ts";
import { explainForeignFile, isPictureName } from "./picture-names.ts";
import type { SourceImage } from "./readers/reader.ts";

export interface ListedFile {
  /** Relative, with "/" between names. */
  readonly path: string;
  readonly bytes: number;
}

export interface Arrangement {
  images: SourceImage[];
  skipped: Problem[];
  warnings: Problem[];
  notes: string[];
}

const splitFolders: Record<string, "train" | "test" | "val"> = {
  train: "train",
  training: "train",
  test: "test",
  testing: "test",
  val: "val",
  valid: "val",
  validation: "val",
};

/** What systems and tools leave behind; never worth a line to the user. */
export function isHiddenName(name: string): boolean {
  return name.startsWith(".") || /^(__MACOSX|thumbs\.db|ehthumbs\.db|desktop\.ini|icon\r)$/i.test(name);
}

/**
 * Finds class and split of every picture. Below the top, or below one single folder on it, lie either class folders or
 * train/ with test/ or val/ above them; a class takes in the folders inside it. Errors: no-classes.
 */
export function arrangeClassFolders(files: readonly ListedFile[], folders: readonly string[]): Arrangement {
  const out: Arrangement = { images: [], skipped: [], warnings: [], notes: [] };
  const pictures: ListedFile[] = [];
  for (const file of files) {
    const names = file.path.split("/");
    if (names.some(isHiddenName)) continue;
    if (isPictureName(names[names.length - 1])) pictures.push(file);
    else out.skipped.push({ path: file.path, reason: explainForeignFile(names[names.length - 1]) });
  }
  const top = findTop(pictures);
  const splits = findSplits(pictures, top);
  const merged = new Map<string, string>();
  const used = new Set<string>();
  let leftOutVal = 0;

  for (const file of pictures) {
    const names = file.path.slice(top.length).split("/");
    const role = splits ? splits.get(names[0]) : undefined;
    const depth = splits ? 1 : 0;
    if (!file.path.startsWith(top) || names.length < depth + 2 || (splits && role === undefined)) {
      out.skipped.push({ path: file.path, reason: "lies outside the class folders; move it into one" });
      continue;
    }
    used.add(top + names.slice(0, depth + 1).join("/"));
    if (role === "unused") {
      leftOutVal++;
      continue;
    }
    const className = names[depth].normalize("NFC");
    const folder = top + names.slice(0, depth + 1).join("/");
    const first = merged.get(`${role}/${className}`);
    if (first === undefined) merged.set(`${role}/${className}`, folder);
    else if (first !== folder && !out.warnings.some((each) => each.path === folder)) {
      out.warnings.push({ path: folder, reason: `spelt like ${first} in other code points: both are one class` });
    }
    out.images.push({ path: file.path, className, split: role ?? null, bytes: file.bytes });
  }

  if (leftOutVal > 0) {
    out.notes.push(`${leftOutVal} pictures of the validation folder are left out, since there is a test folder too.`);
  }
  const classDepth = (top === "" ? 0 : 1) + (splits ? 1 : 0);
  for (const folder of folders) {
    const names = folder.split("/");
    if (names.length !== classDepth + 1 || !folder.startsWith(top) || names.some(isHiddenName)) continue;
    if (splits && !splits.has(names[classDepth - 1])) continue;
    if (!used.has(folder)) out.warnings.push({ path: folder, reason: "a class folder without pictures is left out" });
  }
  return out;
}

/** "" or "name/" when all pictures lie in folders inside one folder. */
function findTop(pictures: readonly ListedFile[]): string {
  const tops = new Set<string>();
  for (const { path } of pictures) {
    const names = path.split("/");
    tops.add(names[0]);
    if (names.length < 3 || tops.size > 1) return "";
  }
  const [name] = tops;
  return name === undefined || splitFolders[name.toLowerCase()] ? "" : `${name}/`;
}

/** Which folder below the top is which split, or undefined when they are classes. */
function findSplits(
  pictures: readonly ListedFile[],
  top: string,
): Map<string, SplitName | null | "unused"> | undefined {
  const holdsFolders = new Map<string, boolean>();
  for (const { path } of pictures) {
    const names = path.slice(top.length).split("/");
    if (names.length < 2) continue;
    const nested = names.length > 2;
    holdsFolders.set(names[0], nested || (holdsFolders.get(names[0]) ?? false));
  }
  const named = { train: [] as string[], test: [] as string[], val: [] as string[] };
  for (const name of holdsFolders.keys()) {
    const role = splitFolders[name.toLowerCase()];
    if (role) named[role].push(name);
  }
  const found = [...named.train, ...named.test, ...named.val];
  if (found.length === 0) return undefined;
  if (!found.some((name) => holdsFolders.get(name))) {
    if (named.train.length === 0 || named.test.length + named.val.length === 0) return undefined;
    throw new UserError(
      "no-classes",
      `${found.map((name) => `${top}${name}/`).join(" and ")} hold pictures, but no class folders.`,
      "Put the pictures of each class into a sub-folder named after the class.",
    );
  }
  if (named.train.length === 0 && found.length !== holdsFolders.size) return undefined;
  // A single split is no split: its pictures are divided like those of a plain folder.
  const single = named.train.length === 0 || found.length === named.train.length;
  const roles = new Map<string, SplitName | null | "unused">();
  for (const name of named.train) roles.set(name, single ? null : "train");
  for (const name of named.test) roles.set(name, single ? null : "test");
  for (const name of named.val) roles.set(name, named.test.length > 0 ? "unused" : single ? null : "test");
  return roles;
}

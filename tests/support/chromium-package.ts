// What the npm package @sparticuz/chromium holds, unpacked by ourselves below node_modules/.cache: its own unpacking reuses
// a fixed folder in /tmp, whoever wrote that.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { brotliDecompressSync } from "node:zlib";

/** Why nothing of it runs here; undefined where it does. The package holds programs for one platform only. */
export const chromiumPackageMissing =
  process.platform === "linux" && process.arch === "x64"
    ? undefined
    : `@sparticuz/chromium has nothing for ${process.platform}-${process.arch}`;

const require = createRequire(import.meta.url);
const home = dirname(dirname(require.resolve("@sparticuz/chromium")));
const { version } = JSON.parse(readFileSync(join(home, "package.json"), "utf8")) as { version: string };
const cache = resolve(import.meta.dirname, "../../node_modules/.cache/stillroom");

/** The folder that `unpackOnce` fills. */
export const folderOf = (name: string): string => join(cache, `${name}-${version}`);

/** Fills the folder unless it is there. Processes that unpack at once each rename a whole folder into place. */
export function unpackOnce(name: string, fill: (folder: string) => void): string {
  if (chromiumPackageMissing) throw new Error(chromiumPackageMissing);
  const folder = folderOf(name);
  if (existsSync(folder)) return folder;
  mkdirSync(cache, { recursive: true });
  const fresh = mkdtempSync(join(cache, "unpacking-"));
  try {
    fill(fresh);
    renameSync(fresh, folder);
  } catch (error) {
    rmSync(fresh, { recursive: true, force: true });
    if (!existsSync(folder)) throw error;
  }
  return folder;
}

/** One file of the package, decompressed. */
export const readPacked = (file: string): Buffer => brotliDecompressSync(readFileSync(join(home, "bin", `${file}.br`)));

/** One archive of the package, unpacked into a folder. */
export function unpackArchive(name: string, into: string): void {
  mkdirSync(into, { recursive: true });
  const tar = spawnSync("tar", ["-xf", "-", "-C", into], { input: readPacked(`${name}.tar`) });
  if (tar.status !== 0) throw new Error(`tar could not unpack ${name}: ${tar.error?.message ?? tar.stderr}`);
}

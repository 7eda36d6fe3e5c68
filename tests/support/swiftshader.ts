// SwiftShader, a Vulkan driver that computes on the CPU, for Dawn in tests: unpacked from an npm package, no root needed.
// Import this before anything that loads Dawn.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { constants } from "node:os";
import { dirname, join, resolve } from "node:path";
import { brotliDecompressSync } from "node:zlib";

const require = createRequire(import.meta.url);
const RTLD_NODELETE = 0x1000;

/** Why SwiftShader cannot run here; undefined where it can. The package holds libraries for one platform only. */
export const swiftshaderMissing =
  process.platform === "linux" && process.arch === "x64"
    ? undefined
    : `@sparticuz/chromium has no SwiftShader for ${process.platform}-${process.arch}`;

/** The folder with the driver and the Vulkan loader. Processes that unpack at once each rename a whole folder into place. */
function unpack(): string {
  const home = dirname(dirname(require.resolve("@sparticuz/chromium")));
  const { version } = JSON.parse(readFileSync(join(home, "package.json"), "utf8")) as { version: string };
  const cache = resolve(import.meta.dirname, "../../node_modules/.cache/stillroom");
  const folder = join(cache, `swiftshader-${version}`);
  if (existsSync(folder)) return folder;
  mkdirSync(cache, { recursive: true });
  const fresh = mkdtempSync(join(cache, "unpacking-"));
  const archive = brotliDecompressSync(readFileSync(join(home, "bin/swiftshader.tar.br")));
  const tar = spawnSync("tar", ["-xf", "-", "-C", fresh], { input: archive });
  if (tar.status !== 0) throw new Error(`tar could not unpack SwiftShader: ${tar.error?.message ?? tar.stderr}`);
  try {
    renameSync(fresh, folder);
  } catch (error) {
    rmSync(fresh, { recursive: true, force: true });
    if (!existsSync(folder)) throw error;
  }
  return folder;
}

/** Makes SwiftShader the only Vulkan driver that this process finds. */
export function useSwiftshader(): void {
  if (swiftshaderMissing) throw new Error(swiftshaderMissing);
  const folder = unpack();
  const icd = join(folder, "vk_swiftshader_icd.json");
  process.env.VK_DRIVER_FILES = icd;
  process.env.VK_ICD_FILENAMES = icd;
  try {
    // Dawn opens "libvulkan.so.1" by name, and the dynamic linker gives it the library of that name that is already loaded.
    // Node refuses the library, as it is no addon, but the flag keeps it loaded.
    process.dlopen({ exports: {} }, join(folder, "libvulkan.so.1"), constants.dlopen.RTLD_NOW | RTLD_NODELETE);
  } catch (error) {
    if (!String(error).includes("self-register")) throw error;
  }
}

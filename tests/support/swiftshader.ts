// SwiftShader, a Vulkan driver that computes on the CPU, for Dawn in tests: unpacked from an npm package, no root needed.
// Import this before anything that loads Dawn.
import { constants } from "node:os";
import { join } from "node:path";
import { chromiumPackageMissing, unpackArchive, unpackOnce } from "./chromium-package.ts";

const RTLD_NODELETE = 0x1000;

/** Why SwiftShader cannot run here; undefined where it can. */
export const swiftshaderMissing = chromiumPackageMissing;

/** Makes SwiftShader the only Vulkan driver that this process finds. */
export function useSwiftshader(): void {
  // The driver and the Vulkan loader.
  const folder = unpackOnce("swiftshader", (fresh) => unpackArchive("swiftshader", fresh));
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

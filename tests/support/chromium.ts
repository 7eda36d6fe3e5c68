// The Chromium that drives the window in tests: from an npm package, so that a checkout with npm ci alone has it.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { folderOf, readPacked, unpackArchive, unpackOnce } from "./chromium-package.ts";

const NAME = "chromium";

/** Unpacks the browser, once: 190 MB, some seconds. */
export function unpackChromium(): string {
  const folder = unpackOnce(NAME, (folder) => {
    writeFileSync(join(folder, "chromium"), readPacked("chromium"), { mode: 0o755 });
    // Chromium looks for its WebGPU driver beside itself.
    unpackArchive("swiftshader", folder);
    unpackArchive("al2023", folder);
    unpackArchive("fonts", folder);
  });
  // Each time: its paths are absolute, and a checkout may have been moved.
  const fonts = `<dir>${join(folder, "fonts")}</dir><cachedir>${join(folder, "font-cache")}</cachedir>`;
  writeFileSync(join(folder, "fonts.conf"), `<?xml version="1.0"?>\n<fontconfig>${fonts}</fontconfig>\n`);
  return folder;
}

/** For Playwright's launch. The folder may be still to unpack. */
export function chromiumLaunch() {
  const folder = folderOf(NAME);
  return {
    executablePath: join(folder, "chromium"),
    env: {
      ...process.env,
      // The browser needs NSS, NSPR and expat, which the package holds too, and else only the C library and libgcc_s:
      // ldd shows these, and a running one has mapped no library of the system but those of glibc.
      LD_LIBRARY_PATH: `${join(folder, "lib")}:${folder}`,
      // Its own fonts and none of the system's, so that pages have the same widths everywhere.
      FONTCONFIG_FILE: join(folder, "fonts.conf"),
    } as Record<string, string>,
    args: [
      "--no-sandbox", // containers and root have none
      "--enable-unsafe-webgpu",
      "--use-webgpu-adapter=swiftshader",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-domain-reliability",
      "--disable-sync",
      "--no-pings",
    ],
  };
}

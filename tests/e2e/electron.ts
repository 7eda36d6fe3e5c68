// The desktop app under Playwright, where Electron's program and a display are at hand.
import { createRequire } from "node:module";
import { dirname, resolve } from "node:path";
import { type ElectronApplication, _electron as electron } from "@playwright/test";
import { findElectron, whyNoSandbox, whyNoWindow } from "../../electron/electron-program.ts";

const folder = dirname(createRequire(import.meta.url).resolve("electron/package.json"));

/** Why the desktop app cannot be driven here; undefined where it can. */
export async function electronMissing(): Promise<string | undefined> {
  const { platform, env } = process;
  const program = await findElectron(folder, env);
  if (!program) return "Electron's program is not here: npm start fetches it once.";
  return whyNoWindow({ platform, env, userId: process.getuid?.() }) ?? (await whyNoSandbox(program, platform));
}

/** The app as `npm start` opens it, with a store and settings of its own. */
export async function launchElectron({ home, path }: { home: string; path: string }): Promise<ElectronApplication> {
  const { ELECTRON_RUN_AS_NODE: _, ...env } = process.env;
  return electron.launch({
    executablePath: await findElectron(folder, process.env),
    args: [resolve(import.meta.dirname, "../.."), `--user-data-dir=${path}/electron`],
    env: { ...env, STILLROOM_HOME: home } as Record<string, string>,
  });
}

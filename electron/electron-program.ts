// Electron's own program on this machine: whether a window could open at all, where the program lies, and fetching it once.
import { execFile } from "node:child_process";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const FETCH_LIMIT_MS = 10 * 60_000;

export interface Machine {
  readonly platform: NodeJS.Platform;
  readonly env: NodeJS.ProcessEnv;
  /** Undefined where the system has none. */
  readonly userId: number | undefined;
}

/** Why no window can open here, in one sentence. */
export function whyNoWindow({ platform, env, userId }: Machine): string | undefined {
  if (platform !== "linux") return undefined;
  if (!env.DISPLAY && !env.WAYLAND_DISPLAY) return "There is no display here.";
  if (userId === 0) return "Electron opens no window for the user root.";
  return undefined;
}

/** The program's path, where the npm package has fetched it. `folder` is that package's. */
export async function findElectron(folder: string, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const name = await readFile(join(folder, "path.txt"), "utf8").catch(() => undefined);
  const override = env.ELECTRON_OVERRIDE_DIST_PATH;
  const path = override ? join(override, name ?? "electron") : name && join(folder, "dist", name);
  const isFile = path && (await stat(path).catch(() => undefined))?.isFile();
  return isFile ? path : undefined;
}

/** Has the npm package fetch the program, about 120 MB. Its own complaints are many lines; the answer is the first one, or nothing. */
export async function fetchElectron(folder: string): Promise<string | undefined> {
  const script = join(folder, "install.js");
  try {
    await promisify(execFile)(process.execPath, [script], { timeout: FETCH_LIMIT_MS });
    return undefined;
  } catch (error) {
    const { stderr, killed } = error as { stderr?: string; killed?: boolean };
    if (killed) return "it took longer than ten minutes";
    return (
      stderr
        ?.split("\n")
        .find((line) => line.trim() !== "")
        ?.trim() ?? String(error)
    );
  }
}

/** Ubuntu 24.04 and later forbid the sandbox of programs that no package installed; Electron then ends with a page of text. */
export async function whyNoSandbox(program: string, platform: NodeJS.Platform): Promise<string | undefined> {
  if (platform !== "linux") return undefined;
  const restricts = await readFile("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "utf8").catch(() => "0");
  if (restricts.trim() !== "1") return undefined;
  const helper = join(program, "..", "chrome-sandbox");
  const { uid, mode } = await stat(helper).catch(() => ({ uid: -1, mode: 0 }));
  if (uid === 0 && (mode & 0o4000) !== 0) return undefined;
  return `This system denies Electron its sandbox (sudo chown root:root '${helper}' && sudo chmod 4755 '${helper}' allows it).`;
}

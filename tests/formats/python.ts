// Runs Python on the files that we write: Debian's interpreter with numpy and torch, where it is present.
import { execFile, spawnSync } from "node:child_process";
import { promisify } from "node:util";

const PYTHON = "/usr/bin/python3";

/** Why Python cannot be used here, or false. Pass it to vitest's `skip`. */
export const pythonMissing: string | false =
  spawnSync(PYTHON, ["-c", "import numpy, torch, PIL"]).status === 0
    ? false
    : `${PYTHON} with numpy, torch and Pillow is not installed`;

/** Runs a script with `input` on its standard input; resolves to its output, rejects with its traceback. */
export async function runPython(
  script: string,
  { cwd, args = [], input = "" }: { cwd?: string; args?: string[]; input?: string } = {},
): Promise<string> {
  const running = promisify(execFile)(PYTHON, ["-c", script, ...args], {
    cwd,
    maxBuffer: 2 ** 26,
    env: { ...process.env, OMP_NUM_THREADS: "1" },
  });
  running.child.stdin?.end(input);
  return (await running).stdout;
}

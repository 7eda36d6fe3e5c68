// Runs the real command line as a child process on a store of its own, and reads what a run folder holds.
import { type ChildProcess, spawn } from "node:child_process";
import { access, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { createTemporaryFolder, drawTree, writeTree } from "../tools/make-images.ts";

const main = fileURLToPath(new URL("../../electron/cli/main.ts", import.meta.url));

export interface Ended {
  /** The exit code, or the signal that ended it. */
  readonly code: number | NodeJS.Signals;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
}

export interface Workplace extends AsyncDisposable {
  readonly path: string;
  /** STILLROOM_HOME of every command. */
  readonly home: string;
  /** A path in the workplace. */
  file(...names: string[]): string;
  start(...words: string[]): Started;
  run(...words: string[]): Promise<Ended>;
  /** Writes `counts` pictures of 8 x 8 in class folders below `name`. */
  makeData(name: string, counts: Record<string, number>, side?: number): Promise<string>;
}

/** A temporary folder with a store in it. */
export async function createWorkplace(): Promise<Workplace> {
  const folder = await createTemporaryFolder();
  const home = join(folder.path, "home");
  const start = (...words: string[]) => startProcess(process.execPath, [main, ...words], home, folder.path);
  return {
    path: folder.path,
    home,
    file: (...names) => join(folder.path, ...names),
    start,
    run: (...words) => start(...words).ended,
    makeData: async (name, counts, side = 8) => {
      await writeTree(join(folder.path, name), await drawTree(counts, { height: side, width: side }));
      return join(folder.path, name);
    },
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

/** The command line in a shell that first sets limits, e.g. `ulimit -f 8`. */
export function startLimited({ home, path }: Workplace, limit: string, ...words: string[]): Started {
  return startProcess("sh", ["-c", `${limit}; exec "$@"`, "sh", process.execPath, main, ...words], home, path);
}

/** The command line on a terminal of its own, by util-linux's `script`; stdout is what the terminal shows. */
export function startOnTerminal({ home, path }: Workplace, ...words: string[]): Started {
  return startProcess("script", scriptOf(words), home, path);
}

/** The same, with a person who types `keys` once the terminal shows `question`. */
export function answerOnTerminal(
  { home, path }: Workplace,
  { question, keys }: { question: string; keys: string },
  ...words: string[]
): Started {
  const started = startProcess("script", scriptOf(words), home, path, "pipe");
  let shown = "";
  started.child.stdout?.on("data", (text: string) => {
    const isNew = !shown.includes(question);
    shown += text;
    if (isNew && shown.includes(question)) started.child.stdin?.write(keys);
  });
  return started;
}

/** The address that `serve --json` prints. */
export async function readServedUrl({ child, ended }: Started): Promise<URL> {
  let text = "";
  const printed = new Promise<void>((resolve) => {
    child.stdout?.on("data", (part: string) => {
      text += part;
      if (text.includes("}")) resolve();
    });
  });
  const end = await Promise.race([printed, ended]);
  if (end) throw new Error(`The server ended with ${end.code}: ${end.stderr}`);
  return new URL((JSON.parse(text) as { url: string }).url);
}

function scriptOf(words: readonly string[]): string[] {
  const quoted = [process.execPath, main, ...words].map((word) => `'${word.replaceAll("'", "'\\''")}'`);
  // By exec, or a shell that stays on as the parent takes Ctrl-C too and answers 130 whatever the program says.
  return ["--quiet", "--return", "--command", `exec ${quoted.join(" ")}`, "/dev/null"];
}

function startProcess(
  command: string,
  words: string[],
  home: string,
  cwd: string,
  stdin: "ignore" | "pipe" = "ignore",
): Started {
  const env = { ...process.env, STILLROOM_HOME: home, NO_COLOR: "1", FORCE_COLOR: undefined };
  const child = spawn(command, words, { cwd, env, stdio: [stdin, "pipe", "pipe"] });
  let [stdout, stderr] = ["", ""];
  child.stdout?.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const ended = new Promise<Ended>((fulfil, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => fulfil({ code: code ?? signal ?? 0, stdout, stderr }));
  });
  return { child, ended };
}

/** Three classes of twelve pictures to learn from and four to test with. */
export const threeClasses = {
  "train/ant": 12,
  "train/bee": 12,
  "train/cat": 12,
  "test/ant": 4,
  "test/bee": 4,
  "test/cat": 4,
};

/** The smallest real experiment: a second of work. */
export const tiny = [
  ...["--backend", "onnx", "--quiet"],
  ...["network.width=4", "method.realBatch=8", "evaluation.epochs=3", "evaluation.trials=2"].flatMap((pair) => [
    "--set",
    pair,
  ]),
];

export const set = (...pairs: string[]) => pairs.flatMap((pair) => ["--set", pair]);

/** What must be equal between a run and its repetition. */
export interface RunResult {
  readonly distilled: string;
  readonly evaluation: string;
  /** All of every event but its time. */
  readonly events: readonly unknown[];
}

export async function readRun(folder: string): Promise<RunResult> {
  const lines = (await readFile(join(folder, "events.ndjson"), "utf8")).trimEnd().split("\n");
  return {
    distilled: (await readFile(join(folder, "distilled.safetensors"))).toString("base64"),
    evaluation: await readFile(join(folder, "evaluation.json"), "utf8").catch(() => "none"),
    events: lines.map((line) => ({ ...(JSON.parse(line) as object), time: 0 })),
  };
}

export const listCheckpoints = (folder: string): Promise<string[]> =>
  readdir(join(folder, "checkpoints")).then(
    (names) => names.filter((name) => name.endsWith(".safetensors")).sort(),
    () => [],
  );

export const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );

/** Resolves when `isTrue` does, or when the process has ended. */
export async function waitUntil({ child }: Started, isTrue: () => Promise<boolean>): Promise<void> {
  while (child.exitCode === null && child.signalCode === null && !(await isTrue())) await sleep(5);
}

/** Temporary files of interrupted writes below a folder. */
export async function findHalfWritten(folder: string): Promise<string[]> {
  return (await readdir(folder, { recursive: true })).filter((name) => name.endsWith(".tmp"));
}

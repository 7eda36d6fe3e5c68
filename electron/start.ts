// npm start: opens the desktop app where a window can be had, and elsewhere serves the same app to the browser.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { dirname, resolve } from "node:path";
import { buildParts } from "./build.ts";
import { main } from "./cli/program.ts";
import { fetchElectron, findElectron, whyNoSandbox, whyNoWindow } from "./electron-program.ts";

const root = resolve(import.meta.dirname, "..");
const options = process.argv.slice(2);
/** An end within this time is a start that failed, as without a system library that Electron needs. */
const FAILED_START_MS = 5_000;

const say = (line: string) => process.stderr.write(`${line}\n`);

/** Runs the window until it is closed. Otherwise says why there is none. */
async function runWindow(): Promise<string | undefined> {
  const { platform, env } = process;
  const reason = whyNoWindow({ platform, env, userId: process.getuid?.() });
  if (reason) return reason;
  const folder = dirname(createRequire(import.meta.url).resolve("electron/package.json"));
  let program = await findElectron(folder, env);
  if (!program) {
    say("Fetching Electron, once: about 120 MB.");
    const problem = await fetchElectron(folder);
    program = await findElectron(folder, env);
    if (!program) return `Electron could not be fetched (${problem ?? "its program is missing"}).`;
  }
  const denial = await whyNoSandbox(program, platform);
  if (denial) return denial;
  await buildParts();
  return runProgram(program);
}

async function runProgram(program: string): Promise<string | undefined> {
  const startedAt = performance.now();
  // Editors that are Electron themselves leave this behind; with it no window opens.
  const { ELECTRON_RUN_AS_NODE: _, ...env } = process.env;
  const child = spawn(program, [root, ...options], { stdio: "inherit", env });
  // Ctrl-C reaches the child too, which ends by itself.
  process.on("SIGINT", () => {});
  const [code] = (await once(child, "exit")) as [number | null];
  if (code !== 0 && performance.now() - startedAt < FAILED_START_MS) return "Electron ended as soon as it began.";
  process.exitCode = code ?? 1;
  return undefined;
}

const reason = await runWindow();
if (reason) {
  say(`${reason} Serving the app to your browser instead.`);
  await buildParts(["renderer"]);
  process.exitCode = await main(["serve", ...options]);
}

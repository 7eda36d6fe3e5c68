// What every command is given, and the options that every command takes.
import { type Command, InvalidArgumentError, Option } from "commander";
import { Runtime } from "../../shared/engine/index.ts";
import { UserError } from "../../shared/lib/user-error.ts";
import type { Remembering } from "../compute/gpu.ts";
import { openBackend } from "../compute/open-backend.ts";
import { findHome } from "../host/store.ts";
import { dumpTo } from "./dump.ts";
import { type Host, openHost } from "./open-host.ts";
import { Output } from "./output.ts";

const backendChoices = ["auto", "webgpu", "onnx", "reference"] as const;
const isBackend = (text: string): text is CommonOptions["backend"] => backendChoices.some((each) => each === text);

export interface CommonOptions {
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly backend: (typeof backendChoices)[number];
  readonly adapter?: string;
  readonly memoryLimit?: number;
  readonly seed?: number;
  readonly dump?: string;
}

/** A command line at work. */
export interface Cli {
  readonly output: Output;
  readonly options: CommonOptions;
  /** Aborts at the first Ctrl-C; the second one ends the process. */
  readonly signal: AbortSignal;
  host(): Promise<Host>;
  /** The chosen backend, with every program that it compiles written down where --dump says. */
  runtime(): Promise<Runtime>;
  /** The same on a backend of its own, the caller's to dispose of. */
  openRuntime(): Promise<Runtime>;
  /** The same, but `auto` computes on the backend that a run began on. */
  continuing(backend: string): Cli;
}

/** One command: its words, and what it does. */
export interface CliCommand {
  readonly register: (program: Command) => void;
}

/** Reads an option's value. Throws InvalidArgumentError. */
export const wholeNumber = (text: string): number => {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError("It must be a whole number, 0 or more.");
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new InvalidArgumentError(`It must be at most ${Number.MAX_SAFE_INTEGER}.`);
  return value;
};

const UNITS: Readonly<Record<string, number>> = {
  "": 1,
  K: 1e3,
  M: 1e6,
  G: 1e9,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
};

/** Reads an option's value such as 2GB or 512MiB. Throws InvalidArgumentError. */
export const byteCount = (text: string): number => {
  const [, digits, unit] = /^(\d+(?:\.\d+)?) ?([KMG]i?|)B?$/.exec(text) ?? [];
  const bytes = Math.floor(Number(digits) * UNITS[unit]);
  if (!(bytes > 0 && Number.isSafeInteger(bytes)))
    throw new InvalidArgumentError("It must be a size, such as 2GB or 512MiB.");
  return bytes;
};

/** The value of an option that a command needs. Asked for here, so that a misspelt one is named as unknown before. */
export function requireOption(option: string, value: string | undefined): string {
  if (value === undefined)
    throw new UserError("usage", `The option ${option} is needed.`, "(add --help for what there is)");
  return value;
}

/** Adds the options that every command takes. */
export function withCommonOptions(command: Command): Command {
  return command
    .option("--json", "print JSON on stdout")
    .option("--quiet", "print nothing but results and errors")
    .addOption(new Option("--backend <name>", "what computes").choices(backendChoices).default("auto"))
    .option("--adapter <name>", "which GPU: its number or a part of its name")
    .option("--memory-limit <size>", "what a run may take of a GPU's memory, e.g. 2GB", byteCount)
    .option("--dump <dir>", "write each compiled program there: its graph, ONNX model or WGSL")
    .option("--seed <number>", "root of every random draw", wholeNumber);
}

export function createCli(options: CommonOptions): Cli {
  const controller = new AbortController();
  const output = new Output({ json: options.json === true, quiet: options.quiet === true });
  const interrupt = () => {
    if (controller.signal.aborted) process.exit(130);
    controller.abort();
    output.note("Stopping after this step. Press Ctrl-C again to end at once.");
  };
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", interrupt);
  let host: Promise<Host> | undefined;
  const create = (backendId: CommonOptions["backend"]): Cli => {
    let runtime: Promise<Runtime> | undefined;
    const openRuntime = async () => {
      const backend = await openBackend(
        { ...options, backend: backendId },
        rememberingOf(output, options.adapter !== undefined),
      );
      return new Runtime(backend, await dumpTo(options.dump));
    };
    return {
      output,
      options,
      signal: controller.signal,
      host: () => (host ??= openHost()),
      runtime: () => (runtime ??= openRuntime()),
      openRuntime,
      continuing: (began) => create(backendId === "auto" && isBackend(began) ? began : backendId),
    };
  };
  return create(options.backend);
}

/** What is found of adapters is remembered in the store, also by commands that need nothing else of it. */
const rememberingOf = (output: Output, isAsked: boolean): Remembering => ({
  home: findHome(),
  isAsked,
  onNotice: (text) => output.note(text),
  onProgress: (done, total) =>
    output.progress("check", { done, total, perSecond: 0, secondsLeft: Number.NaN, note: "", unit: "kernel" }),
});

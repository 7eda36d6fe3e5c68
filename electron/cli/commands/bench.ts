// bench: kernels, steps and the import, as records that can be compared.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Option } from "commander";
import {
  type BenchOptions,
  type BenchRecord,
  type Counters,
  type KernelProfile,
  measure,
  type Question,
  questions,
  summariseProfile,
} from "../../../shared/bench/index.ts";
import { type Backend, measureDevice, Runtime, type WebgpuBackend } from "../../../shared/engine/index.ts";
import { nearest } from "../../../shared/lib/nearest.ts";
import { UserError } from "../../../shared/lib/user-error.ts";
import {
  generateImageFolder,
  generatePhotoFolder,
  measureImport,
  measureSharpAlone,
} from "../../host/datasets/bench.ts";
import { formatBytes } from "../../host/files.ts";
import { type Cli, type CliCommand, type CommonOptions, createCli, wholeNumber, withCommonOptions } from "../cli.ts";
import { formatTable } from "../output.ts";
import { loadTruth } from "../truth.ts";

interface BenchFlags extends CommonOptions {
  readonly suite: "peers" | "spec";
  readonly width: number;
  readonly profile?: boolean;
  /** False with --no-check. */
  readonly check: boolean;
}

const isWebgpu = (backend: Backend): backend is WebgpuBackend => "stats" in backend;

function countersOf(backend: Backend): Counters {
  if (!isWebgpu(backend)) {
    return { dispatches: () => null, peakBytes: () => null, heldBytes: () => null, settle: async () => {} };
  }
  return {
    dispatches: () => backend.stats().dispatches,
    peakBytes: () => backend.stats().peakBytes,
    heldBytes: () => backend.stats().heldBytes,
    settle: () => backend.device.queue.onSubmittedWorkDone(),
  };
}

/** 10^9 operations a second at best: the device's multiply-adds; on a CPU, its fastest matrix product. */
export async function measurePeak(backend: Backend, seconds = 1): Promise<number> {
  if (isWebgpu(backend)) return (await measureDevice(backend.device)).gflops;
  const largest = questions.find(({ name }) => name === "matmul1024");
  if (!largest) return Number.NaN;
  const options = { suite: "spec", width: 32, counters: countersOf(backend), peakGflops: null, seconds } as const;
  return (await measure(largest, new Runtime(backend), options)).gflops;
}

const imports = [
  { generate: generateImageFolder, count: 6_000, shapes: "PNG images of 28 x 28" },
  { generate: generateImageFolder, count: 60_000, shapes: "PNG images of 28 x 28" },
  { generate: generatePhotoFolder, count: 3_000, shapes: "JPEG images of 320 x 240" },
] as const;
/** Sharp alone is measured once for each kind of picture. */
const MOST_BESIDE_SHARP = 6_000;

/** Generated pictures, imported each time in a process of its own. */
async function benchImport(cli: Cli): Promise<void> {
  for (const { generate, count, shapes } of imports) {
    const folder = await mkdtemp(join(tmpdir(), "stillroom-bench-"));
    try {
      await generate(folder, count);
      const { images, seconds, imagesPerSecond, peakBytes, size } = await measureImport(folder, cli.signal);
      const sharpAlone = count <= MOST_BESIDE_SHARP ? await measureSharpAlone(folder, size, cli.signal) : null;
      const beside = sharpAlone === null ? "" : `, sharp alone (decode, resize) ${Math.round(sharpAlone)}`;
      const text = `import ${images} ${shapes} to ${size}: ${seconds.toFixed(1)} s, ${Math.round(imagesPerSecond)} images/s${beside}, peak ${formatBytes(peakBytes)}`;
      const kernel = { gflop: null, gflops: null, peakShare: null, dispatches: null, error: null };
      const record = {
        name: "import",
        suite: null,
        width: null,
        backend: "sharp",
        adapter: null,
        shapes: `${images} ${shapes} to ${size}`,
        ...kernel,
      };
      cli.output.line(
        { ...record, images, medianMs: seconds * 1000, runs: 1, imagesPerSecond, sharpAlone, peakBytes },
        text,
      );
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
}

function describe({
  name,
  suite,
  width,
  backend,
  firstMs,
  medianMs,
  gflops,
  peakShare,
  dispatches,
  peakBytes,
  heldBytes,
  errors,
}: BenchRecord): string {
  const told = errors && Object.entries(errors).map(([result, error]) => `${result} ${error.toExponential(1)}`);
  const parts = [
    name.padEnd(17),
    `${suite} ${width}`.padEnd(9),
    backend.padEnd(6),
    `${medianMs.toFixed(2)} ms`.padStart(12),
    `${gflops.toFixed(1)} GFLOP/s`.padStart(15),
    peakShare === null ? "" : `${Math.round(100 * peakShare)} % of peak`,
    dispatches === null ? "" : `${dispatches} dispatches`,
    peakBytes === null ? "" : `peak ${formatBytes(peakBytes)}`,
    heldBytes === null ? "" : `held ${formatBytes(heldBytes)}`,
    `first ${firstMs.toFixed(0)} ms`,
    told ? `error ${told.join(", ")}` : "",
  ];
  return parts.filter(Boolean).join("  ");
}

/** One step, each of its dispatches by the device's own clock. */
async function profile(cli: Cli, question: Question, runtime: Runtime, options: BenchOptions): Promise<void> {
  const { backend } = runtime;
  if (!isWebgpu(backend)) {
    throw new UserError("usage", "--profile times the kernels of a GPU.", "Add --backend webgpu.");
  }
  const speed = await measureDevice(backend.device);
  const step = await question.create(options).prepare(runtime);
  await step();
  const rows = summariseProfile(await backend.profile(step), speed);
  cli.output.line(
    { name: question.name, ...options, adapter: backend.capabilities.adapter, kernels: rows },
    table(rows),
  );
}

function table(rows: readonly KernelProfile[]): string {
  const percent = (share: number) => `${Math.round(100 * share)} %`;
  const lines = rows.map((row) => [
    row.milliseconds.toFixed(2),
    percent(row.share),
    String(row.dispatches),
    row.gflops > 0 ? `${row.gflops.toFixed(1)} (${percent(row.peakShare)})` : "",
    `${row.gigabytesPerSecond.toFixed(1)} (${percent(row.bandwidthShare)})`,
    `${row.program}: ${row.kernel}`,
  ]);
  return formatTable([["ms", "share", "times", "GFLOP/s (of peak)", "GB/s (of peak)", "kernel"], ...lines]);
}

export const benchCommand: CliCommand = {
  register: (program) => {
    const known = [...questions.map(({ name }) => name), "import"];
    const command = program
      .command("bench [names...]")
      .description(`measure: ${known.join(", ")}`)
      .addOption(
        new Option(
          "--suite <name>",
          "whose network: that of the specifications (3 x 32 x 32 pixels, biases), or that which other libraries are measured with",
        )
          .choices(["peers", "spec"])
          .default("spec"),
      )
      .option("--width <channels>", "channels of the network", wholeNumber, 32)
      .option("--profile", "time every kernel of one step by the GPU's own clock, instead of whole steps")
      .option("--no-check", "do not compare with float64, which is computed once (minutes for large widths) and kept");
    withCommonOptions(command).action(async (names: string[], flags: BenchFlags) => {
      const cli = createCli(flags);
      const unknown = names.filter((name) => !known.includes(name));
      if (unknown.length > 0) {
        const suggestion = nearest(unknown[0], known);
        const hint = suggestion ? `Did you mean ${suggestion}?` : `Known: ${known.join(", ")}.`;
        throw new UserError("usage", `There is no benchmark "${unknown.join('", "')}".`, hint);
      }
      const wanted = names.length > 0 ? names : known.filter((name) => name !== "import");
      const chosen = questions.filter(({ name }) => wanted.includes(name));
      if (chosen.length > 0) {
        let peak: number | undefined;
        for (const question of chosen) {
          if (cli.signal.aborted) throw new UserError("stopped", `Stopped before ${question.name}.`);
          // Each on a backend of its own, so that no first run finds kernels compiled, and no peak is another's.
          const runtime = await cli.openRuntime();
          const { backend } = runtime;
          if (peak === undefined) {
            peak = await measurePeak(backend);
            const basis = isWebgpu(backend) ? "multiply-adds" : "matmul1024";
            cli.output.note(`${backend.capabilities.adapter}: peak ${peak.toFixed(1)} GFLOP/s (${basis})`);
          }
          if (flags.profile) {
            await profile(cli, question, runtime, { suite: flags.suite, width: flags.width });
            await runtime.dispose();
            continue;
          }
          const record = await measure(question, runtime, {
            suite: flags.suite,
            width: flags.width,
            counters: countersOf(backend),
            peakGflops: peak,
            ...(flags.check
              ? {
                  truth: (workload) =>
                    loadTruth(workload, () => cli.output.note(`Computing ${question.name} in float64, once.`)),
                }
              : {}),
          });
          cli.output.line(record, describe(record));
          await runtime.dispose();
        }
      }
      if (wanted.includes("import")) await benchImport(cli);
    });
  },
};

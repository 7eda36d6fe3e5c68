// bench: kernels, steps and the import, as records that can be compared.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Option } from "commander";
import { type BenchRecord, measure, questions } from "../../../shared/bench/index.ts";
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

interface BenchFlags extends CommonOptions {
  readonly suite: "peers" | "spec";
  readonly width: number;
}

const isWebgpu = (backend: Backend): backend is WebgpuBackend => "stats" in backend;

/** 10^9 operations a second at best: the device's multiply-adds; on a CPU, its fastest matrix product. */
export async function measurePeak(backend: Backend, seconds = 1): Promise<number> {
  if (isWebgpu(backend)) return (await measureDevice(backend.device)).gflops;
  const counters = { dispatches: () => null, peakBytes: () => null };
  const largest = questions.find(({ name }) => name === "matmul1024");
  if (!largest) return Number.NaN;
  return (await measure(largest, { suite: "spec", width: 32 }, new Runtime(backend), counters, null, seconds)).gflops;
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
  medianMs,
  gflops,
  peakShare,
  dispatches,
  peakBytes,
  error,
}: BenchRecord): string {
  const parts = [
    name.padEnd(10),
    `${suite} ${width}`.padEnd(9),
    backend.padEnd(6),
    `${medianMs.toFixed(2)} ms`.padStart(12),
    `${gflops.toFixed(1)} GFLOP/s`.padStart(15),
    peakShare === null ? "" : `${Math.round(100 * peakShare)} % of peak`,
    dispatches === null ? "" : `${dispatches} dispatches`,
    peakBytes === null ? "" : `peak ${formatBytes(peakBytes)}`,
    `error ${error.toExponential(1)}`,
  ];
  return parts.filter(Boolean).join("  ");
}

export const benchCommand: CliCommand = {
  register: (program) => {
    const known = [...questions.map(({ name }) => name), "import"];
    const command = program
      .command("bench [names...]")
      .description(`measure: ${known.join(", ")}`)
      .addOption(new Option("--suite <name>", "whose network").choices(["peers", "spec"]).default("spec"))
      .option("--width <channels>", "channels of the network", wholeNumber, 32);
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
        const runtime = await cli.runtime();
        const { backend } = runtime;
        const peak = await measurePeak(backend);
        const basis = isWebgpu(backend) ? "multiply-adds" : "matmul1024";
        cli.output.note(`${backend.capabilities.adapter}: peak ${peak.toFixed(1)} GFLOP/s (${basis})`);
        const stats = isWebgpu(backend) ? () => backend.stats() : undefined;
        const counters = {
          dispatches: () => stats?.().dispatches ?? null,
          peakBytes: () => stats?.().peakBytes ?? null,
        };
        for (const question of chosen) {
          if (cli.signal.aborted) throw new UserError("stopped", `Stopped before ${question.name}.`);
          const record = await measure(question, { suite: flags.suite, width: flags.width }, runtime, counters, peak);
          cli.output.line(record, describe(record));
        }
        await runtime.dispose();
      }
      if (wanted.includes("import")) await benchImport(cli);
    });
  },
};

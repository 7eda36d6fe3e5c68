// PyTorch on the CPU: node torch.ts WIDTH WORKLOAD. Gives torch_steps.py our arrays as files and compares what it writes.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { loadTruth } from "../../electron/cli/truth.ts";
import { dryRun } from "../../shared/bench/dry-run.ts";
import { questions } from "../../shared/bench/index.ts";
import { matmulOperands } from "../../shared/bench/matmul.ts";
import { compareResults } from "../../shared/bench/measure.ts";
import { drawNormal } from "../../shared/bench/recipes.ts";
import { flatParams, given, suite } from "./harness.ts";

const { name, width } = given;
const python = process.env.PYTHON ?? "/usr/bin/python3";
const workload = questions.find((question) => question.name === name)!.create({ suite: "peers", width });

function arrays(): Record<string, any> {
  if (name.startsWith("matmul")) return matmulOperands(Number(name.slice(6)));
  if (name.startsWith("conv")) {
    const side = suite.sides[Number(name[4]) - 1];
    const shape = [suite.sizes.batch, width, side, side];
    return { x: drawNormal(31, shape), w: drawNormal(32, [width, width, 3, 3], 0.1), g: drawNormal(33, shape) };
  }
  const [batch, real, synthetic] = [suite.batch(), suite.real(), suite.synthetic()];
  return {
    params: flatParams(suite.params),
    target: flatParams(suite.target),
    batch: batch.images,
    batchLabels: batch.labels,
    real: real.images,
    realLabels: real.labels,
    synthetic: synthetic.images,
    syntheticLabels: synthetic.labels,
  };
}

const folder = mkdtempSync(join(tmpdir(), "stillroom-peers-"));
try {
  const write = ({ shape, data }: any, file: string) => {
    writeFileSync(join(folder, file), new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    return { file, shape };
  };
  const manifest = Object.entries(arrays()).map(([key, value]) => [
    key,
    Array.isArray(value) ? value.map((each, at) => write(each, `${key}.${at}.bin`)) : write(value, `${key}.bin`),
  ]);
  writeFileSync(join(folder, "manifest.json"), JSON.stringify(Object.fromEntries(manifest)));
  const threads = availableParallelism();
  const script = join(import.meta.dirname, "torch_steps.py");
  // By default each large array is mapped anew and given back, and half of PyTorch's time goes to page faults: it may keep its memory.
  const env = {
    ...process.env,
    MALLOC_MMAP_MAX_: "0",
    MALLOC_TRIM_THRESHOLD_: String(2 ** 40),
    MALLOC_TOP_PAD_: String(2 ** 28),
  };
  const printed = execFileSync(python, [script, folder, name, String(threads)], { encoding: "utf8", env });
  const { torch, ...times } = JSON.parse(printed);
  const results = readdirSync(folder).flatMap((file) => {
    const key = /^result\.(.*)\.bin$/.exec(file)?.[1];
    const bytes = key && readFileSync(join(folder, file));
    return bytes ? [[key, new Float32Array(Uint8Array.from(bytes).buffer)]] : [];
  });
  const gflop = (await dryRun(async (runtime) => (await workload.prepare(runtime))())) / 1e9;
  const errors = compareResults(Object.fromEntries(results), await loadTruth(workload, () => {}));
  console.log(
    JSON.stringify({
      name,
      suite: "peers",
      width,
      backend: "torch",
      adapter: `PyTorch ${torch}, ${threads} threads`,
      shapes: workload.shapes,
      ...times,
      gflop,
      gflops: gflop / (times.medianMs / 1000),
      peakShare: null,
      dispatches: null,
      peakBytes: null,
      heldBytes: null,
      errors,
      error: Math.max(...Object.values(errors)),
    }),
  );
} finally {
  rmSync(folder, { recursive: true });
}

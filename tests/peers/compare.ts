// Ours and the peers, back to back on one adapter: node tests/peers/compare.ts --adapter lavapipe --width 32
// [--only dc,mtt] [--peers jax-js,torch] [--timeout 120] [--ours webgpu,onnx] [--out results.ndjson]. Prints the ratios as markdown.
import { spawn } from "node:child_process";
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";

const { values: flags } = parseArgs({
  options: {
    adapter: { type: "string", default: "lavapipe" },
    width: { type: "string", default: "32" },
    only: { type: "string", default: "matmul512,matmul1024,forward,train,dm,dc,mtt" },
    peers: { type: "string", default: "jax-js,tfjs,ort-web,torch" },
    ours: { type: "string", default: "webgpu,onnx" },
    timeout: { type: "string", default: "120" },
    out: { type: "string" },
  },
});

/** Software adapters by the name of their driver; any other name is asked for as it is. */
const known: Record<string, { name: string; icd: string | undefined }> = {
  lavapipe: { name: "llvmpipe", icd: "/usr/share/vulkan/icd.d/lvp_icd.json" },
  swiftshader: { name: "SwiftShader", icd: process.env.SWIFTSHADER_ICD ?? "/usr/lib/chromium/vk_swiftshader_icd.json" },
};
const { name: adapter, icd } = known[flags.adapter] ?? { name: flags.adapter, icd: process.env.VK_ICD_FILENAMES };
const environment = { ...process.env, ...(icd ? { VK_ICD_FILENAMES: icd, VK_DRIVER_FILES: icd } : {}) };
const cli = join(import.meta.dirname, "../../electron/cli/main.ts");

interface PeerRecord {
  readonly name: string;
  readonly backend: string;
  readonly medianMs: number | null;
  readonly firstMs: number;
  readonly dispatches: number | null;
  readonly heldBytes: number | null;
  readonly errors: Record<string, number> | null;
}

/** The last record that a process printed; undefined, with the reason on stderr, where it printed none. */
function run(label: string, args: readonly string[]): Promise<PeerRecord | undefined> {
  return new Promise((done) => {
    const child = spawn(process.execPath, args, { env: environment, stdio: ["ignore", "pipe", "pipe"] });
    let [printed, complaints] = ["", ""];
    child.stdout.on("data", (chunk) => (printed += chunk));
    child.stderr.on("data", (chunk) => (complaints += chunk));
    const timer = setTimeout(() => child.kill("SIGKILL"), Number(flags.timeout) * 1000);
    child.on("close", (_code, signal) => {
      clearTimeout(timer);
      const line = printed
        .trim()
        .split("\n")
        .findLast((each) => each.startsWith("{") && each.endsWith("}"));
      if (signal) process.stderr.write(`${label}: ended after ${flags.timeout} s\n`);
      else if (!line) process.stderr.write(`${label}: ${complaints.trim().split("\n").slice(-4).join(" ")}\n`);
      if (line && flags.out) appendFileSync(flags.out, `${line}\n`);
      done(line ? JSON.parse(line) : undefined);
    });
  });
}

const ours = (name: string, backend: string) =>
  run(`${backend} ${name}`, [
    cli,
    ...["bench", name, "--suite", "peers", "--width", flags.width, "--json", "--quiet", "--backend", backend],
    ...(backend === "webgpu" ? ["--adapter", adapter] : []),
  ]);
const peer = (name: string, library: string) =>
  run(`${library} ${name}`, [join(import.meta.dirname, `${library}.ts`), flags.width, name, adapter]);

const backends = flags.ours.split(",").filter(Boolean);
const libraries = flags.peers.split(",").filter(Boolean);
const gpuLibraries = libraries.filter((library) => library !== "torch");
const infersOnly = (library: string, name: string) =>
  (library === "ort-web" && name !== "forward" && !name.startsWith("matmul")) ||
  (library === "tfjs" && name.startsWith("conv"));

const number = (value: number | null | undefined, digits = 1) => (value == null ? "" : value.toFixed(digits));
const errorOf = (record: PeerRecord | undefined) =>
  record?.errors
    ? Object.entries(record.errors)
        .map(([name, error]) => `${name} ${error.toExponential(1)}`)
        .join(", ")
    : "";

console.log(
  `Width ${flags.width}, ${flags.adapter}. Times are medians; "against" is ours over the fastest WebGPU library, or over PyTorch for onnx.\n`,
);
console.log("| workload | library | ms | against | first ms | dispatches | memory, MB | error against float64 |");
console.log("|---|---|---|---|---|---|---|---|");
for (const name of flags.only.split(",")) {
  const found = new Map<string, PeerRecord | undefined>();
  for (const library of libraries) if (!infersOnly(library, name)) found.set(library, await peer(name, library));
  for (const backend of backends) found.set(backend, await ours(name, backend));
  const best = Math.min(...gpuLibraries.map((library) => found.get(library)?.medianMs ?? Number.POSITIVE_INFINITY));
  const torch = found.get("torch")?.medianMs ?? Number.NaN;
  for (const [library, record] of found) {
    const against = library === "onnx" ? torch : backends.includes(library) ? best : Number.NaN;
    const ratio = record?.medianMs == null ? Number.NaN : record.medianMs / against;
    const cells = [
      name,
      library,
      record ? number(record.medianMs) || "none in time" : "failed",
      Number.isFinite(ratio) ? number(ratio, 2) : "",
      number(record?.firstMs, 0),
      String(record?.dispatches ?? ""),
      number(record?.heldBytes == null ? null : record.heldBytes / 2 ** 20, 0),
      errorOf(record),
    ];
    console.log(`| ${cells.join(" | ")} |`);
  }
}

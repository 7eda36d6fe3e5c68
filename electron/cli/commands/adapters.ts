// adapters: the GPUs of this machine and the CPU path, with what each can do at best, measured; or the proof of their kernels.
import { availableParallelism, cpus } from "node:os";
import { type CheckReport, printCheck } from "../../../shared/api/adapter-notes.ts";
import { measureDevice } from "../../../shared/engine/index.ts";
import { UserError } from "../../../shared/lib/user-error.ts";
import { checkListed, listAdapters, openWebgpu, pickAdapter } from "../../compute/gpu.ts";
import { openBackend } from "../../compute/open-backend.ts";
import { formatBytes } from "../../host/files.ts";
import { type Cli, type CliCommand, type CommonOptions, createCli, withCommonOptions } from "../cli.ts";
import { formatTable } from "../output.ts";
import { measurePeak } from "./bench.ts";

export const adaptersCommand: CliCommand = {
  register: (program) => {
    const command = program
      .command("adapters")
      .description("list the GPU adapters and the CPU path, with measured peaks")
      .option(
        "--check",
        "prove every kernel on every adapter, or on the one of --adapter, and switch off those that fail",
      );
    withCommonOptions(command).action(async (flags: CommonOptions & { readonly check?: boolean }) => {
      const cli = createCli(flags);
      if (flags.check) return checkAdapters(cli);
      const listed = await listAdapters().catch((error) => {
        if (!(error instanceof UserError)) throw error;
        cli.output.warn(`${error.message} ${error.hint}`);
        return [];
      });
      const adapters = [];
      for (const adapter of listed) {
        const backend = await openWebgpu({ adapter: adapter.name });
        adapters.push({ ...adapter, ...(await measureDevice(backend.device)) });
        await backend.dispose();
      }
      const onnx = await openBackend({ backend: "onnx" });
      const cpu = {
        model: cpus()[0]?.model ?? "unknown",
        threads: availableParallelism(),
        runtime: onnx.capabilities.adapter,
        gflops: await measurePeak(onnx, 0.5),
      };
      await onnx.dispose();
      const chosen = adapters.find(({ software }) => !software);
      const rows = adapters.map(({ index, name, backendType, software, gflops, gigabytesPerSecond, limits }) => [
        String(index),
        name,
        backendType,
        software ? "software" : "GPU",
        `${gflops.toFixed(1)} GFLOP/s`,
        `${gigabytesPerSecond.toFixed(1)} GB/s`,
        `buffers to ${formatBytes(limits.maxStorageBufferBindingSize ?? 0)}`,
      ]);
      const text = [
        rows.length > 0
          ? formatTable([["", "adapter", "api", "kind", "peak", "copy", "limit"], ...rows])
          : "No WebGPU adapter.",
        "",
        `CPU  ${cpu.model}, ${cpu.threads} threads, ${cpu.gflops.toFixed(1)} GFLOP/s in a matrix product, by ${cpu.runtime}`,
        chosen
          ? `auto computes on ${chosen.name}`
          : "auto computes on the CPU: there is no GPU with a WebGPU driver here, and a software adapter is slower",
      ].join("\n");
      cli.output.result({ adapters, cpu, auto: chosen ? "webgpu" : "onnx" }, text);
    });
  },
};

async function checkAdapters(cli: Cli): Promise<void> {
  const { adapter } = cli.options;
  const listed = await listAdapters();
  const chosen = adapter === undefined && listed.length > 0 ? listed : [listed[pickAdapter(listed, adapter, true)]];
  const { store } = await cli.host();
  const reports: CheckReport[] = [];
  for (const { name } of chosen) {
    const onProgress = (done: number, total: number) =>
      cli.output.progress("check", { done, total, perSecond: 0, secondsLeft: Number.NaN, note: name, unit: "kernel" });
    reports.push(await checkListed(name, { home: store.home, onNotice: (text) => cli.output.note(text), onProgress }));
  }
  cli.output.result({ checks: reports }, reports.map(printCheck).join("\n\n"));
  const failed = reports.filter(({ kernels }) => kernels.some(({ verdict }) => verdict !== "right"));
  if (failed.length > 0) throw checkFailed(failed);
}

function checkFailed(reports: readonly CheckReport[]): UserError {
  const list = reports.map(({ adapter, kernels }) => {
    const wrong = kernels.filter(({ verdict }) => verdict !== "right");
    return `${adapter}: ${wrong.map(({ op, variant }) => (variant ? `${op}/${variant}` : op)).join(", ")}`;
  });
  const isUnusable = reports.some(({ unusable }) => unusable.length > 0);
  const isReplaced = reports.some(({ disabled }) => disabled.length > 0);
  const what = isUnusable
    ? "There is no right kernel for some of it: compute on another adapter, or with --backend onnx."
    : isReplaced
      ? "Runs use other kernels instead, and are right."
      : "Training is right without it.";
  return new UserError(
    "check-failed",
    `Not every kernel is right. ${list.join("; ")}.`,
    `${what} Update the GPU's driver and check again; if it stays, report it with the table above (--json for all of it).`,
  );
}

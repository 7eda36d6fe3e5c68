// adapters: the GPUs of this machine and the CPU path, with what each can do at best, measured.
import { availableParallelism, cpus } from "node:os";
import { measureDevice } from "../../../shared/engine/index.ts";
import { UserError } from "../../../shared/lib/user-error.ts";
import { listAdapters, openWebgpu } from "../../compute/gpu.ts";
import { openBackend } from "../../compute/open-backend.ts";
import { formatBytes } from "../../host/files.ts";
import { type CliCommand, type CommonOptions, createCli, withCommonOptions } from "../cli.ts";
import { formatTable } from "../output.ts";
import { measurePeak } from "./bench.ts";

export const adaptersCommand: CliCommand = {
  register: (program) => {
    const command = program
      .command("adapters")
      .description("list the GPU adapters and the CPU path, with measured peaks");
    withCommonOptions(command).action(async (flags: CommonOptions) => {
      const cli = createCli(flags);
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

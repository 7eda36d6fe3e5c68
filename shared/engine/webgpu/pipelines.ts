// Compute pipelines by their WGSL: compiled once for all programs, and compilation errors with the lines they point at.
import { BackendError } from "../errors.ts";
import type { Kernel } from "./kernel.ts";

export interface Pipeline {
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
}

const bindingTypes: Readonly<Record<string, GPUBufferBindingType>> = {
  uniform: "uniform",
  "storage, read": "read-only-storage",
  "storage, read_write": "storage",
};

/** GPUShaderStage.COMPUTE, which only browsers have as a global. */
const COMPUTE = 4;

export class PipelineCache {
  readonly #device: GPUDevice;
  readonly #pipelines = new Map<string, Promise<Pipeline>>();
  readonly #layouts = new Map<string, { bindings: GPUBindGroupLayout; pipeline: GPUPipelineLayout }>();

  constructor(device: GPUDevice) {
    this.#device = device;
  }

  get size(): number {
    return this.#pipelines.size;
  }

  /** The pipeline of a kernel; `op` names it in errors. */
  get({ wgsl }: Kernel, op: string): Promise<Pipeline> {
    let pipeline = this.#pipelines.get(wgsl);
    if (!pipeline) this.#pipelines.set(wgsl, (pipeline = this.#compile(wgsl, op)));
    return pipeline;
  }

  /** Layouts by what a kernel says of each of its buffers. */
  #layout(wgsl: string) {
    const accesses = [...wgsl.matchAll(/var<(uniform|storage, read|storage, read_write)>/g)].map(
      ([, access]) => access,
    );
    const key = accesses.join();
    let layout = this.#layouts.get(key);
    if (!layout) {
      const bindings = this.#device.createBindGroupLayout({
        entries: accesses.map((access, binding) => ({
          binding,
          visibility: COMPUTE,
          buffer: { type: bindingTypes[access] },
        })),
      });
      layout = { bindings, pipeline: this.#device.createPipelineLayout({ bindGroupLayouts: [bindings] }) };
      this.#layouts.set(key, layout);
    }
    return layout;
  }

  async #compile(wgsl: string, op: string): Promise<Pipeline> {
    const layout = this.#layout(wgsl);
    // The scope keeps a bad module from being an uncaptured error: what is wrong is told below.
    this.#device.pushErrorScope("validation");
    const module = this.#device.createShaderModule({ label: op, code: wgsl });
    const scope = this.#device.popErrorScope();
    try {
      const pipeline = await this.#device.createComputePipelineAsync({
        label: op,
        layout: layout.pipeline,
        compute: { module, entryPoint: "main" },
      });
      await scope;
      return { pipeline, layout: layout.bindings };
    } catch (error) {
      await scope;
      const { messages } = await module.getCompilationInfo();
      const source = wgsl.split("\n");
      const lines = messages
        .filter(({ type }) => type === "error")
        .map(({ lineNum, message }) => `line ${lineNum}: ${message}\n  ${source[lineNum - 1]?.trim() ?? ""}`);
      const details = lines.join("\n") || (error instanceof Error ? error.message : String(error));
      throw new BackendError("webgpu", `the kernel of ${op} does not compile: ${details}`, "", { cause: error });
    }
  }
}

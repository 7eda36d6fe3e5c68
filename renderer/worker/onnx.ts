// The CPU path of the window: ONNX Runtime as WebAssembly, loaded only when it is to compute.
import { type Backend, createOnnxBackend, type OnnxRuntime } from "../../shared/engine/index.ts";
import { describeError, UserError } from "../../shared/lib/user-error.ts";

/** The part of onnxruntime-web that opening needs. */
export interface OnnxModule extends OnnxRuntime {
  readonly env: { readonly versions: { readonly common: string }; readonly wasm: { numThreads?: number } };
}

export async function openOnnx(load: () => Promise<OnnxModule>, threads: number): Promise<Backend> {
  let runtime: OnnxModule;
  try {
    runtime = await load();
  } catch (cause) {
    const message = `The window's ONNX Runtime cannot be loaded: ${describeError(cause)}`;
    throw new UserError("no-onnx", message, "Reload the page, or choose another place to compute.", { cause });
  }
  runtime.env.wasm.numThreads = threads;
  const name = `ONNX Runtime ${runtime.env.versions.common}, WebAssembly`;
  return withPauses(createOnnxBackend(runtime, { name, threads }));
}

/** WebAssembly computes without letting go of the thread: between two programs the Worker listens, or no stop is heard. */
function withPauses(backend: Backend, everyMs = 30): Backend {
  let heardAt = 0;
  return {
    ...backend,
    run: async (executable, inputs, donated) => {
      if (performance.now() - heardAt > everyMs) {
        await listen();
        heardAt = performance.now();
      }
      return backend.run(executable, inputs, donated);
    },
  };
}

/** Unlike a timer, a message is not held back in a hidden window. */
function listen(): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}

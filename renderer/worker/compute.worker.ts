// The computing Worker of the window: takes one task, computes it, and is ended by the window.

// As files of our own, which the page's policy lets it load.
import moduleUrl from "onnxruntime-web/ort-wasm-simd-threaded.mjs?url";
import wasmUrl from "onnxruntime-web/ort-wasm-simd-threaded.wasm?url";
import { createClient } from "../../shared/api/client.ts";
import { failureOf } from "../../shared/experiment/session.ts";
import type { FromWorker, ToWorker } from "./messages.ts";
import type { OnnxModule } from "./onnx.ts";
import { runTask } from "./tasks.ts";

/** Of the Worker's global scope, what is used here: the library of types knows the page's. */
declare const self: {
  onmessage: (event: { data: ToWorker }) => void;
  postMessage(message: FromWorker): void;
};

const MAX_THREADS = 8;
/** Threads of WebAssembly need memory that is shared. */
const threads = crossOriginIsolated ? Math.max(1, Math.min(MAX_THREADS, navigator.hardwareConcurrency)) : 1;

async function loadOnnx(): Promise<OnnxModule> {
  const ort = await import("onnxruntime-web/wasm");
  ort.env.wasm.wasmPaths = {
    wasm: new URL(wasmUrl, import.meta.url).href,
    mjs: new URL(moduleUrl, import.meta.url).href,
  };
  return ort as unknown as OnnxModule;
}

const world = {
  client: createClient((input, init) => fetch(input, init)),
  gpu: navigator.gpu as GPU | undefined,
  loadOnnx,
  threads,
};
const stopping = new AbortController();

self.onmessage = async ({ data }) => {
  if (data.type === "stop") return stopping.abort();
  try {
    self.postMessage(await runTask(data, world, stopping, (message) => self.postMessage(message)));
  } catch (error) {
    self.postMessage({ type: "failed", error: failureOf(error) });
  }
};
self.postMessage({ type: "ready" });

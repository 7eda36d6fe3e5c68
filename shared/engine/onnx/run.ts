// The ONNX backend: compiles programs to ONNX models and runs them with an ONNX Runtime module that it is given
// (onnxruntime-node natively, onnxruntime-web as WebAssembly).
import { invariant } from "../../lib/invariant.ts";
import type { Backend, Executable, ProgramGraph, Value } from "../backend.ts";
import { BackendError } from "../errors.ts";
import { sizeOf } from "../shape.ts";
import { findChannelBlock } from "./channel-block.ts";
import { lowerToOnnx } from "./lower.ts";

/** The part of an ONNX Runtime module that the backend uses. */
export interface OnnxRuntime {
  readonly Tensor: new (
    type: "float32" | "int32",
    data: Float32Array | Int32Array,
    dims: readonly number[],
  ) => OnnxTensor;
  readonly InferenceSession: {
    create(model: Uint8Array, options: Record<string, unknown>): Promise<OnnxSession>;
  };
}

interface OnnxTensor {
  readonly data: unknown;
  readonly dims: readonly number[];
}

interface OnnxSession {
  run(feeds: Record<string, OnnxTensor>): Promise<Readonly<Record<string, OnnxTensor>>>;
  release(): Promise<void>;
}

export interface OnnxOptions {
  /** Shown as the adapter, e.g. "ONNX Runtime 1.30.0, native". */
  readonly name: string;
  readonly threads: number;
}

interface OnnxValue extends Value {
  data: Float32Array | Int32Array | undefined;
}

interface OnnxExecutable extends Executable {
  readonly session: OnnxSession;
  /** What the session was made of, for printing. */
  readonly model: Uint8Array;
}

export function createOnnxBackend(runtime: OnnxRuntime, options: OnnxOptions): Backend {
  const sessions = new Set<OnnxSession>();
  let block: Promise<number | undefined> | undefined;
  const live = (value: Value): Float32Array | Int32Array => {
    const { data } = value as OnnxValue;
    invariant(data, "a value was used after it was freed");
    return data;
  };
  const free = (value: Value) => {
    (value as OnnxValue).data = undefined;
  };
  return {
    capabilities: {
      backend: "onnx",
      adapter: `${options.name}, ${options.threads} ${options.threads === 1 ? "thread" : "threads"}`,
      precision: "f32",
      software: true,
    },
    implementsWhole: (op, node) => op.onnx !== undefined && (op.onnxFits?.(node) ?? true),
    compile: async (program: ProgramGraph): Promise<OnnxExecutable> => {
      block ??= findChannelBlock(runtime);
      const model = lowerToOnnx(program, await block);
      try {
        const session = await runtime.InferenceSession.create(model, {
          intraOpNumThreads: options.threads,
          interOpNumThreads: 1,
          // Blocked layouts cost more in conversions than they save where weights are inputs.
          graphOptimizationLevel: "extended",
          // Threads that spin while they wait take the core that another program needs: four times slower beside one.
          extra: { session: { intra_op: { allow_spinning: "0" } } },
          logSeverityLevel: 3,
        });
        sessions.add(session);
        return { program, session, model };
      } catch (error) {
        throw new BackendError("onnx", `ONNX Runtime refused program ${program.name}: ${message(error)}`, "", {
          cause: error,
        });
      }
    },
    upload: ({ shape, data }): OnnxValue => {
      invariant(data.length === sizeOf(shape), `${data.length} numbers do not fill [${shape}]`);
      const dtype = data instanceof Int32Array ? "i32" : "f32";
      return {
        backend: "onnx",
        shape,
        dtype,
        data: data instanceof Float64Array ? Float32Array.from(data) : data.slice(),
      };
    },
    run: async (executable, inputs, donated) => {
      const { session, program } = executable as OnnxExecutable;
      const feeds: Record<string, OnnxTensor> = {};
      inputs.forEach((value, index) => {
        feeds[`in${index}`] = new runtime.Tensor(value.dtype === "i32" ? "int32" : "float32", live(value), value.shape);
      });
      let results: Readonly<Record<string, OnnxTensor>>;
      try {
        results = await session.run(feeds);
      } catch (error) {
        throw new BackendError("onnx", `program ${program.name} failed: ${message(error)}`, "", { cause: error });
      }
      inputs.forEach((value, index) => {
        if (donated[index]) free(value);
      });
      return program.outputs.map(
        ({ shape, dtype }, index): OnnxValue => ({
          backend: "onnx",
          shape,
          dtype,
          data: results[`out${index}`].data as Float32Array | Int32Array,
        }),
      );
    },
    read: async (value) => live(value).slice(),
    free,
    dispose: async () => {
      await Promise.all([...sessions].map((session) => session.release()));
      sessions.clear();
    },
  };
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

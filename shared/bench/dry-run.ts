// A backend that computes nothing: it counts the arithmetic of whatever runs on it, and shows all that a result depends on.
import {
  type Backend,
  countFlops,
  type Executable,
  type HostArray,
  printProgram,
  Runtime,
  sizeOf,
  type Value,
} from "../engine/index.ts";

/** Is shown each program as text, and the bytes of each array, in order. */
type Recorder = (part: string | Uint8Array) => void;

/** The floating-point operations of everything that `work` runs; a multiply-add counts as two. Only products count. */
export async function dryRun(
  work: (runtime: Runtime) => Promise<unknown>,
  record: Recorder = () => {},
): Promise<number> {
  let flops = 0;
  const value = ({ shape, dtype }: Pick<Value, "shape" | "dtype">): Value => ({ backend: "reference", shape, dtype });
  const backend: Backend = {
    capabilities: { backend: "reference", adapter: "none", precision: "f64", software: true },
    implementsWhole: () => false,
    compile: async (program): Promise<Executable> => {
      record(printProgram(program));
      return { program };
    },
    upload: ({ shape, data }: HostArray) => {
      record(`[${shape}] ${data.constructor.name}`);
      record(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
      return value({ shape, dtype: data instanceof Int32Array ? "i32" : "f32" });
    },
    run: async ({ program }) => {
      flops += countFlops(program);
      record(`run ${program.name}`);
      return program.outputs.map(value);
    },
    read: async ({ shape }) => new Float64Array(sizeOf(shape)),
    free: () => {},
    dispose: async () => {},
  };
  await work(new Runtime(backend));
  return flops;
}

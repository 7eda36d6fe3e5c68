// Times passes on a device: by its own clock where that can be trusted, else from submitting to done.

// Flags of WebGPU, which only browsers have as globals.
const MAP_READ = 0x01;
const COPY_SRC = 0x04;
const COPY_DST = 0x08;
const QUERY_RESOLVE = 0x200;

export type Encode = (pass: GPUComputePassEncoder) => void;

/** A dispatch, ready to encode. Throws what is wrong with the kernel, which thus is no fault of the device's. */
export async function prepare(
  device: GPUDevice,
  code: string,
  buffers: readonly GPUBuffer[],
  workgroups: readonly [x: number, y?: number],
): Promise<Encode> {
  device.pushErrorScope("validation");
  const module = device.createShaderModule({ code });
  const invalid = device.popErrorScope();
  const compiling = device.createComputePipelineAsync({ layout: "auto", compute: { module, entryPoint: "main" } });
  const [pipeline, error] = await Promise.all([compiling, invalid]);
  if (error) throw new Error(error.message);
  const group = device.createBindGroup({
    layout: pipeline.getBindGroupLayout(0),
    entries: buffers.map((buffer, binding) => ({ binding, resource: { buffer } })),
  });
  return (pass) => {
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, group);
    pass.dispatchWorkgroups(...workgroups);
  };
}

export interface Stopwatch {
  /** Milliseconds of one pass. */
  time(encode: Encode): Promise<number>;
  /** "gpu": by the device's own clock; "wall": from submitting to done. */
  clock(): "gpu" | "wall";
  destroy(): void;
}

export function createStopwatch(device: GPUDevice): Stopwatch {
  const hasQueries = device.features.has("timestamp-query");
  const queries = hasQueries ? device.createQuerySet({ type: "timestamp", count: 2 }) : undefined;
  const resolved = hasQueries ? device.createBuffer({ size: 16, usage: QUERY_RESOLVE | COPY_SRC }) : undefined;
  const readable = hasQueries ? device.createBuffer({ size: 16, usage: MAP_READ | COPY_DST }) : undefined;
  // Some drivers have the feature and give no time; the wall clock is used from the first such answer on.
  let trusted = hasQueries;
  const before = new WeakMap<Encode, number>();

  const time = async (encode: Encode): Promise<number> => {
    const encoder = device.createCommandEncoder();
    const timestampWrites = queries && { querySet: queries, beginningOfPassWriteIndex: 0, endOfPassWriteIndex: 1 };
    const pass = encoder.beginComputePass(timestampWrites ? { timestampWrites } : {});
    encode(pass);
    pass.end();
    if (queries && resolved && readable) {
      encoder.resolveQuerySet(queries, 0, 2, resolved, 0);
      encoder.copyBufferToBuffer(resolved, 0, readable, 0, 16);
    }
    const start = performance.now();
    device.queue.submit([encoder.finish()]);
    // Dawn in Node polls without a pause for whatever is awaited, on a core that a software adapter computes with.
    const expected = before.get(encode);
    if (trusted && expected) await new Promise((resolve) => setTimeout(resolve, expected * 1.2 + 1));
    await device.queue.onSubmittedWorkDone();
    const wall = performance.now() - start;
    if (!readable || !trusted) return wall;
    await readable.mapAsync(MAP_READ);
    const [begin, end] = new BigUint64Array(readable.getMappedRange().slice(0));
    readable.unmap();
    const gpu = Number(end - begin) / 1e6;
    trusted = gpu > 0 && gpu <= wall * 1.5;
    before.set(encode, Math.min(gpu, expected ?? gpu));
    return trusted ? gpu : wall;
  };

  return {
    time,
    clock: () => (trusted ? "gpu" : "wall"),
    destroy: () => {
      queries?.destroy();
      resolved?.destroy();
      readable?.destroy();
    },
  };
}

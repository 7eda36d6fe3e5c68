// Times of single dispatches: while a profile is taken, each has a pass of its own between two timestamps.
import { BackendError } from "../errors.ts";

export interface DispatchTime {
  readonly label: string;
  readonly milliseconds: number;
  /** Bytes that the dispatch reads and writes at least once. */
  readonly bytes: number;
  /** Floating-point operations of its products. */
  readonly flops: number;
  /** The program that it belongs to. */
  readonly program: string;
}

/** Dispatches that one profile can hold: what a set of queries holds, two for each. */
const MOST_DISPATCHES = 2048;

// Flags of WebGPU, which only browsers have as globals.
const MAP_READ = 0x01;
const COPY_SRC = 0x04;
const COPY_DST = 0x08;
const QUERY_RESOLVE = 0x200;

export class Profile {
  readonly #device: GPUDevice;
  readonly #queries: GPUQuerySet;
  readonly #dispatches: Omit<DispatchTime, "milliseconds">[] = [];

  constructor(device: GPUDevice) {
    if (!device.features.has("timestamp-query")) {
      throw new BackendError(
        "webgpu",
        "this adapter cannot tell the time of a kernel (no timestamp-query)",
        "Use bench.",
      );
    }
    this.#device = device;
    this.#queries = device.createQuerySet({ type: "timestamp", count: 2 * MOST_DISPATCHES });
  }

  /** The pass of the next dispatch, described by `dispatch`. */
  passFor(dispatch: Omit<DispatchTime, "milliseconds">): GPUComputePassDescriptor {
    const at = this.#dispatches.push(dispatch) - 1;
    if (at >= MOST_DISPATCHES) {
      throw new BackendError("webgpu", `a profile holds ${MOST_DISPATCHES} dispatches`, "Profile fewer steps.");
    }
    const indices = { beginningOfPassWriteIndex: 2 * at, endOfPassWriteIndex: 2 * at + 1 };
    return { label: dispatch.label, timestampWrites: { querySet: this.#queries, ...indices } };
  }

  /** Waits for the device and tells what every dispatch took, in order. */
  async end(): Promise<DispatchTime[]> {
    const count = this.#dispatches.length;
    try {
      if (count === 0) return [];
      const size = 16 * count;
      const resolved = this.#device.createBuffer({ size, usage: QUERY_RESOLVE | COPY_SRC });
      const readable = this.#device.createBuffer({ size, usage: MAP_READ | COPY_DST });
      const encoder = this.#device.createCommandEncoder();
      encoder.resolveQuerySet(this.#queries, 0, 2 * count, resolved, 0);
      encoder.copyBufferToBuffer(resolved, 0, readable, 0, size);
      this.#device.queue.submit([encoder.finish()]);
      await readable.mapAsync(MAP_READ);
      const times = new BigUint64Array(readable.getMappedRange().slice(0));
      resolved.destroy();
      readable.destroy();
      return this.#dispatches.map((dispatch, at) => ({
        ...dispatch,
        milliseconds: Number(times[2 * at + 1] - times[2 * at]) / 1e6,
      }));
    } finally {
      this.#queries.destroy();
    }
  }
}

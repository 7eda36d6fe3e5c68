// Buffers of a device by size: counted references, reuse as soon as nothing needs the contents, and a ceiling.
import { invariant } from "../../lib/invariant.ts";
import { BackendError } from "../errors.ts";
import type { Health } from "./health.ts";

/** A buffer and how many values and runs need its contents. */
export interface Memory {
  readonly buffer: GPUBuffer;
  readonly bytes: number;
  /** Told apart from every other buffer of its pool by this. */
  readonly id: number;
  references: number;
  /** The clock of the pool when it was last given back. */
  idleSince: number;
}

/** Runs after which a buffer that nothing took again is given back to the driver. */
const IDLE_RUNS = 256;

/** Buffers with a ceiling on all that are in use; what is kept for reuse goes before it is passed. */
export class MemoryPool {
  readonly #device: GPUDevice;
  readonly #health: Health;
  readonly #usage: number;
  /** Bytes that may be in use at once. */
  readonly limit: number;
  /** By size; the oldest last. */
  readonly #idle = new Map<number, Memory[]>();
  #clock = 0;
  liveBytes = 0;
  peakBytes = 0;
  /** Live and idle together. */
  heldBytes = 0;
  /** Buffers made so far. */
  created = 0;

  constructor(device: GPUDevice, health: Health, usage: number, limit = Number.POSITIVE_INFINITY) {
    this.#device = device;
    this.#health = health;
    this.#usage = usage;
    this.limit = limit;
  }

  /** At least `bytes` of memory with one reference and any contents; `label` says for what, should it fail. */
  acquire(bytes: number, label: string): Memory {
    const size = Math.min(sizeClass(bytes), Math.max(bytes, this.#device.limits.maxStorageBufferBindingSize));
    this.#requireWithin(size, label);
    // Always the oldest, so that equal runs find equal buffers, and with them bind groups that are there.
    const memory = this.#idle.get(size)?.pop() ?? this.#create(size, label);
    memory.references = 1;
    this.#use(size);
    return memory;
  }

  /** A buffer of exactly so many bytes, in place of an earlier one of this kind; it is in use until the end. */
  replace(old: GPUBuffer | undefined, bytes: number, label: string): GPUBuffer {
    const oldBytes = old?.size ?? 0;
    this.#requireWithin(bytes - oldBytes, label);
    // What still runs keeps the old one until it is done.
    old?.destroy();
    this.heldBytes -= oldBytes;
    const { buffer } = this.#create(bytes, label);
    this.#use(bytes - oldBytes);
    return buffer;
  }

  #requireWithin(bytes: number, label: string): void {
    if (this.liveBytes + bytes <= this.limit) return;
    throw new BackendError(
      "webgpu",
      `${label} needs ${bytes} bytes beside ${this.liveBytes} that are in use, above the memory limit of ${this.limit}`,
      "Raise the limit, or use a smaller batch or width.",
    );
  }

  #use(bytes: number): void {
    this.liveBytes += bytes;
    this.peakBytes = Math.max(this.peakBytes, this.liveBytes);
  }

  #create(bytes: number, label: string): Memory {
    for (const idle of this.#idle.values()) {
      while (this.heldBytes + bytes > this.limit && idle.length > 0) this.#destroy(idle.shift() as Memory);
    }
    this.#device.pushErrorScope("out-of-memory");
    const buffer = this.#device.createBuffer({ label, size: bytes, usage: this.#usage });
    this.#health.expect(this.#device.popErrorScope(), `no memory for ${bytes} bytes of ${label}`);
    this.created++;
    this.heldBytes += bytes;
    return { buffer, bytes, id: this.created, references: 0, idleSince: 0 };
  }

  retain(memory: Memory): void {
    invariant(memory.references > 0, "memory was used after it was given back");
    memory.references++;
  }

  release(memory: Memory): void {
    invariant(memory.references > 0, "memory was given back twice");
    if (--memory.references > 0) return;
    this.liveBytes -= memory.bytes;
    memory.idleSince = this.#clock;
    const idle = this.#idle.get(memory.bytes) ?? [];
    this.#idle.set(memory.bytes, idle);
    idle.splice(idle.findLastIndex(({ id }) => id > memory.id) + 1, 0, memory);
  }

  /** Called once a run: lets go of what no run took for long. */
  tick(): void {
    if (++this.#clock % IDLE_RUNS !== 0) return;
    for (const [bytes, idle] of this.#idle) {
      const kept = idle.filter((memory) => {
        const fresh = this.#clock - memory.idleSince < IDLE_RUNS;
        if (!fresh) this.#destroy(memory);
        return fresh;
      });
      if (kept.length > 0) this.#idle.set(bytes, kept);
      else this.#idle.delete(bytes);
    }
  }

  #destroy(memory: Memory): void {
    memory.buffer.destroy();
    this.heldBytes -= memory.bytes;
  }
}

/** Sizes that differ by less than an eighth share buffers; small ones powers of two. */
function sizeClass(bytes: number): number {
  const power = 2 ** Math.ceil(Math.log2(Math.max(bytes, 256)));
  const step = power <= 65536 ? power : power / 16;
  return Math.ceil(bytes / step) * step;
}

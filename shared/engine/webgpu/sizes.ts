// The numbers that kernels leave open, each different list of them in a small buffer of its own.

// GPUBufferUsage, which only browsers have as a global.
const COPY_DST = 0x08;
const UNIFORM = 0x40;

export class SizesCache {
  readonly #device: GPUDevice;
  readonly #buffers = new Map<string, GPUBuffer>();

  constructor(device: GPUDevice) {
    this.#device = device;
  }

  get created(): number {
    return this.#buffers.size;
  }

  get(sizes: readonly number[]): GPUBuffer {
    const key = sizes.join();
    let buffer = this.#buffers.get(key);
    if (!buffer) {
      buffer = this.#device.createBuffer({ label: "sizes", size: 4 * sizes.length, usage: UNIFORM | COPY_DST });
      this.#device.queue.writeBuffer(buffer, 0, Uint32Array.from(sizes));
      this.#buffers.set(key, buffer);
    }
    return buffer;
  }

  destroy(): void {
    for (const buffer of this.#buffers.values()) buffer.destroy();
  }
}

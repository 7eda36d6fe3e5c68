// Measures what a device can do at best: fused multiply-adds a second, and bytes copied a second.
import { createStopwatch, prepare, type Stopwatch } from "./stopwatch.ts";

export interface DeviceSpeed {
  /** 10^9 floating-point operations a second, a multiply-add counted as two. */
  readonly gflops: number;
  /** 10^9 bytes read plus written a second by a kernel that copies. */
  readonly gigabytesPerSecond: number;
  /** "gpu": by the device's own clock; "wall": from submitting to done. */
  readonly clock: "gpu" | "wall";
}

const WORKGROUPS = 4096;
const WORKGROUP_SIZE = 64;
/** Independent chains of `vec4` multiply-adds: enough to hide their latency, few enough for the registers. What fits a device best counts. */
const CHAINS = [2, 3, 8];
/** Multiply-adds of each chain in a round, so that the loop itself costs little. */
const UNROLLED = 8;

function fmaKernel(count: number): string {
  const chains = Array.from({ length: count }, (_, index) => `v${index}`);
  const step = chains.map((name) => `    ${name} = ${name} * scale + shift;`).join("\n");
  return `@group(0) @binding(0) var<storage, read> rounds: array<u32>;
@group(0) @binding(1) var<storage, read_write> result: array<vec4f>;
@compute @workgroup_size(${WORKGROUP_SIZE})
fn main(@builtin(global_invocation_id) id: vec3u) {
  let scale = 0.999 - f32(id.x & 1u) * 0.001;
  let shift = f32(id.x & 7u) * 0.001;
${chains.map((name, index) => `  var ${name} = vec4f(${index}.5);`).join("\n")}
  let count = rounds[0];
  for (var i = 0u; i < count; i++) {
${Array.from({ length: UNROLLED }, () => step).join("\n")}
  }
  result[id.x] = ${chains.join(" + ")};
}`;
}

const copyKernel = `@group(0) @binding(0) var<storage, read> source: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> result: array<vec4f>;
@compute @workgroup_size(${WORKGROUP_SIZE})
fn main(@builtin(global_invocation_id) id: vec3u) {
  result[id.x] = source[id.x];
}`;

/** Long enough for the clocks, short enough for a software adapter. */
const LONG_ENOUGH_MS = 30;
const REPEATS = 3;
/** Beyond the caches of a GPU; a software adapter takes long enough with less. */
const COPY_BYTES = 64 * 2 ** 20;
const SLOW_COPY_BYTES = 16 * 2 ** 20;
const SLOW_GFLOPS = 200;

// Flags of WebGPU, which only browsers have as globals.
const COPY_DST = 0x08;
const STORAGE = 0x80;

/** Takes less than two seconds, also on a software adapter. The device must not compute anything else meanwhile. */
export async function measureDevice(device: GPUDevice): Promise<DeviceSpeed> {
  const stopwatch = createStopwatch(device);
  try {
    let gflops = 0;
    for (const chains of CHAINS) gflops = Math.max(gflops, await measureFma(device, stopwatch, chains));
    const copyBytes = gflops < SLOW_GFLOPS ? SLOW_COPY_BYTES : COPY_BYTES;
    return {
      gflops,
      gigabytesPerSecond: await measureCopy(device, stopwatch, copyBytes),
      clock: stopwatch.clock(),
    };
  } finally {
    stopwatch.destroy();
  }
}

async function measureFma(device: GPUDevice, stopwatch: Stopwatch, chains: number): Promise<number> {
  const rounds = device.createBuffer({ size: 16, usage: STORAGE | COPY_DST });
  const result = device.createBuffer({ size: WORKGROUPS * WORKGROUP_SIZE * 16, usage: STORAGE });
  try {
    const run = await prepare(device, fmaKernel(chains), [rounds, result], [WORKGROUPS]);
    const timeOf = (count: number) => {
      device.queue.writeBuffer(rounds, 0, new Uint32Array([count]));
      return stopwatch.time(run);
    };
    await timeOf(1); // The first run also pays for the driver's own preparations.
    let count = 1;
    let milliseconds = await timeOf(count);
    while (milliseconds < LONG_ENOUGH_MS && count < 2 ** 20) {
      count *= Math.max(2, Math.min(16, Math.floor(LONG_ENOUGH_MS / Math.max(milliseconds, 0.01))));
      milliseconds = await timeOf(count);
    }
    for (let repeat = 1; repeat < REPEATS; repeat++) milliseconds = Math.min(milliseconds, await timeOf(count));
    const operations = WORKGROUPS * WORKGROUP_SIZE * chains * UNROLLED * 4 * 2 * count;
    return operations / milliseconds / 1e6;
  } finally {
    rounds.destroy();
    result.destroy();
  }
}

async function measureCopy(device: GPUDevice, stopwatch: Stopwatch, copyBytes: number): Promise<number> {
  const { maxStorageBufferBindingSize } = device.limits;
  const groups = Math.min(copyBytes, maxStorageBufferBindingSize / 2) / (16 * WORKGROUP_SIZE);
  const most = Math.min(Math.floor(groups), device.limits.maxComputeWorkgroupsPerDimension);
  const bytes = most * WORKGROUP_SIZE * 16;
  const buffers = [0, 1].map(() => device.createBuffer({ size: bytes, usage: STORAGE }));
  try {
    const run = await prepare(device, copyKernel, buffers, [most]);
    let milliseconds = await stopwatch.time(run);
    for (let repeat = 0; repeat < REPEATS; repeat++) milliseconds = Math.min(milliseconds, await stopwatch.time(run));
    return (2 * bytes) / milliseconds / 1e6;
  } finally {
    for (const buffer of buffers) buffer.destroy();
  }
}

// Times every variant of convolution, its gradients and matrix products: node tests/tools/measure-kernels.ts ADAPTER [PATTERN]
import { openWebgpu } from "../../electron/compute/gpu.ts";
import { measureDevice, sizeOf, type WebgpuBackend } from "../../shared/engine/index.ts";
import type { Attrs, Primitive } from "../../shared/engine/op.ts";
import { conv2d, convInputGrad, convSizes, convWeightGrad } from "../../shared/engine/ops/conv2d.ts";
import { matmul } from "../../shared/engine/ops/matmul.ts";
import { createStopwatch } from "../../shared/engine/webgpu/stopwatch.ts";
import { gpuNode, timeLowering } from "../../shared/engine/webgpu/tune.ts";
import { traitsOf } from "../../shared/engine/webgpu/variants.ts";
import { webgpu } from "../support/backends.ts";

interface Case {
  readonly name: string;
  readonly op: Primitive;
  readonly shapes: readonly (readonly number[])[];
  readonly attrs: Attrs;
  /** Floating-point operations. */
  readonly work: number;
}

/** Images, input channels, side, output channels, kernel, stride, padding. */
const convolutions: Record<string, readonly [number, number, number, number, number, number, number]> = {
  "layer 1, 1 channel": [256, 1, 28, 32, 3, 1, 1],
  "layer 2": [256, 32, 14, 32, 3, 1, 1],
  "layer 3": [256, 32, 7, 32, 3, 1, 1],
  "layer 2 of width 128": [64, 128, 14, 128, 3, 1, 1],
  "layer 3 of width 128": [64, 128, 7, 128, 3, 1, 1],
  "28 pixels padded by 3": [128, 1, 28, 32, 3, 1, 3],
  "32 pixels, 3 channels": [128, 3, 32, 32, 3, 1, 1],
  "16 pixels": [128, 32, 16, 32, 3, 1, 1],
  "8 pixels, 10 images": [10, 128, 8, 128, 3, 1, 1],
  "64 pixels": [16, 32, 64, 32, 3, 1, 1],
  "stride 2": [64, 32, 16, 64, 3, 2, 1],
  "1x1, stride 2": [64, 32, 16, 64, 1, 2, 0],
  "5x5": [64, 6, 14, 16, 5, 1, 0],
};

const convCases = Object.entries(convolutions).flatMap(([name, [n, cin, side, cout, k, stride, padding]]): Case[] => {
  const [images, weights] = [
    [n, cin, side, side],
    [cout, cin, k, k],
  ];
  const { oh, ow } = convSizes(images, weights, { stride, padding });
  const g = [n, cout, oh, ow];
  const work = 2 * sizeOf(g) * cin * k * k;
  const any = (op: unknown) => op as Primitive;
  return [
    { name: `${name}: forward`, op: any(conv2d), shapes: [images, weights], attrs: { stride, padding }, work },
    {
      name: `${name}: input gradient`,
      op: any(convInputGrad),
      shapes: [g, weights],
      attrs: { stride, padding, sides: [side, side] },
      work,
    },
    {
      name: `${name}: weight gradient`,
      op: any(convWeightGrad),
      shapes: [g, images],
      attrs: { stride, padding, sides: [k, k] },
      work,
    },
  ];
});

const matmuls = [
  [512, 512, 512],
  [1024, 1024, 1024],
  [256, 2048, 10],
  [10, 256, 2048],
].flatMap(([m, k, n]) =>
  [false, true].map(
    (transposeB): Case => ({
      name: `matmul ${m}x${k}x${n}${transposeB ? ", b transposed" : ""}`,
      op: matmul as unknown as Primitive,
      shapes: [[m, k], transposeB ? [n, k] : [k, n]],
      attrs: { transposeA: false, transposeB },
      work: 2 * m * k * n,
    }),
  ),
);

const [adapter = "auto", pattern = ""] = process.argv.slice(2);
const backend = /swiftshader/i.test(adapter) ? await webgpu.open() : await openWebgpu({ adapter });
const { device, capabilities, dispose } = backend as WebgpuBackend;
const traits = traitsOf(device, capabilities.software);
const stopwatch = createStopwatch(device);
const { gflops: peak } = await measureDevice(device);
console.log(`${capabilities.adapter}, ${peak.toFixed(1)} GFLOP/s at most`);
for (const { name, op, shapes, attrs, work } of [...convCases, ...matmuls]) {
  if (!new RegExp(pattern, "i").test(name)) continue;
  const inputs = shapes.map((shape) => ({ shape, dtype: "f32" as const }));
  const node = gpuNode(inputs, op.infer(inputs, attrs), attrs);
  const lowering = typeof op.webgpu === "function" && op.webgpu(node);
  if (typeof lowering !== "function") continue;
  const { variants, preferred } = lowering(traits);
  for (const variant of variants) {
    const milliseconds = await timeLowering(device, stopwatch, node, variant.lower(), Number.POSITIVE_INFINITY, 5);
    const gflops = work / milliseconds / 1e6;
    const figures = `${milliseconds.toFixed(2).padStart(9)} ms ${gflops.toFixed(1).padStart(7)} GFLOP/s ${(gflops / peak).toFixed(2)} of the peak`;
    console.log(`${name.padEnd(44)} ${variant.name.padEnd(7)}${figures}${variant.name === preferred ? " *" : ""}`);
  }
}
stopwatch.destroy();
await dispose();

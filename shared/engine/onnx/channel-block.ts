// Whether ONNX Runtime computes convolutions with channels in blocks on this processor, and how many channels are a block: tried on
// a small convolution, since nothing tells. Its WebAssembly has no such kernels.
import { traceInputs } from "../tensor.ts";
import { lowerToOnnx } from "./lower.ts";
import type { OnnxRuntime } from "./run.ts";

/** 512-bit registers, and those of half the size. */
const BLOCKS = [16, 8];
const IMAGES = [2, 32, 16, 16];
const WEIGHTS = [32, 32, 3, 3];
/** Between results that differ by rounding; those of a wrong layout differ by their own size. */
const ALIKE = 1e-3;

export async function findChannelBlock(runtime: OnnxRuntime): Promise<number | undefined> {
  const expected = await convolve(runtime, undefined);
  for (const block of BLOCKS) {
    const actual = await convolve(runtime, block).catch(() => undefined);
    if (actual?.every((value, at) => Math.abs(value - expected[at]) < ALIKE)) return block;
  }
  return undefined;
}

async function convolve(runtime: OnnxRuntime, block: number | undefined): Promise<Float32Array> {
  const { graph, inputs } = traceInputs([IMAGES, WEIGHTS].map((shape) => ({ shape, dtype: "f32" })));
  const [images, weights] = inputs;
  const program = {
    name: "channel-block",
    graph,
    inputs: inputs.map(({ node }) => node),
    inputNames: ["images", "weights"],
    outputs: [images.conv2d(weights, { padding: 1 }).node],
  };
  // A refusal is expected, and not worth a line on the terminal.
  const session = await runtime.InferenceSession.create(lowerToOnnx(program, block), { logSeverityLevel: 4 });
  try {
    const feeds = inputs.map(({ shape, size }, index) => [
      `in${index}`,
      new runtime.Tensor(
        "float32",
        Float32Array.from({ length: size }, (_, at) => Math.sin(at + index)),
        shape,
      ),
    ]);
    const { out0 } = await session.run(Object.fromEntries(feeds));
    return out0.data as Float32Array;
  } finally {
    await session.release();
  }
}

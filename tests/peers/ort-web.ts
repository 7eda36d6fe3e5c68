// ONNX Runtime Web's WebGPU provider, which infers only: node ort-web.ts WIDTH WORKLOAD ADAPTER, with `forward` and the matrix products.
import { setFlagsFromString } from "node:v8";
import { matmulOperands } from "../../shared/bench/matmul.ts";
import * as proto from "../../shared/engine/onnx/proto.ts";
import { EPSILON, flatParams, given, measurePeer, openGpu, suite } from "./harness.ts";

// Else the compiler that optimises 27 MB of WebAssembly takes both cores while we measure.
setFlagsFromString("--liftoff-only");

type Attributes = Record<string, number | { float: number } | readonly number[]>;
function node(type: string, inputs: string[], output: string, attributes: Attributes = {}): Uint8Array {
  const encoded = Object.entries(attributes).map(([name, value]) => {
    const [kind, content] =
      typeof value === "number"
        ? [2, proto.integer(3, value)]
        : "float" in value
          ? [1, proto.float(2, value.float)]
          : [7, proto.integers(8, value as number[])];
    return proto.message(5, proto.string(1, name), content as Uint8Array, proto.integer(20, kind as number));
  });
  const names = inputs.map((input) => proto.string(1, input));
  return proto.message(1, ...names, proto.string(2, output), proto.string(4, type), ...encoded);
}

/** The forward pass with its weights inside, in the nodes of PyTorch's exporter. */
function forwardModel() {
  const { images } = suite.batch();
  const params = flatParams(suite.params);
  const parts = params.map(({ name, shape, data }) =>
    proto.tensor(5, name, "f32", shape, new Uint8Array(data.buffer, data.byteOffset, data.byteLength)),
  );
  let x = "x";
  for (const block of [1, 2, 3]) {
    const name = (step: string) => `${step}${block}`;
    parts.push(
      node("Conv", [x, name("conv")], name("z"), { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }),
      node("InstanceNormalization", [name("z"), name("scale"), name("shift")], name("n"), {
        epsilon: { float: EPSILON },
      }),
      node("Relu", [name("n")], name("r")),
      node("AveragePool", [name("r")], name("x"), { kernel_shape: [2, 2], strides: [2, 2] }),
    );
    x = name("x");
  }
  parts.push(node("Flatten", [x], "features", { axis: 1 }));
  parts.push(node("Gemm", ["features", "linear", "bias"], "logits", { transB: 1 }));
  parts.push(
    proto.valueInfo(11, "x", "f32", images.shape),
    proto.valueInfo(12, "logits", "f32", [images.shape[0], 10]),
  );
  return { model: proto.model("forward", 18, parts), inputs: { x: images } };
}

function productModel(size: number) {
  const info = (field: number, name: string) => proto.valueInfo(field, name, "f32", [size, size]);
  const parts = [node("MatMul", ["a", "b"], "product"), info(11, "a"), info(11, "b"), info(12, "product")];
  return { model: proto.model("product", 18, parts), inputs: matmulOperands(size) };
}

if (given.name !== "forward" && !given.name.startsWith("matmul"))
  throw new Error("ONNX Runtime Web takes no gradients");
await openGpu();
const ort: any = await import("onnxruntime-web/webgpu");
ort.env.wasm.numThreads = 1;
ort.env.logLevel = "error";
const { model, inputs } = given.name === "forward" ? forwardModel() : productModel(Number(given.name.slice(6)));
let session: any;
let feeds: Record<string, any> = {};
// The first run makes the session, as the first run of a framework traces and compiles.
async function open() {
  session = await ort.InferenceSession.create(model, {
    executionProviders: ["webgpu"],
    preferredOutputLocation: "gpu-buffer",
  });
  const device = await ort.env.webgpu.device;
  for (const [name, { shape, data }] of Object.entries<any>(inputs)) {
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC;
    const buffer = device.createBuffer({ size: data.byteLength, usage });
    device.queue.writeBuffer(buffer, 0, data);
    feeds[name] = ort.Tensor.fromGpuBuffer(buffer, { dataType: "float32", dims: shape });
  }
}
await measurePeer({
  backend: "ort-web",
  step: async () => {
    if (!session) await open();
    const results = await session.run(feeds);
    for (const tensor of Object.values<any>(results)) tensor.dispose();
  },
  results: async () => {
    const results = await session.run(feeds);
    const read: Record<string, any> = {};
    for (const [name, tensor] of Object.entries<any>(results)) read[name] = await tensor.getData(true);
    return read;
  },
});

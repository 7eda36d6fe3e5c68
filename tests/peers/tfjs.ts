// TensorFlow.js on WebGPU: node tfjs.ts WIDTH WORKLOAD ADAPTER. Its Node entry leaves the gradients out, so its modules are bundled.
// Three of its gradients cannot be differentiated again, or wrongly; they are registered here as its users would have to.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { matmulOperands } from "../../shared/bench/matmul.ts";
import { EPSILON, flatParams, given, measurePeer, openGpu, rates, rows, STUDENT_STEPS, suite } from "./harness.ts";

async function loadBundle(): Promise<any> {
  const folder = join(import.meta.dirname, "node_modules/.cache");
  mkdirSync(folder, { recursive: true });
  const outfile = join(folder, "tfjs.mjs");
  const contents = `
    export * from "@tensorflow/tfjs-core";
    export * as webgpu from "@tensorflow/tfjs-backend-webgpu";
    import "@tensorflow/tfjs-core/dist/register_all_gradients.js";`;
  await build({
    stdin: { contents, resolveDir: import.meta.dirname },
    bundle: true,
    format: "esm",
    platform: "node",
    mainFields: ["module", "main"],
    banner: { js: `import { createRequire } from "node:module"; const require = createRequire(import.meta.url);` },
    logLevel: "error",
    outfile,
  });
  return import(outfile);
}

await openGpu();
const tf = await loadBundle();
await tf.setBackend("webgpu");
await tf.ready();
if (tf.getBackend() !== "webgpu") throw new Error(`TensorFlow.js computes on ${tf.getBackend()}`);
tf.env().set("WEBGPU_CPU_FORWARD", false);

// An op's saved output is off the tape of an outer gradient: exp is derived from its input instead.
tf.registerGradient({
  kernelName: "Exp",
  inputsToSave: ["x"],
  gradFunc: (dy: any, [x]: any[]) => ({ x: () => tf.mul(dy, tf.exp(x)) }),
});
tf.registerGradient({
  kernelName: "Conv2DBackpropFilter",
  inputsToSave: ["x", "dy"],
  gradFunc: (d: any, [x, dy]: any[], { strides, pad, dataFormat }: any) => ({
    x: () =>
      tf
        .engine()
        .runKernel("Conv2DBackpropInput", { dy, filter: d }, { strides, pad, dataFormat, inputShape: x.shape }),
    dy: () => tf.conv2d(x, d, strides, pad, dataFormat),
  }),
});
tf.registerGradient({
  kernelName: "AvgPoolGrad",
  inputsToSave: ["dy"],
  gradFunc: (d: any, [dy]: any[], { filterSize, strides, pad }: any) => ({
    input: () => tf.zeros(d.shape),
    dy: () => tf.avgPool(d, filterSize, strides, pad),
  }),
});
const logSoftmax = (z: any) => tf.sub(z, tf.log(tf.sum(tf.exp(z), 1, true)));

// Parameters as a list: conv, scale and shift of each block, then weight and bias. Weights are [h, w, in, out], images channels-last.
const paramsOf = (tree: unknown) =>
  flatParams(tree).map(({ name, shape, data }) => {
    const x = tf.tensor(data, shape);
    if (name.startsWith("conv")) return tf.transpose(x, [2, 3, 1, 0]);
    return name === "linear" ? tf.transpose(x) : x;
  });
const images = ({ shape, data }: any) => tf.tensor(data, [shape[0], 28, 28, 1]);
const array = ({ shape, data }: any) => tf.tensor(data, shape);

function embed(p: any[], x: any) {
  for (let block = 0; block < 3; block++) {
    const z = tf.conv2d(x, p[3 * block], 1, "same");
    const centred = tf.sub(z, tf.mean(z, [1, 2], true));
    const variance = tf.mean(tf.square(centred), [1, 2], true);
    const normal = tf.div(centred, tf.sqrt(tf.add(variance, EPSILON)));
    const affine = tf.add(tf.mul(normal, p[3 * block + 1]), p[3 * block + 2]);
    x = tf.avgPool(tf.relu(affine), 2, 2, "valid");
  }
  return tf.reshape(tf.transpose(x, [0, 3, 1, 2]), [x.shape[0], -1]);
}
const logitsOf = (p: any[], x: any) => tf.add(tf.matMul(embed(p, x), p[9]), p[10]);
const crossEntropy = (p: any[], x: any, y: any) => tf.neg(tf.mean(tf.sum(tf.mul(logSoftmax(logitsOf(p, x)), y), 1)));
const sum = (terms: any[]) => terms.reduce((total, each) => tf.add(total, each));

const jobs: Record<string, () => () => Record<string, any>> = {
  forward: () => {
    const [p, x] = [paramsOf(suite.params), images(suite.batch().images)];
    return () => ({ logits: logitsOf(p, x) });
  },
  train: () => {
    const [p, x, y] = [paramsOf(suite.params), images(suite.batch().images), array(suite.batch().labels)];
    return () => {
      const { value, grads } = tf.valueAndGrads((...q: any[]) => crossEntropy(q, x, y))(p);
      const moved = p.map((each, at) => tf.sub(each, tf.mul(grads[at], rates.net)));
      return { loss: value, conv1: grads[0], conv2: grads[3], conv3: grads[6], linear: grads[9], moved };
    };
  },
  dm: () => {
    const [p, s, x] = [paramsOf(suite.params), images(suite.synthetic().images), images(suite.real().images)];
    const meanOf = (given: any, each: number) => tf.mean(tf.reshape(embed(p, given), [10, each, -1]), 1);
    return () => {
      const real = meanOf(x, 64);
      const distance = (pixels: any) => tf.sum(tf.square(tf.sub(meanOf(pixels, 10), real)));
      const { value, grad } = tf.valueAndGrad(distance)(s);
      return { loss: value, pixels: grad, moved: tf.sub(s, tf.mul(grad, rates.images)) };
    };
  },
  dc: () => {
    const [real, synthetic] = [suite.real(), suite.synthetic()];
    const [p, s, x] = [paramsOf(suite.params), images(rows(synthetic.images, 10)), images(rows(real.images, 64))];
    const [y, sy] = [array(rows(real.labels, 64)), array(rows(synthetic.labels, 10))];
    const lengthOf = (a: any) => tf.sqrt(tf.sum(tf.square(a)));
    return () => {
      const wanted = tf.grads((...q: any[]) => crossEntropy(q, x, y))(p);
      const match = (pixels: any) => {
        const own = tf.grads((...q: any[]) => crossEntropy(q, pixels, sy))(p);
        const cosine = (a: any, b: any) => tf.div(tf.sum(tf.mul(a, b)), tf.add(tf.mul(lengthOf(a), lengthOf(b)), 1e-6));
        return sum(own.map((each: any, at: number) => tf.sub(1, cosine(wanted[at], each))));
      };
      const { value, grad } = tf.valueAndGrad(match)(s);
      return { loss: value, pixels: grad };
    };
  },
  mtt: () => {
    const [start, target] = [paramsOf(suite.params), paramsOf(suite.target)];
    const [s, y] = [images(suite.synthetic().images), array(suite.synthetic().labels)];
    const alpha = tf.scalar(rates.student);
    const distance = (a: any[], b: any[]) => sum(a.map((each, at) => tf.sum(tf.square(tf.sub(each, b[at])))));
    return () => {
      const { value, grads } = tf.valueAndGrads((pixels: any, rate: any) => {
        let p = start;
        for (let k = 0; k < STUDENT_STEPS; k++) {
          const g = tf.grads((...q: any[]) => crossEntropy(q, pixels, y))(p);
          p = p.map((each, at) => tf.sub(each, tf.mul(rate, g[at])));
        }
        return tf.div(distance(p, target), distance(start, target));
      })([s, alpha]);
      return { loss: value, pixels: grads[0], rate: grads[1] };
    };
  },
};
for (const size of [512, 1024]) {
  jobs[`matmul${size}`] = () => {
    const [a, b] = [array(matmulOperands(size).a), array(matmulOperands(size).b)];
    return () => ({ product: tf.matMul(a, b) });
  };
}

const job = jobs[given.name]();
const result = () => tf.tidy(job);
const backend = tf.backend();
await measurePeer({
  backend: "tfjs",
  step: () => {
    tf.dispose(result());
    backend.endComputePassEncoder?.();
    if (backend.commandEncoder) backend.submitQueue();
  },
  results: async () => {
    const { moved: _moved, ...compared } = result();
    const read: Record<string, any> = {};
    for (const [name, x] of Object.entries<any>(compared)) {
      const ours = name.startsWith("conv") ? tf.transpose(x, [3, 2, 0, 1]) : name === "linear" ? tf.transpose(x) : x;
      read[name] = await ours.data();
    }
    return read;
  },
});

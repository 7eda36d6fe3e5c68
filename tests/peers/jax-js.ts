// jax-js on WebGPU: node jax-js.ts WIDTH WORKLOAD ADAPTER. Its arrays are moved by use: `.ref` keeps one for another use.
// Inside a gradient, an argument that is not differentiated is cut off from outer gradients: what those need is captured instead.
import { EPSILON, flatParams, given, measurePeer, openGpu, rates, rows, STUDENT_STEPS, suite } from "./harness.ts";
import { matmulOperands } from "../../shared/bench/matmul.ts";
import type { Results } from "../../shared/bench/measure.ts";

await openGpu();
const jax = await import("@jax-js/jax");
const { numpy: np, lax, nn, jit, grad, valueAndGrad, tree } = jax as any;
const available = await jax.init("webgpu");
if (!available.includes("webgpu")) throw new Error(`jax-js has no WebGPU here, but ${available}`);
jax.defaultDevice("webgpu");

type Params = Record<string, any>;
const array = ({ shape, data }: any) => np.array(data).reshape(shape);
const keep = (params: Params): Params => Object.fromEntries(Object.entries(params).map(([name, x]) => [name, x.ref]));
const drop = (params: Params) => Object.values(params).forEach((x) => x.dispose());
const paramsOf = (host: unknown): Params => Object.fromEntries(flatParams(host).map((p) => [p.name, array(p)]));
const squares = (x: any) => np.sum(x.ref.mul(x));

function embed(p: Params, images: any) {
  let x = images;
  for (const block of [1, 2, 3]) {
    const z = lax.conv(x, p[`conv${block}`], [1, 1], "SAME");
    const perChannel = [1, z.shape[1], 1, 1];
    const centred = z.ref.sub(np.mean(z, [2, 3], { keepdims: true }));
    const variance = np.mean(centred.ref.mul(centred.ref), [2, 3], { keepdims: true });
    const normal = centred.div(np.sqrt(variance.add(EPSILON)));
    const affine = normal.mul(p[`scale${block}`].reshape(perChannel)).add(p[`shift${block}`].reshape(perChannel));
    x = lax.reduceWindow(nn.relu(affine), np.mean, [2, 2], [2, 2]);
  }
  return x.reshape([x.shape[0], -1]);
}

const logitsOf = ({ linear, bias, ...rest }: Params, x: any) => np.dot(embed(rest, x), np.transpose(linear)).add(bias);
const crossEntropy = (p: Params, x: any, y: any) => {
  const factor = -1 / x.shape[0];
  return np.sum(nn.logSoftmax(logitsOf(p, x)).mul(y)).mul(factor);
};

type Job = { args: any[]; step: (...args: any[]) => any; results?: (...args: any[]) => any };
const jobs: Record<string, () => Job> = {
  forward: () => ({
    args: [paramsOf(suite.params), array(suite.batch().images)],
    step: (p, x) => ({ logits: logitsOf(p, x) }),
  }),
  train: () => {
    const { images, labels } = suite.batch();
    return {
      args: [paramsOf(suite.params), array(images), array(labels)],
      step: (p, x, y) => {
        const [loss, g] = valueAndGrad(crossEntropy)(keep(p), x, y);
        return {
          loss,
          p: Object.fromEntries(Object.keys(p).map((name) => [name, p[name].sub(g[name].mul(rates.net))])),
        };
      },
      results: (p, x, y) => {
        const [loss, { conv1, conv2, conv3, linear, ...others }] = valueAndGrad(crossEntropy)(p, x, y);
        drop(others);
        return { loss, conv1, conv2, conv3, linear };
      },
    };
  },
  dm: () => {
    const derive = (p: Params, s: any, x: any) => {
      const meanOf = (params: Params, images: any) => {
        const each = images.shape[0] / 10;
        return np.mean(embed(params, images).reshape([10, each, -1]), 1);
      };
      const real = meanOf(keep(p), x);
      const distance = (images: any, params: Params, wanted: any) => squares(meanOf(params, images).sub(wanted));
      return valueAndGrad(distance)(s, p, real);
    };
    const { linear, bias, ...features } = paramsOf(suite.params);
    drop({ linear, bias });
    return {
      args: [features, array(suite.synthetic().images), array(suite.real().images)],
      step: (p, s, x) => {
        const [loss, pixels] = derive(p, s.ref, x);
        return { loss, s: s.sub(pixels.mul(rates.images)) };
      },
      results: (p, s, x) => {
        const [loss, pixels] = derive(p, s, x);
        return { loss, pixels };
      },
    };
  },
  dc: () => {
    const [real, synthetic] = [suite.real(), suite.synthetic()];
    const distance = (a: any, b: any) => {
      const lengths = np.sqrt(squares(a.ref)).mul(np.sqrt(squares(b.ref)));
      return np.sum(a.mul(b)).div(lengths.add(1e-6)).mul(-1).add(1);
    };
    return {
      args: [
        paramsOf(suite.params),
        ...[rows(real.images, 64), rows(real.labels, 64), rows(synthetic.images, 10), rows(synthetic.labels, 10)].map(
          array,
        ),
      ],
      step: (p, x, y, s, sy) => {
        const wanted = grad(crossEntropy)(keep(p), x, y);
        const match = (images: any, params: Params, labels: any, target: Params) => {
          const own = grad((q: Params) => crossEntropy(q, images.ref, labels.ref))(params);
          images.dispose();
          labels.dispose();
          return Object.keys(target)
            .map((name) => distance(target[name], own[name]))
            .reduce((sum, each) => sum.add(each));
        };
        const [loss, pixels] = valueAndGrad(match)(s, p, sy, wanted);
        return { loss, pixels };
      },
    };
  },
  mtt: () => {
    const { images, labels } = suite.synthetic();
    return {
      args: [
        paramsOf(suite.params),
        array(images),
        array(labels),
        np.array(new Float32Array([rates.student])).reshape([]),
        paramsOf(suite.target),
      ],
      step: (start, s, y, rate, target) => {
        const unroll = (pixels: any, alpha: any, from: Params, labelled: any, goal: Params) => {
          let p = keep(from);
          for (let k = 0; k < STUDENT_STEPS; k++) {
            const g = grad((q: Params) => crossEntropy(q, pixels.ref, labelled.ref))(keep(p));
            p = Object.fromEntries(Object.keys(p).map((name) => [name, p[name].sub(g[name].mul(alpha.ref))]));
          }
          pixels.dispose();
          alpha.dispose();
          labelled.dispose();
          const total = (a: Params, b: Params) =>
            Object.keys(a)
              .map((name) => squares(a[name].sub(b[name])))
              .reduce((sum, each) => sum.add(each));
          return total(p, keep(goal)).div(total(from, goal));
        };
        const [loss, [pixels, alpha]] = valueAndGrad(unroll, { argnums: [0, 1] })(s, rate, start, y, target);
        return { loss, pixels, rate: alpha };
      },
    };
  },
};
for (const size of [512, 1024]) {
  const { a, b } = matmulOperands(size);
  jobs[`matmul${size}`] = () => ({ args: [array(a), array(b)], step: (x, y) => ({ product: np.matmul(x, y) }) });
}
for (const layer of [2, 3]) {
  const side = suite.sides[layer - 1];
  const { drawNormal } = await import("../../shared/bench/recipes.ts");
  const shape = [suite.sizes.batch, given.width, side, side];
  const weights = [given.width, given.width, 3, 3];
  const conv = (x: any, w: any) => lax.conv(x, w, [1, 1], "SAME");
  const product = (x: any, w: any, g: any) => np.sum(conv(x, w).mul(g));
  const make = (step: Job["step"]) => () => ({
    args: [drawNormal(31, shape), drawNormal(32, weights, 0.1), drawNormal(33, shape)].map(array),
    step,
  });
  const name = `conv${layer}`;
  jobs[`${name}-forward`] = make((x, w, g) => (g.dispose(), { result: conv(x, w) }));
  jobs[`${name}-input-grad`] = make((x, w, g) => ({ result: grad(product, { argnums: 0 })(x, w, g) }));
  jobs[`${name}-weight-grad`] = make((x, w, g) => ({ result: grad(product, { argnums: 1 })(x, w, g) }));
}

const { args, step, results } = jobs[given.name]();
const isTree = (x: any) => x.constructor === Object;
const again = () => args.map((x) => (isTree(x) ? keep(x) : x.ref));
await jax.blockUntilReady(args);
const compiled = jit(step);
const checked = results ? jit(results) : compiled;
await measurePeer({
  backend: "jax-js",
  step: async () => {
    const result = compiled(...again());
    await jax.blockUntilReady(result);
    tree.map((x: any) => x.dispose(), result);
  },
  results: async () => {
    const result = checked(...again());
    const read: Record<string, any> = {};
    for (const key of Object.keys(result)) read[key] = await result[key].data();
    return read as Results;
  },
});

// Networks that are one straight line: blocks of convolution, norm, activation and pooling, then linear layers.
import { opaque, type Tensor } from "../../engine/index.ts";
import { deriveKey } from "../../lib/random.ts";
import { freshStatistics } from "../batch-norm.ts";
import { linearInit } from "../init.ts";
import type { Net, NetInput } from "../net.ts";
import { requireFit } from "./family.ts";
import {
  type Activation,
  activations,
  connect,
  convolve,
  convolved,
  type Layer,
  type MapSize,
  macsOf,
  type Norm,
  normParameters,
  type Pool,
  pooled,
  pools,
  sizeOfMap,
} from "./layers.ts";
import { Pass } from "./pass.ts";

export interface Block {
  /** Channels that it gives. */
  readonly width: number;
  readonly kernel: number;
  readonly padding: number;
  readonly pool: Pool;
}

export interface StackPlan {
  readonly id: string;
  /** As the recipe has it. */
  readonly width: number;
  readonly blocks: readonly Block[];
  /** Outputs of the linear layers before the last, each with an activation behind it. */
  readonly hidden: readonly number[];
  readonly norm: Norm;
  readonly activation: Activation;
}

interface StackTensors {
  blocks: { conv: Layer<Tensor>; norm?: Layer<Tensor> }[];
  hidden?: Layer<Tensor>[];
  linear: Layer<Tensor>;
}

/** The shape of each block's weights, the map that its convolution gives, and the map behind the last block. */
function layOut(blocks: readonly Block[], input: MapSize) {
  let map: MapSize = input;
  const laid = blocks.map(({ width, kernel, padding, pool }) => {
    const shape = [width, map.channels, kernel, kernel];
    const convolution = convolved(map, shape, { padding });
    map = pool === "none" ? convolution : pooled(convolution, 2);
    return { shape, convolution };
  });
  return { laid, last: map };
}

/** Throws UserError "net-too-deep". */
export function createStack(plan: StackPlan, input: NetInput): Net {
  const { id, width, blocks, hidden, norm, activation } = plan;
  const { channels } = input;
  requireFit(id, input, (side) => layOut(blocks, { channels, height: side, width: side }).last.height >= 1);
  const { laid, last } = layOut(blocks, input);
  const connections = [...hidden, input.classes].map((outputs, at) => [
    outputs,
    at > 0 ? hidden[at - 1] : sizeOfMap(last),
  ]);
  const featureSize = connections[hidden.length][1];
  const convolutions = laid.map(({ shape, convolution }) => macsOf(shape, convolution));
  const activate = activations[activation];

  return {
    id,
    width,
    featureSize,
    macsPerImage: [...convolutions, ...connections.map((shape) => macsOf(shape))].reduce((sum, macs) => sum + macs, 0),
    widestActivation: Math.max(...laid.map(({ convolution }) => sizeOfMap(convolution)), ...hidden),
    mixesImages: norm === "batch",
    params: (key) =>
      opaque({
        blocks: laid.map(({ shape, convolution }, at) => {
          const affine = normParameters(norm, convolution);
          return { conv: linearInit(deriveKey(key, "blocks", at), shape), ...(affine ? { norm: affine } : {}) };
        }),
        ...(hidden.length > 0
          ? { hidden: hidden.map((_, at) => linearInit(deriveKey(key, "hidden", at), connections[at])) }
          : {}),
        linear: linearInit(deriveKey(key, "linear"), connections[hidden.length]),
      }),
    buffers: () => opaque(norm === "batch" ? blocks.map((block) => freshStatistics(block.width)) : []),
    apply: (params, buffers, images, options) => {
      const tensors = params as unknown as StackTensors;
      const pass = new Pass(options, buffers);
      let x = images;
      for (const [at, { padding, pool }] of blocks.entries()) {
        const { conv, norm: affine } = tensors.blocks[at];
        x = pass.normalise(convolve(x, conv, { padding }), norm, affine);
        x = pools[pool](pass.activated(activate(x)));
      }
      let features = x.flatten();
      for (const layer of tensors.hidden ?? []) features = activate(connect(features, layer));
      return pass.finish(connect(features, tensors.linear), features);
    },
  };
}

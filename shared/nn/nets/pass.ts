// One forward pass: it normalises by its mode, and gathers taps and running statistics on its way.
import { opaque, type Tensor, type TensorTree } from "../../engine/index.ts";
import { invariant } from "../../lib/invariant.ts";
import { normaliseBy, type Statistics, updateStatistics } from "../batch-norm.ts";
import type { NetOptions, NetResult } from "../net.ts";
import { GROUPS, type Layer, type Norm } from "./layers.ts";

export class Pass {
  readonly #mode: NetOptions["mode"];
  readonly #given: TensorTree;
  readonly #running: readonly Statistics[];
  readonly #updated: Statistics[] = [];
  readonly #normInputs: Tensor[] = [];
  readonly #activations: Tensor[] = [];
  #batchNorms = 0;

  constructor({ mode }: NetOptions, buffers: TensorTree) {
    this.#mode = mode;
    this.#given = buffers;
    this.#running = Object.values(buffers);
  }

  /** A norm, whose parameters are there unless it is none. */
  normalise(x: Tensor, norm: Norm, affine: Layer<Tensor> | undefined): Tensor {
    if (norm === "none") return x;
    invariant(affine, `a norm has no parameters: ${norm}`);
    this.#normInputs.push(x);
    const { weight, bias } = affine;
    switch (norm) {
      case "instance":
        return x.instanceNorm(weight, bias);
      case "layer":
        return x.layerNorm(weight, bias);
      case "group":
        return x.groupNorm(GROUPS, weight, bias);
      case "batch":
        return this.#normaliseBatch(x, weight, bias);
      default:
        throw norm satisfies never;
    }
  }

  #normaliseBatch(x: Tensor, weight: Tensor, bias: Tensor): Tensor {
    const running: Statistics | undefined = this.#running[this.#batchNorms++];
    if (this.#mode === "train") {
      if (running) this.#updated.push(updateStatistics(running, x));
      return x.batchNorm(weight, bias);
    }
    invariant(running, "batch norm in evaluation needs running statistics: give the network's buffers");
    return normaliseBy(running, x, weight, bias);
  }

  /** Notes a block's activation. */
  activated(x: Tensor): Tensor {
    this.#activations.push(x);
    return x;
  }

  finish(logits: Tensor, features: Tensor): NetResult {
    return {
      logits,
      features,
      taps: { normInputs: this.#normInputs, activations: this.#activations },
      buffers: this.#updated.length > 0 ? opaque(this.#updated) : this.#given,
    };
  }
}

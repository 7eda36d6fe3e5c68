// The contract of a distillation method: a state that is a tree of arrays and numbers, and a step that is its smallest
// resumable unit. A method never evaluates, logs, saves or reads the clock.
import type { z } from "zod";
import type { DistilledLabels } from "../data/distilled-set.ts";
import type { ImageSet } from "../data/image-set.ts";
import type { HostArray, Runtime, Value, ValueTree } from "../engine/index.ts";
import type { Key } from "../lib/random.ts";
import type { Strategy } from "../nn/augment/index.ts";
import type { Net } from "../nn/net.ts";
import type { Experts, ExpertTraining } from "./experts.ts";

export interface MethodContext {
  readonly runtime: Runtime;
  /** The root of every draw. */
  readonly key: Key;
  readonly real: ImageSet;
  readonly net: Net;
  /** Synthetic images per class. */
  readonly ipc: number;
  readonly init: InitialImages;
  readonly strategy: Strategy;
  /** The trajectories that the method asked for with `experts`. */
  readonly experts?: Experts | undefined;
  /** A step of many programs looks at it between two of them and throws its reason: the state before the step stays. */
  readonly signal?: AbortSignal | undefined;
  /** How many synthetic images may go through the network at once; more are taken in turn. */
  readonly imagesAtOnce?: number | undefined;
}

/** Where synthetic images begin: drawn anew, real images chosen before (indices by class), or given in class-major order. */
export type InitialImages =
  | "real"
  | "noise"
  | { readonly kind: "chosen"; readonly indices: readonly (readonly number[])[] }
  | { readonly kind: "given"; readonly images: HostArray };

/** How large a problem is, for what follows from that. */
export interface MethodSize {
  readonly classes: number;
  readonly ipc: number;
}

/** What a method carries from step to step; a checkpoint is this tree, written down. */
export interface MethodState {
  readonly step: number;
  /** Synthetic images in class-major order, in one or more pieces of whole classes. */
  readonly images: readonly Value[];
  readonly [name: string]: StateTree;
}
export type StateTree = number | Value | ValueTree | readonly StateTree[] | { readonly [name: string]: StateTree };

/** The same tree with numbers of the host in place of values. */
export type SavedTree = number | HostArray | readonly SavedTree[] | { readonly [name: string]: SavedTree };

/** A method's state on the host. */
export interface SavedState {
  readonly step: number;
  readonly images: readonly HostArray[];
  readonly [name: string]: SavedTree;
}

export interface StepResult<S extends MethodState> {
  readonly state: S;
  /** Numbers to plot, which must stay finite; `loss` is left out only of a step that the method itself left out. */
  readonly metrics: Readonly<Record<string, Value | number>>;
  /** Vectors to show now and then, such as the loss of each class. */
  readonly details?: Readonly<Record<string, Value | readonly number[]>>;
  /** Why the method cannot go on from here, as a sentence without its full stop; the state is the last good one. */
  readonly problem?: string;
}

/** One of the curves that a method offers beside its loss. */
export interface Curve {
  /** The name among the metrics or the details. */
  readonly id: string;
  readonly title: string;
  /** What the numbers of a detail are of. */
  readonly over?: "class" | "layer" | "inner step";
  /** Whether it spans orders of magnitude. */
  readonly isLogarithmic?: boolean;
}

/** What a method learns besides the images. */
export interface Learned {
  readonly labels?: DistilledLabels;
  /** Arrays by name, such as "learning_rate", []. */
  readonly extra?: Readonly<Record<string, HostArray>>;
}

/** A method started on a dataset and a network. */
export interface StartedMethod<S extends MethodState = MethodState> {
  init(): Promise<S>;
  /** The next state; the given one stays valid, and the caller frees it. */
  step(state: S): Promise<StepResult<S>>;
}

export interface Method<O extends z.ZodObject = z.ZodObject> {
  readonly id: string;
  readonly title: string;
  /** What it does, in two plain sentences. */
  readonly summary: string;
  readonly paper: { readonly title: string; readonly authors: string; readonly venue: string; readonly url: string };
  /** Its settings, each with a description: the form, the command line and the docs read them. */
  readonly options: O;
  /** Settings that follow from the images per class where a recipe leaves them out. */
  usual?(size: Pick<MethodSize, "ipc">): Partial<z.input<O>>;
  /** What contradicts in the options: a setting's name within them, and what to change. */
  contradictions?(
    options: z.output<O>,
    size: MethodSize,
  ): readonly { readonly path: string; readonly message: string }[];
  /** How many steps a whole run takes. */
  steps(options: z.output<O>): number;
  /** Forward passes of one image that a step costs, for estimates. */
  forwardsPerStep(options: z.output<O>, size: MethodSize): number;
  /** The expert trajectories that it matches. */
  experts?(options: z.output<O>): ExpertTraining;
  /** What its steps tell besides the loss. */
  readonly curves?: readonly Curve[];
  /** What a state has learned besides the images. */
  learned?(state: SavedState): Learned;
  /** The setting to lower when the loss is not finite. */
  readonly rateName: string;
  /** The settings that the memory of a step grows with, besides the network and the images per class. */
  readonly memoryNames: readonly string[];
  /** How many synthetic images go through the network at once unless the context says otherwise; missing where all always do. */
  readonly imagesAtOnce?: number;
  start(context: MethodContext, options: z.output<O>): StartedMethod;
}

export function defineMethod<O extends z.ZodObject, S extends MethodState>(
  definition: Omit<Method<O>, "start"> & {
    start(context: MethodContext, options: z.output<O>): StartedMethod<S>;
  },
): Method<O> {
  return definition as unknown as Method<O>;
}

// The contract of a distillation method: a state that is a tree of arrays and numbers, and a step that is its smallest
// resumable unit. A method never evaluates, logs, saves or reads the clock.
import type { z } from "zod";
import type { ImageSet } from "../data/image-set.ts";
import type { HostArray, Runtime, Value } from "../engine/index.ts";
import type { Key } from "../lib/random.ts";
import type { Strategy } from "../nn/augment/index.ts";
import type { Net } from "../nn/net.ts";

export interface MethodContext {
  readonly runtime: Runtime;
  /** The root of every draw. */
  readonly key: Key;
  readonly real: ImageSet;
  readonly net: Net;
  /** Synthetic images per class. */
  readonly ipc: number;
  readonly init: "real" | "noise";
  readonly strategy: Strategy;
  /** How many synthetic images may go through the network at once; more are taken in turn. */
  readonly imagesAtOnce?: number | undefined;
}

/** What a method carries from step to step; a checkpoint is this tree, written down. */
export interface MethodState {
  readonly step: number;
  /** Synthetic images in class-major order, in one or more pieces of whole classes. */
  readonly images: readonly Value[];
  readonly [name: string]: StateTree;
}
export type StateTree = number | Value | readonly StateTree[] | { readonly [name: string]: StateTree };

/** The same tree with numbers of the host in place of values. */
export type SavedTree = number | HostArray | readonly SavedTree[] | { readonly [name: string]: SavedTree };

export interface StepResult<S extends MethodState> {
  readonly state: S;
  /** Scalars to plot. `loss` is there always, and is what must stay finite. */
  readonly metrics: Readonly<Record<string, Value>> & { readonly loss: Value };
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
  /** How many steps a whole run takes. */
  steps(options: z.output<O>): number;
  /** Forward passes of one image that a step costs, for estimates. */
  forwardsPerStep(options: z.output<O>, size: { classes: number; ipc: number }): number;
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

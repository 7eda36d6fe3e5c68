// What a recipe needs before its synthesis begins, each as an artifact: made where the store has none, shared where it has.
import type { ImageSet } from "../data/image-set.ts";
import type { Runtime } from "../engine/index.ts";
import type { Experts, InitialImages } from "../methods/index.ts";
import type { Recipe } from "../recipe/index.ts";
import type { Artifact, ArtifactSpec, ArtifactWriter } from "./artifacts.ts";
import { type Choices, prepareChoices } from "./choices.ts";
import { prepareExperts } from "./experts.ts";
import { type FeatureNetwork, prepareFeatureNetwork } from "./feature-network.ts";
import { prepareWhitening } from "./whitening.ts";

/** What the synthesis and the evaluation work with; each preparation replaces or adds something. */
export interface Prepared {
  readonly train: ImageSet;
  /** Held out of the training images. */
  readonly validation?: ImageSet | undefined;
  readonly test: ImageSet;
  readonly init: InitialImages;
  readonly experts?: Experts | undefined;
  readonly features?: FeatureNetwork | undefined;
  readonly choices?: Choices | undefined;
}

export interface PrepareWorld {
  readonly recipe: Recipe;
  /** Of the dataset. */
  readonly fingerprint: string;
  readonly runtime: Runtime;
  /** Whether the sets are to be compared in the end. */
  readonly evaluate: boolean;
}

export interface Preparation {
  /** A noun for people: "expert trajectories". */
  readonly title: string;
  readonly spec: ArtifactSpec;
  /** How many chunks it has when it is finished; each is a step of the stage. */
  readonly steps: number;
  /** Writes the chunks that are missing, in order, looking at the signal between them; gives the facts of the whole. */
  make(writer: Pick<ArtifactWriter, "chunks" | "read" | "write">, signal: AbortSignal): Promise<unknown>;
  open(artifact: Artifact): Promise<Partial<Prepared>>;
  /** The same with made-up contents, to plan memory and to measure a step with. */
  blank(): Partial<Prepared>;
  /** Of all its chunks, where it is known before. */
  readonly bytes?: number;
  /** The settings that make it smaller, where it may be large. */
  readonly sizeNames?: readonly string[];
  /**
   * Computes a little of everything that `make` computes, and tells how many seconds the whole takes. Missing where that is
   * nothing beside a step. `clock` is in milliseconds.
   */
  rehearse?(clock: () => number): Promise<number>;
}

/** Looks at a recipe and at what was prepared before it; undefined where nothing is needed. */
export type Prepare = (world: PrepareWorld, before: Prepared) => Preparation | undefined;

/** In this order: what comes later works on what comes before. */
export const preparations: readonly Prepare[] = [
  prepareWhitening,
  prepareFeatureNetwork,
  ...prepareChoices,
  prepareExperts,
];

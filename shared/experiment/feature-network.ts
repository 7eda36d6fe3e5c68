// The network whose features tell real images apart, as an artifact: trained on the whole set, its training kept after each epoch.

import type { ImageSet } from "../data/image-set.ts";
import type { Features } from "../data/selection/index.ts";
import { defineProgram, opaque, type Tensor, type TensorTree } from "../engine/index.ts";
import { strategyOf } from "../evaluation/augmentations.ts";
import { protocolOf } from "../evaluation/protocols.ts";
import { createTrainer, TEST_BATCH, type TrainingState } from "../evaluation/train-fresh.ts";
import { bytesOf, viewFloats } from "../formats/index.ts";
import { deriveKey, rootKey } from "../lib/random.ts";
import { UserError } from "../lib/user-error.ts";
import { countParameters, flattenArrays, restoreArrays } from "../nn/flat-parameters.ts";
import { createNet } from "../nn/nets/index.ts";
import { type Artifact, type ArtifactSpec, damagedArtifact } from "./artifacts.ts";
import { listSelections } from "./choices.ts";
import { wholeSet } from "./evaluate.ts";
import type { Prepare } from "./prepare.ts";

export interface FeatureNetwork {
  /** All that the features follow from. */
  readonly spec: ArtifactSpec;
  /** The flattened last block of images of the training set, as they are: [indices][features]. */
  featuresOf(indices: readonly number[], signal?: AbortSignal): Promise<Features>;
}

/** Trained as DM's evaluation trains, for a few epochs only. */
const protocol = protocolOf("dm");

export const prepareFeatureNetwork: Prepare = (world, { train }) => {
  const { recipe, fingerprint, runtime } = world;
  if (listSelections(world).length === 0) return undefined;
  const { selection, network, augmentation } = recipe;
  const [channels, height, width] = train.imageShape;
  const net = createNet(network, { channels, height, width, classes: train.classNames.length });
  const trainer = createTrainer(runtime, net, protocol);
  const key = deriveKey(rootKey(selection.seed), "features");
  const { epochs } = selection;
  const fresh = net.params(deriveKey(key, "net"));
  const like = { theta: fresh, buffers: net.buffers(), velocity: fresh };
  const spec = {
    kind: "features",
    fingerprint,
    heldOut: recipe.evaluation.validation,
    normaliser: normaliserOf(train),
    network,
    strategy: strategyOf(protocol, augmentation.strategy),
    epochs,
    seed: selection.seed,
  };

  const embed = defineProgram(
    "embed",
    ({ theta, buffers, images }: { theta: TensorTree; buffers: TensorTree; images: Tensor }) => ({
      features: net.apply(theta, buffers, images, { mode: "eval" }).features,
    }),
  );

  const createFeatures = (readNet: () => Promise<Pick<typeof like, "theta" | "buffers">>): FeatureNetwork => ({
    spec,
    featuresOf: async (indices, signal) => {
      const { theta, buffers } = await readNet();
      const trained = { theta: runtime.upload(theta), buffers: runtime.upload(buffers) };
      const data = new Float32Array(indices.length * net.featureSize);
      try {
        for (let from = 0; from < indices.length; from += TEST_BATCH) {
          signal?.throwIfAborted();
          const images = await train.images(indices.slice(from, from + TEST_BATCH));
          const { features } = await runtime.run(embed, { ...trained, images });
          data.set(await runtime.read(features), from * net.featureSize);
          runtime.free(features);
        }
      } finally {
        runtime.free(trained);
      }
      return { count: indices.length, size: net.featureSize, data };
    },
  });

  const set = wholeSet(train);
  /** Trains from the state that was written last; `each` is given the state after an epoch. */
  const trainOn = async (
    each: (epoch: number, loss: number, state: TrainingState) => Promise<void>,
    signal: AbortSignal,
    from?: { epoch: number; state: TrainingState },
  ) => {
    const stoppable = {
      ...set,
      batch: (indices: ArrayLike<number>) => {
        signal.throwIfAborted();
        return set.batch(indices);
      },
    };
    const named = epochs - protocol.extraEpochs;
    runtime.free(await trainer.train(stoppable, augmentation.strategy, named, key, each, from));
  };

  return {
    title: "the network whose features tell images apart",
    spec,
    steps: epochs,
    bytes: 4 * epochs * countParameters(like),

    make: async ({ chunks, read, write }, signal) => {
      const last = chunks.at(-1);
      const from = last && {
        epoch: chunks.length,
        state: runtime.upload(restoreTree(like, await read(last.name), last.name)) as TrainingState,
      };
      await trainOn(
        async (epoch, loss, state) => {
          if (!Number.isFinite(loss)) throw diverged(epoch);
          const { data } = flattenArrays(opaque((await runtime.readTree(state)) as object));
          await write(nameOf(epoch), bytesOf(data), { loss });
        },
        signal,
        from,
      );
      return { features: net.featureSize };
    },

    open: async (artifact: Artifact) => {
      const name = nameOf(epochs - 1);
      return {
        features: createFeatures(async () => restoreTree(like, await artifact.read(name), `${name} of ${artifact.id}`)),
      };
    },

    blank: () => ({ features: createFeatures(async () => like) }),

    rehearse: async (clock) => {
      const batches = Math.ceil(train.size / protocol.batch);
      const times: number[] = [];
      const stop = new AbortController();
      const timed = {
        ...set,
        batch: (indices: ArrayLike<number>) => {
          times.push(clock());
          if (times.length > 4) stop.abort();
          stop.signal.throwIfAborted();
          return set.batch(indices);
        },
      };
      try {
        runtime.free(await trainer.train(timed, augmentation.strategy, epochs, key));
        times.push(clock());
      } catch (error) {
        if (!stop.signal.aborted) throw error;
      }
      // The first batch compiles.
      const seconds = Math.min(...times.slice(2).map((time, at) => time - times[at + 1])) / 1000;
      return epochs * batches * seconds;
    },
  };
};

const nameOf = (epoch: number) => `epoch-${String(epoch + 1).padStart(4, "0")}`;

/** What of a normaliser the features follow from; a stored set holds its numbers as float32. */
function normaliserOf({ source: { normaliser } }: ImageSet) {
  // The fingerprint says the rest.
  if (normaliser.kind === "zca") return { kind: normaliser.kind };
  const rounded = (values: readonly number[]) => values.map(Math.fround);
  return { kind: normaliser.kind, mean: rounded(normaliser.mean), std: rounded(normaliser.std) };
}

function diverged(epoch: number): UserError {
  return new UserError(
    "features-diverged",
    `The loss of the network for herding, k-center and k-means is not a finite number in epoch ${epoch + 1}.`,
    'Use network.norm "instance", or leave out what is chosen by features: init, evaluation.baselines.',
  );
}

/** A tree of the form of `like`. Throws UserError "artifact-damaged" where the numbers are not as many. */
function restoreTree<T extends object>(like: T, bytes: Uint8Array, name: string): T {
  const [has, wants] = [bytes.length / 4, countParameters(like)];
  if (has !== wants) throw damagedArtifact(`${name} has ${has} numbers, and this network's training has ${wants}.`);
  return restoreArrays({ shape: [wants], data: viewFloats(bytes) }, like) as object as T;
}

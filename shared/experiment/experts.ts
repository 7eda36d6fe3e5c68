// Expert trajectories as an artifact: for each expert its parameters after every epoch that is read, then the plane of its path.
import type { HostTree } from "../engine/index.ts";
import { bytesOf, viewFloats } from "../formats/index.ts";
import { deriveKey, rootKey } from "../lib/random.ts";
import { UserError } from "../lib/user-error.ts";
import { type Experts, methodOf } from "../methods/index.ts";
import { countParameters, flattenArrays, restoreArrays } from "../nn/flat-parameters.ts";
import { createNet } from "../nn/nets/index.ts";
import { type Artifact, damagedArtifact } from "./artifacts.ts";
import { createExpertTrainer } from "./expert-training.ts";
import type { Prepare } from "./prepare.ts";
import { findPlane } from "./trajectory-plane.ts";

export const prepareExperts: Prepare = ({ recipe, fingerprint, runtime }, { train }) => {
  const { method, network } = recipe;
  const training = methodOf(method.id).experts?.(method);
  if (!training) return undefined;
  const { count, epochs, seed, augmented } = training;
  const heldOut = recipe.evaluation.validation;
  const strategy = augmented ? recipe.augmentation.strategy : [];
  const [channels, height, width] = train.imageShape;
  const net = createNet(network, { channels, height, width, classes: train.classNames.length });
  const trainer = createExpertTrainer(runtime, net, train, training, strategy);
  const keyOf = (expert: number) => deriveKey(rootKey(seed), "expert", expert);
  const untrained = (expert: number): HostTree => net.params(deriveKey(keyOf(expert), "net"));
  const like = untrained(0);
  const parameters = countParameters(like);
  const restore = (data: Float32Array) => restoreArrays({ shape: [parameters], data }, like);
  /** Chunks of one expert: a snapshot for each epoch, the untrained network the first, and its plane. */
  const parts = epochs + 2;
  const snapshotName = (expert: number, epoch: number) =>
    `expert-${pad(expert, count)}.epoch-${pad(epoch, epochs + 1)}`;
  const planeName = (expert: number) => `expert-${pad(expert, count)}.plane`;
  const planeNumbers = 2 * parameters + 2 + 2 * (epochs + 1);

  const openExperts = (artifact: Artifact): Experts => {
    const read = async (name: string, length: number) => {
      const numbers = viewFloats(await artifact.read(name));
      if (numbers.length === length) return numbers;
      throw damagedArtifact(
        `The artifact ${artifact.id} is damaged: ${name} has ${numbers.length} numbers, and this network's has ${length}.`,
      );
    };
    return {
      count,
      epochs,
      snapshot: async (expert, epoch) => restore(await read(snapshotName(expert, epoch), parameters)),
      plane: async (expert) => {
        const numbers = await read(planeName(expert), planeNumbers);
        return {
          axes: { shape: [2, parameters], data: numbers.subarray(0, 2 * parameters) },
          origin: { shape: [2], data: numbers.subarray(2 * parameters, 2 * parameters + 2) },
          path: Array.from(numbers.subarray(2 * parameters + 2)),
        };
      },
    };
  };

  return {
    title: "expert trajectories",
    spec: {
      kind: "experts",
      fingerprint,
      heldOut,
      normaliser: train.source.normaliser.kind,
      network,
      strategy,
      training,
    },
    steps: count * parts,
    bytes: 4 * count * ((epochs + 1) * parameters + planeNumbers),
    sizeNames: ["method.experts.count", "method.maxStart", "network.width"],

    make: async ({ chunks, read, write }, signal) => {
      for (let at = chunks.length; at < count * parts; at++) {
        signal.throwIfAborted();
        const [expert, epoch] = [Math.floor(at / parts), at % parts];
        const snapshot = async (of: number) => viewFloats(await read(snapshotName(expert, of)));
        if (epoch > epochs) {
          const snapshots: Float32Array[] = [];
          for (let of = 0; of <= epochs; of++) snapshots.push(await snapshot(of));
          const { axes, origin, path, share } = findPlane(snapshots);
          const numbers = new Float32Array(planeNumbers);
          numbers.set(axes.data);
          numbers.set([...origin.data, ...path], axes.data.length);
          await write(planeName(expert), bytesOf(numbers), { expert, planeShare: share });
        } else if (epoch === 0) {
          const start = untrained(expert);
          const metrics = { expert, epoch, accuracy: await trainer.judge(start) };
          await write(snapshotName(expert, 0), bytesOf(flattenArrays(start).data), metrics);
        } else {
          // An epoch begins at what was written, so that it does not matter in which session that was.
          const from = restore(await snapshot(epoch - 1));
          const result = await trainer.trainEpoch(from, deriveKey(keyOf(expert), "epoch", epoch), signal);
          const { loss, accuracy } = result;
          if (!Number.isFinite(loss)) throw diverged(expert, epoch, training.learningRate);
          const bytes = bytesOf(flattenArrays(result.parameters).data);
          await write(snapshotName(expert, epoch), bytes, { expert, epoch, loss, accuracy });
        }
      }
      return { parameters };
    },

    open: async (artifact) => ({ experts: openExperts(artifact) }),

    blank: () => ({
      experts: {
        count,
        epochs,
        // Different networks: between equal ones there is no way to go.
        snapshot: async (expert, epoch) => net.params(deriveKey(keyOf(expert), "blank", epoch)),
        plane: async () => ({
          axes: { shape: [2, parameters], data: new Float32Array(2 * parameters) },
          origin: { shape: [2], data: new Float32Array(2) },
          path: Array(2 * (epochs + 1)).fill(0),
        }),
      },
    }),

    rehearse: async (clock) => count * epochs * (await trainer.measureEpoch(untrained(0), keyOf(0), clock)),
  };
};

/** Of equal length up to `count` of them. */
const pad = (at: number, count: number) => String(at).padStart(String(count - 1).length, "0");

const diverged = (expert: number, epoch: number, rate: number) =>
  new UserError(
    "experts-diverged",
    `The loss of expert ${expert + 1} is not a finite number in epoch ${epoch}.`,
    `Lower method.experts.learningRate, which is ${rate}, for example to ${Number((rate / 10).toPrecision(6))}.`,
  );

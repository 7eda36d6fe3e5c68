// Images chosen by their features, as artifacts: per class and way of choosing the first `ipc` picks, in their order.
import type { ImageSet } from "../data/image-set.ts";
import {
  type ChosenImages,
  type Features,
  meanOf,
  type SelectionId,
  selectionIds,
  selectionOf,
  toUnitRows,
} from "../data/selection/index.ts";
import { invariant } from "../lib/invariant.ts";
import { deriveKey, rootKey } from "../lib/random.ts";
import { type Artifact, damagedArtifact } from "./artifacts.ts";
import type { Prepare, PrepareWorld } from "./prepare.ts";

export type Choices = Readonly<Partial<Record<SelectionId, ChosenImages>>>;

/** The ways of choosing that a recipe asks for, by where its images begin or by its baselines. */
export function listSelections({ recipe, evaluate }: Pick<PrepareWorld, "recipe" | "evaluate">): SelectionId[] {
  const { init, evaluation } = recipe;
  const asked: readonly unknown[] = [init, ...(evaluate ? evaluation.baselines : [])];
  return selectionIds.filter((id) => asked.includes(id));
}

/** Chooses class by class; one chunk a class. */
const prepareChoice =
  (id: SelectionId): Prepare =>
  (world, { train, features: network, choices }) => {
    if (!listSelections(world).includes(id)) return undefined;
    invariant(network, "the network for the features comes first");
    const { ipc, init, selection } = world.recipe;
    const classes = train.classNames.length;
    const nameOf = (label: number) => `class-${String(label).padStart(String(classes - 1).length, "0")}`;
    const listClass = (label: number) =>
      Array.from({ length: train.countOf(label) }, (_, at) => train.starts[label] + at);
    const take = (chosen: ChosenImages) => ({
      choices: { ...choices, [id]: chosen },
      ...(init === id && { init: { kind: "chosen" as const, indices: chosen } }),
    });
    const choose = async (label: number, signal?: AbortSignal) => {
      const indices = listClass(label);
      const own = await network.featuresOf(indices, signal);
      const key = deriveKey(rootKey(selection.seed), "choose", id, label);
      const picks = selectionOf(id).choose(selection.features === "unit" ? toUnitRows(own) : own, ipc, key);
      return { chosen: picks.map((row) => indices[row]), offset: offsetOf(own, picks) };
    };

    return {
      title: `images by ${id}`,
      spec: { kind: "choices", by: id, ipc, features: network.spec, rows: selection.features, seed: selection.seed },
      steps: classes,
      bytes: classes * (DIGEST_BYTES + 4 * ipc),

      make: async ({ chunks, write }, signal) => {
        for (let label = chunks.length; label < classes; label++) {
          signal.throwIfAborted();
          const { chosen, offset } = await choose(label, signal);
          const digest = await digestOf(train, chosen);
          const bytes = new Uint8Array([...digest, ...new Uint8Array(Int32Array.from(chosen).buffer)]);
          await write(nameOf(label), bytes, chosen.length > 0 ? { offset } : {});
        }
        return { images: Math.min(ipc, Math.max(...train.source.counts)) };
      },

      open: async (artifact) => {
        const read = async (label: number) => readChosen(train, artifact, nameOf(label), label);
        return take(await Promise.all(train.classNames.map((_, label) => read(label))));
      },

      blank: () => take(train.classNames.map((_, label) => listClass(label).slice(0, ipc))),

      rehearse: async (clock) => {
        const start = clock();
        await choose(0);
        return (train.size / Math.max(1, train.countOf(0))) * ((clock() - start) / 1000);
      },
    };
  };

export const prepareChoices: readonly Prepare[] = selectionIds.map(prepareChoice);

const DIGEST_BYTES = 16;

/** Datasets are the same in whatever order their images are stored; numbers of images are not. */
async function digestOf(train: ImageSet, chosen: readonly number[]): Promise<Uint8Array> {
  const { data } = await train.images(chosen);
  return new Uint8Array(await crypto.subtle.digest("SHA-256", data)).subarray(0, DIGEST_BYTES);
}

async function readChosen(train: ImageSet, artifact: Artifact, name: string, label: number): Promise<number[]> {
  const bytes = await artifact.read(name);
  const chosen = [...new Int32Array(bytes.slice(DIGEST_BYTES).buffer)];
  const isOfClass = (index: number) => index >= train.starts[label] && index < train.starts[label + 1];
  const isSame = async () => {
    const digest = await digestOf(train, chosen);
    return digest.every((byte, at) => byte === bytes[at]);
  };
  if (chosen.every(isOfClass) && (await isSame())) return chosen;
  throw damagedArtifact(
    `The artifact ${artifact.id} was made of the same images in another order, or ${name} of it is damaged.`,
  );
}

/** How far the mean of the picks is from the mean of all, as features have it. */
function offsetOf(features: Features, picks: readonly number[]): number {
  const { size, data } = features;
  const rows = picks.flatMap((row) => [...data.subarray(row * size, (row + 1) * size)]);
  const own = meanOf({ count: picks.length, size, data: Float32Array.from(rows) });
  return Math.sqrt(meanOf(features).reduce((sum, value, d) => sum + (value - own[d]) ** 2, 0));
}

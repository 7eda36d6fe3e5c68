// One NumPy archive: the arrays as .npy members of a stored zip.

import { Uint8ArrayReader, Uint8ArrayWriter, ZipWriter } from "@zip.js/zip.js";
import { normaliserTensors } from "../../../../shared/data/distilled-set.ts";
import { type TypedTensor, writeNpy } from "../../../../shared/formats/index.ts";
import { defineFormat, type ExportFile, type ExportSource } from "../format.ts";
import { loadNormaliser, NORMALISER_PARTS } from "../python.ts";

const FILE = "distilled.npz";
/** A zip's own record of a member, without its name twice. */
const MEMBER_BYTES = 30 + 46 + 64;

export const npz = defineFormat({
  id: "npz",
  title: "NumPy archive (.npz)",
  extension: ".npz",
  description: "Images and labels as NumPy arrays, exact float32 values.",
  write(source: ExportSource): ExportFile[] {
    const { set } = source;
    const values = set.images.length + set.labels.values.length * 2;
    const size = values * 4 + (5 + Object.keys(set.extra).length) * (MEMBER_BYTES + 128);
    return [{ path: FILE, size, isExact: false, make: () => writeArchive(source) }];
  },
  describe: ({ set }) => ({
    text: `\`${FILE}\`: \`images\` float32, normalised; \`labels\` ${
      set.labels.kind === "hard" ? "int64 class indices" : "float32, one row of class probabilities an image"
    }; ${set.normaliser.kind === "standard" ? "`mean`, `std`, " : ""}\`class_names\`${Object.keys(set.extra)
      .map((name) => `, \`${name}\``)
      .join("")}.`,
    python: `import numpy as np
import torch

data = np.load("${FILE}")
images = torch.from_numpy(data["images"])
labels = torch.from_numpy(data["labels"])
${
  set.normaliser.kind === "standard"
    ? NORMALISER_PARTS.standard.map((name) => `${name} = torch.from_numpy(data["${name}"])`).join("\n")
    : loadNormaliser(set.normaliser)
}
class_names = data["class_names"].tolist()`,
  }),
});

const writeAll = (tensors: Readonly<Record<string, TypedTensor>>) =>
  Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, writeNpy(tensor)]));

async function writeArchive({ set }: ExportSource): Promise<Uint8Array> {
  const [n] = set.shape;
  const { labels, normaliser, classNames } = set;
  const members = {
    images: writeNpy({ dtype: "F32", shape: set.shape, data: set.images }),
    labels:
      labels.kind === "hard"
        ? writeNpy({ dtype: "I64", shape: [n], data: BigInt64Array.from(labels.values, BigInt) })
        : writeNpy({ dtype: "F32", shape: [n, classNames.length], data: labels.values }),
    // The matrices of a whitened set lie beside the archive already.
    ...(normaliser.kind === "standard" && writeAll(normaliserTensors(normaliser))),
    class_names: writeNpy({ dtype: "text", shape: [classNames.length], data: classNames }),
    ...writeAll(set.extra),
  };
  const zip = new ZipWriter(new Uint8ArrayWriter(), {
    level: 0,
    useWebWorkers: false,
    // The same set gives the same bytes: a fixed date (a zip's earliest, in local time) and no time zones.
    lastModDate: new Date(1980, 0, 1),
    extendedTimestamp: false,
    dataDescriptor: false,
  });
  for (const [name, bytes] of Object.entries(members)) await zip.add(`${name}.npy`, new Uint8ArrayReader(bytes));
  return zip.close();
}

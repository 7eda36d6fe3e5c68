// One PNG an image in a folder a class, as torchvision's ImageFolder and most tools read them.

import { encodePng } from "../../png.ts";
import { defineFormat, type ExportFile, type ExportSource } from "../format.ts";
import { defineNormaliser, normaliseInPython, toPython } from "../python.ts";

const FOLDER = "images";
/** A PNG of noise is a little larger than its pixels. */
const PNG_OVERHEAD_BYTES = 120;

export const imageFolder = defineFormat({
  id: "image-folder",
  title: "Image folder (PNG)",
  extension: ".png",
  description: "One PNG for each image, in a folder for each class. Reads as ImageFolder in PyTorch.",
  write({ set, pixels: { pixels, count, width, height, channels }, classFolders }: ExportSource): ExportFile[] {
    const size = width * height * channels;
    const digits = String(set.ipc - 1).length;
    return Array.from({ length: count }, (_, i) => {
      const index = String(i % set.ipc).padStart(digits, "0");
      return {
        path: `${FOLDER}/${classFolders[Math.floor(i / set.ipc)]}/${index}.png`,
        size: size + height + PNG_OVERHEAD_BYTES,
        isExact: false,
        make: () =>
          encodePng({ pixels: pixels.subarray(i * size, (i + 1) * size), width, height, channels: channels as 1 | 3 }),
      };
    });
  },
  describe(source) {
    const { set, classFolders, pixels } = source;
    const sorted = [...classFolders].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))); // as Python sorts
    const order = sorted.every((folder, i) => folder === classFolders[i])
      ? "`torchvision.datasets.ImageFolder` numbers the folders in the same order."
      : "`torchvision.datasets.ImageFolder` sorts the folders and so **numbers them differently**: use the list below.";
    const soft =
      set.labels.kind === "soft"
        ? " The soft labels of this set do not fit into folders: they are in the other formats."
        : "";
    return {
      text: `\`${FOLDER}/<class>/<index>.png\`: 8-bit PNG, de-normalised and rounded. ${order}${soft}`,
      python: `from pathlib import Path

import numpy as np
import torch
from PIL import Image

${defineNormaliser(source)}
folders = ${toPython(classFolders)}

paths, labels = [], []
for label, folder in enumerate(folders):
    files = sorted(Path("${FOLDER}", folder).glob("*.png"))
    paths += files
    labels += [label] * len(files)
labels = torch.tensor(labels)
pixels = np.stack([np.array(Image.open(path).convert("${pixels.channels === 1 ? "L" : "RGB"}")) for path in paths])
pixels = torch.from_numpy(pixels).reshape(len(paths), ${pixels.height}, ${pixels.width}, ${pixels.channels})
images = pixels.permute(0, 3, 1, 2).float() / 255
images = ${normaliseInPython(set.normaliser, "images")}`,
    };
  },
});

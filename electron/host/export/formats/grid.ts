// One PNG contact sheet: a row a class, a column an image, enlarged by whole pixels.

import { encodePng } from "../../png.ts";
import { defineFormat, type ExportFile, type ExportSource } from "../format.ts";
import { defineNormaliser, normaliseInPython } from "../python.ts";

const FILE = "grid.png";
const GAP = 4;
/** A mid grey, so that dark and bright images both read. */
const GROUND = 0x8a;
const MAX_CELL = 112;
const MAX_SIDE = 8192;

export const grid = defineFormat({
  id: "grid",
  title: "Contact sheet (one PNG)",
  extension: ".png",
  description: "All images on one PNG, for papers and slides.",
  write(source: ExportSource): ExportFile[] {
    const { width, height } = measureSheet(source);
    const bytes = source.pixels.pixels.length + 2 * height;
    return [
      { path: FILE, size: Math.min(bytes * 2, width * height * 3), isExact: false, make: () => drawSheet(source) },
    ];
  },
  describe(source) {
    const { scale, cellWidth, cellHeight } = measureSheet(source);
    const { ipc, classNames } = source.set;
    const mode = source.pixels.channels === 1 ? "L" : "RGB";
    return {
      text: `\`${FILE}\`: a contact sheet to look at: one row a class, in the order of the table above, ${ipc} image${
        ipc === 1 ? "" : "s"
      } a row, each pixel drawn as ${scale} x ${scale}. It can be cut up again:`,
      python: `import numpy as np
import torch
from PIL import Image

${defineNormaliser(source)}
rows, columns, scale, gap = ${classNames.length}, ${ipc}, ${scale}, ${GAP}
cell_height, cell_width = ${cellHeight}, ${cellWidth}

sheet = np.array(Image.open("${FILE}").convert("${mode}")).reshape(gap + rows * (cell_height + gap), -1, ${source.pixels.channels})
tops = [gap + row * (cell_height + gap) for row in range(rows)]
lefts = [gap + column * (cell_width + gap) for column in range(columns)]
cells = [sheet[top : top + cell_height : scale, left : left + cell_width : scale] for top in tops for left in lefts]
images = torch.from_numpy(np.stack(cells)).permute(0, 3, 1, 2).float() / 255
images = ${normaliseInPython(source.set.normaliser, "images")}
labels = torch.arange(rows).repeat_interleave(columns)`,
    };
  },
});

function measureSheet({ set, pixels }: ExportSource) {
  const rows = set.classNames.length;
  const columns = set.ipc;
  const largest = Math.min(
    MAX_CELL / Math.max(pixels.width, pixels.height),
    (MAX_SIDE / columns - GAP) / pixels.width,
    (MAX_SIDE / rows - GAP) / pixels.height,
  );
  const scale = Math.max(1, Math.floor(largest));
  const cellWidth = pixels.width * scale;
  const cellHeight = pixels.height * scale;
  return {
    scale,
    cellWidth,
    cellHeight,
    width: GAP + columns * (cellWidth + GAP),
    height: GAP + rows * (cellHeight + GAP),
  };
}

async function drawSheet(source: ExportSource): Promise<Uint8Array> {
  const { pixels, count, width: imageWidth, height: imageHeight, channels } = source.pixels;
  const { scale, cellWidth, cellHeight, width, height } = measureSheet(source);
  const sheet = new Uint8Array(width * height * channels).fill(GROUND);
  for (let i = 0; i < count; i++) {
    const top = GAP + Math.floor(i / source.set.ipc) * (cellHeight + GAP);
    const left = GAP + (i % source.set.ipc) * (cellWidth + GAP);
    for (let y = 0; y < cellHeight; y++) {
      const row = (i * imageHeight + Math.floor(y / scale)) * imageWidth;
      for (let x = 0; x < cellWidth; x++) {
        const from = (row + Math.floor(x / scale)) * channels;
        const to = ((top + y) * width + left + x) * channels;
        for (let c = 0; c < channels; c++) sheet[to + c] = pixels[from + c] ?? 0;
      }
    }
  }
  return encodePng({ pixels: sheet, width, height, channels: channels as 1 | 3 });
}

// Draws what is in sight of a long grid on one canvas: sixty thousand elements would not scroll, a hundred drawings do.
import { client } from "../../host.ts";
import type { Dataset } from "../../stores/dataset.ts";
import { type GridLayout, rowsInSight } from "../../stores/picture-grid.ts";
import { thumbnailAt } from "../../stores/thumbnails.ts";
import { text } from "../../text.ts";

interface GridDrawing {
  readonly dataset: Dataset;
  readonly split: "train" | "test";
  readonly layout: GridLayout;
  readonly size: number;
  readonly scrollTop: number;
  readonly width: number;
  readonly height: number;
  /** The sheet of thumbnails at an address, or undefined while it is not there. */
  sheetAt(url: string): ImageBitmap | undefined;
}

const HEADING_BASELINE = 19;

export function drawGrid(canvas: HTMLCanvasElement, drawing: GridDrawing): void {
  const { dataset, split, layout, size, scrollTop, width, height, sheetAt } = drawing;
  const context = canvas.getContext("2d");
  if (!context) return;
  const scale = devicePixelRatio;
  const [w, h] = [Math.round(width * scale), Math.round(height * scale)];
  // Setting a size clears, and costs even where it is the same.
  if (canvas.width !== w) canvas.width = w;
  if (canvas.height !== h) canvas.height = h;
  const { color, fontFamily } = getComputedStyle(canvas);
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, width, height);
  context.font = `12px ${fontFamily}`;
  context.fillStyle = color;
  for (const { top, from, count, classIndex } of rowsInSight(layout, scrollTop, height, 0)) {
    const y = top - scrollTop;
    if (from === undefined) {
      context.fillText(
        text.datasets.sectionOf(dataset.classes[classIndex].name, count),
        0,
        y + HEADING_BASELINE,
        width,
      );
      continue;
    }
    for (let column = 0; column < count; column++) {
      const at = thumbnailAt(dataset.sheets, split, from + column);
      const sheet = at && sheetAt(client.datasets.sheetUrl(dataset.id, at.file));
      const x = column * layout.pitch;
      if (at && sheet) {
        const { side } = at;
        context.imageSmoothingEnabled = side > size * scale;
        context.drawImage(sheet, at.column * side, at.row * side, side, side, x, y, size, size);
      } else {
        context.globalAlpha = 0.08;
        context.fillRect(x, y, size, size);
        context.globalAlpha = 1;
      }
    }
  }
}

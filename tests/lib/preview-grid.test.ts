// The layout of previews: a row a class, further columns of classes where rows run out, no image on another.
import { expect, test } from "vitest";
import { layPreview, placeInPreview } from "../../shared/lib/preview-grid.ts";

test("few classes lie one below the other", () => {
  const grid = layPreview({ classes: 10, ipc: 10, width: 28, height: 28 });
  expect(grid).toEqual({ rows: 10, blocks: 1, columns: 10, width: 291, height: 291 });
  expect(placeInPreview(grid, { width: 28, height: 28 }, 2, 3)).toEqual({ x: 1 + 3 * 29, y: 1 + 2 * 29 });
});

test.each([
  { classes: 1000, ipc: 10, width: 64, height: 64 },
  { classes: 1000, ipc: 1, width: 28, height: 28 },
  { classes: 200, ipc: 50, width: 64, height: 64 },
  { classes: 2, ipc: 5000, width: 32, height: 32 },
])("every class of $classes is on the picture, each image in a place of its own", (contents) => {
  const grid = layPreview(contents);
  expect(Math.max(grid.width, grid.height)).toBeLessThanOrEqual(8192);
  const places = new Set<string>();
  for (let classIndex = 0; classIndex < contents.classes; classIndex++) {
    for (let index = 0; index < grid.columns; index++) {
      const { x, y } = placeInPreview(grid, contents, classIndex, index);
      expect(x + contents.width).toBeLessThan(grid.width);
      expect(y + contents.height).toBeLessThan(grid.height);
      places.add(`${x},${y}`);
    }
  }
  expect(places.size).toBe(contents.classes * grid.columns);
});

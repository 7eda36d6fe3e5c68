// What one synthetic image ranges over at a step: exact values where the host keeps them, else levels of its picture.
import { useEffect, useState } from "react";
import type { ImageValues } from "../../../shared/api/images.ts";
import type { PlacedImage } from "../../components/light-table.tsx";
import { loadBitmap } from "../../components/use-bitmap.ts";
import { client } from "../../host.ts";
import { sheetOf, sourceOf } from "../../stores/light-table.ts";
import { text } from "../../text.ts";

/** Exact values of a step; undefined until they are there. */
export function useImageValues(id: string, step: number | undefined): ImageValues | undefined {
  const [values, setValues] = useState<ImageValues>();
  useEffect(() => {
    if (step === undefined) return;
    const controller = new AbortController();
    client.runs.imageValues(id, step, { signal: controller.signal }).then(setValues, () => {});
    return () => controller.abort();
  }, [id, step]);
  return values?.step === step ? values : undefined;
}

interface Levels {
  readonly min: number;
  readonly max: number;
  readonly mean: number;
}

/** Of an 8-bit picture, 0 to 255. */
export function useLevels(
  url: string | undefined,
  image: PlacedImage | undefined,
  classes: number,
  ipc: number,
): Levels | undefined {
  const [levels, setLevels] = useState<Levels>();
  useEffect(() => {
    setLevels(undefined);
    if (url === undefined || !image) return;
    let isWanted = true;
    loadBitmap(url).then(
      (bitmap) => isWanted && setLevels(measureLevels(bitmap, image, classes, ipc)),
      () => {},
    );
    return () => {
      isWanted = false;
    };
  }, [url, image, classes, ipc]);
  return levels;
}

function measureLevels(bitmap: ImageBitmap, { classIndex, index }: PlacedImage, classes: number, ipc: number): Levels {
  const sheet = sheetOf(bitmap, classes, ipc);
  const { x, y } = sourceOf(sheet, classIndex, index);
  const context = new OffscreenCanvas(sheet.width, sheet.height).getContext("2d", { willReadFrequently: true });
  if (!context) return { min: 0, max: 255, mean: 0 };
  context.drawImage(bitmap, x, y, sheet.width, sheet.height, 0, 0, sheet.width, sheet.height);
  const { data } = context.getImageData(0, 0, sheet.width, sheet.height);
  let [min, max, sum, count] = [255, 0, 0, 0];
  for (let i = 0; i < data.length; i++) {
    if (i % 4 === 3) continue; // alpha
    min = Math.min(min, data[i]);
    max = Math.max(max, data[i]);
    sum += data[i];
    count++;
  }
  return { min, max, mean: sum / count };
}

/** The range in words, as the light table tells it. */
export function describeRange(exact: Levels | undefined, levels: Levels | undefined): string {
  if (exact) return text.run.values(exact.min, exact.max);
  return levels ? text.run.levels(levels.min, levels.max) : "";
}

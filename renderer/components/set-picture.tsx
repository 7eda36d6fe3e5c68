// A distilled set at a glance: the first images of its first classes in a row, cut from a preview.
import { useEffect, useRef } from "react";
import { sheetOf, sourceOf } from "../stores/light-table.ts";
import { useBitmap } from "./use-bitmap.ts";

interface SetPictureProps {
  readonly url: string;
  readonly classes: number;
  readonly ipc: number;
  /** CSS pixels of an image's side. */
  readonly side: number;
}

const SHOWN = 5;

/** Says nothing: the set is named beside it. */
export function SetPicture({ url, classes, ipc, side }: SetPictureProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const picture = useBitmap(url);
  const shown = Math.min(SHOWN, classes);
  useEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (!picture || !context || !canvas.current) return;
    const sheet = sheetOf(picture.bitmap, classes, ipc);
    canvas.current.width = shown * sheet.width;
    canvas.current.height = sheet.height;
    for (let at = 0; at < shown; at++) {
      const { x, y } = sourceOf(sheet, at, 0);
      const { width, height } = sheet;
      context.drawImage(picture.bitmap, x, y, width, height, at * width, 0, width, height);
    }
  }, [picture, classes, ipc, shown]);
  return <canvas ref={canvas} aria-hidden style={{ width: shown * side, height: side, flex: "none" }} />;
}

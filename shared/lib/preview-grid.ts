// Where each synthetic image lies on a preview: one row a class, and further columns of classes where rows run out.

/** Pixels between images, and around them. */
export const PREVIEW_GAP = 1;
/** Larger pictures are refused by some decoders. */
const MAX_SIDE = 8192;

export interface PreviewGrid {
  /** Classes one below the other; the next ones go on beside them. */
  readonly rows: number;
  readonly blocks: number;
  /** Images of each class that the picture holds. */
  readonly columns: number;
  readonly width: number;
  readonly height: number;
}

interface Contents {
  readonly classes: number;
  readonly ipc: number;
  /** Of one image. */
  readonly width: number;
  readonly height: number;
}

/** Images of a class that do not fit on the largest picture are left out; classes never are, short of 10^4 of them. */
export function layPreview({ classes, ipc, width, height }: Contents): PreviewGrid {
  const fitting = (side: number) => Math.max(1, Math.floor((MAX_SIDE - PREVIEW_GAP) / (side + PREVIEW_GAP)));
  const rows = Math.max(1, Math.min(classes, fitting(height)));
  const blocks = Math.max(1, Math.min(Math.ceil(classes / rows), fitting(width)));
  const columns = Math.max(1, Math.min(ipc, Math.floor(fitting(width) / blocks)));
  return {
    rows,
    blocks,
    columns,
    width: blocks * columns * (width + PREVIEW_GAP) + PREVIEW_GAP,
    height: rows * (height + PREVIEW_GAP) + PREVIEW_GAP,
  };
}

/** The upper left pixel of an image. */
export function placeInPreview(
  { rows, columns }: Pick<PreviewGrid, "rows" | "columns">,
  image: { readonly width: number; readonly height: number },
  classIndex: number,
  index: number,
): { x: number; y: number } {
  const column = Math.floor(classIndex / rows) * columns + index;
  return {
    x: PREVIEW_GAP + column * (image.width + PREVIEW_GAP),
    y: PREVIEW_GAP + (classIndex % rows) * (image.height + PREVIEW_GAP),
  };
}

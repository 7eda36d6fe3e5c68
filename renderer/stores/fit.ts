// How a picture of another shape becomes square: the same geometry as the import's, for drawing a sample.

export type Fit = "crop" | "pad" | "stretch";

/** Parts of the picture and of the square, as drawImage takes them. */
export interface Placement {
  readonly from: readonly [x: number, y: number, width: number, height: number];
  readonly to: readonly [x: number, y: number, width: number, height: number];
}

export function placeInSquare(fit: Fit, width: number, height: number, size: number): Placement {
  const whole = [0, 0, width, height] as const;
  switch (fit) {
    case "stretch":
      return { from: whole, to: [0, 0, size, size] };
    case "crop": {
      const side = Math.min(width, height);
      return { from: [(width - side) / 2, (height - side) / 2, side, side], to: [0, 0, size, size] };
    }
    case "pad": {
      const scale = size / Math.max(width, height);
      const [w, h] = [width * scale, height * scale];
      return { from: whole, to: [(size - w) / 2, (size - h) / 2, w, h] };
    }
    default:
      return fit satisfies never;
  }
}

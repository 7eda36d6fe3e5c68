// A sample as it would be stored: made square, reduced to the chosen size and colour, and shown enlarged again.
import { useEffect, useRef } from "react";
import { type Fit, placeInSquare } from "../stores/fit.ts";
import styles from "./sample-preview.module.css";

interface SamplePreviewProps {
  readonly picture: string;
  readonly label: string;
  readonly size: number;
  readonly fit: Fit;
  readonly isGrey: boolean;
}

export function SamplePreview({ picture, label, size, fit, isGrey }: SamplePreviewProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    let isWanted = true;
    const image = new Image();
    image.src = picture;
    image.decode().then(
      () => {
        const context = canvas.current?.getContext("2d");
        if (!isWanted || !canvas.current || !context) return;
        canvas.current.width = size;
        canvas.current.height = size;
        context.imageSmoothingQuality = "high";
        const { from, to } = placeInSquare(fit, image.naturalWidth, image.naturalHeight, size);
        context.drawImage(image, ...from, ...to);
      },
      () => {}, // the rest can be chosen by as well
    );
    return () => {
      isWanted = false;
    };
  }, [picture, size, fit]);
  return (
    <canvas
      ref={canvas}
      className={styles.sample}
      data-grey={isGrey || undefined}
      role="img"
      aria-label={label}
      title={label}
    />
  );
}

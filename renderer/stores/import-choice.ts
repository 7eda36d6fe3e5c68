// What the user chooses about an import, beginning with what the survey suggests; only what differs is passed on.
import type { ImportOptions, Survey } from "../../shared/api/datasets.ts";
import type { Fit } from "./fit.ts";

export interface ImportChoice {
  readonly name: string;
  /** Empty while it is being typed. */
  readonly size: number | "";
  readonly fit: Fit;
  readonly colour: "colour" | "grey";
}

export const MAX_SIZE = 1024;
/** As the host keeps free. */
const RESERVE_BYTES = 64e6;

export const suggestChoice = ({ name, suggested }: Survey): ImportChoice => ({
  name,
  size: suggested.size.value,
  fit: "crop",
  colour: suggested.colour.value,
});

export function toOptions({ name, size, fit, colour }: ImportChoice, { name: own, suggested }: Survey): ImportOptions {
  const wanted = name.trim();
  return {
    fit,
    ...(wanted !== "" && wanted !== own && { name: wanted }),
    ...(size !== "" && size !== suggested.size.value && { size }),
    ...(colour !== suggested.colour.value && { colour }),
  };
}

/** Pixels, and at most the same once more as thumbnails. */
export function measureChoice({ size, colour }: ImportChoice, survey: Survey): { bytes: number; isEnough: boolean } {
  const images = survey.classes.reduce((sum, { train, test }) => sum + train + test, 0);
  const bytes = 2 * images * (colour === "grey" ? 1 : 3) * Number(size) ** 2;
  return { bytes, isEnough: bytes + RESERVE_BYTES <= survey.freeBytes };
}

export const isSizeRight = ({ size }: ImportChoice): boolean => size !== "" && size >= 1 && size <= MAX_SIZE;

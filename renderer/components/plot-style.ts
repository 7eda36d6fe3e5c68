// What a chart's drawn part and what lies over it agree on: margins, colours, dashes and rows.
import { seriesColours, seriesDashes } from "../theme/index.ts";

export const plotMargin = { left: 48, right: 20, top: 8, bottom: 24 } as const;

export const colourOf = (index: number) => seriesColours[index % seriesColours.length];
/** Where the colours begin again, each comes with another dash than before. */
export const dashOf = (index: number) =>
  seriesDashes[(index + Math.floor(index / seriesColours.length)) % seriesDashes.length];

export interface PlotRow {
  readonly step: number;
  readonly values: readonly (number | undefined)[];
}

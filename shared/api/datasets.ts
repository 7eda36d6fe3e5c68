// Requests, responses and progress events of the dataset routes.

import { z } from "zod";
import { colours, datasetManifest, fits, imageManifest, splitNames } from "../data/manifest.ts";
import { failureFields } from "./failure.ts";

export { type ErrorBody, errorBody } from "./failure.ts";

/** What a user may choose about an import; what is left out is suggested from the images. */
export const importOptions = z.strictObject({
  size: z.int().min(1).max(1024).optional().describe("Side of the stored square images in pixels"),
  largest: z.int().min(1).max(1024).optional().describe("Where no size is given: the most to suggest"),
  fit: z.enum(fits).default("crop").describe("How a picture of another shape becomes square"),
  colour: z.enum(colours).optional().describe("Store three channels or one"),
  testFraction: z
    .number()
    .gt(0)
    .lt(1)
    .default(1 / 6)
    .describe("Share of each class for the test split, if the source has none"),
  seed: z.int().nonnegative().default(0).describe("Seed of that split"),
  name: z.string().min(1).max(200).optional().describe("Name to show; the source's own when left out"),
});
export type ImportOptions = z.input<typeof importOptions>;
export type ResolvedImportOptions = z.output<typeof importOptions>;

export const importRequest = z.strictObject({ path: z.string().min(1), options: importOptions.prefault({}) });

export const imageRange = z.strictObject({
  from: z.coerce.number().int().nonnegative().default(0),
  to: z.coerce.number().int().nonnegative().optional(),
});

export const datasetPatch = z.strictObject({ name: z.string().trim().min(1).max(200) });

/** What `inspect` tells: a manifest without what only a stored dataset has. */
export const imageReport = imageManifest.omit({ id: true, createdAt: true, chunks: true, sheets: true });
export type ImageReport = z.infer<typeof imageReport>;

const scanEvent = z.object({ type: z.literal("scan"), done: z.int(), total: z.int() });
const progressEvent = z.object({
  type: z.literal("progress"),
  done: z.int(),
  total: z.int(),
  imagesPerSecond: z.number(),
  /** null while there is too little to tell by. */
  secondsLeft: z.number().nullable(),
});
const failedEvent = z.object({ type: z.literal("failed"), ...failureFields });

/** One line each of the stream that `POST /api/datasets` answers with; `existing` tells that it was stored before. */
export const importEvent = z.discriminatedUnion("type", [
  scanEvent,
  progressEvent,
  z.object({ type: z.literal("done"), manifest: datasetManifest, existing: z.boolean() }),
  failedEvent,
]);
export type ImportEvent = z.infer<typeof importEvent>;

/** The same of `POST /api/datasets/inspect`. */
export const inspectEvent = z.discriminatedUnion("type", [
  scanEvent,
  progressEvent,
  z.object({ type: z.literal("done"), report: imageReport }),
  failedEvent,
]);
export type InspectEvent = z.infer<typeof inspectEvent>;

export type ImportProgress = z.infer<typeof scanEvent> | z.infer<typeof progressEvent>;

export const imagesParameters = z.object({ id: z.string(), split: z.enum(splitNames) });

/** A stored folder that cannot be used is listed with the reason, so that it can be deleted. */
export const datasetList = z.object({
  datasets: z.array(datasetManifest),
  damaged: z.array(z.object({ id: z.string(), reason: z.string() })),
});
export type DatasetList = z.infer<typeof datasetList>;

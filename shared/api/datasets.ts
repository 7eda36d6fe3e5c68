// Requests, responses and progress events of the dataset routes.

import { z } from "zod";
import { colours, datasetManifest, fits, imageManifest, problemSchema, splitNames } from "../data/manifest.ts";
import { failureFields, fieldProblem } from "./failure.ts";

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

const chosenOptions = importOptions.prefault({});

/** Either a path on the host's machine, or what a browser has sent: the `upload` that it began. */
export const importRequest = z
  .strictObject({
    path: z.string().min(1).optional(),
    upload: z.string().min(1).optional(),
    options: chosenOptions,
  })
  .refine(({ path, upload }) => (path === undefined) !== (upload === undefined), "give either path or upload");
export type DataSource = string | { readonly upload: string };

/** Of POST /api/datasets/sample: the dataset that comes with the app. */
export const sampleRequest = z.strictObject({ options: chosenOptions });

export const imageRange = z.strictObject({
  from: z.coerce.number().int().nonnegative().default(0),
  to: z.coerce.number().int().nonnegative().optional(),
});

/** Of GET /api/datasets/:id/sets: a run of the same images whose set a new run may begin with; `step` is that of the set. */
const earlierSet = z.object({
  id: z.string(),
  name: z.string(),
  createdAt: z.iso.datetime(),
  ipc: z.int(),
  step: z.int(),
  /** The preview that shows it. */
  picture: z.string().optional(),
});
export const earlierSets = z.array(earlierSet);
export type EarlierSet = z.infer<typeof earlierSet>;

export const datasetPatch = z.strictObject({ name: z.string().trim().min(1).max(200) });

/** What `inspect` tells: a manifest without what only a stored dataset has. */
export const imageReport = imageManifest.omit({ id: true, createdAt: true, chunks: true, sheets: true });
export type ImageReport = z.infer<typeof imageReport>;

/** A PNG as a data: address. */
const pictureUrl = z.string().startsWith("data:image/png;base64,");

const scanEvent = z.object({ type: z.literal("scan"), done: z.int(), total: z.int() });
const progressEvent = z.object({
  type: z.literal("progress"),
  done: z.int(),
  total: z.int(),
  imagesPerSecond: z.number(),
  /** null while there is too little to tell by. */
  secondsLeft: z.number().nullable(),
});
/** One of a few pictures, evenly spread over the training images, as it is stored; for a contact sheet that fills. */
const pictureEvent = z.object({ type: z.literal("picture"), number: z.int(), picture: pictureUrl });
const failedEvent = z.object({
  type: z.literal("failed"),
  ...failureFields,
  problems: z.array(fieldProblem).readonly().optional(),
});

/** One line each of the stream that `POST /api/datasets` answers with; `existing` tells that it was stored before. */
export const importEvent = z.discriminatedUnion("type", [
  scanEvent,
  progressEvent,
  pictureEvent,
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

/**
 * What can be told from names and headers alone, before anything is decoded: what the user chooses by.
 */
export const survey = z.object({
  name: z.string(),
  format: z.string(),
  classes: z.array(z.object({ name: z.string(), train: z.int(), test: z.int() })),
  split: z.enum(["folders", "drawn"]),
  /** Of the pictures' shorter sides, in pixels. */
  sides: z.object({ smallest: z.int(), median: z.int(), largest: z.int() }),
  /** Each with the sentence that says why. */
  suggested: z.object({
    size: z.object({ value: z.int(), note: z.string() }),
    colour: z.object({ value: z.enum(colours), note: z.string() }),
  }),
  notes: z.array(z.string()),
  skipped: z.array(problemSchema),
  warnings: z.array(problemSchema),
  /** A picture of some of the classes, whole and small. */
  samples: z.array(z.object({ className: z.string(), picture: pictureUrl })),
  freeBytes: z.number(),
});
export type Survey = z.infer<typeof survey>;

/** The same of `POST /api/datasets/survey`. */
export const surveyEvent = z.discriminatedUnion("type", [
  scanEvent,
  z.object({ type: z.literal("done"), survey }),
  failedEvent,
]);
export type SurveyEvent = z.infer<typeof surveyEvent>;

export type ImportPicture = z.infer<typeof pictureEvent>;
export type ImportProgress = z.infer<typeof scanEvent> | z.infer<typeof progressEvent>;

export const imagesParameters = z.object({ id: z.string(), split: z.enum(splitNames) });

/** A stored folder that cannot be used is listed with the reason, so that it can be deleted. */
export const datasetList = z.object({
  datasets: z.array(datasetManifest),
  /** `code` tells a damaged one from one of a newer version. */
  damaged: z.array(z.object({ id: z.string(), code: z.string(), reason: z.string() })),
});
export type DatasetList = z.infer<typeof datasetList>;

/** Of GET /api/datasets/:id/usage: what deleting it would free. */
export const datasetUsage = z.object({ bytes: z.number() });

/** Of GET /api/datasets/:id/files/:split: paths in the source, in stored order; empty where they were not kept. */
export const fileNames = z.array(z.string());

// Runs as they are stored and sent: the schemas of run.json and of the run routes.

import { z } from "zod";
import { runEventSchema, runStatusSchema, stageSchema } from "../experiment/events.ts";
import { failureFields } from "./failure.ts";

export { type EvaluationFile, evaluationFileSchema } from "../experiment/evaluation-file.ts";
export { type RunEvent, runEventSchema, stageSchema } from "../experiment/events.ts";

const count = z.int().nonnegative();
const seconds = z.number().nonnegative();

export const runIdSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,79}$/, "must be lower-case letters, digits and hyphens");

/** run.json, version 1. Instants are ISO 8601 texts; timings are seconds per stage. */
export const runRecordSchema = z.object({
  version: z.literal(1),
  id: runIdSchema,
  name: z.string(),
  createdAt: z.iso.datetime(),
  /** The resolved recipe; the recipe's own schema checks it where it is used. */
  recipe: z.unknown(),
  seed: z.int(),
  dataset: z.object({ id: z.string(), name: z.string(), fingerprint: z.string() }),
  app: z.object({ version: z.string() }),
  backend: z.string(),
  adapter: z.string(),
  /** False for a run that ends with the distilled set. */
  evaluate: z.boolean().optional(),
  /** Synthetic images that go through the network at once, where a memory limit made them fewer; the sums' order depends on it. */
  imagesAtOnce: z.int().positive().optional(),
  status: runStatusSchema,
  stage: stageSchema,
  /** Steps of the stage that are done. */
  step: count,
  error: z.object({ code: z.string(), message: z.string(), hint: z.string() }).optional(),
  timings: z.partialRecord(stageSchema, seconds),
  /** One for each start or resume. */
  sessions: z.array(
    z.object({
      startedAt: z.iso.datetime(),
      endedAt: z.iso.datetime().optional(),
      from: z.object({ stage: stageSchema, step: count }),
    }),
  ),
});
export type RunRecord = z.infer<typeof runRecordSchema>;

/** What a caller says of a new run; the rest is filled in. */
export const newRunSchema = runRecordSchema.partial({
  version: true,
  id: true,
  createdAt: true,
  status: true,
  stage: true,
  step: true,
  timings: true,
  sessions: true,
});
export type NewRun = z.infer<typeof newRunSchema>;

/** What may change of a run; `error: null` removes the error. */
export const runPatchSchema = runRecordSchema
  .omit({ version: true, id: true, createdAt: true, error: true })
  .partial()
  .extend({ error: runRecordSchema.shape.error.nullable() })
  .strict();
export type RunPatch = z.infer<typeof runPatchSchema>;

/** `dir` is the run folder itself; without it the run lies in the store. */
export const createRunRequestSchema = z.object({ dir: z.string().min(1).optional(), record: newRunSchema });

export const runListSchema = z.object({
  /** `isActive`: some process computes it now, be it the host's, a page's or the command line. */
  runs: z.array(z.object({ path: z.string(), record: runRecordSchema, isActive: z.boolean() })),
  broken: z.array(z.object({ id: z.string(), path: z.string(), reason: z.string() })),
});
export type RunList = z.infer<typeof runListSchema>;

/** Of GET /api/runs/:id/summary: the bytes that deleting frees, and the loss in few points that keep every spike. */
export const runSummarySchema = z.object({
  bytes: count,
  loss: z.array(z.object({ step: count, value: z.number() })),
});
export type RunSummary = z.infer<typeof runSummarySchema>;

/** One event, or several at once. */
export const appendEventsSchema = z.union([runEventSchema, z.array(runEventSchema)]);

/** The body beside it is the pixels: uint8, interleaved, height x width x channels bytes. */
export const previewQuerySchema = z.object({
  width: z.coerce.number().int().positive().max(16384),
  height: z.coerce.number().int().positive().max(16384),
  channels: z.coerce.number().pipe(z.union([z.literal(1), z.literal(3)])),
});

export const exportRequestSchema = z.object({
  formats: z.array(z.string()).min(1),
  /** Where to write; without it, `exports/set` in the run folder. */
  dir: z.string().min(1).optional(),
});

/** A file, or a folder with its children. `bytes` is a bound unless `isExact`. */
export interface ExportTree {
  readonly name: string;
  readonly bytes: number;
  readonly isExact: boolean;
  readonly children?: readonly ExportTree[] | undefined;
}
export const exportTreeSchema: z.ZodType<ExportTree> = z.object({
  name: z.string(),
  bytes: count,
  isExact: z.boolean(),
  get children() {
    return z.array(exportTreeSchema).optional();
  },
});

/** What lies at the place of an export: only an `occupied` folder keeps it from being written. */
export const exportPlaceSchema = z.object({
  kind: z.enum(["new", "empty", "earlier", "occupied"]),
  /** Why it is occupied. */
  reason: z.string().optional(),
  /** A free folder near it. */
  instead: z.string().optional(),
  freeBytes: z.number().nonnegative(),
});

/** `loaders`: for each format a program that reads its files, started in the export's folder. */
export const exportPlanSchema = z.object({
  dir: z.string(),
  fileCount: count,
  tree: exportTreeSchema,
  place: exportPlaceSchema,
  loaders: z.array(z.object({ format: z.string(), title: z.string(), python: z.string() })),
});
export type ExportPlan = z.infer<typeof exportPlanSchema>;

/** `clipped`: how many values lay outside of what 8 bits can show. */
export const exportResultSchema = z.object({ dir: z.string(), tree: exportTreeSchema, clipped: count });
export type ExportResult = z.infer<typeof exportResultSchema>;

/** One line each of the stream that POST /api/runs/:id/exports answers with; `done` counts files. */
export const exportEventSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("progress"), done: count, total: count }),
  exportResultSchema.extend({ type: z.literal("done") }),
  z.object({ type: z.literal("failed"), ...failureFields }),
]);
export type ExportEvent = z.infer<typeof exportEventSchema>;

/** Of GET /api/exports/formats: what can be written, in the list's order. */
export const exportFormatListSchema = z.array(
  z.object({ id: z.string(), title: z.string(), extension: z.string(), description: z.string() }),
);
export type ExportFormatList = z.infer<typeof exportFormatListSchema>;

export const openedRunSchema = z.object({ path: z.string(), record: runRecordSchema });
export type OpenedRun = z.infer<typeof openedRunSchema>;

/** Newest first. */
export const checkpointListSchema = z.array(z.object({ name: z.string(), bytes: count, modifiedAt: z.coerce.date() }));
/** In the order of their steps. */
export const previewListSchema = z.array(z.object({ step: count, file: z.string() }));

// Runs as they are stored and sent: the schemas of run.json and of the run routes.

import { z } from "zod";
import { runEventSchema, runStatusSchema, stageSchema } from "../experiment/events.ts";

export { type EvaluationFile, evaluationFileSchema } from "../experiment/evaluation-file.ts";
export { type RunEvent, runEventSchema } from "../experiment/events.ts";

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
  runs: z.array(z.object({ path: z.string(), record: runRecordSchema })),
  broken: z.array(z.object({ id: z.string(), path: z.string(), reason: z.string() })),
});
export type RunList = z.infer<typeof runListSchema>;

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

export const exportPlanSchema = z.object({ dir: z.string(), fileCount: count, tree: exportTreeSchema });
export type ExportPlan = z.infer<typeof exportPlanSchema>;

/** `clipped`: how many values lay outside of what 8 bits can show. */
export const exportResultSchema = z.object({ dir: z.string(), tree: exportTreeSchema, clipped: count });
export type ExportResult = z.infer<typeof exportResultSchema>;

export const openedRunSchema = z.object({ path: z.string(), record: runRecordSchema });
export type OpenedRun = z.infer<typeof openedRunSchema>;

/** Newest first. */
export const checkpointListSchema = z.array(z.object({ name: z.string(), bytes: count, modifiedAt: z.coerce.date() }));
/** In the order of their steps. */
export const previewListSchema = z.array(z.object({ step: count, file: z.string() }));
export type PreviewEntry = z.infer<typeof previewListSchema>[number];

// Requests, responses and streams of computing: on which adapter, how long it will take, and how it goes.

import { z } from "zod";
import { runEventSchema, runStatusSchema, stageSchema } from "../experiment/events.ts";
import type { PlannedMemory } from "../experiment/planned-memory.ts";
import { recipeSchema } from "../recipe/index.ts";
import { type ErrorBody, failureFields } from "./failure.ts";

const count = z.int().nonnegative();
/** JSON has no infinity: a time that nobody knows yet is null. */
const secondsLeft = z.number().nonnegative().nullable();

export const backendChoices = ["auto", "webgpu", "onnx"] as const;
const where = {
  /** `auto`: a real GPU, else the CPU. */
  backend: z.enum(backendChoices).default("auto"),
  /** The number of a GPU, or a part of its name; a software adapter is used only when it is named. */
  adapter: z.string().min(1).optional(),
  /** Bytes of a GPU's memory that a run may take at most. */
  memoryLimit: z.int().positive().optional(),
};

/** Of POST /api/runs/:id/start. A run goes on with the backend and adapter that it began on, unless told otherwise. */
export const startRequest = z.strictObject({
  backend: where.backend.removeDefault().optional(),
  adapter: where.adapter,
  memoryLimit: where.memoryLimit,
  evaluate: z.boolean().optional(),
  /** Ends the distillation at its newest checkpoint, and goes on with the evaluation. */
  finish: z.boolean().optional(),
});
export type StartRequest = z.infer<typeof startRequest>;

export const estimateRequest = z.strictObject({
  recipe: recipeSchema,
  dataset: z.string().min(1),
  evaluate: z.boolean().default(true),
  ...where,
});
export type EstimateRequest = z.input<typeof estimateRequest>;
export type ResolvedEstimateRequest = z.output<typeof estimateRequest>;

export const estimateAnswer = z.object({
  estimate: z.object({
    prepareSeconds: z.number(),
    steps: count,
    secondsPerStep: z.number(),
    synthesiseSeconds: z.number(),
    evaluateSeconds: z.number(),
    totalSeconds: z.number(),
    diskBytes: z.number(),
    artifactBytes: z.number(),
  }),
  /** The most that the run takes of a GPU, planned, or else that the measuring process took; missing where nobody can tell. */
  memoryBytes: z.number().optional(),
  isMemoryPlanned: z.boolean(),
  /** Where fewer go through the network at once than the method takes, to stay below the memory limit. */
  imagesAtOnce: z.int().positive().optional(),
  backend: z.string(),
  adapter: z.string(),
});
export type EstimateAnswer = z.infer<typeof estimateAnswer>;

/** What an answer says of planned memory. */
export const answerOf = ({ peakBytes, imagesAtOnce }: PlannedMemory) => ({
  memoryBytes: peakBytes,
  isMemoryPlanned: true,
  ...(imagesAtOnce !== undefined && { imagesAtOnce }),
});

/** How far a stage is; `unit` is what `done` counts. Never stored. */
export const progressLine = z.object({
  type: z.literal("progress"),
  stage: stageSchema,
  done: count,
  total: count,
  unit: z.enum(["step", "epoch", "kernel"]),
  perSecond: z.number().nonnegative(),
  secondsLeft,
  note: z.string(),
  /** Of the computing process, as the system counts it. */
  memoryBytes: count.optional(),
});
export type ProgressLine = z.infer<typeof progressLine>;

/** What a run waits for that is the first on its adapter: the check of the kernels. */
export const checkProgress = (done: number, total: number): ProgressLine => ({
  type: "progress",
  stage: "synthesise",
  ...{ done, total, unit: "kernel", perSecond: 0, secondsLeft: null, note: "" },
});

/**
 * One line of GET /api/runs/:id/events?follow=1: stored events, and between them what is never stored.
 * `cut`: the run went back to a checkpoint, and of the events only the first `events` hold.
 * `notice`: something to tell, e.g. that a damaged checkpoint was passed over.
 * `ended`: the last line; without it the connection broke.
 */
export const followLine = z.discriminatedUnion("type", [
  ...runEventSchema.options,
  progressLine,
  z.object({ type: z.literal("cut"), events: count }),
  z.object({ type: z.literal("notice"), message: z.string() }),
  z.object({ type: z.literal("ended"), status: runStatusSchema, error: z.object(failureFields).optional() }),
]);
export type FollowLine = z.infer<typeof followLine>;

/** A run that is computed now; `stage` is missing until the first progress. */
const runningRun = z.object({
  runId: z.string(),
  /** By the host's child process, or by the Worker of a page. */
  where: z.enum(["child", "page"]),
  stage: stageSchema.optional(),
  done: count,
  total: count,
  perSecond: z.number().nonnegative(),
  secondsLeft,
  /** Of the computing process; missing where nobody can tell. */
  memoryBytes: count.optional(),
});

/** The answer of GET /api/compute. */
export const computeState = z.object({
  running: runningRun.nullable(),
  /** Computed at the same time, by pages. */
  alsoRunning: z.array(runningRun),
  /** Runs that wait, in order. */
  queue: z.array(z.string()),
});
export type ComputeState = z.infer<typeof computeState>;

/** Every run that is computed now, by the child or by pages. */
export const listRunning = ({ running, alsoRunning }: Pick<ComputeState, "running" | "alsoRunning">) =>
  running ? [running, ...alsoRunning] : alsoRunning;

/** What a list of running runs says of one. */
export function summariseProgress(progress: ProgressLine | undefined) {
  if (!progress) return { done: 0, total: 0, perSecond: 0, secondsLeft: null };
  const { stage, done, total, perSecond, secondsLeft, memoryBytes } = progress;
  return { stage, done, total, perSecond, secondsLeft, ...(memoryBytes !== undefined && { memoryBytes }) };
}

export const adapterListing = z.object({
  index: count,
  name: z.string(),
  description: z.string(),
  vendor: z.string(),
  architecture: z.string(),
  /** The graphics API underneath: "vulkan", "metal", "d3d12". */
  backendType: z.string(),
  /** Whether it computes on the CPU. */
  software: z.boolean(),
  limits: z.record(z.string(), z.number()),
  features: z.array(z.string()),
  /** Measured peaks, once they were measured: 10^9 operations and 10^9 bytes a second. */
  gflops: z.number().optional(),
  gigabytesPerSecond: z.number().optional(),
});

/** The answer of GET /api/compute/adapters; `problem` says why there is no WebGPU at all. */
export const adapterList = z.object({
  adapters: z.array(adapterListing),
  cpu: z.object({
    model: z.string(),
    threads: count,
    /** What computes on the CPU; missing where it does not load, and then `problem` says why. */
    runtime: z.string().optional(),
    problem: z.object(failureFields).optional(),
  }),
  /** What is taken unasked; "none" where nothing computes but software adapters that were named. */
  auto: z.enum(["webgpu", "onnx", "none"]),
  problem: z.object(failureFields).optional(),
});
export type AdapterList = z.infer<typeof adapterList>;

/** What computes in a page's Worker; `problem` says why there is no WebGPU at all. */
export interface WindowAdapters {
  readonly adapters: AdapterList["adapters"];
  /** That WebAssembly would use. */
  readonly threads: number;
  readonly problem?: ErrorBody;
}

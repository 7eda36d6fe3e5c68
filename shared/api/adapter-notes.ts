// What is remembered of a GPU adapter: the check of its kernels, and which of them were measured to be fastest.

import { z } from "zod";
import { UserError } from "../lib/user-error.ts";

const milliseconds = z.number().nonnegative();

/** As the engine's check reports it; see shared/engine/webgpu/check.ts. */
export const checkReport = z.object({
  adapter: z.string(),
  software: z.boolean(),
  subgroupSize: z.int().positive().optional(),
  tolerance: z.number(),
  milliseconds,
  kernels: z
    .array(
      z.object({
        op: z.string(),
        variant: z.string().optional(),
        verdict: z.enum(["right", "wrong", "fails", "untried"]),
        error: z.number().nonnegative().optional(),
        milliseconds,
        cases: z.int().nonnegative(),
        casesInAll: z.int().positive(),
        problem: z.string().optional(),
      }),
    )
    .readonly(),
  /** Variants that are switched off, as "op/variant". */
  disabled: z.array(z.string()).readonly(),
  /** Why nothing is computed on this adapter. */
  unusable: z.array(z.string()).readonly(),
});
export type CheckReport = z.infer<typeof checkReport>;

/** Which adapter: a page finds others than the host's process does, and a new driver is another adapter. */
export const adapterIdentity = z.object({
  place: z.enum(["process", "window"]),
  name: z.string().min(1).max(300),
  /** The driver, and for a window the browser: its own compiler stands between. */
  driver: z.string().max(1000),
});
export type AdapterIdentity = z.infer<typeof adapterIdentity>;

export const adapterNotes = z.object({
  check: checkReport.optional(),
  /** Names of variants by op and class of shapes. What stands here never changes: a run that goes on computes as it began. */
  memory: z.record(z.string(), z.string()),
});
export type AdapterNotes = z.infer<typeof adapterNotes>;

/** adapters/<name>.json, version 1. Of another version of the app nothing is believed: its kernels were others. */
export const adapterFile = adapterIdentity.extend({
  version: z.literal(1),
  app: z.string(),
  /** When the kernels were checked. */
  checkedAt: z.iso.datetime().optional(),
  ...adapterNotes.shape,
});
export type AdapterFile = z.infer<typeof adapterFile>;

/** A check that began and did not end: adapters/<name>.checking, which is there while an adapter is checked. */
export const unfinishedCheck = adapterIdentity.extend({
  app: z.string(),
  since: z.iso.datetime(),
  /** The process that checks; a page has none. */
  pid: z.int().positive().optional(),
});
export type UnfinishedCheck = z.infer<typeof unfinishedCheck>;

/** Of PUT /api/compute/checks: a page begins to check an adapter, or has ended it. */
export const adapterCheckUpdate = z.strictObject({ identity: adapterIdentity, isBegun: z.boolean() });

/** Of PUT /api/compute/notes, answered with what stands from then on. */
export const adapterNotesUpdate = z.strictObject({ identity: adapterIdentity, notes: adapterNotes });
/** Of POST /api/compute/notes/find, with an identity; null for an adapter that is new. */
export const adapterNotesAnswer = z.object({
  notes: adapterNotes.nullable(),
  unfinished: unfinishedCheck.optional(),
  /** A sentence for a person, e.g. that a damaged file was ignored. */
  problem: z.string().optional(),
});
/** Of GET /api/compute/notes. */
export const adapterFiles = z.object({ adapters: z.array(adapterFile), unfinished: z.array(unfinishedCheck) });

/** What is said of an adapter whose check ended the program, and is not tried again by itself. */
export function describeUnfinished({ name, since }: UnfinishedCheck): string {
  return `The check of ${name} that began at ${since} did not end: the program or the machine went down with it.`;
}

export const crashedError = (unfinished: UnfinishedCheck): UserError =>
  new UserError(
    "adapter-crashed",
    `${describeUnfinished(unfinished)} It is not used unasked.`,
    unfinished.place === "process"
      ? "Update its driver, or compute on another adapter (--adapter) or on the CPU (--backend onnx). To try it again, name it with --adapter, run “adapters --check”, or allow it in Settings."
      : "Update its driver, or choose another place to compute. To try it again, allow it in Settings.",
  );

/** What a check found, in a sentence. */
export function summariseCheck({ adapter, kernels, disabled, unusable, milliseconds: took }: CheckReport): string {
  const right = kernels.filter(({ verdict }) => verdict === "right").length;
  const seconds = (took / 1000).toFixed(1);
  if (unusable.length > 0) return `${adapter} computes wrong numbers (${unusable.join(", ")}) and is not used.`;
  if (disabled.length > 0) {
    return `${adapter}: ${right} of ${kernels.length} kernels are right; switched off: ${disabled.join(", ")}. Others take their place.`;
  }
  if (right < kernels.length) {
    const others = kernels.filter(({ verdict }) => verdict !== "right").map(({ op }) => op);
    return `${adapter}: ${right} of ${kernels.length} kernels are right; not so: ${others.join(", ")}, without which training is right, too.`;
  }
  return `${adapter}: all ${kernels.length} kernels are right (${seconds} s).`;
}

/** The report as a table to copy. */
export function printCheck(report: CheckReport): string {
  const rows = report.kernels.map(({ op, variant = "fused", verdict, error, milliseconds: took, ...each }) => [
    op,
    variant,
    error === undefined ? "" : error.toExponential(1),
    `${took.toFixed(1)} ms`,
    `${each.cases} of ${each.casesInAll}`,
    each.problem === undefined ? verdict : `${verdict}: ${each.problem.replaceAll(/\s*\n\s*/g, " ")}`,
  ]);
  const table = [["op", "variant", "worst error", "time", "shapes", "verdict"], ...rows];
  const widths = table[0].map((_, column) => Math.max(...table.map((row) => row[column].length)));
  const lines = table.map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at]))
      .join("  ")
      .trimEnd(),
  );
  const subgroups =
    report.subgroupSize === undefined ? "no subgroups of one size" : `subgroups of ${report.subgroupSize}`;
  const kind = report.software ? "software" : "GPU";
  return [`${report.adapter} (${kind}, ${subgroups})`, ...lines, summariseCheck(report)].join("\n");
}

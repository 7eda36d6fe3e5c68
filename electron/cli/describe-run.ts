// A run and its evaluation as text.
import type { EvaluationFile } from "../../shared/api/runs.ts";
import { readEvaluation } from "../host/export/index.ts";
import { findRunOwner, listCheckpoints, type Run } from "../host/runs/index.ts";
import { formatDuration, formatTable } from "./output.ts";

const percent = (fraction: number) => (100 * fraction).toFixed(2);

export function describeEvaluation({ results }: EvaluationFile): string {
  const rows = results.map(({ set, ipc, net, width, trials, mean, std }) => [
    set,
    set === "whole" ? "all" : String(ipc),
    width === undefined ? net : `${net} (width ${width})`,
    `${percent(mean)} ± ${percent(std)} %`,
    trials.map(percent).join(" "),
  ]);
  return formatTable([["set", "ipc", "network", "accuracy", "trials"], ...rows]);
}

/** `running` in run.json is what a killed process leaves, too: the lock knows better. */
async function isInterrupted({ path, record }: Run): Promise<boolean> {
  return record.status === "running" && (await findRunOwner(path)) === undefined;
}

/** One word of how a run stands. */
export async function stateOf(run: Run): Promise<string> {
  return (await isInterrupted(run)) ? "interrupted" : run.record.status;
}

async function describeState(run: Run): Promise<string> {
  const { status, stage, step } = run.record;
  if (status === "done") return status;
  if (!(await isInterrupted(run))) return `${status} in ${stage} at step ${step}`;
  const [last] = await listCheckpoints(run);
  return last ? `interrupted; it goes on from checkpoint ${last.name}` : "interrupted before its first checkpoint";
}

export async function describeRun(run: Run): Promise<string> {
  const { record } = run;
  const evaluation = await readEvaluation(run);
  const timings = Object.entries(record.timings).map(([stage, seconds]) => `${stage} ${formatDuration(seconds ?? 0)}`);
  const lines = [
    `${record.id}  ${await describeState(run)}`,
    `  name      ${record.name}`,
    `  dataset   ${record.dataset.name} (${record.dataset.id})`,
    `  seed      ${record.seed}`,
    `  computed  ${record.adapter} (${record.backend})`,
    `  took      ${timings.join(", ") || "nothing yet"}`,
    `  folder    ${run.path}`,
    ...(record.error ? [`  error     ${record.error.message} ${record.error.hint}`] : []),
  ];
  return evaluation ? `${lines.join("\n")}\n\n${describeEvaluation(evaluation)}` : lines.join("\n");
}

// The loss of a run in few points, for a list: the lowest and the highest value of each part, so that no spike is lost.

import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { EVENTS_FILE, type Run } from "./folder.ts";

export interface LossPoint {
  readonly step: number;
  readonly value: number;
}

const PARTS = 48;
const MOST_KEPT = 500;

/** By path: what was made of a file of this size and time. A finished run's events never change. */
const kept = new Map<string, { readonly version: string; readonly points: readonly LossPoint[] }>();

/** At most two points for each of 48 parts; empty before the first step. Lines that cannot be read are passed over. */
export async function sketchLoss({ path }: Pick<Run, "path">): Promise<LossPoint[]> {
  const file = join(path, EVENTS_FILE);
  const found = await stat(file).catch(() => undefined);
  if (found === undefined) return [];
  const version = `${found.size}/${found.mtimeMs}`;
  const before = kept.get(file);
  if (before?.version === version) return [...before.points];
  const points = thin(await readLoss(file));
  kept.delete(file);
  kept.set(file, { version, points });
  for (const oldest of kept.keys()) {
    if (kept.size <= MOST_KEPT) break;
    kept.delete(oldest);
  }
  return [...points];
}

async function readLoss(file: string): Promise<LossPoint[]> {
  const points: LossPoint[] = [];
  for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY })) {
    // Most of a long run's lines are steps: the schema's full check of 20,000 of them would be seconds.
    const point = line.includes('"step"') ? toPoint(line) : undefined;
    if (point) points.push(point);
  }
  return points;
}

function toPoint(line: string): LossPoint | undefined {
  try {
    const { type, stage, step, metrics } = JSON.parse(line);
    const isLoss = type === "step" && stage === "synthesise" && Number.isSafeInteger(step) && step >= 0;
    return isLoss && Number.isFinite(metrics?.loss) ? { step, value: metrics.loss } : undefined;
  } catch {
    return undefined; // a line that is being written, or damaged
  }
}

export function thin(points: readonly LossPoint[]): LossPoint[] {
  if (points.length <= 2 * PARTS) return [...points];
  return Array.from({ length: PARTS }, (_, part) => {
    const from = Math.floor((part * points.length) / PARTS);
    const own = points.slice(from, Math.floor(((part + 1) * points.length) / PARTS));
    const low = own.reduce((a, b) => (b.value < a.value ? b : a));
    const high = own.reduce((a, b) => (b.value > a.value ? b : a));
    return low === high ? [low] : low.step < high.step ? [low, high] : [high, low];
  }).flat();
}

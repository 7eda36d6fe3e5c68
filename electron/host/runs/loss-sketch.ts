// The loss of a run in few points, for a list: the lowest and the highest value of each part, so that no spike is lost.

import type { Stats } from "node:fs";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { EVENTS_FILE, type Run } from "./folder.ts";

export interface LossPoint {
  readonly step: number;
  readonly value: number;
}

const NEWLINE = 0x0a;
const PARTS = 48;
const MOST_KEPT = 500;

/** What was read of a file so far; events are appended, so a longer file goes on where this one ended. */
interface Read {
  readonly size: number;
  readonly time: number;
  /** After the last whole line. */
  readonly end: number;
  readonly points: readonly LossPoint[];
}

const kept = new Map<string, Read>();

/** At most two points for each of 48 parts; empty before the first step. Lines that cannot be read are passed over. */
export async function sketchLoss({ path }: Pick<Run, "path">): Promise<LossPoint[]> {
  const file = join(path, EVENTS_FILE);
  const found = await stat(file).catch(() => undefined);
  if (found === undefined) return [];
  const before = kept.get(file);
  const isSame = before?.size === found.size && before.time === found.mtimeMs;
  const read = isSame ? before : await readOn(file, found, before);
  kept.delete(file); // the newest comes last
  kept.set(file, read);
  for (const oldest of kept.keys()) {
    if (kept.size <= MOST_KEPT) break;
    kept.delete(oldest);
  }
  return thin(read.points);
}

async function readOn(file: string, { size, mtimeMs }: Stats, before: Read | undefined): Promise<Read> {
  // A shorter file was cut back to a checkpoint.
  const from = before !== undefined && size >= before.size ? before.end : 0;
  const points = from > 0 ? [...(before?.points ?? [])] : [];
  let end = from;
  let torn: Buffer = Buffer.alloc(0);
  for await (const chunk of createReadStream(file, { start: from, end: Math.max(from, size - 1) })) {
    const bytes = Buffer.concat([torn, chunk as Buffer]);
    const last = bytes.lastIndexOf(NEWLINE);
    torn = bytes.subarray(last + 1);
    for (const line of bytes.toString("utf8", 0, last + 1).split("\n")) {
      // Most of a long run's lines are steps: the schema's full check of 20,000 of them would be seconds.
      const point = line.includes('"step"') ? toPoint(line) : undefined;
      if (!point) continue;
      // A run that went back to a checkpoint tells its steps once more.
      while (points.length > 0 && points[points.length - 1].step >= point.step) points.pop();
      points.push(point);
    }
    end += last + 1; // `bytes` begins where the last whole line ended
  }
  return { size, time: mtimeMs, end, points };
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

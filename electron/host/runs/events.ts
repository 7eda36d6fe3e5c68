// events.ndjson: appended in whole lines, read back checked, and cut to what a checkpoint knows.

import { createReadStream } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { type RunEvent, runEventSchema } from "../../../shared/api/runs.ts";
import { readNdjson, writeNdjson } from "../../../shared/formats/index.ts";
import { UserError } from "../../../shared/lib/user-error.ts";
import { explainFileError, isMissing } from "../files.ts";
import { appendWhole } from "./append-whole.ts";
import { EVENTS_FILE, type Run } from "./folder.ts";
import { createQueue } from "./queue.ts";
import { checkSchema } from "./schema-errors.ts";

const NEWLINE = 0x0a;
const BLOCK_BYTES = 2 ** 16;
const queue = createQueue();

/**
 * Appends events as whole lines in one write. When the disk takes only a part, that part is taken back and UserError
 * "no-space" thrown: the file is then as it was. A torn line that a killed process left is removed first.
 */
export async function appendEvents(run: Run, events: readonly RunEvent[]): Promise<void> {
  if (events.length === 0) return;
  const lines = new TextEncoder().encode(writeNdjson(events));
  await change(run, async (file) => appendWhole(file, lines, await dropTornLine(file)));
}

/** Yields the events from `from` on, in order; a torn last line is left out. Throws UserError "bad-events". */
export async function* readEvents(run: Run, from = 0): AsyncGenerator<RunEvent, void, undefined> {
  const path = join(run.path, EVENTS_FILE);
  let index = 0;
  try {
    for await (const value of readNdjson(createReadStream(path), { dropTornEnd: true, source: path })) {
      if (index++ < from) continue;
      yield checkSchema(
        runEventSchema,
        value,
        `${path}, line ${index},`,
        "bad-events",
        "Restore the file, or delete it.",
      );
    }
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

/**
 * Keeps the first `count` events and a clean end of line, as resuming from a checkpoint needs. Throws UserError
 * "events-missing" when there are fewer.
 */
export async function cutEvents(run: Run, count: number): Promise<void> {
  await change(run, async (file) => {
    const { end, lines } = await findLineEnd(file, count);
    if (lines < count) {
      throw new UserError(
        "events-missing",
        `${join(run.path, EVENTS_FILE)} holds ${lines} events, and the checkpoint comes after ${count}.`,
        "Restore the file, or go on from an earlier checkpoint.",
      );
    }
    await file.truncate(end);
    await file.sync();
  });
}

/** Waits until the disk has all events: a checkpoint must not outlive the events before it. */
export async function syncEvents(run: Run): Promise<void> {
  await change(run, (file) => file.sync());
}

async function change(run: Run, work: (file: FileHandle) => Promise<void>): Promise<void> {
  const path = join(run.path, EVENTS_FILE);
  await queue.run(path, async () => {
    try {
      await using file = await openForChange(path);
      await work(file);
    } catch (error) {
      throw explainFileError(error, path);
    }
  });
}

async function openForChange(path: string): Promise<FileHandle> {
  try {
    return await open(path, "r+");
  } catch (error) {
    if (isMissing(error)) return open(path, "w+");
    throw error;
  }
}

/** Cuts what follows the last newline; returns the length that is left. */
async function dropTornLine(file: FileHandle): Promise<number> {
  const { size } = await file.stat();
  const block = new Uint8Array(BLOCK_BYTES);
  for (let end = size; end > 0; ) {
    const start = Math.max(0, end - BLOCK_BYTES);
    const { bytesRead } = await file.read(block, 0, end - start, start);
    const last = block.subarray(0, bytesRead).lastIndexOf(NEWLINE);
    if (last >= 0) {
      const whole = start + last + 1;
      if (whole < size) await file.truncate(whole);
      return whole;
    }
    end = start;
  }
  if (size > 0) await file.truncate(0);
  return 0;
}

/** The offset after line `count`, or after the last whole line with the number of lines that there are. */
async function findLineEnd(file: FileHandle, count: number): Promise<{ end: number; lines: number }> {
  const block = new Uint8Array(BLOCK_BYTES);
  let end = 0;
  let lines = 0;
  for (let start = 0; lines < count; ) {
    const { bytesRead } = await file.read(block, 0, BLOCK_BYTES, start);
    if (bytesRead === 0) break;
    for (
      let at = block.indexOf(NEWLINE);
      at >= 0 && at < bytesRead && lines < count;
      at = block.indexOf(NEWLINE, at + 1)
    ) {
      end = start + at + 1;
      lines++;
    }
    start += bytesRead;
  }
  return { end, lines };
}

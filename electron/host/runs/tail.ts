// Reads events.ndjson as it grows, from where it last stood, and notices when a resumed run cut it back.

import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { type RunEvent, runEventSchema } from "../../../shared/api/runs.ts";
import { isMissing } from "../files.ts";
import { EVENTS_FILE, type Run } from "./folder.ts";
import { checkSchema } from "./schema-errors.ts";

const NEWLINE = 0x0a;
const BLOCK_BYTES = 2 ** 18;

/** `cut`: only so many of the events that were read before still hold. */
export type TailItem = RunEvent | { readonly type: "cut"; readonly events: number };

export interface EventTail {
  /** What came since the last call; whole lines only. Throws UserError "bad-events" at a damaged line. */
  read(): AsyncGenerator<TailItem, void, undefined>;
  /** Goes back to the first `events` events, if it is past them. */
  cut(events: number): void;
}

/** Begins at event number `from`. Where the file has fewer, the first item is a cut to what there is. */
export function createEventTail(run: Run, from: number): EventTail {
  const path = join(run.path, EVENTS_FILE);
  /** Events passed, and the offset after them. */
  let [index, offset] = [0, 0];
  /** How many the reader has; those below are passed over. */
  let have = from;
  let cutTo: number | undefined;
  const rewind = () => {
    [index, offset] = [0, 0];
  };

  async function* read(): AsyncGenerator<TailItem, void, undefined> {
    const file = await openIfThere(path);
    if (!file) return;
    try {
      const { size } = await file.stat();
      if (size < offset) rewind();
      if (cutTo !== undefined) {
        rewind();
        have = Math.min(have, cutTo);
        cutTo = undefined;
        yield { type: "cut", events: have };
      }
      for await (const line of linesOf(file, offset, size)) {
        const source = `${path}, line ${index + 1},`;
        const hint = "Restore the file, or delete it.";
        if (index >= have) {
          yield checkSchema(runEventSchema, parse(line.bytes), source, "bad-events", hint);
          have = index + 1;
        }
        index++;
        offset = line.end;
      }
      if (index < have) {
        have = index;
        yield { type: "cut", events: have };
      }
    } finally {
      await file.close();
    }
  }
  return {
    read,
    cut: (events) => {
      if (events < have) cutTo = events;
    },
  };
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined; // the schema says what is wrong with it
  }
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, "r");
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Whole lines between two offsets; `end` is the offset after the newline. */
async function* linesOf(file: FileHandle, from: number, to: number) {
  const block = new Uint8Array(BLOCK_BYTES);
  let rest = new Uint8Array(0);
  for (let at = from; at < to; ) {
    const { bytesRead } = await file.read(block, 0, Math.min(BLOCK_BYTES, to - at), at);
    if (bytesRead === 0) return;
    const bytes = new Uint8Array(rest.length + bytesRead);
    bytes.set(rest);
    bytes.set(block.subarray(0, bytesRead), rest.length);
    const start = at - rest.length;
    at += bytesRead;
    let done = 0;
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, done)) {
      yield { bytes: bytes.subarray(done, end), end: start + end + 1 };
      done = end + 1;
    }
    rest = bytes.slice(done);
  }
}

// Newline-delimited JSON: one value a line, read incrementally from a stream of bytes.
import { UserError } from "../lib/user-error.ts";

export type NdjsonOptions = {
  /** Drop a last line without its newline, as a killed writer leaves it, instead of parsing it. Default false. */
  readonly dropTornEnd?: boolean;
  /** Lines longer than this are an error: the input may be hostile. Default 16 MiB. */
  readonly maxLineBytes?: number;
  /** Names the stream in errors. */
  readonly source?: string;
};

const NEWLINE = 0x0a;

/** Yields the parsed lines in order; empty lines are skipped. Throws UserError "bad-ndjson" naming the line. */
export async function* readNdjson(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  { dropTornEnd = false, maxLineBytes = 2 ** 24, source = "The ndjson stream" }: NdjsonOptions = {},
): AsyncGenerator<unknown, void, undefined> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let line = 1;
  let parts: Uint8Array[] = []; // of the line not ended yet
  let pending = 0;
  const fail = (problem: string, cause?: unknown) =>
    new UserError("bad-ndjson", `${source}: line ${line} ${problem}.`, "", cause === undefined ? undefined : { cause });
  const keep = (part: Uint8Array) => {
    pending += part.length;
    if (pending > maxLineBytes) throw fail(`is longer than ${maxLineBytes} bytes`);
    if (part.length > 0) parts.push(part);
  };
  const parse = (): unknown => {
    try {
      const text = decoder.decode(joinBytes(parts, pending));
      return text.trim() === "" ? undefined : (JSON.parse(text) as unknown);
    } catch (cause) {
      throw fail("is not JSON in UTF-8", cause);
    } finally {
      parts = [];
      pending = 0;
    }
  };
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      keep(chunk.subarray(start, end));
      start = end + 1;
      const value = parse();
      line++;
      if (value !== undefined) yield value;
    }
    // A copy: a stream may fill the same chunk again before the line ends.
    keep(chunk.slice(start));
  }
  if (pending === 0 || dropTornEnd) return;
  const value = parse();
  if (value !== undefined) yield value;
}

/** One line per value, each with its newline. */
export function writeNdjson(values: Iterable<unknown>): string {
  let text = "";
  for (const value of values) text += `${JSON.stringify(value)}\n`;
  return text;
}

function joinBytes(parts: readonly Uint8Array[], length: number): Uint8Array {
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return only;
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

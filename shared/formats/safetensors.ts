// The safetensors format, bytes <-> typed arrays (https://github.com/huggingface/safetensors#format): eight bytes of
// header length, a JSON header, then the tensors without a gap. The reader takes its input for hostile.
import { invariant } from "../lib/invariant.ts";
import { UserError } from "../lib/user-error.ts";
import { findRepeatedKey } from "./json-keys.ts";
import { bytesOf, countElements, type Dtype, dtypes, isDtype, type TypedTensor, viewElements } from "./typed-tensor.ts";

export type SafetensorsFile = {
  readonly tensors: Readonly<Record<string, TypedTensor>>;
  readonly metadata: Readonly<Record<string, string>>;
};

const METADATA = "__metadata__";
const LENGTH_BYTES = 8;
/** The limit of the reference implementation. */
const MAX_HEADER_BYTES = 100_000_000;
const MAX_LISTED_PROBLEMS = 10;

/**
 * Writes tensors and a text-to-text metadata map. The same content gives the same bytes, whatever the order of the
 * keys. The header is padded to 8 bytes and wide dtypes come first, so that every tensor lies aligned.
 */
export function writeSafetensors(
  tensors: Readonly<Record<string, TypedTensor>>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  const entries = Object.entries(tensors).sort(
    ([a, x], [b, y]) => dtypes[y.dtype].bytes - dtypes[x.dtype].bytes || compareText(a, b),
  );
  const fields: string[] = [];
  const notes = Object.entries(metadata).sort(([a], [b]) => compareText(a, b));
  if (notes.length > 0) {
    fields.push(`"${METADATA}":{${notes.map(([k, v]) => `${JSON.stringify(k)}:${JSON.stringify(v)}`).join()}}`);
  }
  let end = 0;
  for (const [name, { dtype, shape, data }] of entries) {
    invariant(name !== METADATA, `a tensor may not be named ${METADATA}`);
    invariant(countElements(shape) === data.length, `tensor "${name}": [${shape}] does not hold ${data.length} values`);
    const begin = end;
    end += data.byteLength;
    fields.push(`${JSON.stringify(name)}:${JSON.stringify({ dtype, shape, data_offsets: [begin, end] })}`);
  }
  const header = new TextEncoder().encode(`{${fields.join()}}`);
  const headerBytes = Math.ceil(header.length / 8) * 8;
  const bytes = new Uint8Array(LENGTH_BYTES + headerBytes + end);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerBytes), true);
  bytes.fill(0x20, LENGTH_BYTES, LENGTH_BYTES + headerBytes); // the format pads with spaces
  bytes.set(header, LENGTH_BYTES);
  let at = LENGTH_BYTES + headerBytes;
  for (const [, { data }] of entries) {
    bytes.set(bytesOf(data), at);
    at += data.byteLength;
  }
  return bytes;
}

/**
 * Reads a whole file. Arrays are views of `bytes` where they lie aligned. `source` names the file in errors.
 * Throws UserError "bad-safetensors" that lists every tensor that is wrong.
 */
export function readSafetensors(bytes: Uint8Array, source = "The safetensors file"): SafetensorsFile {
  const { header, dataStart } = readHeader(bytes, source);
  const problems: string[] = [];
  const metadata = Object.hasOwn(header, METADATA) ? readMetadata(header[METADATA], problems) : {};
  const dataBytes = bytes.length - dataStart;
  const spans: Span[] = [];
  for (const [name, entry] of Object.entries(header)) {
    if (name === METADATA) continue;
    const span = readSpan(name, entry, dataBytes);
    if (typeof span === "string") problems.push(`tensor ${quote(name)}: ${span}`);
    else spans.push(span);
  }
  if (problems.length === 0) checkLayout(spans, dataBytes, problems);
  if (problems.length > 0) throw damaged(source, problems);
  const tensors = spans.map(({ name, dtype, shape, begin, count }) => {
    const data = viewElements(dtype, bytes, dataStart + begin, count);
    return [name, { dtype, shape, data } as TypedTensor] as const;
  });
  return { tensors: Object.fromEntries(tensors), metadata }; // fromEntries makes "__proto__" a plain field
}

type Span = { name: string; dtype: Dtype; shape: number[]; begin: number; end: number; count: number };

function readHeader(bytes: Uint8Array, source: string) {
  if (bytes.length < LENGTH_BYTES)
    throw damaged(source, [`it has ${bytes.length} bytes, fewer than its header's length`]);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getBigUint64(0, true);
  if (length > MAX_HEADER_BYTES || length > bytes.length - LENGTH_BYTES) {
    throw damaged(source, [`its header should take ${length} bytes, but ${bytes.length - LENGTH_BYTES} follow`]);
  }
  const dataStart = LENGTH_BYTES + Number(length);
  let text: string;
  let header: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(LENGTH_BYTES, dataStart));
    header = JSON.parse(text);
  } catch (cause) {
    throw damaged(source, ["its header is not JSON in UTF-8"], cause);
  }
  if (!isRecord(header) || !text.startsWith("{")) throw damaged(source, ["its header is not a JSON object"]);
  const repeated = findRepeatedKey(text);
  if (repeated !== undefined) throw damaged(source, [`its header names ${quote(repeated)} twice`]);
  return { header, dataStart };
}

function readMetadata(value: unknown, problems: string[]): Record<string, string> {
  if (isRecord(value) && Object.values(value).every((text) => typeof text === "string")) {
    return value as Record<string, string>;
  }
  problems.push(`${METADATA} must map names to texts`);
  return {};
}

/** The place of one tensor, or the sentence of what is wrong with it. */
function readSpan(name: string, entry: unknown, dataBytes: number): Span | string {
  if (!isRecord(entry)) return "its entry is not an object";
  const { dtype, shape, data_offsets: offsets, ...others } = entry;
  const [unknownField] = Object.keys(others);
  if (unknownField !== undefined) return `it has an unknown field ${quote(unknownField)}`;
  if (!isDtype(dtype)) return `its dtype ${quote(dtype)} is not one of ${Object.keys(dtypes).join(", ")}`;
  const count = countElements(shape);
  if (count === undefined) return `its shape ${quote(shape)} is not a list of whole numbers`;
  if (countElements(offsets) === undefined || (offsets as number[]).length !== 2) {
    return `its data_offsets ${quote(offsets)} are not two whole numbers`;
  }
  const [begin, end] = offsets as [number, number];
  if (begin > end || end > dataBytes)
    return `its bytes ${begin} to ${end} do not lie within the ${dataBytes} bytes of data`;
  const size = count * dtypes[dtype].bytes;
  if (end - begin !== size) return `it has ${end - begin} bytes, but ${dtype} [${shape}] takes ${size}`;
  return { name, dtype, shape: shape as number[], begin, end, count };
}

/** Tensors must lie one after the other: an overlap or a gap could hide a second meaning of the same file. */
function checkLayout(spans: Span[], dataBytes: number, problems: string[]): void {
  spans.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let end = 0;
  let previous = "the start of the data";
  for (const span of spans) {
    const here = `tensor ${quote(span.name)}`;
    if (span.begin < end) problems.push(`${here}: it overlaps ${previous}`);
    if (span.begin > end)
      problems.push(`${here}: a gap of ${span.begin - end} bytes lies before it, after ${previous}`);
    end = Math.max(end, span.end);
    previous = here;
  }
  if (end < dataBytes) problems.push(`${dataBytes - end} bytes after ${previous} belong to no tensor`);
}

function damaged(source: string, problems: string[], cause?: unknown): UserError {
  const more = problems.length - MAX_LISTED_PROBLEMS;
  const list = problems.slice(0, MAX_LISTED_PROBLEMS).join("; ") + (more > 0 ? `; and ${more} more` : "");
  return new UserError(
    "bad-safetensors",
    `${source} is not a sound safetensors file: ${list}.`,
    "It may be cut off or damaged: copy or make it again.",
    cause === undefined ? undefined : { cause },
  );
}

function quote(value: unknown): string {
  const text = JSON.stringify(value) ?? "undefined";
  return text.length > 80 ? `${text.slice(0, 80)}...` : text;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

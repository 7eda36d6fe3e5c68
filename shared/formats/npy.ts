// NumPy's .npy format, version 1.0, bytes <-> typed arrays
// (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html).
import { invariant } from "../lib/invariant.ts";
import { UserError } from "../lib/user-error.ts";
import { bytesOf, countElements, type Dtype, dtypes, type TypedTensor, viewElements } from "./typed-tensor.ts";

/** An array of texts; numpy calls its dtype `<U` and the length of the longest. */
export type TextTensor = {
  readonly dtype: "text";
  readonly shape: readonly number[];
  readonly data: readonly string[];
};

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]; // \x93NUMPY
const PREFIX_BYTES = 10; // magic, two bytes of version, two of header length
const ALIGNMENT = 64;
const CODE_POINT_BYTES = 4; // `<U` is UTF-32

/** Writes one array in C order; the data starts at a multiple of 64 bytes. */
export function writeNpy(tensor: TypedTensor | TextTensor): Uint8Array<ArrayBuffer> {
  const { shape, data } = tensor;
  invariant(countElements(shape) === data.length, `npy: [${shape}] does not hold ${data.length} values`);
  const { descr, body } =
    tensor.dtype === "text"
      ? encodeTexts(tensor.data)
      : { descr: dtypes[tensor.dtype].npy, body: bytesOf(tensor.data) };
  const sides = shape.length === 1 ? `${shape[0]},` : shape.join(", "); // Python's tuples of one need the comma
  const dict = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${sides}), }`;
  const bodyStart = Math.ceil((PREFIX_BYTES + dict.length + 1) / ALIGNMENT) * ALIGNMENT;
  const bytes = new Uint8Array(bodyStart + body.length);
  bytes.set([...MAGIC, 1, 0]);
  new DataView(bytes.buffer).setUint16(8, bodyStart - PREFIX_BYTES, true);
  bytes.set(new TextEncoder().encode(`${dict.padEnd(bodyStart - PREFIX_BYTES - 1)}\n`), PREFIX_BYTES);
  bytes.set(body, bodyStart);
  return bytes;
}

/** Reads one array. `source` names the file in errors. Throws UserError "bad-npy". */
export function readNpy(bytes: Uint8Array, source = "The .npy file"): TypedTensor | TextTensor {
  const fail = (problem: string) =>
    new UserError("bad-npy", `${source} cannot be read: ${problem}.`, "Save it with numpy.save, in C order.");
  if (bytes.length < PREFIX_BYTES || MAGIC.some((byte, i) => bytes[i] !== byte)) throw fail("it is not an .npy file");
  if (bytes[6] !== 1) throw fail(`it has version ${bytes[6]}.${bytes[7]} of the format, and only 1.0 is known`);
  const bodyStart = PREFIX_BYTES + new DataView(bytes.buffer, bytes.byteOffset).getUint16(8, true);
  if (bodyStart > bytes.length) throw fail("its header is cut off");
  const dict = new TextDecoder("latin1").decode(bytes.subarray(PREFIX_BYTES, bodyStart));
  const match =
    /^\{'descr': '([<|>=]?[a-zA-Z]\d+)', 'fortran_order': (True|False), 'shape': \(((?:\d+, ?)*\d*)\), ?\}\s*$/.exec(
      dict,
    );
  if (match === null) throw fail(`its header is not understood: ${dict.trim().slice(0, 100)}`);
  const [, descr, fortran, sides] = match as unknown as [string, string, string, string];
  if (fortran === "True") throw fail("it is in Fortran order");
  const shape = (sides.match(/\d+/g) ?? []).map(Number);
  const count = countElements(shape);
  if (count === undefined) throw fail(`its shape (${sides}) is too large`);
  const checkSize = (elementBytes: number) => {
    const size = bytes.length - bodyStart;
    if (size !== count * elementBytes)
      throw fail(`it has ${size} bytes of data, but (${sides}) of ${descr} takes ${count * elementBytes}`);
  };
  if (descr.startsWith("<U")) {
    const width = Number(descr.slice(2));
    if (width === 0) throw fail("its texts have no room for a character");
    checkSize(width * CODE_POINT_BYTES);
    const data = decodeTexts(bytes.subarray(bodyStart), count, width);
    if (data === undefined) throw fail("a text in it holds numbers that are no characters");
    return { dtype: "text", shape, data };
  }
  const dtype = (Object.keys(dtypes) as Dtype[]).find((name) => dtypes[name].npy === descr);
  if (dtype === undefined) throw fail(`its dtype ${descr} is not known`);
  checkSize(dtypes[dtype].bytes);
  return { dtype, shape, data: viewElements(dtype, bytes, bodyStart, count) } as TypedTensor;
}

function encodeTexts(texts: readonly string[]): { descr: string; body: Uint8Array } {
  const rows = texts.map((text) => Array.from(text, (character) => character.codePointAt(0) ?? 0));
  const width = Math.max(1, ...rows.map((row) => row.length)); // numpy has no texts of width 0
  const codes = new Uint32Array(rows.length * width);
  rows.forEach((row, i) => {
    codes.set(row, i * width);
  });
  return { descr: `<U${width}`, body: bytesOf(codes) };
}

function decodeTexts(body: Uint8Array, count: number, width: number): string[] | undefined {
  const codes = viewElements("U32", body, 0, count * width);
  if (codes.some((code) => code > 0x10ffff)) return undefined;
  return Array.from({ length: count }, (_, i) => {
    let text = "";
    for (const code of codes.subarray(i * width, (i + 1) * width)) text += String.fromCodePoint(code);
    return text.replace(/\0+$/, ""); // shorter texts are padded with zeros
  });
}

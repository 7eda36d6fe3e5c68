// Writes the few protobuf messages of an ONNX model that the engine emits (onnx.proto3, IR version 8).

type Wire = Uint8Array;

const text = new TextEncoder();

function join(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((total, part) => total + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** A base-128 number; negative numbers take ten bytes, as two's complement of 64 bits. */
function varint(value: number | bigint): Uint8Array {
  let rest = BigInt.asUintN(64, BigInt(value));
  const bytes: number[] = [];
  do {
    const low = Number(rest & 127n);
    rest >>= 7n;
    bytes.push(rest > 0n ? low | 128 : low);
  } while (rest > 0n);
  return Uint8Array.from(bytes);
}

export const integer = (field: number, value: number | bigint): Wire => join([varint(field * 8), varint(value)]);
export const integers = (field: number, values: readonly number[]): Wire =>
  join(values.map((value) => integer(field, value)));
export const bytes = (field: number, value: Uint8Array): Wire =>
  join([varint(field * 8 + 2), varint(value.length), value]);
export const string = (field: number, value: string): Wire => bytes(field, text.encode(value));
export const message = (field: number, ...parts: readonly Wire[]): Wire => bytes(field, join(parts));
export const float = (field: number, value: number): Wire => {
  const four = new Uint8Array(4);
  new DataView(four.buffer).setFloat32(0, value, true);
  return join([varint(field * 8 + 5), four]);
};

/** Element types of TensorProto. */
export const elementType = { f32: 1, i32: 6, i64: 7 } as const;

/** ValueInfoProto: a named tensor of fixed shape. */
export function valueInfo(field: number, name: string, type: keyof typeof elementType, shape: readonly number[]): Wire {
  const dimensions = shape.map((length) => message(1, integer(1, length)));
  return message(
    field,
    string(1, name),
    message(2, message(1, integer(1, elementType[type]), message(2, ...dimensions))),
  );
}

/** TensorProto with raw little-endian contents. */
export function tensor(
  field: number,
  name: string,
  type: keyof typeof elementType,
  shape: readonly number[],
  raw: Uint8Array,
): Wire {
  return message(field, integers(1, shape), integer(2, elementType[type]), string(8, name), bytes(9, raw));
}

/** ModelProto around a graph's parts; `opsets` gives the version of each domain of ops, "" being ONNX's own. */
export function model(name: string, opsets: Readonly<Record<string, number>>, graphParts: readonly Wire[]): Uint8Array {
  return join([
    integer(1, 8),
    string(2, "Stillroom"),
    message(7, ...graphParts, string(2, name)),
    ...Object.entries(opsets).map(([domain, version]) => message(8, string(1, domain), integer(2, version))),
  ]);
}

// Readers of .safetensors and .npy that share no code with the writers under test: only DataView and the format's text.

export type PlainTensor = { dtype: string; shape: number[]; values: (number | bigint | string)[] };

export function parseSafetensors(bytes: Uint8Array): {
  tensors: Map<string, PlainTensor & { begin: number }>;
  metadata: Record<string, string>;
} {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerLength = view.getUint32(0, true) + view.getUint32(4, true) * 2 ** 32;
  const header = JSON.parse(Buffer.from(bytes.subarray(8, 8 + headerLength)).toString("utf8"));
  const tensors = new Map<string, PlainTensor & { begin: number }>();
  for (const [name, { dtype, shape, data_offsets }] of Object.entries<{
    dtype: string;
    shape: number[];
    data_offsets: [number, number];
  }>(header)) {
    if (name === "__metadata__") continue;
    const begin = 8 + headerLength + data_offsets[0];
    const count = shape.reduce((product, side) => product * side, 1);
    tensors.set(name, { dtype, shape, begin, values: readValues(view, dtype, begin, count) });
  }
  return { tensors, metadata: header.__metadata__ ?? {} };
}

export function parseNpy(bytes: Uint8Array): PlainTensor {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = Buffer.from(bytes).toString("latin1");
  if (!text.startsWith("\u0093NUMPY\u0001\u0000")) throw new Error("no npy magic");
  const begin = 10 + view.getUint16(8, true);
  if (begin % 64 !== 0 || text[begin - 1] !== "\n") throw new Error("npy header is not padded to 64 bytes");
  const header = text.slice(10, begin);
  const descr = /'descr': '([^']+)'/.exec(header)?.[1] ?? "";
  if (!header.includes("'fortran_order': False")) throw new Error("not in C order");
  const shape = (/'shape': \(([^)]*)\)/.exec(header)?.[1] ?? "").split(",").map(Number).filter(Boolean);
  const count = shape.reduce((product, side) => product * side, 1);
  if (!descr.startsWith("<U")) {
    const names: Record<string, string> = { "<f4": "F32", "<f8": "F64", "<i8": "I64", "<i4": "I32", "|u1": "U8" };
    return { dtype: descr, shape, values: readValues(view, names[descr] ?? descr, begin, count) };
  }
  const width = Number(descr.slice(2));
  const values = Array.from({ length: count }, (_, i) => {
    let out = "";
    for (let j = 0; j < width; j++) {
      const code = view.getUint32(begin + (i * width + j) * 4, true);
      if (code !== 0) out += String.fromCodePoint(code);
    }
    return out;
  });
  return { dtype: descr, shape, values };
}

function readValues(view: DataView, dtype: string, begin: number, count: number): (number | bigint)[] {
  const read: Record<string, [number, (at: number) => number | bigint]> = {
    F64: [8, (at) => view.getFloat64(at, true)],
    F32: [4, (at) => view.getFloat32(at, true)],
    I64: [8, (at) => view.getBigInt64(at, true)],
    I32: [4, (at) => view.getInt32(at, true)],
    U8: [1, (at) => view.getUint8(at)],
  };
  const [size, get] = read[dtype] ?? [0, () => Number.NaN];
  if (size === 0) throw new Error(`dtype ${dtype} is not known here`);
  return Array.from({ length: count }, (_, i) => get(begin + i * size));
}

// A named-dtype array of bytes on disk: the dtypes that our files may hold, and the typed array of each.

/** The dtypes that we read and write; names are those of the safetensors format. */
export type Dtype = "F64" | "F32" | "I64" | "I32" | "I16" | "I8" | "U64" | "U32" | "U16" | "U8";

type DtypeArrays = {
  F64: Float64Array;
  F32: Float32Array;
  I64: BigInt64Array;
  I32: Int32Array;
  I16: Int16Array;
  I8: Int8Array;
  U64: BigUint64Array;
  U32: Uint32Array;
  U16: Uint16Array;
  U8: Uint8Array;
};

/** A dense array in row-major order; `data.length` is the product of `shape` (1 for a scalar, shape []). */
export type TypedTensor<D extends Dtype = Dtype> = {
  [K in D]: { readonly dtype: K; readonly shape: readonly number[]; readonly data: DtypeArrays[K] };
}[D];

type Row = {
  readonly bytes: number;
  /** numpy's name of it, little-endian. */
  readonly npy: string;
  readonly array: {
    new (buffer: ArrayBufferLike, byteOffset: number, length: number): DtypeArrays[Dtype];
    readonly BYTES_PER_ELEMENT: number;
  };
};

// Files are little-endian, and so is every machine that runs Node, Electron or WebGPU: views need no swapping.
export const dtypes: { readonly [D in Dtype]: Row } = {
  F64: { bytes: 8, npy: "<f8", array: Float64Array },
  I64: { bytes: 8, npy: "<i8", array: BigInt64Array },
  U64: { bytes: 8, npy: "<u8", array: BigUint64Array },
  F32: { bytes: 4, npy: "<f4", array: Float32Array },
  I32: { bytes: 4, npy: "<i4", array: Int32Array },
  U32: { bytes: 4, npy: "<u4", array: Uint32Array },
  I16: { bytes: 2, npy: "<i2", array: Int16Array },
  U16: { bytes: 2, npy: "<u2", array: Uint16Array },
  I8: { bytes: 1, npy: "|i1", array: Int8Array },
  U8: { bytes: 1, npy: "|u1", array: Uint8Array },
};

export function isDtype(name: unknown): name is Dtype {
  return typeof name === "string" && Object.hasOwn(dtypes, name);
}

/** The number of elements of a shape, or undefined when it is no list of whole numbers >= 0 with a safe product. */
export function countElements(shape: unknown): number | undefined {
  if (!Array.isArray(shape)) return undefined;
  let count = 1;
  for (const side of shape) {
    if (!Number.isSafeInteger(side) || side < 0) return undefined;
    count *= side;
    if (!Number.isSafeInteger(count)) return undefined;
  }
  return count;
}

/** The bytes of a typed array, without a copy. */
export function bytesOf(data: ArrayBufferView): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** `count` elements at `offset` of `bytes`: a view where the alignment allows it, else a copy. */
export function viewElements<D extends Dtype>(dtype: D, bytes: Uint8Array, offset: number, count: number) {
  const { array, bytes: size } = dtypes[dtype];
  const start = bytes.byteOffset + offset;
  if (start % size === 0) return new array(bytes.buffer, start, count) as DtypeArrays[D];
  const copy = bytes.slice(offset, offset + count * size);
  return new array(copy.buffer, 0, count) as DtypeArrays[D];
}

/** Bytes of nothing but float32. */
export const viewFloats = (bytes: Uint8Array): Float32Array => viewElements("F32", bytes, 0, bytes.length / 4);

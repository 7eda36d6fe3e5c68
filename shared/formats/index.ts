// File formats as pure functions between bytes and typed arrays.
export { type NdjsonOptions, readNdjson, writeNdjson } from "./ndjson.ts";
export { readNpy, writeNpy } from "./npy.ts";
export { readSafetensors, writeSafetensors } from "./safetensors.ts";
export { bytesOf, type TypedTensor, viewFloats } from "./typed-tensor.ts";

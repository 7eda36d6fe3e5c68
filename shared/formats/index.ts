// File formats as pure functions between bytes and typed arrays.
export { findRepeatedKey } from "./json-keys.ts";
export { type NdjsonOptions, readNdjson, writeNdjson } from "./ndjson.ts";
export { readNpy, type TextTensor, writeNpy } from "./npy.ts";
export { readSafetensors, type SafetensorsFile, writeSafetensors } from "./safetensors.ts";
export { countElements, type Dtype, dtypes, isDtype, type TypedTensor } from "./typed-tensor.ts";

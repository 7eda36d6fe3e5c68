// The run's own distilled.safetensors, byte for byte.

import { normaliserTensors } from "../../../../shared/data/distilled-set.ts";
import { defineFormat, type ExportFile, type ExportSource } from "../format.ts";
import { NORMALISER_PARTS, toPython } from "../python.ts";

const FILE = "distilled.safetensors";

export const safetensors = defineFormat({
  id: "safetensors",
  title: "Safetensors",
  extension: ".safetensors",
  description: "Exact values with normaliser and class names; what Stillroom itself stores.",
  write: ({ bytes }: ExportSource): ExportFile[] => [
    { path: FILE, size: bytes.length, isExact: true, make: async () => bytes },
  ],
  describe: ({ set }) => ({
    text: `\`${FILE}\`: \`images\` float32, normalised; \`labels\` ${
      set.labels.kind === "hard" ? "int64 class indices" : "float32, one row of class probabilities an image"
    }; ${Object.keys(normaliserTensors(set.normaliser))
      .map((name) => `\`${name}\``)
      .join(", ")}${Object.keys(set.extra)
      .map((name) => `, \`${name}\``)
      .join(
        "",
      )}; the metadata holds class names, recipe and dataset fingerprint. The safetensors package reads it too.`,
    python: `import json
import struct

import numpy as np
import torch

dtypes = {"F64": "<f8", "F32": "<f4", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1", "U8": "u1"}
raw = bytearray(open("${FILE}", "rb").read())
start = 8 + struct.unpack("<Q", raw[:8])[0]
header = json.loads(raw[8:start].decode())
metadata = header.pop("__metadata__")
tensors = {}
for name, entry in header.items():
    begin, end = entry["data_offsets"]
    values = np.frombuffer(raw[start + begin : start + end], dtypes[entry["dtype"]])
    tensors[name] = torch.from_numpy(values.reshape(entry["shape"]))
images, labels = tensors["images"], tensors["labels"]
${NORMALISER_PARTS[set.normaliser.kind].join(", ")} = (tensors[name] for name in ${toPython(Object.keys(normaliserTensors(set.normaliser)))})
class_names = json.loads(metadata["classNames"])`,
  }),
});

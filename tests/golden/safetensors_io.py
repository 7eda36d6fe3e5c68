"""Writes and reads .safetensors files of numpy arrays: an 8-byte header length, a JSON header, the raw bytes."""
import json
import os

import numpy as np

NAMES = {"F64": "<f8", "F32": "<f4", "I64": "<i8", "I32": "<i4", "U8": "u1"}


def encode(tensors):
    """The bytes of a file that holds `tensors` (name -> array), every one as F64, names in sorted order."""
    header, blobs, offset = {}, [], 0
    for name in sorted(tensors):
        blob = np.ascontiguousarray(tensors[name], dtype="<f8").tobytes()
        shape = list(np.shape(tensors[name]))
        header[name] = {"dtype": "F64", "shape": shape, "data_offsets": [offset, offset + len(blob)]}
        blobs.append(blob)
        offset += len(blob)
    head = json.dumps(header, separators=(",", ":")).encode()
    head += b" " * (-len(head) % 8)
    return len(head).to_bytes(8, "little") + head + b"".join(blobs)


def write(path, tensors):
    """Writes atomically, so that a stopped run never leaves half a file."""
    part = f"{path}.part"
    with open(part, "wb") as file:
        file.write(encode(tensors))
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, path)


def decode(data):
    """name -> array of the bytes of a .safetensors file."""
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + size])
    header.pop("__metadata__", None)
    arrays = {}
    for name, entry in header.items():
        first, last = (8 + size + offset for offset in entry["data_offsets"])
        arrays[name] = np.frombuffer(data[first:last], dtype=NAMES[entry["dtype"]]).reshape(entry["shape"])
    return arrays

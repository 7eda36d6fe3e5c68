import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readSafetensors, type TypedTensor, writeSafetensors } from "../../shared/formats/index.ts";
import { deriveKey, integers, rootKey } from "../../shared/lib/random.ts";
import { UserError } from "../../shared/lib/user-error.ts";
import { parseSafetensors } from "./independent-readers.ts";
import { pythonMissing, runPython } from "./python.ts";

const tensors: Record<string, TypedTensor> = {
  bytes: { dtype: "U8", shape: [3], data: Uint8Array.of(1, 2, 255) },
  images: { dtype: "F32", shape: [2, 1, 1, 2], data: Float32Array.of(0.5, -1.25, 3e-8, 7) },
  labels: { dtype: "I64", shape: [2], data: BigInt64Array.of(-1n, 2n ** 40n) },
  loss: { dtype: "F64", shape: [], data: Float64Array.of(Math.PI) },
  none: { dtype: "I32", shape: [0, 4], data: new Int32Array(0) },
  'odd "näme" 1': { dtype: "I32", shape: [1, 1], data: Int32Array.of(-7) },
};
const metadata = { recipe: '{"a":1}', names: "Käse, 🧀" };

/** A file with a header of our own making. */
function file(header: unknown, data = 0): Uint8Array {
  const text = Buffer.from(typeof header === "string" ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + text.length + data);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  return bytes;
}
const u8 = (begin: number, end: number, shape: unknown = [end - begin]) => ({
  dtype: "U8",
  shape,
  data_offsets: [begin, end],
});

describe("writeSafetensors", () => {
  test("writes what an independent reader reads, each tensor aligned", () => {
    const bytes = writeSafetensors(tensors, metadata);
    const found = parseSafetensors(bytes);
    expect(found.metadata).toEqual(metadata);
    expect([...found.tensors.keys()].sort()).toEqual(Object.keys(tensors).sort());
    for (const [name, { dtype, shape, data }] of Object.entries(tensors)) {
      const tensor = found.tensors.get(name);
      expect(tensor).toMatchObject({ dtype, shape, values: [...data] });
      expect((tensor?.begin ?? 1) % data.BYTES_PER_ELEMENT, name).toBe(0);
    }
  });

  test("gives the same bytes whatever the order of the keys", () => {
    const turned = Object.fromEntries(Object.entries(tensors).reverse());
    const notes = Object.fromEntries(Object.entries(metadata).reverse());
    expect(writeSafetensors(turned, notes)).toEqual(writeSafetensors(tensors, metadata));
  });

  test("refuses a shape that does not fit its data", () => {
    expect(() => writeSafetensors({ a: { dtype: "U8", shape: [2], data: new Uint8Array(3) } })).toThrow(
      "does not hold 3",
    );
  });
});

describe("readSafetensors", () => {
  test("reads back what was written, also from an odd offset", () => {
    const bytes = writeSafetensors(tensors, metadata);
    const shifted = new Uint8Array(bytes.length + 3).subarray(3);
    shifted.set(bytes);
    for (const source of [bytes, shifted]) expect(readSafetensors(source)).toEqual({ tensors, metadata });
  });

  test("reads a tensor named __proto__ as any other", () => {
    const { tensors: read } = readSafetensors(file(`{"__proto__":${JSON.stringify(u8(0, 2))}}`, 2));
    expect(Object.keys(read)).toEqual(["__proto__"]);
  });

  test.each([
    ["nothing", new Uint8Array(0), "it has 0 bytes"],
    ["a header longer than the file", file("{}").fill(0xff, 0, 8), "its header should take"],
    ["a header that is not JSON", file("{nope}"), "not JSON"],
    ["a header that is a list", file("[]"), "not a JSON object"],
    ["a header that begins with a space", file(" {}"), "not a JSON object"],
    [
      "a key twice",
      file(`{"a":${JSON.stringify(u8(0, 1))},"\\u0061":${JSON.stringify(u8(0, 1))}}`, 1),
      'names "a" twice',
    ],
    ["metadata that is not text", file({ __metadata__: { a: 1 } }), "__metadata__ must map"],
    ["an entry that is no object", file({ a: 3 }), 'tensor "a": its entry'],
    ["an unknown field", file({ a: { ...u8(0, 1), stride: 1 } }, 1), 'unknown field "stride"'],
    ["an unknown dtype", file({ a: { ...u8(0, 1), dtype: "BF16" } }, 1), 'its dtype "BF16" is not one of F64'],
    ["a negative side", file({ a: u8(0, 1, [-1]) }, 1), "its shape [-1]"],
    ["a shape beyond counting", file({ a: u8(0, 1, [2 ** 40, 2 ** 40]) }, 1), "its shape"],
    ["a fractional offset", file({ a: { ...u8(0, 1), data_offsets: [0, 0.5] } }, 1), "data_offsets [0,0.5]"],
    ["data out of range", file({ a: u8(0, 9) }, 8), "its bytes 0 to 9 do not lie within the 8"],
    ["an end before its begin", file({ a: u8(2, 1, [0]) }, 2), "its bytes 2 to 1"],
    ["a wrong size", file({ a: { ...u8(0, 6), dtype: "F32", shape: [2] } }, 6), "it has 6 bytes, but F32 [2] takes 8"],
    ["an overlap", file({ a: u8(0, 4), b: u8(3, 6) }, 6), 'tensor "b": it overlaps tensor "a"'],
    ["a gap", file({ a: u8(0, 2), b: u8(4, 6) }, 6), 'tensor "b": a gap of 2 bytes'],
    ["bytes of no tensor", file({ a: u8(0, 2) }, 6), '4 bytes after tensor "a"'],
  ])("refuses %s", (_, bytes, message) => {
    expect(() => readSafetensors(bytes, "x.safetensors")).toThrow(UserError);
    expect(() => readSafetensors(bytes, "x.safetensors")).toThrow(message);
    expect(() => readSafetensors(bytes, "x.safetensors")).toThrow("x.safetensors is not a sound");
  });

  test("names every tensor that is wrong", () => {
    const bad = file({ a: u8(0, 9), b: { ...u8(0, 1), dtype: "X" }, c: u8(0, 1) }, 1);
    expect(() => readSafetensors(bad)).toThrow(/"a": .*; tensor "b": /);
  });

  test("answers damaged bytes with a UserError or a sound file, never anything else", () => {
    const sound = writeSafetensors(tensors, metadata);
    const outcomes = { read: 0, refused: 0 };
    for (let round = 0; round < 3000; round++) {
      const draws = integers(deriveKey(rootKey(5), round), 24, 2 ** 31 - 1);
      let bytes = sound.slice();
      const kind = (draws[0] ?? 0) % 3;
      if (kind === 0) bytes = bytes.slice(0, (draws[1] ?? 0) % bytes.length);
      for (let i = 2; i < 2 + ((draws[1] ?? 0) % 8) && bytes.length > 0; i++) {
        // Mostly in the header, where a change means most; digits keep it JSON more often than any byte does.
        const at = (draws[i] ?? 0) % (kind === 1 ? bytes.length : Math.min(bytes.length, 500));
        bytes[at] = kind === 2 ? 0x30 + ((draws[i + 12] ?? 0) % 10) : (draws[i + 12] ?? 0);
      }
      try {
        for (const { shape, data } of Object.values(readSafetensors(bytes).tensors)) {
          expect(data.length).toBe(shape.reduce((product, side) => product * side, 1));
        }
        outcomes.read++;
      } catch (error) {
        expect(error).toBeInstanceOf(UserError);
        outcomes.refused++;
      }
    }
    expect(outcomes.refused).toBeGreaterThan(1000);
    expect(outcomes.read).toBeGreaterThan(10);
  });

  test("reads a hostile header of depth and of many keys without hanging", () => {
    expect(() => readSafetensors(file(`{"a":${"[".repeat(1e6)}${"]".repeat(1e6)}}`))).toThrow(UserError);
    const many = Array.from({ length: 50_000 }, (_, i) => `"t${i}":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}`);
    expect(Object.keys(readSafetensors(file(`{${many.join()}}`)).tensors)).toHaveLength(50_000);
  });
});

test("numpy reads what writeSafetensors writes", async ({ skip }) => {
  skip(pythonMissing !== false, String(pythonMissing));
  const path = join(await mkdtemp(join(tmpdir(), "safetensors-")), "a.safetensors");
  await writeFile(path, writeSafetensors(tensors, metadata));
  const script = `
import json, struct, sys
import numpy as np
raw = open(sys.argv[1], "rb").read()
n = struct.unpack("<Q", raw[:8])[0]
header = json.loads(raw[8:8 + n])
kinds = {"F32": "<f4", "F64": "<f8", "I64": "<i8", "I32": "<i4", "U8": "u1"}
out = {"__metadata__": header.pop("__metadata__")}
for name, t in header.items():
    a, b = t["data_offsets"]
    out[name] = np.frombuffer(raw[8 + n + a:8 + n + b], kinds[t["dtype"]]).reshape(t["shape"]).tolist()
print(json.dumps(out))`;
  const read = JSON.parse(await runPython(script, { args: [path] }));
  expect(read).toEqual({
    __metadata__: metadata,
    bytes: [1, 2, 255],
    images: [[[[0.5, -1.25]]], [[[Math.fround(3e-8), 7]]]],
    labels: [-1, 2 ** 40],
    loss: Math.PI,
    none: [],
    'odd "näme" 1': [[-7]],
  });
});

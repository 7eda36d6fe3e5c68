import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readNpy, writeNpy } from "../../shared/formats/index.ts";
import { deriveKey, integers, rootKey } from "../../shared/lib/random.ts";
import { UserError } from "../../shared/lib/user-error.ts";
import { parseNpy } from "./independent-readers.ts";
import { pythonMissing, runPython } from "./python.ts";

const arrays: Parameters<typeof writeNpy>[0][] = [
  { dtype: "F32", shape: [2, 3], data: Float32Array.of(1, -2.5, 3, 4, 5, 1e-20) },
  { dtype: "F64", shape: [], data: Float64Array.of(Math.E) },
  { dtype: "I64", shape: [2], data: BigInt64Array.of(-3n, 2n ** 60n) },
  { dtype: "U8", shape: [1, 2, 1], data: Uint8Array.of(0, 255) },
  { dtype: "text", shape: [3], data: ["Ankle boot", "", "été 🧀"] },
];

describe("npy", () => {
  test.each(arrays)("$dtype $shape: an independent reader and our own read what was written", (array) => {
    const bytes = writeNpy(array);
    expect(parseNpy(bytes)).toMatchObject({ shape: array.shape, values: [...array.data] });
    expect(readNpy(bytes)).toEqual(array);
  });

  test.each([
    ["another file", new Uint8Array(40), "it is not an .npy file"],
    ["a cut header", writeNpy(arrays[0]!).subarray(0, 60), "cut off"],
    ["cut data", writeNpy(arrays[0]!).subarray(0, 140), "it has 12 bytes of data, but (2, 3) of <f4 takes 24"],
    ["a header that numpy would not write", replaced("False", "True "), "not understood"],
    ["Fortran order", replaced("False, 'shape': (2, 3), }", "True, 'shape': (2, 3), } "), "Fortran order"],
    ["big-endian numbers", replaced("<f4", ">f4"), "dtype >f4"],
    ["pickled objects", replaced("<f4", "|O8"), "dtype |O8"],
    ["texts of no width", replaced("<f4", "<U0"), "no room"],
    ["version 2", writeNpy(arrays[0]!).fill(2, 6, 7), "version 2.0"],
  ])("refuses %s", (_, bytes, message) => {
    expect(() => readNpy(bytes, "x.npy")).toThrow(UserError);
    expect(() => readNpy(bytes, "x.npy")).toThrow(message);
  });

  test("answers damaged bytes with a UserError or an array", () => {
    let refused = 0;
    for (let round = 0; round < 1000; round++) {
      const draws = integers(deriveKey(rootKey(9), round), 8, 2 ** 31 - 1);
      const bytes = writeNpy(arrays[round % arrays.length]!).slice();
      for (let i = 0; i < 4; i++)
        bytes[(draws[i] ?? 0) % Math.min(bytes.length, 80)] = 0x20 + ((draws[i + 4] ?? 0) % 96);
      try {
        readNpy(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(UserError);
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(300);
  });

  test("numpy reads our files and we read numpy's", async ({ skip }) => {
    skip(pythonMissing !== false, String(pythonMissing));
    const folder = await mkdtemp(join(tmpdir(), "npy-"));
    await Promise.all(arrays.map((array, i) => writeFile(join(folder, `${i}.npy`), writeNpy(array))));
    const script = `
import json
import numpy as np
print(json.dumps([np.load(f"{i}.npy").tolist() for i in range(${arrays.length})]))
for i in range(${arrays.length}): np.save(f"again-{i}.npy", np.load(f"{i}.npy"))`;
    const out = await runPython(script, { cwd: folder });
    // 2^60 passes through JSON exactly: it is a power of two.
    expect(JSON.parse(out)).toEqual([
      [
        [1, -2.5, 3],
        [4, 5, Math.fround(1e-20)],
      ],
      Math.E,
      [-3, 2 ** 60],
      [[[0], [255]]],
      ["Ankle boot", "", "été 🧀"],
    ]);
    for (const [i, array] of arrays.entries()) {
      expect(readNpy(await readFile(join(folder, `again-${i}.npy`)))).toEqual(array);
    }
  });
});

function replaced(from: string, to: string): Uint8Array {
  const text = Buffer.from(writeNpy(arrays[0]!)).toString("latin1");
  return new Uint8Array(Buffer.from(text.replace(from, to), "latin1"));
}

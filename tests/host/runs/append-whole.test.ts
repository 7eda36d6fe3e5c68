import { expect, test } from "vitest";
import { appendWhole } from "../../../electron/host/runs/append-whole.ts";

/** A file on a disk that takes a few bytes a write, until it is full. */
function smallDisk(content: number[], capacity: number) {
  const file = {
    content,
    async write(bytes: Uint8Array, from: number, length: number, position: number) {
      const taken = Math.min(length, 3, capacity - position);
      if (taken <= 0) throw Object.assign(new Error("no space"), { code: "ENOSPC" });
      for (let i = 0; i < taken; i++) file.content[position + i] = bytes[from + i]!;
      return { bytesWritten: taken, buffer: bytes };
    },
    async truncate(length = 0) {
      file.content.length = length;
    },
  };
  return file as typeof file & Parameters<typeof appendWhole>[0];
}

test("what a disk takes in parts comes out whole", async () => {
  const file = smallDisk([1, 2], 100);
  await appendWhole(file, Uint8Array.of(3, 4, 5, 6, 7, 8, 9, 10), 2);
  expect(file.content).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
});

test("what a disk takes only a part of is taken back", async () => {
  const file = smallDisk([1, 2], 9);
  await expect(appendWhole(file, Uint8Array.of(3, 4, 5, 6, 7, 8, 9, 10), 2)).rejects.toMatchObject({ code: "ENOSPC" });
  expect(file.content).toEqual([1, 2]);
});

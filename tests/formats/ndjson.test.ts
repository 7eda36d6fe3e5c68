import { describe, expect, test } from "vitest";
import { type NdjsonOptions, readNdjson, writeNdjson } from "../../shared/formats/index.ts";

const values = [{ a: 1 }, [2, "zwei\n🧀"], "x", 0, false, null];

async function collect(text: string, chunkBytes: number, options?: NdjsonOptions) {
  const bytes = new TextEncoder().encode(text);
  const shared = new Uint8Array(chunkBytes); // one buffer for every chunk, as some streams do
  function* chunks() {
    for (let at = 0; at < bytes.length; at += chunkBytes) {
      const part = bytes.subarray(at, at + chunkBytes);
      shared.set(part);
      yield shared.subarray(0, part.length);
    }
  }
  return toArray(readNdjson(chunks(), options));
}

async function toArray(values: AsyncIterable<unknown>): Promise<unknown[]> {
  const out: unknown[] = [];
  for await (const value of values) out.push(value);
  return out;
}

describe("ndjson", () => {
  test("reads what was written, however it is cut into chunks", async () => {
    const text = writeNdjson(values);
    expect(text.split("\n")).toHaveLength(values.length + 1);
    for (let size = 1; size <= text.length + 5; size++) expect(await collect(text, size)).toEqual(values);
  });

  test("skips empty lines and takes a last line without its newline", async () => {
    expect(await collect("\n1\n\r\n  \n2", 3)).toEqual([1, 2]);
  });

  test("drops a torn end on request, also one that happens to parse", async () => {
    expect(await collect('{"a":1}\n{"b":', 4, { dropTornEnd: true })).toEqual([{ a: 1 }]);
    expect(await collect("123\n45", 4, { dropTornEnd: true })).toEqual([123]);
    await expect(collect('{"a":1}\n{"b":', 4, { source: "events.ndjson" })).rejects.toThrow(
      "events.ndjson: line 2 is not JSON",
    );
  });

  test("names the line that is broken in the middle, torn end or not", async () => {
    await expect(collect("1\n2\n{\n4\n", 100, { dropTornEnd: true })).rejects.toMatchObject({
      code: "bad-ndjson",
      message: expect.stringContaining("line 3 is not JSON"),
    });
  });

  test("refuses invalid UTF-8 and endless lines", async () => {
    await expect(toArray(readNdjson([Uint8Array.of(0x22, 0xff, 0x22, 0x0a)]))).rejects.toThrow("line 1 is not");
    await expect(collect(`1\n"${"x".repeat(200)}`, 16, { maxLineBytes: 100 })).rejects.toThrow(
      "line 2 is longer than 100",
    );
  });
});

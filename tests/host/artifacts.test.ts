// Artifacts on disk, by files and over the host's routes: the same contract, what survives a kill, and what is refused.
import { readFileSync } from "node:fs";
import { appendFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Uint8ArrayReader, ZipReader } from "@zip.js/zip.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createHost } from "../../electron/host/app.ts";
import { listArtifacts, openArtifactStore } from "../../electron/host/artifacts.ts";
import { openStore, type Store } from "../../electron/host/store.ts";
import { type Client, createClient } from "../../shared/api/client.ts";
import { createRemoteArtifacts } from "../../shared/api/remote-artifacts.ts";
import { type ArtifactStore, artifactId } from "../../shared/experiment/artifacts.ts";

let home: string;
let store: Store;
let host: ReturnType<typeof createHost>;
let client: Client;
let ways: Record<string, ArtifactStore>;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "stillroom-artifacts-"));
  store = await openStore(home);
  host = createHost({ store });
  client = createClient(async (input, init) => host.request(String(input), init));
  ways = { files: openArtifactStore(store), routes: createRemoteArtifacts(client) };
});
afterAll(async () => {
  await host.dispose();
  await rm(home, { recursive: true });
});

const specOf = (name: string) => ({ kind: "experts", name, network: { width: 4, depth: 1 } });
const bytes = Uint8Array.of(1, 2, 3);

test("the id is that of the contents, whatever the order of fields", async () => {
  const id = await artifactId(specOf("a"));
  expect(id).toMatch(/^experts-[0-9a-f]{20}$/);
  expect(await artifactId({ network: { depth: 1, width: 4 }, name: "a", kind: "experts" })).toBe(id);
  expect(await artifactId(specOf("b"))).not.toBe(id);
});

describe.each(["files", "routes"])("by %s", (way) => {
  const begin = async (name: string) => {
    const spec = specOf(`${way} ${name}`);
    const id = await artifactId(spec);
    return { id, spec, folder: join(store.artifacts, id), artifacts: ways[way] };
  };

  test("an unfinished one goes on with the chunks it has, and is there once it is finished", async () => {
    const { artifacts, id, spec } = await begin("whole");
    {
      await using writer = await artifacts.write(id, spec);
      await writer.write("000-00", bytes, { loss: 2 });
    }
    expect(await artifacts.open(id)).toBeUndefined();
    await using writer = await artifacts.write(id, spec);
    expect(writer.chunks).toMatchObject([{ name: "000-00", bytes: 3, metrics: { loss: 2 } }]);
    expect(await writer.read("000-00")).toEqual(bytes);
    await writer.write("000-01", Uint8Array.of(9), {});
    await writer.finish({ parameters: 3 });
    const made = await artifacts.open(id);
    expect(made).toMatchObject({ id, spec, facts: { parameters: 3 } });
    expect(made?.chunks.map(({ name }) => name)).toEqual(["000-00", "000-01"]);
    expect(await made?.read("000-01")).toEqual(Uint8Array.of(9));
  });

  test("a chunk that was being written when the process died does not count", async () => {
    const { artifacts, id, spec, folder } = await begin("killed");
    {
      await using writer = await artifacts.write(id, spec);
      await writer.write("a", bytes, {});
    }
    await appendFile(join(folder, "chunks.ndjson"), '{"name":"b","byt');
    await using writer = await artifacts.write(id, spec);
    expect(writer.chunks.map(({ name }) => name)).toEqual(["a"]);
    await writer.write("b", bytes, {});
    expect(readFileSync(join(folder, "chunks.ndjson"), "utf8").split("\n")).toHaveLength(3);
  });

  test.each([
    ["with other contents", (path: string) => writeFile(path, Uint8Array.of(1, 2, 4)), /does not have the contents/],
    ["that was cut", (path: string) => writeFile(path, Uint8Array.of(1)), /has 1 bytes, and 3 were written/],
    ["that is gone", (path: string) => rm(path), /a\.bin is missing/],
  ])("a chunk %s is named", async (how, damage, message) => {
    const { artifacts, id, spec, folder } = await begin(how);
    {
      await using writer = await artifacts.write(id, spec);
      await writer.write("a", bytes, {});
      await writer.finish(null);
    }
    await damage(join(folder, "a.bin"));
    const readPart = async () => (await artifacts.open(id))?.read("a");
    const error = await readPart().catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: "artifact-damaged", message: expect.stringMatching(message) });
    expect(error).toMatchObject({ message: expect.stringContaining(id), hint: expect.stringMatching(/Delete it/) });
  });

  test("one that is made of something else than its name says is damaged", async () => {
    const { artifacts, id, spec, folder } = await begin("copied");
    {
      await using writer = await artifacts.write(id, spec);
      await writer.finish(null);
    }
    const path = join(folder, "artifact.json");
    await writeFile(path, (await readFile(path, "utf8")).replace('"width": 4', '"width": 5'));
    await expect(artifacts.open(id)).rejects.toMatchObject({ code: "artifact-damaged" });
  });

  test("what cannot fit on the disk is refused before it begins, beside what is there already", async () => {
    const { artifacts, id, spec } = await begin("large");
    await expect(artifacts.write(id, spec, 1e15)).rejects.toMatchObject({
      code: "no-space",
      message: expect.stringMatching(/1000 TB are needed/),
    });
    // The lock is free again, and a part that is written need not fit a second time.
    await using writer = await artifacts.write(id, spec, 3);
    await writer.write("a", bytes, {});
  });

  test("names that lead elsewhere are refused", async () => {
    const { artifacts, id, spec } = await begin("names");
    await using writer = await artifacts.write(id, spec);
    await expect(writer.write("../x", bytes, {})).rejects.toThrow();
    await expect(artifacts.write("../../etc", spec)).rejects.toMatchObject({ code: expect.any(String) });
    expect(await artifacts.open("experts-...").catch(() => undefined)).toBeUndefined();
  });
});

test("all are listed with what they are made of, a finished one is given as a zip, and deleted ones are gone", async () => {
  const id = await artifactId(specOf("routes whole"));
  const listed = await listArtifacts(store);
  expect(listed.find((each) => each.id === id)).toMatchObject({ kind: "experts", state: "finished", parts: 2 });
  expect(listed.some(({ state }) => state === "unfinished")).toBe(true);
  const zip = await host.request(client.artifacts.archiveUrl(id));
  const reader = new ZipReader(new Uint8ArrayReader(new Uint8Array(await zip.arrayBuffer())));
  const names = (await reader.getEntries()).map(({ filename }) => filename);
  expect(names).toEqual(["artifact.json", "README.txt", "000-00.bin", "000-01.bin"]);
  await client.artifacts.delete(id);
  expect(await ways.files.open(id)).toBeUndefined();
  await expect(client.artifacts.delete(id)).rejects.toMatchObject({ code: "artifact-unknown" });
});

test("two at once: the second is refused, over routes by where it goes on from", async () => {
  const spec = specOf("two");
  const id = await artifactId(spec);
  await using first = await ways.routes.write(id, spec);
  await using second = await ways.routes.write(id, spec);
  await first.write("a", bytes, {});
  await expect(second.write("a", bytes, {})).rejects.toMatchObject({ code: "artifact-locked" });
  await using _files = await ways.files.write(id, spec);
  await expect(client.artifacts.delete(id)).rejects.toMatchObject({ code: "artifact-locked" });
  await expect(first.write("b", bytes, {})).rejects.toMatchObject({ code: "artifact-locked" });
  await expect(ways.files.write(id, spec)).rejects.toMatchObject({
    code: "artifact-locked",
    message: expect.stringMatching(/process \d+ \(this one\) is making experts-/),
  });
  expect(await readFile(join(store.artifacts, id, "a.bin"))).toHaveLength(3);
});

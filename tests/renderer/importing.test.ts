// Importing in the window: what is dropped is sent once, looked through, decided on, imported, and what was sent is deleted.
import { expect, test } from "vitest";
import { createDraft, type DraftClient } from "../../renderer/stores/import-draft.ts";
import { createImports, type ImportsClient, nameOf } from "../../renderer/stores/imports.ts";
import { sendFiles, type UploadPort } from "../../renderer/stores/uploads.ts";
import { UserError } from "../../shared/lib/user-error.ts";

const never = () => Promise.reject(new Error("not asked for in this test"));
const soon = () => new Promise((resolve) => setImmediate(resolve));

/** A host that keeps what is sent, and fails on a file called "bad". */
function createUploadHost() {
  const kept = new Map<string, number>();
  const log: string[] = [];
  const uploads: UploadPort = {
    begin: async (name, bytes) => {
      log.push(`begin ${name}, ${bytes} bytes`);
      return { upload: "u" };
    },
    send: async (_, path, body, { at = 0 } = {}) => {
      if (path === "bad") throw new UserError("no-space", "The disk is full.");
      expect(kept.get(path) ?? 0).toBe(at);
      kept.set(path, at + (body as Blob).size);
    },
    end: async (upload, options) => void log.push(`end ${upload}${options?.keepalive ? " while leaving" : ""}`),
  };
  const datasets = {
    survey: async (source: unknown) => {
      log.push(`survey ${JSON.stringify(source)}`);
      return { name: "pets" } as never;
    },
    import: async (source: unknown) => {
      log.push(`import ${JSON.stringify(source)}`);
      return { manifest: { name: "pets" }, existing: false } as never;
    },
    importSample: async () => {
      log.push("import the sample");
      return { manifest: { name: "sample" }, existing: false } as never;
    },
  };
  return { client: { uploads, datasets } satisfies DraftClient & ImportsClient, log, kept };
}

const toFile = (path: string, bytes = path.length) => ({
  path,
  bytes,
  read: async () => new Blob([new Uint8Array(bytes)]),
});
const folder = (...paths: string[]) => ({ name: "pets", listFiles: async () => paths.map((path) => toFile(path)) });

test("a dropped folder is sent once, looked through, imported, and what was sent is deleted", async () => {
  const { client, log, kept } = createUploadHost();
  const draft = createDraft(client, folder("cat/1.png", "cat/2.png", "dog/1.png", "notes.txt"));
  await draft.finished;
  expect(draft.store.getState()).toMatchObject({ phase: "ready", survey: { name: "pets" } });
  expect(log).toEqual(["begin pets, 36 bytes", 'survey {"upload":"u"}']);
  expect([...kept.keys()].sort()).toEqual(["cat/1.png", "cat/2.png", "dog/1.png", "notes.txt"]);
  const imports = createImports(client);
  const done = imports.add(draft.take(), { size: 32 });
  draft.dispose(); // the dialog closes; the upload is the import's by now
  await done;
  expect(log.slice(2)).toEqual(['import {"upload":"u"}', "end u"]);
  expect(imports.store.getState().jobs[0]).toMatchObject({ state: "done" });
});

test("a path is looked through where it lies", async () => {
  const { client, log } = createUploadHost();
  const draft = createDraft(client, "/data/pets");
  await draft.finished;
  expect(draft.take()).toEqual({ kind: "path", path: "/data/pets" });
  expect(log).toEqual(['survey "/data/pets"']);
});

test("giving up deletes what was sent, and tells nobody of it", async () => {
  const { client, log } = createUploadHost();
  const draft = createDraft(client, folder("cat/1.png"));
  await draft.finished;
  draft.dispose({ keepalive: true });
  await soon();
  expect(log.at(-1)).toBe("end u while leaving");
  const early = createDraft(client, folder("cat/1.png"));
  early.dispose();
  await early.finished;
  expect(early.store.getState().phase).toBe("listing");
});

test("a folder that cannot be sent, or holds nothing, says why, and nothing of it stays", async () => {
  const { client, log } = createUploadHost();
  const draft = createDraft(client, folder("cat/1.png", "bad"));
  await draft.finished;
  expect(draft.store.getState()).toMatchObject({ phase: "failed", error: { code: "no-space" } });
  expect(log).toEqual(["begin pets, 12 bytes", "end u"]);

  const reason = new UserError("no-images", "There are no pictures.");
  const refusing = { ...client, datasets: { survey: () => Promise.reject(reason) } };
  log.length = 0;
  const empty = createDraft(refusing, folder("notes.txt"));
  await empty.finished;
  expect(empty.store.getState()).toEqual({ phase: "failed", error: reason });
  expect(log).toEqual(["begin pets, 9 bytes", "end u"]);
});

test("a large file goes in parts, with rate and time left", async () => {
  const { client, kept } = createUploadHost();
  const megabyte = 2 ** 20;
  let clock = 0;
  const told: (number | null)[][] = [];
  await sendFiles(
    client.uploads,
    "set.zip",
    [toFile("", 20 * megabyte)],
    ({ bytes, bytesPerSecond, secondsLeft }) => {
      told.push([bytes / megabyte, bytesPerSecond / megabyte, secondsLeft]);
      clock += 1000;
    },
    new AbortController().signal,
    () => clock,
  );
  expect(kept.get("")).toBe(20 * megabyte);
  expect(told).toEqual([
    [0, 0, null],
    [8, 8, expect.closeTo(1.5)],
    [16, 8, expect.closeTo(0.5)],
    [20, expect.closeTo(20 / 3), 0],
  ]);
});

test("imports go one after the other, and a waiting one can be cancelled", async () => {
  const started: unknown[] = [];
  const ends: (() => void)[] = [];
  const imports = createImports({
    uploads: { end: never },
    datasets: {
      importSample: never,
      import: async (source) => {
        started.push(source);
        await new Promise<void>((resolve) => ends.push(resolve));
        return { manifest: { name: source }, existing: false } as never;
      },
    },
  });
  const first = imports.add({ kind: "path", path: "/one" });
  const second = imports.add({ kind: "path", path: "/two" });
  await soon();
  expect(started).toEqual(["/one"]);
  imports.cancel(1);
  ends[0]();
  await Promise.all([first, second]);
  expect(started).toEqual(["/one"]);
  expect(imports.store.getState().jobs.map(({ state }) => state)).toEqual(["done", "cancelled"]);
  imports.dismiss(1);
  expect(imports.store.getState().jobs).toHaveLength(1);
});

test("an import shows its pictures as they are stored", async () => {
  const { client } = createUploadHost();
  const imports = createImports({
    ...client,
    datasets: {
      ...client.datasets,
      importSample: async (_options, onProgress, _signal, onPicture) => {
        onProgress({ type: "progress", done: 1, total: 9, imagesPerSecond: 1, secondsLeft: 8 });
        onPicture?.({ type: "picture", number: 0, picture: "data:image/png;base64,AA" });
        throw new UserError("no-space", "The disk is full.");
      },
    },
  });
  expect(await imports.add({ kind: "sample", name: "sample" })).toBeUndefined();
  expect(imports.store.getState().jobs[0]).toMatchObject({
    state: "failed",
    error: { code: "no-space" },
    progress: { done: 1 },
    pictures: ["data:image/png;base64,AA"],
  });
});

function createMemory() {
  const kept = new Map<string, string>();
  return {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
  };
}

test("a page that is reloaded tells which imports that ended, and can begin again those whose source is still there", async () => {
  const memory = createMemory();
  const { client, log } = createUploadHost();
  let breakOff = () => {};
  const broken = () => new Promise<never>((_, reject) => (breakOff = () => reject(new Error("the page is going"))));
  const hanging = { ...client, datasets: { ...client.datasets, import: broken } };
  const before = createImports(hanging, memory);
  before.add({ kind: "path", path: "/data/pets" }, { name: "Pets" });
  before.add({ kind: "upload", upload: "u", name: "birds" });
  await soon();
  before.abandon();
  expect(log).toEqual(["end u while leaving"]);
  breakOff(); // a browser ends the requests of a page that it leaves
  await soon();

  const after = createImports(client, memory);
  expect(after.store.getState().jobs.map((job) => [nameOf(job), job.state])).toEqual([
    ["Pets", "interrupted"],
    ["birds", "interrupted"],
  ]);
  const [pets, birds] = after.store.getState().jobs;
  expect(await after.again(birds.key)).toBeUndefined();
  await after.again(pets.key);
  expect(log.at(-1)).toBe('import "/data/pets"');
  after.dismiss(birds.key);
  // What has ended is not told again.
  expect(createImports(client, memory).store.getState().jobs).toEqual([]);
  memory.setItem("stillroom.imports", "{");
  expect(createImports(client, memory).store.getState().jobs).toEqual([]);
});

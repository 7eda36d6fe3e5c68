import { spawn } from "node:child_process";
import { mkdir, readdir, readFile, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { explainFileError, writeFileAtomic } from "../../../electron/host/files.ts";
import {
  createRun,
  listCheckpoints,
  listPreviews,
  openRun,
  readCheckpoint,
  readEvents,
  readResult,
  writeCheckpoint,
  writePreview,
  writeResult,
} from "../../../electron/host/runs/index.ts";
import { newRun, temporaryFolder, toArray } from "./sample-run.ts";

const makeRun = async () => createRun(await temporaryFolder(), { record: newRun });

describe("checkpoints", () => {
  test("keep the newest few, newest first", async () => {
    const run = await makeRun();
    expect(await listCheckpoints(run)).toEqual([]);
    for (const step of [80, 90, 100, 110, 1000]) await writeCheckpoint(run, `${step}`, Uint8Array.of(step % 256));
    const names = (await listCheckpoints(run)).map(({ name }) => name);
    expect(names).toEqual(["1000", "110", "100"]);
    expect(await readCheckpoint(run, "110")).toEqual(Uint8Array.of(110));
    await writeCheckpoint(run, "1010", Uint8Array.of(8), { keep: 2 });
    expect((await listCheckpoints(run)).map(({ name }) => name)).toEqual(["1010", "1000"]);
  });

  test("are in the order of stage and step, whatever times a copied folder has", async () => {
    const run = await makeRun();
    for (const [i, name] of ["000009", "evaluate-000001", "000010"].entries()) {
      await writeCheckpoint(run, name, new Uint8Array(1));
      await utimes(join(run.path, "checkpoints", `${name}.safetensors`), 9 - i, 9 - i);
    }
    expect((await listCheckpoints(run)).map(({ name }) => name)).toEqual(["evaluate-000001", "000010", "000009"]);
  });

  test.each(["", "../x", "A", "-a", "a/b", ".a", "a\n"])("refuse the name %j", async (name) => {
    const run = await makeRun();
    await expect(writeCheckpoint(run, name, new Uint8Array(1))).rejects.toMatchObject({ code: "bad-name" });
    await expect(readCheckpoint(run, name)).rejects.toMatchObject({ code: "bad-name" });
  });

  test("that are missing are named", async () => {
    await expect(readCheckpoint(await makeRun(), "7")).rejects.toMatchObject({ code: "checkpoint-not-found" });
  });
});

describe("previews", () => {
  test.each([1, 3] as const)("of %i channels come back from the PNG", async (channels) => {
    const run = await makeRun();
    const pixels = Uint8Array.from({ length: 5 * 4 * channels }, (_, i) => (i * 53) % 256);
    expect(await writePreview(run, 40, { pixels, width: 5, height: 4, channels })).toBe("000040.png");
    expect(await writePreview(run, 12_345_678, { pixels, width: 5, height: 4, channels })).toBe("12345678.png");
    const png = await readFile(join(run.path, "previews", "000040.png"));
    expect(png[25]).toBe(channels === 1 ? 0 : 2); // the PNG's colour type: grey or RGB
    const image = channels === 1 ? sharp(png).extractChannel(0) : sharp(png); // sharp reads grey as RGB
    const read = await image.raw().toBuffer({ resolveWithObject: true });
    expect(read.info).toMatchObject({ width: 5, height: 4, channels });
    expect(new Uint8Array(read.data)).toEqual(pixels);
    await writeFile(join(run.path, "previews", "notes.txt"), "");
    expect((await listPreviews(run)).map(({ step }) => step)).toEqual([40, 12_345_678]);
  });
});

describe("writeFileAtomic", () => {
  test("replaces a file whole, and leaves no temporary file", async () => {
    const folder = await temporaryFolder();
    await writeFileAtomic(join(folder, "a.txt"), "one");
    await writeFileAtomic(join(folder, "a.txt"), Buffer.from("two"));
    expect(await readFile(join(folder, "a.txt"), "utf8")).toBe("two");
    expect(await readdir(folder)).toEqual(["a.txt"]);
  });

  test("leaves what was there when the rename fails", async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, "taken", "inside"), { recursive: true });
    await expect(writeFileAtomic(join(folder, "taken"), "x")).rejects.toThrow();
    expect(await readdir(folder)).toEqual(["taken"]);
  });

  test("a crash between the temporary file and the rename leaves the old content readable", async () => {
    const run = await makeRun();
    await writeResult(run, "distilled.safetensors", "old");
    await writeCheckpoint(run, "10", Uint8Array.of(1));
    for (const folder of [run.path, join(run.path, "checkpoints")]) {
      await writeFile(join(folder, ".0f7e2a52-5a1c-4b43-9d0f-0d7d2a2b9c11.tmp"), "new, but not");
    }
    expect(Buffer.from((await readResult(run, "distilled.safetensors"))!).toString()).toBe("old");
    expect((await listCheckpoints(run)).map(({ name }) => name)).toEqual(["10"]);
    expect(await readResult(run, "evaluation.json")).toBeUndefined();
  });
});

test("a full disk is told as such, other errors as they are", () => {
  const fail = (code: string) => explainFileError(Object.assign(new Error("e"), { code }), "/disk/x");
  expect(fail("ENOSPC")).toMatchObject({ code: "no-space", message: "/disk/x cannot be written: the disk is full." });
  expect(fail("EXDEV")).toMatchObject({ name: "Error", code: "EXDEV" });
});

test("a link loop in place of run.json is no run", async () => {
  const dir = await temporaryFolder();
  await symlink(join(dir, "run.json"), join(dir, "run.json"));
  await expect(openRun(await temporaryFolder(), dir)).rejects.toThrow();
});

test("a writer that is killed at any moment leaves a run that reads and goes on", { timeout: 40_000 }, async () => {
  const root = await temporaryFolder();
  const run = await createRun(root, { record: newRun });
  let before = 0;
  for (let kill = 0; kill < 4; kill++) {
    const child = spawn(process.execPath, [join(import.meta.dirname, "writer-child.ts"), root, run.path], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const exited = new Promise((resolve) => child.once("exit", resolve));
    await Promise.race([new Promise((resolve) => child.stdout.once("data", resolve)), exited]);
    await new Promise((resolve) => setTimeout(resolve, 40 + kill * 23));
    expect(child.exitCode, "the writer must still run").toBeNull();
    child.kill("SIGKILL");
    await exited;
    const { record } = await openRun(root, run.record.id);
    const events = await toArray(readEvents(run));
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, i) => i));
    expect(events.length).toBeGreaterThan(before);
    expect(record.step).toBeLessThanOrEqual(events.length);
    before = events.length;
    for (const { name } of await listCheckpoints(run)) {
      expect(await readCheckpoint(run, name)).toEqual(new Uint8Array(100_000).fill(Number(name) % 256));
    }
  }
});

import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  createRun,
  deleteRun,
  listRuns,
  lockRun,
  openRun,
  updateRun,
  writePreview,
} from "../../../electron/host/runs/index.ts";
import { newRun, temporaryFolder } from "./sample-run.ts";

describe("createRun", () => {
  test("makes a run in the store that opens by id, by folder and by run.json", async () => {
    const root = await temporaryFolder();
    const run = await createRun(root, { record: newRun });
    expect(run.record).toMatchObject({
      ...newRun,
      version: 1,
      status: "created",
      stage: "prepare",
      step: 0,
      sessions: [],
    });
    expect(run.record.id).toMatch(/^dm-on-fashion-ipc-1-[0-9a-f]{6}$/);
    expect(run.path).toBe(join(root, "runs", run.record.id));
    for (const name of [run.record.id, run.path, join(run.path, "run.json")])
      expect(await openRun(root, name)).toEqual(run);
    expect(JSON.parse(await readFile(join(run.path, "run.json"), "utf8"))).toEqual(run.record);
  });

  test("takes a folder of the user's as the run folder itself, and points to it", async () => {
    const root = await temporaryFolder();
    const dir = join(await temporaryFolder(), "my run");
    const run = await createRun(root, { dir, record: { ...newRun, id: "mine" } });
    expect(run.path).toBe(dir);
    expect(JSON.parse(await readFile(join(root, "runs", "mine.json"), "utf8"))).toEqual({ path: dir });
    expect(await openRun(root, "mine")).toEqual(run);
  });

  test("refuses a folder with other things in it and leaves it as it was", async () => {
    const dir = await temporaryFolder();
    await writeFile(join(dir, "thesis.tex"), "x");
    const making = createRun(await temporaryFolder(), { dir, record: newRun });
    await expect(making).rejects.toMatchObject({
      code: "folder-not-empty",
      message: expect.stringContaining("thesis.tex"),
    });
    expect(await readdir(dir)).toEqual(["thesis.tex"]);
  });

  test("refuses a folder that holds a run, a file, an id that is taken, and a malformed record", async () => {
    const root = await temporaryFolder();
    const dir = join(await temporaryFolder(), "run");
    await createRun(root, { dir, record: { ...newRun, id: "mine" } });
    const again = createRun(root, { dir, record: newRun });
    await expect(again).rejects.toMatchObject({ code: "run-exists", hint: expect.stringContaining("Resume") });
    await expect(createRun(root, { record: { ...newRun, id: "mine" } })).rejects.toMatchObject({ code: "run-exists" });
    const onFile = createRun(root, { dir: join(dir, "run.json"), record: newRun });
    await expect(onFile).rejects.toMatchObject({ code: "bad-folder" });
    const malformed = createRun(root, { record: { ...newRun, id: "../up", seed: 1.5 } });
    await expect(malformed).rejects.toThrow(/id: .*seed: /);
  });

  test("takes a folder in which an earlier start was killed before run.json was in place", async () => {
    const dir = await temporaryFolder();
    await mkdir(join(dir, "lock"));
    await writeFile(join(dir, ".0f7e2a52-5a1c-4b43-9d0f-0d7d2a2b9c11.tmp"), '{"version":');
    const run = await createRun(await temporaryFolder(), { dir, record: newRun });
    expect(run.record.status).toBe("created");
  });
});

describe("openRun", () => {
  test("names what is missing or broken, every field at once", async () => {
    const root = await temporaryFolder();
    await expect(openRun(root, "nothing-here")).rejects.toMatchObject({ code: "run-not-found" });
    const run = await createRun(root, { record: newRun });
    const file = join(run.path, "run.json");
    await writeFile(file, JSON.stringify({ ...run.record, seed: "x", status: "asleep" }));
    await expect(openRun(root, run.path)).rejects.toThrow(/run\.json is not as it should be: seed: .*status: /);
    await writeFile(file, '{"version":1,');
    await expect(openRun(root, run.record.id)).rejects.toMatchObject({ code: "bad-run" });
    await writeFile(file, JSON.stringify({ ...run.record, version: 2 }));
    await expect(openRun(root, run.record.id)).rejects.toMatchObject({
      code: "run-newer",
      hint: expect.stringMatching(/^Update/),
    });
  });

  test("lists a run folder that the store did not know", async () => {
    const dir = join(await temporaryFolder(), "copied");
    await createRun(await temporaryFolder(), { dir, record: { ...newRun, id: "guest" } });
    const root = await temporaryFolder();
    await openRun(root, dir);
    expect((await listRuns(root)).runs.map(({ record }) => record.id)).toEqual(["guest"]);
  });
});

describe("listRuns", () => {
  test("is newest first, and names broken runs without losing the others", async () => {
    const root = await temporaryFolder();
    expect(await listRuns(root)).toEqual({ runs: [], broken: [] });
    for (const [id, createdAt] of [
      ["old", "2025-01-01T00:00:00Z"],
      ["new", "2026-01-01T00:00:00Z"],
    ] as const) {
      await createRun(root, { record: { ...newRun, id, createdAt } });
    }
    const dir = join(await temporaryFolder(), "gone");
    await createRun(root, { dir, record: { ...newRun, id: "gone" } });
    await rm(dir, { recursive: true });
    await mkdir(join(root, "runs", "lost", "checkpoints"), { recursive: true });
    // What a start leaves that was killed before it wrote run.json.
    await mkdir(join(root, "runs", "unborn", "lock"), { recursive: true });
    await writeFile(join(root, "runs", "cut.json"), "{");
    const { runs, broken } = await listRuns(root);
    expect(runs.map(({ record }) => record.id)).toEqual(["new", "old"]);
    expect(broken.map(({ id }) => id)).toEqual(["cut", "gone", "lost"]);
    expect(broken[1]?.reason).toContain(dir);
  });
});

describe("updateRun", () => {
  test("changes fields, keeps the others, also when called at once", async () => {
    const root = await temporaryFolder();
    const run = await createRun(root, { record: newRun });
    await Promise.all([
      updateRun(run, { status: "running", timings: { synthesise: 2.5 } }),
      updateRun(run, { step: 12 }),
      updateRun(run, { error: { code: "a", message: "b", hint: "c" } }),
    ]);
    expect(await openRun(root, run.record.id)).toEqual(run);
    expect(run.record).toMatchObject({
      status: "running",
      step: 12,
      timings: { synthesise: 2.5 },
      error: { code: "a" },
    });
    await updateRun(run, { error: null });
    expect(run.record).not.toHaveProperty("error");
  });

  test("refuses a wrong value and leaves the file", async () => {
    const root = await temporaryFolder();
    const run = await createRun(root, { record: newRun });
    await expect(updateRun(run, { step: -1 })).rejects.toThrow("step: ");
    expect((await openRun(root, run.path)).record.step).toBe(0);
  });
});

describe("deleteRun", () => {
  const image = { pixels: new Uint8Array(4), width: 2, height: 2, channels: 1 } as const;

  test("removes a run of the store with all that is in it", async () => {
    const root = await temporaryFolder();
    const run = await createRun(root, { record: newRun });
    await mkdir(join(run.path, "exports", "set"), { recursive: true });
    await deleteRun(root, run);
    expect(await readdir(join(root, "runs"))).toEqual([]);
  });

  test("removes from a folder of the user's only what is ours", async () => {
    const root = await temporaryFolder();
    const dir = await temporaryFolder();
    const run = await createRun(root, { dir, record: { ...newRun, id: "mine" } });
    await writePreview(run, 1, image);
    await mkdir(join(dir, "exports"));
    await writeFile(join(dir, "previews", "holiday.png"), "x");
    expect(await deleteRun(root, run)).toEqual({ kept: ["exports", "previews"] });
    expect(await readdir(join(dir, "previews"))).toEqual(["holiday.png"]);
    expect(await readdir(join(root, "runs"))).toEqual([]);
  });

  test("is refused while the run is computed", async () => {
    const root = await temporaryFolder();
    const run = await createRun(root, { record: newRun });
    await using _lock = await lockRun(run.path);
    await expect(deleteRun(root, run)).rejects.toMatchObject({ code: "run-locked" });
    expect((await listRuns(root)).runs).toHaveLength(1);
  });
});

import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { Hono } from "hono";
import { describe, expect, test } from "vitest";
import { runRoutes } from "../../../electron/host/routes/runs.ts";
import { lockRun } from "../../../electron/host/runs/index.ts";
import { toSafetensors } from "../../../shared/data/distilled-set.ts";
import { UserError } from "../../../shared/lib/user-error.ts";
import { sampleSet } from "../../data/sample-set.ts";
import { sampleEvaluation } from "../export/sample-export.ts";
import { stepEvents } from "./sample-events.ts";
import { newRun, temporaryFolder } from "./sample-run.ts";

/** The routes as the host mounts them. */
async function makeHost() {
  const root = await temporaryFolder();
  const app = new Hono().route("/api/runs", runRoutes({ root }));
  app.onError((error, c) =>
    error instanceof UserError ? c.json({ code: error.code, message: error.message }, 400) : c.json({}, 500),
  );
  const call = (path: string, method = "GET", body?: unknown) => {
    const isBytes = body instanceof Uint8Array;
    return app.request(`/api/runs${path}`, {
      method,
      ...(body !== undefined && { body: isBytes ? Buffer.from(body) : JSON.stringify(body) }),
    });
  };
  const json = async (...request: Parameters<typeof call>) => JSON.parse(await (await call(...request)).text());
  const { path }: { path: string } = await json("", "POST", { record: { ...newRun, id: "one" } });
  return { app, call, json, folder: path };
}

describe("run routes", () => {
  test("make, list, change and delete a run", async () => {
    const { call, json } = await makeHost();
    expect((await json("")).runs).toMatchObject([{ record: { id: "one", status: "created" } }]);
    expect(await json("/one", "PATCH", { status: "paused", step: 4 })).toMatchObject({ step: 4 });
    expect(await json("/one")).toMatchObject({ record: { status: "paused", step: 4 } });
    expect((await call("/one", "DELETE")).status).toBe(200);
    expect(await json("/one")).toMatchObject({ code: "run-not-found" });
  });

  test("delete what is listed as broken", async () => {
    const { call, json, folder } = await makeHost();
    await writeFile(join(folder, "run.json"), "{");
    expect((await json("")).broken).toMatchObject([{ id: "one" }]);
    expect(await json("/one", "DELETE")).toEqual({ kept: [] });
    expect(await json("")).toEqual({ runs: [], broken: [] });
    expect((await call("/one", "DELETE")).status).toBe(400);
  });

  test("list a run of a newer version with the way out", async () => {
    const { json, folder } = await makeHost();
    const path = join(folder, "run.json");
    await writeFile(path, (await readFile(path, "utf8")).replace('"version": 1,', '"version": 2,'));
    expect((await json("")).broken).toMatchObject([{ id: "one", reason: expect.stringContaining("Update Stillroom") }]);
  });

  test("append events and stream them as ndjson from any place", async () => {
    const { call, json } = await makeHost();
    const events = stepEvents(5);
    await call("/one/events", "POST", events[0]);
    await call("/one/events", "POST", events.slice(1));
    const response = await call("/one/events?from=3");
    expect(response.headers.get("content-type")).toBe("application/x-ndjson");
    expect(
      (await response.text())
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line)),
    ).toEqual(events.slice(3));
    const bad = await json("/one/events", "POST", [{ type: "step", seq: -1 }]);
    expect(bad).toMatchObject({ code: "bad-request" });
  });

  test("carry checkpoints as bytes, whole and in ranges", async () => {
    const { app, call, json } = await makeHost();
    const bytes = Uint8Array.from({ length: 1000 }, (_, i) => i % 251);
    expect((await call("/one/checkpoints/20", "PUT", bytes)).status).toBe(204);
    expect(await json("/one/checkpoints")).toMatchObject([{ name: "20", bytes: 1000 }]);
    expect(new Uint8Array(await (await call("/one/checkpoints/20")).arrayBuffer())).toEqual(bytes);
    const ranged = async (range: string) => {
      const response = await app.request("/api/runs/one/checkpoints/20", { headers: { range } });
      const body = new Uint8Array(await response.arrayBuffer());
      return { status: response.status, range: response.headers.get("content-range"), body };
    };
    expect(await ranged("bytes=10-19")).toEqual({
      status: 206,
      range: "bytes 10-19/1000",
      body: bytes.subarray(10, 20),
    });
    expect(await ranged("bytes=990-")).toMatchObject({ status: 206, body: bytes.subarray(990) });
    expect(await ranged("bytes=-4")).toMatchObject({
      status: 206,
      range: "bytes 996-999/1000",
      body: bytes.subarray(996),
    });
    expect(await ranged("bytes=1000-")).toMatchObject({ status: 416, range: "bytes */1000" });
    expect(await ranged("lines=1-2")).toMatchObject({ status: 200, body: bytes });
  });

  test("write previews from raw pixels, of the right number", async () => {
    const { call, json } = await makeHost();
    const pixels = new Uint8Array(2 * 3 * 3).fill(7);
    expect(await json("/one/previews/12?width=3&height=2&channels=3", "PUT", pixels)).toEqual({
      file: "000012.png",
    });
    const png = Buffer.from(await (await call("/one/previews/000012.png")).arrayBuffer());
    expect(png.subarray(1, 4).toString()).toBe("PNG");
    expect(await json("/one/previews")).toEqual([{ step: 12, file: "000012.png" }]);
    const wrong = await json("/one/previews/12?width=3&height=3&channels=3", "PUT", pixels);
    expect(wrong.message).toContain("18 bytes instead of 27");
  });

  test("keep the results, plan and write exports", async () => {
    const { call, json, folder } = await makeHost();
    expect(await json("/one/distilled.safetensors")).toMatchObject({ code: "not-found" });
    const bytes = toSafetensors(sampleSet());
    await call("/one/distilled.safetensors", "PUT", bytes);
    expect(new Uint8Array(await (await call("/one/distilled.safetensors")).arrayBuffer())).toEqual(bytes);
    await call("/one/evaluation.json", "PUT", sampleEvaluation);
    expect(await json("/one/evaluation.json")).toEqual(sampleEvaluation);
    expect(await json("/one/exports/plan", "POST", { formats: ["npz"] })).toMatchObject({
      fileCount: 2,
    });
    const exported = await call("/one/exports", "POST", { formats: ["npz"] });
    const lines = (await exported.text())
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines.map(({ type }) => type)).toEqual(["progress", "progress", "done"]);
    expect(lines.at(-1)).toMatchObject({ dir: join(folder, "exports", "set"), clipped: expect.any(Number) });
  });

  test("say before it is written whether an export's folder may be replaced, and delete no changed one", async () => {
    const { call, json, folder } = await makeHost();
    await call("/one/distilled.safetensors", "PUT", toSafetensors(sampleSet()));
    const planOf = (dir?: string) => json("/one/exports/plan", "POST", { formats: ["npz"], dir });
    const exportTo = async (dir?: string) => (await call("/one/exports", "POST", { formats: ["npz"], dir })).text();
    expect((await planOf()).place).toMatchObject({ kind: "new" });
    await exportTo();
    const set = join(folder, "exports", "set");
    const { place, loaders } = await planOf();
    expect(place).toMatchObject({ kind: "earlier", freeBytes: expect.any(Number) });
    expect(loaders).toMatchObject([{ format: "npz", python: expect.stringContaining("np.load") }]);
    await writeFile(join(set, "notes.txt"), "mine");
    expect((await planOf()).place).toMatchObject({
      kind: "occupied",
      reason: expect.stringContaining("notes.txt"),
      instead: join(set, "one"),
    });
    expect(await exportTo()).toContain('"folder-not-empty"');
    expect(await json("/one/exports", "DELETE")).toMatchObject({ code: "folder-not-empty" });
    expect(await readFile(join(set, "notes.txt"), "utf8")).toBe("mine");
    await rm(join(set, "notes.txt"));
    expect((await call("/one/exports", "DELETE")).status).toBe(204);
    expect((await planOf()).place).toMatchObject({ kind: "new" });
    expect((await planOf(join(folder, "run.json"))).place).toMatchObject({ kind: "occupied" });
  });

  test("summarise a run: what deleting frees, and the loss in few points that keep a spike", async () => {
    const { call, json, folder } = await makeHost();
    expect(await json("/one/summary")).toMatchObject({ loss: [] });
    const events = stepEvents(2000).map((event) =>
      event.type === "step" ? { ...event, metrics: { loss: event.step === 777 ? 99 : 1 + 1 / event.step } } : event,
    );
    await call("/one/events", "POST", events);
    const { bytes, loss } = await json("/one/summary");
    expect(bytes).toBeGreaterThan((await stat(join(folder, "events.ndjson"))).size / 2);
    expect(loss.length).toBeLessThanOrEqual(96);
    expect(loss).toContainEqual({ step: 777, value: 99 });
    const steps = loss.map(({ step }: { step: number }) => step);
    expect(steps).toEqual([...steps].sort((a, b) => a - b));
    // A longer file is read on, past a line that is torn for the moment; a shorter one from its beginning.
    const file = join(folder, "events.ndjson");
    const whole = await readFile(file, "utf8");
    const added = JSON.stringify({ ...events.at(-1), step: 5000, stage: "synthesise", metrics: { loss: 3 } });
    await writeFile(file, `${whole}${added.slice(0, 20)}`);
    expect((await json("/one/summary")).loss).toEqual(loss);
    await writeFile(file, `${whole}${added}\n`);
    expect((await json("/one/summary")).loss.at(-1)).toEqual({ step: 5000, value: 3 });
    await writeFile(file, `${whole.split("\n").slice(0, 10).join("\n")}\n`);
    expect((await json("/one/summary")).loss.length).toBeLessThanOrEqual(10);
  });

  test("tell in the list which runs some process computes", async () => {
    const { json, folder } = await makeHost();
    const isActive = async () => (await json("")).runs[0].isActive;
    expect(await isActive()).toBe(false);
    const lock = await lockRun(folder);
    expect(await isActive()).toBe(true);
    await lock.release();
    expect(await isActive()).toBe(false);
  });

  test("answer only for runs of the store, by id", async () => {
    const { call, json, folder } = await makeHost();
    for (const id of [encodeURIComponent(folder), "..%2Fone", "."]) {
      const response = await call(`/${id}`);
      if (response.status !== 404) expect(await response.json()).toMatchObject({ code: "run-not-found" });
    }
    expect(await json("/one/checkpoints/..%2Frun", "PUT", new Uint8Array(1))).toMatchObject({
      code: "bad-name",
    });
  });

  test("refuse to write while another process computes the run", async () => {
    const { call, json, folder } = await makeHost();
    const mine = await lockRun(folder);
    expect((await call("/one/events", "POST", stepEvents(1))).status).toBe(200);
    await mine.release();
    const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
    await mkdir(join(folder, "lock"), { recursive: true });
    const stat = await readFile(`/proc/${child.pid}/stat`, "utf8").catch(() => "");
    const started = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
    await writeFile(join(folder, "lock", `${randomUUID()}.${child.pid}.0.${started}.${hostname()}`), "");
    const refused = await json("/one/events", "POST", stepEvents(1, 1));
    child.kill();
    expect(refused).toMatchObject({ code: "run-locked" });
  });
});

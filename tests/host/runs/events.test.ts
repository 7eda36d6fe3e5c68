import { appendFile, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { appendEvents, createRun, cutEvents, readEvents } from "../../../electron/host/runs/index.ts";
import { runEventSchema } from "../../../shared/experiment/events.ts";
import { stepEvents } from "./sample-events.ts";
import { newRun, temporaryFolder, toArray } from "./sample-run.ts";

const makeRun = async () => createRun(await temporaryFolder(), { record: newRun });

describe("events", () => {
  test("are read as they were appended, from any place on", async () => {
    const run = await makeRun();
    expect(await toArray(readEvents(run))).toEqual([]);
    const events = stepEvents(500);
    await Promise.all([appendEvents(run, events.slice(0, 300)), appendEvents(run, events.slice(300))]);
    expect(await toArray(readEvents(run))).toEqual(events);
    expect(await toArray(readEvents(run, 490))).toEqual(events.slice(490));
    expect((await readFile(join(run.path, "events.ndjson"), "utf8")).split("\n")).toHaveLength(501);
  });

  test.each([0, 1, 299, 500])("are cut to the first %i", async (count) => {
    const run = await makeRun();
    const events = stepEvents(500);
    await appendEvents(run, events);
    await cutEvents(run, count);
    await appendEvents(run, stepEvents(2, count));
    expect(await toArray(readEvents(run))).toEqual([...events.slice(0, count), ...stepEvents(2, count)]);
  });

  test("lose a torn tail when they are read, cut or appended to, however long it is", async () => {
    const run = await makeRun();
    const file = join(run.path, "events.ndjson");
    const events = stepEvents(3);
    for (const tail of ['{"type":"step","seq":3', "x".repeat(200_000)]) {
      await rm(file, { force: true });
      await appendEvents(run, events);
      const sound = await readFile(file, "utf8");
      await appendFile(file, tail);
      expect(await toArray(readEvents(run))).toEqual(events);
      await cutEvents(run, 3);
      expect(await readFile(file, "utf8")).toBe(sound);
      await appendFile(file, tail);
      await appendEvents(run, stepEvents(1, 3));
      expect(await toArray(readEvents(run))).toEqual(stepEvents(4));
    }
  });

  test("that are fewer than a checkpoint counts are an error", async () => {
    const run = await makeRun();
    await appendEvents(run, stepEvents(3));
    await expect(cutEvents(run, 4)).rejects.toMatchObject({ code: "events-missing" });
    expect(await toArray(readEvents(run))).toHaveLength(3);
  });

  test("that are no events are named by their line", async () => {
    const run = await makeRun();
    await appendEvents(run, stepEvents(2));
    await appendFile(join(run.path, "events.ndjson"), '{"type":"step","seq":-2}\n');
    await expect(toArray(readEvents(run))).rejects.toThrow(/events\.ndjson, line 3, .*seq: .*metrics: /);
    await writeFile(join(run.path, "events.ndjson"), "{\n");
    await expect(toArray(readEvents(run))).rejects.toThrow("line 1 is not JSON");
  });

  test.runIf(process.platform === "linux")("on a full disk fail with its name", async () => {
    const run = await makeRun();
    await symlink("/dev/full", join(run.path, "events.ndjson"));
    await expect(appendEvents(run, stepEvents(1))).rejects.toMatchObject({ code: "no-space", name: "UserError" });
  });
});

test("an event's file name may not lead out of the run folder", () => {
  const event = { type: "preview", seq: 0, time: 0, stage: "synthesise", step: 1 };
  expect(runEventSchema.safeParse({ ...event, file: "000001.png" }).success).toBe(true);
  expect(runEventSchema.safeParse({ ...event, file: "../../x.png" }).success).toBe(false);
});

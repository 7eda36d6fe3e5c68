import { spawn } from "node:child_process";
import { mkdir, readdir, utimes, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createRun, findOwner, lockFolder } from "../../../electron/host/runs/index.ts";
import { newRun, temporaryFolder } from "./sample-run.ts";

/** Leaves the lock file of another process. */
async function leaveLock(
  folder: string,
  owner: { host?: string; pid: number; started?: string },
  age = 0,
): Promise<void> {
  const file = join(folder, "lock", `${owner.pid}-11111111-1111-1111-1111-111111111111.json`);
  await mkdir(join(folder, "lock"), { recursive: true });
  await writeFile(file, JSON.stringify({ host: hostname(), started: "", ...owner }));
  const time = Date.now() / 1000 - age;
  await utimes(file, time, time);
}

describe("lockFolder", () => {
  test("is for one at a time, and again after its release", async () => {
    const folder = await temporaryFolder();
    const lock = await lockFolder(folder);
    await expect(lockFolder(folder)).rejects.toMatchObject({
      code: "run-locked",
      message: expect.stringContaining(`process ${process.pid}`),
    });
    expect(await findOwner(folder)).toMatchObject({ pid: process.pid });
    await lock.release();
    expect(await findOwner(folder)).toBeUndefined();
    await (await lockFolder(folder)).release();
  });

  test("of many at once gives it to at most one", async () => {
    const folder = await temporaryFolder();
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => lockFolder(folder)));
    expect(results.filter(({ status }) => status === "fulfilled").length).toBeLessThanOrEqual(1);
    expect((await readdir(join(folder, "lock"))).length).toBeLessThanOrEqual(1);
  });

  test("outlives no process that was killed", { timeout: 20_000 }, async () => {
    const root = await temporaryFolder();
    const run = await createRun(root, { record: newRun });
    const child = spawn(process.execPath, [join(import.meta.dirname, "writer-child.ts"), root, run.path], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await new Promise((resolve) => child.stdout.once("data", resolve));
    await expect(lockFolder(run.path)).rejects.toThrow(`process ${child.pid}`);
    const exited = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await exited;
    await (await lockFolder(run.path)).release();
  });

  test.runIf(process.platform === "linux")("knows a pid that another process has taken", async () => {
    const folder = await temporaryFolder();
    await leaveLock(folder, { pid: process.pid, started: "1" });
    await (await lockFolder(folder)).release();
  });

  test("takes an owner on another machine for alive until it is silent", async () => {
    const folder = await temporaryFolder();
    await leaveLock(folder, { host: "elsewhere", pid: 5 }, 30);
    await expect(lockFolder(folder)).rejects.toThrow("process 5 on elsewhere");
    await leaveLock(folder, { host: "elsewhere", pid: 5 }, 300);
    await (await lockFolder(folder)).release();
  });

  test("is not stopped by a file that is no lock", async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, "lock"));
    await writeFile(join(folder, "lock", "9-broken.json"), "{");
    await (await lockFolder(folder)).release();
  });
});

import { spawn, spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, utimes, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { acquireLock, findOwner, type LockOwner, withLock } from "../../electron/host/lock.ts";
import { createRun, lockRun } from "../../electron/host/runs/index.ts";
import { newRun, temporaryFolder } from "./runs/sample-run.ts";

const startOf = async (pid: number) => {
  const line = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  return line.slice(line.lastIndexOf(")") + 2).split(" ")[19] ?? "";
};

/** Leaves the file of another contender. */
async function leaveClaim(folder: string, owner: Partial<LockOwner> & { pid: number }, age = 0): Promise<string> {
  const { host, pid, thread, started } = { host: hostname(), thread: 0, started: "", ...owner };
  const file = join(folder, `${randomUUID()}.${pid}.${thread}.${started}.${host}`);
  await mkdir(folder, { recursive: true });
  await writeFile(file, "");
  const time = Date.now() / 1000 - age;
  await utimes(file, time, time);
  return file;
}

const makeLock = async () => join(await temporaryFolder(), "a", "lock");
const refusing = { waitMs: 0 };

describe("a lock", () => {
  test("is for one at a time, also within a process, and leaves nothing", async () => {
    const folder = await makeLock();
    const lock = await acquireLock(folder);
    await expect(acquireLock(folder, refusing)).rejects.toMatchObject({
      code: "locked",
      message: expect.stringContaining(`process ${process.pid} (this one)`),
      hint: expect.stringContaining(folder),
    });
    expect(await findOwner(folder)).toMatchObject({ pid: process.pid, host: hostname() });
    const waiting = acquireLock(folder, { waitMs: 5000 });
    await lock.release();
    await (await waiting).release();
    await lock.release();
    expect(await findOwner(folder)).toBeUndefined();
    expect(await readdir(join(folder, ".."))).toEqual([]);
  });

  test("is given to one of many that refuse to wait", async () => {
    const folder = await makeLock();
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => acquireLock(folder, refusing)));
    expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect(await readdir(folder)).toHaveLength(1);
  });

  test("is given to all that wait, one after the other", { timeout: 20_000 }, async () => {
    const folder = await makeLock();
    let inside = 0;
    let most = 0;
    const work = async () => {
      most = Math.max(most, ++inside);
      await new Promise((done) => setTimeout(done, 5));
      inside--;
    };
    await Promise.all(Array.from({ length: 8 }, () => withLock(folder, work)));
    expect(most).toBe(1);
  });

  test("keeps processes apart, and each gets its turns", { timeout: 30_000 }, async () => {
    const folder = await makeLock();
    const file = join(await temporaryFolder(), "lines");
    const words = [join(import.meta.dirname, "lock-child.ts"), folder, file, "10"];
    const codes = Array.from({ length: 3 }, async () => {
      const child = spawn(process.execPath, words, { stdio: ["ignore", "ignore", "inherit"] });
      return new Promise((done) => child.once("exit", done));
    });
    expect(await Promise.all(codes)).toEqual([0, 0, 0]);
    expect((await readFile(file, "utf8")).length).toBe(2 * 30);
  });

  test("goes on when the work fails", async () => {
    const folder = await makeLock();
    await expect(withLock(folder, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
    await (await acquireLock(folder, refusing)).release();
  });
});

describe("the lock of one who is gone", () => {
  test("outlives no process that was killed", { timeout: 20_000 }, async () => {
    const root = await temporaryFolder();
    const run = await createRun(root, { record: newRun });
    const child = spawn(process.execPath, [join(import.meta.dirname, "runs", "writer-child.ts"), root, run.path], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await new Promise((resolve) => child.stdout.once("data", resolve));
    await expect(lockRun(run.path)).rejects.toThrow(`is being computed by process ${child.pid}`);
    const exited = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await exited;
    await (await lockRun(run.path)).release();
  });

  test.runIf(process.platform === "linux")("is known by the start of the process, not by its number", async () => {
    const folder = await makeLock();
    const parent = { pid: process.ppid, started: await startOf(process.ppid) };
    const file = await leaveClaim(folder, parent);
    await expect(acquireLock(folder, refusing)).rejects.toThrow(`process ${process.ppid}`);
    await writeFile(file.replace(`.${parent.started}.`, ".1."), "");
    expect(await readdir(folder)).toHaveLength(2);
    await expect(acquireLock(folder, refusing)).rejects.toThrow("writing here");
    expect(await readdir(folder)).toHaveLength(1);
  });

  test("is known when its number is our own by now, or nobody's", async () => {
    const folder = await makeLock();
    await leaveClaim(folder, { pid: process.pid, started: await startOf(process.pid) });
    const { pid } = spawnSync(process.execPath, ["-e", ""]);
    await leaveClaim(folder, { pid });
    const lock = await acquireLock(folder, refusing);
    expect(await readdir(folder)).toHaveLength(1);
    await lock.release();
  });

  test("on another machine is waited for until it is silent", async () => {
    const folder = await makeLock();
    await leaveClaim(folder, { host: "elsewhere", pid: 5 }, 30);
    await expect(acquireLock(folder, refusing)).rejects.toThrow("process 5 on elsewhere");
    const silent = await makeLock();
    await leaveClaim(silent, { host: "elsewhere", pid: 5 }, 300);
    await (await acquireLock(silent, refusing)).release();
  });

  test("is not a file that is no lock, which stays", async () => {
    const folder = await makeLock();
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, "notes.txt"), "{");
    await (await acquireLock(folder, refusing)).release();
    expect(await readdir(folder)).toEqual(["notes.txt"]);
  });
});

// A lock file that keeps writers of several processes apart and outlives none of them.

import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdir, open, readFile, rm, stat, utimes } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { UserError } from "../../shared/lib/user-error.ts";

interface Owner {
  host: string;
  pid: number;
  /** Start of the process in the kernel's ticks, where it can be known: a pid alone may be another process by now. */
  started: string;
  token: string;
}

export interface Lock {
  release(): Promise<void>;
}

const heartbeatMs = 20_000;
/** Only for owners on other machines of a shared disk, which cannot be asked whether they live. */
const silentMs = 120_000;
/** A lock file is created, then written: an empty one is young or abandoned. */
const unwrittenMs = 2_000;

/** Takes the lock, waiting up to `waitMs` while a living process holds it; then a UserError "locked". */
export async function acquireLock(path: string, waitMs = 10_000): Promise<Lock> {
  await mkdir(dirname(path), { recursive: true });
  const owner: Owner = { host: hostname(), pid: process.pid, started: startOf(process.pid), token: randomUUID() };
  const deadline = Date.now() + waitMs;
  while (!(await createExclusively(path, JSON.stringify(owner)))) {
    if (!(await isHeld(path))) await removeStale(path);
    else if (Date.now() >= deadline) {
      throw new UserError(
        "locked",
        `Another Stillroom process is writing (${path}).`,
        "Wait for it to end, or close it, and try again.",
      );
    } else await sleep(50);
  }
  const heartbeat = setInterval(() => utimes(path, new Date(), new Date()).catch(() => {}), heartbeatMs);
  heartbeat.unref();
  return {
    async release() {
      clearInterval(heartbeat);
      if ((await readOwner(path))?.token === owner.token) await rm(path, { force: true });
    },
  };
}

export async function withLock<T>(path: string, work: () => Promise<T>, waitMs?: number): Promise<T> {
  const lock = await acquireLock(path, waitMs);
  try {
    return await work();
  } finally {
    await lock.release();
  }
}

/** Whether the lock file exists and its owner lives. */
export async function isHeld(path: string): Promise<boolean> {
  const seen = await stat(path).catch(() => undefined);
  if (!seen) return false;
  const owner = await readOwner(path);
  const age = Date.now() - seen.mtimeMs;
  if (!owner) return age < unwrittenMs;
  if (owner.host !== hostname()) return age < silentMs;
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
  }
  return owner.started === startOf(owner.pid);
}

async function createExclusively(path: string, content: string): Promise<boolean> {
  try {
    const file = await open(path, "wx");
    try {
      await file.writeFile(content);
    } finally {
      await file.close();
    }
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/** Two waiters may see the same dead owner: only the one with the `.steal` file looks again and removes. */
async function removeStale(path: string): Promise<void> {
  const steal = `${path}.steal`;
  if (await createExclusively(steal, "")) {
    try {
      if (!(await isHeld(path))) await rm(path, { force: true });
    } finally {
      await rm(steal, { force: true });
    }
    return;
  }
  const age = Date.now() - ((await stat(steal).catch(() => undefined))?.mtimeMs ?? Date.now());
  if (age > unwrittenMs) await rm(steal, { force: true });
  else await sleep(20);
}

async function readOwner(path: string): Promise<Owner | undefined> {
  try {
    const owner = JSON.parse(await readFile(path, "utf8")) as Owner;
    return Number.isInteger(owner.pid) ? owner : undefined;
  } catch {
    return undefined;
  }
}

/** Field 22 of /proc/<pid>/stat; empty on systems without it, where the pid has to do. */
function startOf(pid: number): string {
  try {
    const line = readFileSync(`/proc/${pid}/stat`, "utf8");
    return line.slice(line.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return "";
  }
}

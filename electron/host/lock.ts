// Locks between processes: a folder in which each contender makes a file of its own, and looks for others only then.
//
// One shared file would be simpler to take and harder to take over: between seeing that its owner is dead and removing
// it, another process may have put its own there. A file whose name is never used again can be removed at any time. All
// that is known of a contender is in the name, so a file cannot be half-written, and a full disk still takes it.

import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { open, readdir, rm, rmdir, stat, utimes } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { threadId } from "node:worker_threads";
import { UserError } from "../../shared/lib/user-error.ts";
import { explainFileError, isMissing, makeFolder } from "./files.ts";

export interface LockOwner {
  readonly host: string;
  readonly pid: number;
  readonly thread: number;
  /** Start of the process in the kernel's ticks: a pid alone may be another process by now. Empty if unknown. */
  readonly started: string;
}

/** Disposing releases, too. */
export type Lock = AsyncDisposable & { release(): Promise<void> };

export interface LockOptions {
  /** How long to wait for the owner; 0 refuses. Ten seconds when left out. */
  readonly waitMs?: number;
  /** What is thrown then; UserError "locked" when left out. */
  readonly refuse?: (owner: LockOwner) => UserError;
}

const HEARTBEAT_MS = 20_000;
/** An owner on another machine of a shared disk cannot be asked: one silent for so long counts as dead. */
const SILENT_MS = 120_000;
/** Of contenders that saw each other all but one step back: so long is waited even by who refuses to wait. */
const SETTLE_MS = 200;
const LOOK_EVERY_MS = 15;
const MOST_ATTEMPTS = 20;
const CLAIM = /^([0-9a-f-]{36})\.(\d+)\.(\d+)\.(\d*)\.(.+)$/;

/** Claims of this thread. A file with our pid that is not here was left by a dead process with the same number. */
const held = new Set<string>();

/** Takes the lock, waiting while a living process has it; then throws what `refuse` makes of the owner. */
export async function acquireLock(folder: string, { waitMs = 10_000, refuse }: LockOptions = {}): Promise<Lock> {
  const deadline = Date.now() + Math.max(waitMs, SETTLE_MS);
  let claim: string | undefined;
  try {
    for (;;) {
      const others = await listClaims(folder, claim);
      if (others.length === 0) {
        if (claim !== undefined) return keep(folder, claim);
        claim = await writeClaim(folder);
        continue;
      }
      if (Date.now() >= deadline) throw (refuse ?? lockedBy(folder))(others[0].owner);
      const mine = claim;
      if (mine !== undefined && others.some(({ name }) => name < mine)) {
        await withdraw(folder, mine);
        claim = undefined;
      }
      await sleep(LOOK_EVERY_MS * (0.5 + Math.random()));
    }
  } catch (error) {
    if (claim !== undefined) await withdraw(folder, claim);
    throw error;
  }
}

export async function withLock<T>(folder: string, work: () => Promise<T>, options?: LockOptions): Promise<T> {
  await using _lock = await acquireLock(folder, options);
  return await work();
}

/** The living process that has the lock or is about to take it, if any. Removes what dead ones left. */
export async function findOwner(folder: string): Promise<LockOwner | undefined> {
  return (await listClaims(folder))[0]?.owner;
}

export function isThisProcess({ host, pid }: LockOwner): boolean {
  return host === ownHost() && pid === process.pid;
}

/** `process 12`, `process 12 on elsewhere`. */
export function describeOwner(owner: LockOwner): string {
  if (isThisProcess(owner)) return `process ${owner.pid} (this one)`;
  return owner.host === ownHost() ? `process ${owner.pid}` : `process ${owner.pid} on ${owner.host}`;
}

/** Whether a file in a lock's folder is one of ours. */
export const isLockFile = (name: string) => CLAIM.test(name);

const lockedBy = (folder: string) => (owner: LockOwner) =>
  new UserError(
    "locked",
    `Stillroom's ${describeOwner(owner)} is writing here (${folder}).`,
    `Wait for it to end, or close it, and try again. If it is gone, delete ${folder}.`,
  );

function keep(folder: string, claim: string): Lock {
  const path = join(folder, claim);
  const beat = () => utimes(path, new Date(), new Date()).catch(() => {});
  const heartbeat = setInterval(beat, HEARTBEAT_MS);
  heartbeat.unref();
  const release = async () => {
    clearInterval(heartbeat);
    await withdraw(folder, claim);
  };
  return { release, [Symbol.asyncDispose]: release };
}

async function writeClaim(folder: string): Promise<string> {
  const claim = [randomUUID(), process.pid, threadId, readStart(process.pid) ?? "", ownHost()].join(".");
  held.add(claim);
  for (let attempt = 1; ; attempt++) {
    try {
      await makeFolder(folder);
      await (await open(join(folder, claim), "wx")).close();
      return claim;
    } catch (error) {
      // Whoever released just now took the empty folder away.
      if (isMissing(error) && attempt < MOST_ATTEMPTS) continue;
      held.delete(claim);
      throw explainFileError(error, folder);
    }
  }
}

async function withdraw(folder: string, claim: string): Promise<void> {
  await rm(join(folder, claim), { force: true });
  held.delete(claim);
  await rmdir(folder).catch(() => {}); // others are in it, or it is gone already
}

async function listClaims(folder: string, except?: string): Promise<{ name: string; owner: LockOwner }[]> {
  const names = await readdir(folder).catch((error) => {
    if (isMissing(error)) return [];
    throw explainFileError(error, folder);
  });
  // Clocks of machines differ: a file of one's own tells the time of the disk.
  const now = except === undefined ? undefined : await readTime(join(folder, except));
  const found: { name: string; owner: LockOwner }[] = [];
  for (const name of names) {
    const [, , pid, thread, started, host] = CLAIM.exec(name) ?? [];
    if (pid === undefined || name === except) continue;
    const owner = { host, pid: Number(pid), thread: Number(thread), started };
    if (await isAlive(owner, folder, name, now ?? Date.now())) found.push({ name, owner });
    else await rm(join(folder, name), { force: true }).catch(() => {}); // on a read-only disk it may stay
  }
  return found;
}

async function isAlive(owner: LockOwner, folder: string, name: string, now: number): Promise<boolean> {
  if (owner.host !== ownHost()) {
    const beat = await readTime(join(folder, name));
    return beat !== undefined && now - beat < SILENT_MS;
  }
  if (owner.pid === process.pid && owner.thread === threadId) return held.has(name);
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
  }
  const start = readStart(owner.pid);
  return owner.started === "" || start === "" ? start !== undefined : owner.started === start;
}

/** The start of a process by /proc; "" where it cannot be read, and the pid has to do; undefined for a dead one. */
function readStart(pid: number): string | undefined {
  try {
    const line = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = line.slice(line.lastIndexOf(")") + 2).split(" "); // from field 3 on: the name may hold spaces
    return fields[0] === "Z" ? undefined : fields[19];
  } catch {
    return "";
  }
}

/** As it fits a file's name. */
function ownHost(): string {
  return (
    hostname()
      .replace(/[^\w.-]/g, "_")
      .slice(0, 100) || "unnamed"
  );
}

function readTime(path: string): Promise<number | undefined> {
  return stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => undefined,
  );
}

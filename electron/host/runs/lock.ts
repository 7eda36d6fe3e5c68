// The lock of a run folder: of several processes, one computes a run; it outlives no process that was killed.

import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdir, readdir, readFile, rm, stat, utimes } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { UserError } from "../../../shared/lib/user-error.ts";
import { writeFileAtomic } from "../files.ts";
import { isMissing, isTemporaryName, LOCKS } from "./folder.ts";

const ownerSchema = z.object({
  host: z.string(),
  pid: z.int().positive(),
  /** When the process began, in the kernel's ticks: a pid alone may be another process by now. Empty if unknown. */
  started: z.string(),
});
export type RunOwner = z.infer<typeof ownerSchema>;

export type RunLock = AsyncDisposable & { release(): Promise<void> };

const HEARTBEAT_MS = 20_000;
/** An owner on another machine of a shared disk cannot be asked: one silent for so long counts as dead. */
const SILENT_MS = 120_000;
const ATTEMPTS = 5;

/**
 * Takes the lock of a run folder, or throws UserError "run-locked" naming who has it.
 * Each contender writes a file of its own and only then looks for others, so that of two at least one sees the other;
 * a dead owner's file has a name that is never used again, so that removing it can never remove a living one's.
 */
export async function lockFolder(folder: string): Promise<RunLock> {
  const locks = join(folder, LOCKS);
  const mine = `${process.pid}-${randomUUID()}.json`;
  const path = join(locks, mine);
  const owner: RunOwner = { host: hostname(), pid: process.pid, started: readStart(process.pid) ?? "" };
  for (let attempt = 1; ; attempt++) {
    await mkdir(locks, { recursive: true });
    await writeFileAtomic(path, JSON.stringify(owner));
    const other = await findOwner(folder, mine);
    if (other === undefined) break;
    await rm(path, { force: true });
    if (attempt === ATTEMPTS) throw lockedError(folder, other);
    await sleep(10 + Math.random() * 40); // both may have stepped back
  }
  const heartbeat = setInterval(() => utimes(path, new Date(), new Date()).catch(() => {}), HEARTBEAT_MS);
  heartbeat.unref();
  const release = async () => {
    clearInterval(heartbeat);
    await rm(path, { force: true });
  };
  return { release, [Symbol.asyncDispose]: release };
}

/** The living process that has the folder's lock, if any. Removes what dead ones left. */
export async function findOwner(folder: string, except?: string): Promise<RunOwner | undefined> {
  const locks = join(folder, LOCKS);
  const now = except === undefined ? Date.now() : await readTime(join(locks, except));
  for (const name of await listNames(locks)) {
    if (name === except || isTemporaryName(name)) continue;
    const path = join(locks, name);
    const owner = await readOwner(path);
    if (owner !== undefined && (await isAlive(owner, path, now ?? Date.now()))) return owner;
    await rm(path, { force: true });
  }
  return undefined;
}

export function lockedError(folder: string, { host, pid }: RunOwner): UserError {
  const where = host === hostname() ? `process ${pid}` : `process ${pid} on ${host}`;
  return new UserError(
    "run-locked",
    `The run in ${folder} is being computed by ${where}.`,
    `Wait for it, or stop it first. If it is gone, delete ${join(folder, LOCKS)}.`,
  );
}

async function isAlive(owner: RunOwner, path: string, now: number): Promise<boolean> {
  if (owner.host !== hostname()) {
    const beat = await readTime(path);
    return beat !== undefined && now - beat < SILENT_MS;
  }
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
  }
  return owner.started === readStart(owner.pid);
}

/** The start of a process by /proc; "" on systems without it, where the pid has to do; undefined for a dead one. */
function readStart(pid: number): string | undefined {
  try {
    const line = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = line.slice(line.lastIndexOf(")") + 2).split(" "); // from field 3 on: the name may hold spaces
    return fields[0] === "Z" ? undefined : fields[19];
  } catch {
    return "";
  }
}

async function readOwner(path: string): Promise<RunOwner | undefined> {
  try {
    return ownerSchema.parse(JSON.parse(await readFile(path, "utf8")));
  } catch {
    return undefined; // released meanwhile, or not a lock of ours: complete files appear at once
  }
}

async function readTime(path: string): Promise<number | undefined> {
  return stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => undefined,
  );
}

async function listNames(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

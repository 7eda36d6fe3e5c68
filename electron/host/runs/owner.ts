// Who computes a run: of several processes one, the holder of the lock in its folder.

import { join } from "node:path";
import { UserError } from "../../../shared/lib/user-error.ts";
import { acquireLock, describeOwner, findOwner, type Lock, type LockOwner } from "../lock.ts";
import { LOCKS } from "./folder.ts";

/** Takes the lock of a run folder, or throws UserError "run-locked" naming who has it. */
export function lockRun(folder: string): Promise<Lock> {
  return acquireLock(join(folder, LOCKS), { waitMs: 0, refuse: (owner) => runLockedError(folder, owner) });
}

/** The living process that has the run's lock, if any. */
export function findRunOwner(folder: string): Promise<LockOwner | undefined> {
  return findOwner(join(folder, LOCKS));
}

export function runLockedError(folder: string, owner: LockOwner): UserError {
  return new UserError(
    "run-locked",
    `The run in ${folder} is being computed by ${describeOwner(owner)}.`,
    `Wait for it, or stop it first. If it is gone, delete ${join(folder, LOCKS)}.`,
  );
}

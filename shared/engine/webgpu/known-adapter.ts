// Opens a backend on an adapter with what is remembered of it: its kernels are checked once, and measured as programs come.
import { UserError } from "../../lib/user-error.ts";
import { createWebgpuBackend, type WebgpuBackend } from "./backend.ts";
import { type CheckReport, type CheckTarget, checkAdapter } from "./check.ts";
import type { VariantMemory } from "./variants.ts";

export interface AdapterNotes {
  readonly check?: CheckReport | undefined;
  readonly memory: VariantMemory;
}

/** Where notes are kept: a file, or a host that has one. */
export interface AdapterMemory {
  /** Undefined for an adapter that is new. */
  read(): Promise<AdapterNotes | undefined>;
  /** Adds to the notes, and gives what stands then: a choice that was there already is never changed. */
  add(notes: AdapterNotes): Promise<AdapterNotes>;
  /** Runs a check after any other one of this adapter; throws where an earlier one took its process with it. */
  guard<T>(check: () => Promise<T>): Promise<T>;
}

export interface KnownAdapterOptions {
  readonly memory: AdapterMemory;
  /** Bytes that values and running programs may take at most. */
  readonly memoryLimit?: number | undefined;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  /** The adapter was new, and this is what was found. */
  readonly onChecked?: ((report: CheckReport) => void) | undefined;
  readonly onDispose?: () => void;
}

/** Throws UserError "adapter-wrong" where the adapter computes wrong numbers. */
export async function openKnownAdapter(target: CheckTarget, options: KnownAdapterOptions): Promise<WebgpuBackend> {
  const { memory, memoryLimit, onDispose } = options;
  const { check, memory: known } = await recall(target, options);
  if (check && check.unusable.length > 0) {
    throw new UserError(
      "adapter-wrong",
      `${target.adapter} computes wrong numbers: ${check.unusable.join(", ")}.`,
      "Update its driver, or compute on another adapter or on the CPU. “adapters --check” tells more, and what to report.",
    );
  }
  return createWebgpuBackend(await target.openDevice(), {
    adapter: target.adapter,
    software: target.software,
    memoryLimit,
    choice: { disabled: check?.disabled ?? [], memory: known },
    remember: async (measured) => (await memory.add({ memory: measured })).memory,
    ...(onDispose ? { onDispose } : {}),
  });
}

async function recall(target: CheckTarget, { memory, onProgress, onChecked }: KnownAdapterOptions) {
  const notes = await memory.read();
  if (notes?.check) return notes;
  return memory.guard(async () => {
    // Another process may have been at it.
    const known = await memory.read();
    if (known?.check) return known;
    const check = await checkAdapter(target, onProgress ? { onProgress } : {});
    onChecked?.(check);
    return memory.add({ check, memory: {} });
  });
}

// An import before anything is stored: what was dropped is sent where need be and looked through, then waits for a choice.
import { createStore } from "zustand/vanilla";
import type { Client } from "../../shared/api/client.ts";
import type { Survey } from "../../shared/api/datasets.ts";
import type { ImportTarget } from "./imports.ts";
import { type SendProgress, sendFiles, type UploadPort, type UploadSource } from "./uploads.ts";

/** A path on the host's machine, or what is to be sent there first. */
export type ImportSource = string | UploadSource;

export type DraftState =
  | { readonly phase: "listing"; readonly found: number }
  | { readonly phase: "sending"; readonly progress: SendProgress }
  | { readonly phase: "scanning"; readonly done: number; readonly total: number }
  | { readonly phase: "ready"; readonly survey: Survey }
  | { readonly phase: "failed"; readonly error: unknown };

export interface DraftClient {
  readonly datasets: Pick<Client["datasets"], "survey">;
  readonly uploads: UploadPort;
}

/** Begins at once. */
export function createDraft(client: DraftClient, source: ImportSource) {
  const store = createStore<DraftState>(() =>
    typeof source === "string" ? { phase: "scanning", done: 0, total: 0 } : { phase: "listing", found: 0 },
  );
  const controller = new AbortController();
  const { signal } = controller;
  let upload: string | undefined;
  const set = (state: DraftState) => {
    if (!signal.aborted) store.setState(state, true);
  };
  const end = async (keepalive: boolean) => {
    const mine = upload;
    upload = undefined;
    // What the host could not delete now it deletes after a while, or when it starts.
    if (mine !== undefined) await client.uploads.end(mine, { keepalive }).catch(() => {});
  };

  const send = async ({ name, listFiles }: UploadSource) => {
    const files = await listFiles((found) => set({ phase: "listing", found }), signal);
    upload = await sendFiles(client.uploads, name, files, (progress) => set({ phase: "sending", progress }), signal);
    set({ phase: "scanning", done: 0, total: 0 });
    return { upload };
  };
  const work = async () => {
    try {
      const read = typeof source === "string" ? source : await send(source);
      const onProgress = ({ done, total }: { done: number; total: number }) => set({ phase: "scanning", done, total });
      set({ phase: "ready", survey: await client.datasets.survey(read, onProgress, signal) });
    } catch (error) {
      set({ phase: "failed", error });
      await end(false);
    }
  };
  const finished = work();

  return {
    store,
    name: typeof source === "string" ? source : source.name,
    /** When it waits for a choice, has failed, or was given up. */
    finished,
    /** Hands what was sent over to the import, which ends it. */
    take(): ImportTarget {
      if (typeof source === "string") return { kind: "path", path: source };
      const taken = upload;
      upload = undefined;
      return { kind: "upload", upload: taken ?? "", name: source.name };
    },
    /** Gives up; what was sent is deleted. `keepalive` where the page is being left. */
    dispose({ keepalive = false } = {}): void {
      controller.abort(new DOMException("The import was given up.", "AbortError"));
      void end(keepalive);
    },
  };
}

export type Draft = ReturnType<typeof createDraft>;

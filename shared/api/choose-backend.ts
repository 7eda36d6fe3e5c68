// On what a run is computed: told, or as it began.
import { backendChoices, type StartRequest } from "./compute.ts";
import type { RunRecord } from "./runs.ts";

export interface BackendChoice {
  readonly backend: (typeof backendChoices)[number];
  /** The number of a GPU, or a part of its name. */
  readonly adapter?: string | undefined;
}

const isChoice = (text: string): text is BackendChoice["backend"] => backendChoices.some((each) => each === text);

/** A run goes on with what it began on, so that its bits stay the same, unless told otherwise. */
export function chooseBackend(
  record: Pick<RunRecord, "backend" | "adapter" | "sessions">,
  request: Pick<StartRequest, "backend" | "adapter">,
): BackendChoice {
  const began = isChoice(record.backend) ? record.backend : "auto";
  const backend = request.backend ?? began;
  if (request.adapter !== undefined) return { backend, adapter: request.adapter };
  const isContinued = record.sessions.length > 0 && request.backend === undefined && began === "webgpu";
  return isContinued ? { backend, adapter: record.adapter } : { backend };
}

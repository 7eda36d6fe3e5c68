// Starts and stops runs where they are to be computed: in the host's child process, or in the Worker of this window.
import type { Client } from "../../shared/api/client.ts";
import { type EstimateAnswer, type EstimateRequest, listRunning, type StartRequest } from "../../shared/api/compute.ts";
import type { RunRecord } from "../../shared/api/runs.ts";
import { UserError } from "../../shared/lib/user-error.ts";
import { type ComputePlaces, isAllKnown, isInWindow, listPlaces, type Place, placeOfRun } from "./compute-places.ts";

export interface Runner {
  /**
   * Starts a run at a place, without one at the chosen place; or goes on with it where it was computed so far. False
   * where that place is not here, and the person who was asked for another took none.
   */
  start(runId: string, place?: Place): Promise<boolean>;
  /** Stops within one step, whoever computes it; the run can go on later. */
  stop(runId: string): Promise<void>;
  /** Ends the distillation where it is, whoever computes it, and goes on with the evaluation; false as of `start`. */
  finish(runId: string): Promise<boolean>;
  /** Measured at the chosen place. */
  estimate(request: EstimateRequest, options: { readonly signal: AbortSignal }): Promise<EstimateAnswer>;
}

/** The part of a WindowCompute that a runner needs. */
interface WindowPort {
  estimate(request: EstimateRequest, signal: AbortSignal): Promise<EstimateAnswer>;
  start(runId: string, request: StartRequest): Promise<void>;
  stop(runId: string): void;
}

export interface RunnerPort {
  readonly client: {
    readonly runs: Pick<Client["runs"], "get" | "start" | "stop" | "finish" | "estimate">;
    readonly compute: Pick<Client["compute"], "state">;
  };
  readonly window: WindowPort;
  readonly places: Pick<ComputePlaces, "store" | "find" | "current">;
  /** Asks where a run is to go on whose own place is not here. */
  readonly askPlace: (record: RunRecord, places: readonly Place[]) => Promise<Place | undefined>;
}

export function createRunner({ client, window, places, askPlace }: RunnerPort): Runner {
  const current = async (): Promise<Place> => {
    const place = await places.current();
    if (place) return place;
    throw new UserError("no-place", "Nothing here can compute.", "Settings says why, and what to do about it.");
  };

  const limit = (): Pick<StartRequest, "memoryLimit"> => {
    const { memoryLimit } = places.store.getState();
    return memoryLimit === undefined ? {} : { memoryLimit };
  };

  const choose = async (runId: string): Promise<Place | undefined> => {
    const { record } = await client.runs.get(runId);
    if (record.sessions.length === 0) return current();
    await places.find();
    const state = places.store.getState();
    const here = listPlaces(state);
    const own = placeOfRun(record, here);
    if (own) return own;
    // A host that told nothing knows best whether it can go on with what it computed.
    if (!isAllKnown(state) || state.childError !== undefined) return { ...(await current()), ...hostGoesOn };
    return askPlace(record, here);
  };

  const isComputed = async (runId: string): Promise<boolean> => {
    const state = await client.compute.state();
    return listRunning(state).some((each) => each.runId === runId) || state.queue.includes(runId);
  };

  const begin = (runId: string, place: Place, finish = false): Promise<void> => {
    const request: StartRequest = { ...place.request, ...limit(), ...(finish && { finish }) };
    return isInWindow(place) ? window.start(runId, request) : client.runs.start(runId, request);
  };

  return {
    async start(runId, place) {
      const chosen = place ?? (await choose(runId));
      if (!chosen) return false;
      await begin(runId, chosen);
      return true;
    },
    async finish(runId) {
      if (await isComputed(runId)) {
        await client.runs.finish(runId);
        return true;
      }
      const chosen = await choose(runId);
      if (!chosen) return false;
      await begin(runId, chosen, true);
      return true;
    },
    async stop(runId) {
      window.stop(runId);
      await client.runs.stop(runId);
    },
    async estimate(request, { signal }) {
      const place = await current();
      const wanted = { ...request, ...place.request, ...limit() };
      return isInWindow(place) ? window.estimate(wanted, signal) : client.runs.estimate(wanted, { signal });
    },
  };
}

const hostGoesOn = { kind: "auto", request: {} } as const satisfies Partial<Place>;

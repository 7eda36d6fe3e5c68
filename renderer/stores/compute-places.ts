// Where runs can be computed: GPUs of this window, those of the host's process, and the CPU path of either; and which is chosen.
import { createStore } from "zustand/vanilla";
import type { AppInfo } from "../../shared/api/app.ts";
import type { AdapterList, StartRequest, WindowAdapters } from "../../shared/api/compute.ts";
import type { RunRecord } from "../../shared/api/runs.ts";

export interface Place {
  /** Stable, since it is remembered. */
  readonly id: string;
  /** Whose Worker or process computes; "auto" leaves all of it to the host. */
  readonly kind: "window" | "window-cpu" | "host" | "host-cpu" | "auto";
  /** Of the adapter or the runtime; empty for "auto". */
  readonly name: string;
  readonly isSoftware: boolean;
  readonly request: Pick<StartRequest, "backend" | "adapter">;
}

export const isInWindow = ({ kind }: Place): boolean => kind === "window" || kind === "window-cpu";

const autoPlace: Place = { id: "auto", kind: "auto", name: "", isSoftware: false, request: {} };

export interface PlacesState {
  readonly host: AppInfo["host"] | undefined;
  /** Missing until they are known. */
  readonly window: WindowAdapters | undefined;
  readonly child: AdapterList | undefined;
  readonly windowError: unknown;
  readonly childError: unknown;
  /** What was chosen once, whether or not it is there now. */
  readonly remembered: string | undefined;
  /** Bytes of a GPU's memory that a run may take. */
  readonly memoryLimit: number | undefined;
}

/** In the order in which they are offered. */
export function listPlaces({ host, window, child }: PlacesState): Place[] {
  const inWindow = (window?.adapters ?? []).map(
    ({ name, software }): Place => ({
      id: `window ${name}`,
      kind: "window",
      name,
      isSoftware: software,
      request: { backend: "webgpu", adapter: name },
    }),
  );
  const inHost = (child?.adapters ?? []).map(
    ({ name, software }): Place => ({
      id: `host ${name}`,
      kind: "host",
      name,
      isSoftware: software,
      request: { backend: "webgpu", adapter: name },
    }),
  );
  const hostCpu: Place[] = child?.cpu.runtime
    ? [{ id: "host cpu", kind: "host-cpu", name: child.cpu.model, isSoftware: false, request: { backend: "onnx" } }]
    : [];
  const windowCpu: Place[] = window
    ? [
        {
          id: "window cpu",
          kind: "window-cpu",
          name: String(window.threads),
          isSoftware: false,
          request: { backend: "onnx" },
        },
      ]
    : [];
  return host === "electron"
    ? [...inWindow, ...inHost, ...hostCpu, ...windowCpu]
    : [autoPlace, ...inHost, ...hostCpu, ...inWindow, ...windowCpu];
}

/** Whether each list has come, or will not. */
function areKnown({ host, window, windowError, child, childError }: PlacesState) {
  return {
    host: host !== undefined,
    window: window !== undefined || windowError !== undefined,
    child: child !== undefined || childError !== undefined,
  };
}

/**
 * What is taken unless something else was chosen: in a browser what the host takes by itself; on the desktop a real GPU,
 * of this window before the host's process, else the CPU. Undefined while a better one may still show up.
 */
function defaultPlace(state: PlacesState): Place | undefined {
  const known = areKnown(state);
  if (!known.host) return undefined;
  if (state.host === "server") return autoPlace;
  const places = listPlaces(state);
  const gpu = places.find(({ kind, isSoftware }) => (kind === "window" || kind === "host") && !isSoftware);
  if (!known.window || (!known.child && gpu?.kind !== "window")) return undefined;
  return gpu ?? places.find(({ kind }) => kind === "host-cpu") ?? places.find(({ kind }) => kind === "window-cpu");
}

/** What was chosen, where it is here; else the default. Undefined while that is not known, or where nothing computes. */
export function currentPlace(state: PlacesState): Place | undefined {
  if (state.remembered === undefined) return defaultPlace(state);
  const chosen = listPlaces(state).find(({ id }) => id === state.remembered);
  return chosen ?? (isAllKnown(state) ? defaultPlace(state) : undefined);
}

export const isAllKnown = (state: PlacesState): boolean => Object.values(areKnown(state)).every(Boolean);

/** What was chosen once and is not here now: something else is taken, and that is said. */
export function missingChoice(state: PlacesState): string | undefined {
  if (state.remembered === undefined || !isAllKnown(state)) return undefined;
  return listPlaces(state).some(({ id }) => id === state.remembered) ? undefined : state.remembered;
}

/** Where a run was computed so far: only there it goes on with the same bits. Undefined where that is not here. */
export function placeOfRun(
  { backend, adapter }: Pick<RunRecord, "backend" | "adapter">,
  places: readonly Place[],
): Place | undefined {
  if (backend === "onnx") {
    const kind = adapter.includes("WebAssembly") ? "window-cpu" : "host-cpu";
    return places.find((place) => place.kind === kind);
  }
  return places.find((place) => place.request.backend === backend && place.name === adapter);
}

/** Where a run does not go by itself. What the host takes of its own accord is no place for a run that has begun. */
export function listOtherPlaces(record: RunRecord, state: PlacesState): Place[] {
  const here = listPlaces(state);
  const isNew = record.sessions.length === 0;
  const own = isNew ? currentPlace(state) : placeOfRun(record, here);
  return here.filter(({ id, kind }) => id !== own?.id && (isNew || kind !== "auto"));
}

export interface PlacesPort {
  readonly app: () => Promise<Pick<AppInfo, "host">>;
  readonly window: (again: boolean) => Promise<WindowAdapters>;
  readonly child: () => Promise<AdapterList>;
  /** The page's storage; a private window may have none. */
  readonly storage: Pick<Storage, "getItem" | "setItem"> | undefined;
}

const KEY = "stillroom.compute-on";
const LIMIT_KEY = "stillroom.memory-limit";

export function createComputePlaces(port: PlacesPort) {
  const store = createStore<PlacesState>(() => ({
    host: undefined,
    window: undefined,
    child: undefined,
    windowError: undefined,
    childError: undefined,
    remembered: port.storage?.getItem(KEY) ?? undefined,
    memoryLimit: Number(port.storage?.getItem(LIMIT_KEY)) || undefined,
  }));
  let asked: Promise<void> | undefined;
  const ask = async (again: boolean) => {
    await Promise.all([
      port.app().then(
        ({ host }) => store.setState({ host }),
        // A host that did not answer is asked again the next time.
        () => {
          asked = undefined;
        },
      ),
      port.window(again).then(
        (window) => store.setState({ window, windowError: undefined }),
        (windowError: unknown) => store.setState({ windowError }),
      ),
      port.child().then(
        (child) => store.setState({ child, childError: undefined }),
        (childError: unknown) => store.setState({ childError }),
      ),
    ]);
  };
  return {
    store,
    /** Asks once; `again` after something has changed, e.g. a driver. */
    find(again = false): Promise<void> {
      if (!asked || again) asked = ask(again);
      return asked;
    },
    /** The current place, once it is known; undefined where nothing computes. */
    async current(): Promise<Place | undefined> {
      const known = currentPlace(store.getState());
      if (known) return known;
      const { promise, resolve } = Promise.withResolvers<Place | undefined>();
      const unsubscribe = store.subscribe((state) => {
        const place = currentPlace(state);
        if (place) resolve(place);
      });
      void this.find().then(() => resolve(currentPlace(store.getState())));
      return promise.finally(unsubscribe);
    },
    choose({ id }: Place): void {
      store.setState({ remembered: id });
      port.storage?.setItem(KEY, id);
    },
    limit(memoryLimit: number | undefined): void {
      store.setState({ memoryLimit });
      port.storage?.setItem(LIMIT_KEY, String(memoryLimit ?? ""));
    },
  };
}

export type ComputePlaces = ReturnType<typeof createComputePlaces>;

/** Whether it is known that this window has no real GPU. */
export function lacksGpu({ window, windowError }: PlacesState): boolean {
  return window ? window.adapters.every(({ software }) => software) : windowError !== undefined;
}

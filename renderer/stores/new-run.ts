// A run that is being put together: what was chosen, what was changed, and what the host makes of it.
import { createStore } from "zustand/vanilla";
import type { Client } from "../../shared/api/client.ts";
import type { EstimateAnswer } from "../../shared/api/compute.ts";
import type { ResolvedRecipe } from "../../shared/api/recipes.ts";
import { UserError } from "../../shared/lib/user-error.ts";
import type { Runner } from "./runner.ts";
import { isObject, isSame, type Json, listDifferences, listLeaves, nest, readPath } from "./tree.ts";

export interface NewRunChoice {
  readonly dataset: string | undefined;
  readonly recipe: string | undefined;
  readonly variant: "small" | "paper";
  /** What the user changed, by path. */
  readonly changes: Readonly<Record<string, Json>>;
  /** Whether the finished set is tested beside its baselines. */
  readonly evaluate: boolean;
}

export interface NewRunState extends NewRunChoice {
  readonly resolved: ResolvedRecipe | undefined;
  /** Whether the host has still to answer to the latest choice. */
  readonly isStale: boolean;
  /** What is wrong, by field; what belongs to no field is under "". */
  readonly problems: ReadonlyMap<string, string>;
  readonly error: unknown;
  readonly estimate: EstimateAnswer | undefined;
  readonly estimateError: unknown;
  readonly isMeasuring: boolean;
}

export interface NewRunPort {
  readonly recipes: Pick<Client["recipes"], "resolve">;
  readonly runs: Pick<Runner, "estimate">;
}

export function createNewRun(
  client: NewRunPort,
  pause: (milliseconds: number) => Promise<void> = (ms) => new Promise((done) => setTimeout(done, ms)),
) {
  const store = createStore<NewRunState>(() => ({
    dataset: undefined,
    recipe: undefined,
    variant: "small",
    changes: {},
    evaluate: true,
    resolved: undefined,
    isStale: false,
    problems: new Map(),
    error: undefined,
    estimate: undefined,
    estimateError: undefined,
    isMeasuring: false,
  }));
  let current = new AbortController();

  /** Asks the host after a moment without changes; an answer to an older choice is dropped. */
  const update = async () => {
    current.abort();
    const { signal } = (current = new AbortController());
    const { dataset, recipe, variant, changes, evaluate } = store.getState();
    const isStale = dataset !== undefined && recipe !== undefined;
    store.setState({ isMeasuring: false, isStale });
    if (!isStale) return;
    await pause(store.getState().resolved ? 200 : 0);
    if (signal.aborted) return;
    let resolved: ResolvedRecipe;
    try {
      const request = { recipe, dataset, changes: nest(changes), ...(variant === "small" && { variant }) };
      resolved = await client.recipes.resolve(request, { signal });
    } catch (error) {
      if (signal.aborted) return;
      const listed = error instanceof UserError ? (error.problems ?? []) : [];
      const problems = new Map<string, string>();
      for (const { path, message } of listed) {
        const before = problems.get(path);
        problems.set(path, before === undefined ? message : `${before}; ${message}`);
      }
      const other = listed.length > 0 ? undefined : error;
      store.setState({ problems, error: other, estimate: undefined, isStale: false });
      return;
    }
    if (signal.aborted) return;
    store.setState({ resolved, problems: new Map(), error: undefined, isStale: false });
    store.setState({ isMeasuring: true, estimateError: undefined });
    await pause(500);
    if (signal.aborted) return;
    try {
      const estimate = await client.runs.estimate({ recipe: resolved.recipe, dataset, evaluate }, { signal });
      if (!signal.aborted) store.setState({ estimate, isMeasuring: false });
    } catch (estimateError) {
      if (!signal.aborted) store.setState({ estimate: undefined, estimateError, isMeasuring: false });
    }
  };

  return {
    store,
    choose(choice: Partial<NewRunChoice>): Promise<void> {
      store.setState(choice);
      return update();
    },
    /** A value equal to the preset's is no change; another id has settings of its own. */
    set(path: string, value: Json): Promise<void> {
      const rest = withoutChange(store.getState().changes, path);
      const preset = presetOf(store.getState(), path);
      store.setState({ changes: isSame(value, preset) ? rest : { ...rest, [path]: value } });
      return update();
    },
    putBack(path: string): Promise<void> {
      store.setState({ changes: withoutChange(store.getState().changes, path) });
      return update();
    },
    putAllBack(): Promise<void> {
      store.setState({ changes: {} });
      return update();
    },
    /** The state once the host has answered to the latest choice: a run must not start with an older one. */
    settle: () =>
      new Promise<NewRunState>((resolve) => {
        const end = store.subscribe((state) => {
          if (state.isStale) return;
          end();
          resolve(state);
        });
        store.setState({}); // tells the subscriber of what is there already
      }),
    dispose: () => current.abort(),
  };
}

export type NewRun = ReturnType<typeof createNewRun>;

/** Failures of an estimate that the run itself would end with; others, such as another run's being computed, do not keep it from waiting. */
const REFUSALS: readonly string[] = [
  "memory-limit",
  "no-space",
  "artifact-damaged",
  "adapter-wrong",
  "adapter-crashed",
  "adapter",
  "no-adapter",
  "no-device",
  "no-webgpu",
  "no-onnx",
];

/** Whether the estimate found that the run cannot be computed as it is; `estimateError` says why. */
export const isRefused = ({ estimateError }: Pick<NewRunState, "estimateError">): boolean =>
  estimateError instanceof UserError && REFUSALS.includes(estimateError.code);

export const canStart = (state: NewRunState): boolean =>
  state.resolved !== undefined && state.problems.size === 0 && state.error === undefined && !isRefused(state);

const isId = (path: string) => path.endsWith(".id");
const isBelow = (path: string, id: string) => path !== id && path.startsWith(id.slice(0, -"id".length));

/** The changes but for one, and for those of the settings that belong to an id. */
function withoutChange(changes: NewRunChoice["changes"], path: string): Record<string, Json> {
  const kept = Object.entries(changes).filter(([each]) => each !== path && !(isId(path) && isBelow(each, path)));
  return Object.fromEntries(kept);
}

/** The preset's value of a setting; undefined where another id was chosen, whose settings the preset does not know. */
export function presetOf({ resolved, changes }: Pick<NewRunState, "resolved" | "changes">, path: string): Json {
  const isOther = Object.keys(changes).some((each) => isId(each) && isBelow(path, each));
  return isOther ? undefined : readPath(resolved?.preset, path);
}

/**
 * What a run's recipe changes against a preset, to begin a similar run with: all settings of another id. The dataset's own
 * facts are no change.
 */
export function changesAgainst(preset: Json, recipe: Json): Record<string, Json> {
  const differences = listDifferences([preset, recipe]).filter(({ values }) => values[1] !== undefined);
  // What is one value in the preset is one setting, such as `init`, which may be an object with a set.
  const settingOf = (path: string) => {
    const names = path.split(".");
    const places = names.map((_, at) => names.slice(0, at + 1).join("."));
    return places.find((place) => readPath(preset, place) !== undefined && !isObject(readPath(preset, place))) ?? path;
  };
  const changed = new Set(differences.map(({ path }) => settingOf(path)));
  const ids = [...changed].filter(isId);
  const settings = new Set(listLeaves(recipe).map(({ path }) => settingOf(path)));
  const leaves = [...settings]
    .map((path) => ({ path, value: readPath(recipe, path) }))
    .filter(({ path }) => (changed.has(path) || ids.some((id) => isBelow(path, id))) && !path.startsWith("dataset."));
  return Object.fromEntries(leaves.map(({ path, value }) => [path, value]));
}

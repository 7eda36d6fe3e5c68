// The table of runs as it was left: filter, order and selection, kept while other views are shown.
import { createStore } from "zustand/vanilla";
import type { RunFilter, SortKey } from "./run-rows.ts";

export interface RunTableState extends RunFilter {
  readonly sort: { readonly key: SortKey; readonly isDown: boolean };
  readonly chosen: ReadonlySet<string>;
  /** Where a range begins: the row that was last chosen by itself. */
  readonly anchor: string | undefined;
  /** The row that the keys act on. */
  readonly at: string | undefined;
}

const nothing: RunFilter = { query: "", dataset: undefined, method: undefined, state: undefined };

export function createRunTable() {
  const store = createStore<RunTableState>(() => ({
    ...nothing,
    sort: { key: "created", isDown: true },
    chosen: new Set(),
    anchor: undefined,
    at: undefined,
  }));
  const get = store.getState;
  /** `shown` are the rows in the order in which the person sees them. */
  const range = (shown: readonly string[], from: string | undefined, to: string): string[] => {
    const [a, b] = [shown.indexOf(from ?? to), shown.indexOf(to)];
    return a < 0 ? [to] : shown.slice(Math.min(a, b), Math.max(a, b) + 1);
  };
  const move = (shown: readonly string[], by: number): string | undefined => {
    const index = shown.indexOf(get().at ?? "");
    return shown[index < 0 ? 0 : Math.max(0, Math.min(shown.length - 1, index + by))];
  };
  return {
    store,
    filter: (filter: Partial<RunFilter>) => store.setState(filter),
    clearFilter: () => store.setState(nothing),
    /** The same column again turns the order round; numbers begin with the highest. */
    sortBy(key: SortKey, isNumber: boolean): void {
      const { sort } = get();
      store.setState({ sort: { key, isDown: sort.key === key ? !sort.isDown : isNumber } });
    },
    only: (id: string) => store.setState({ chosen: new Set([id]), anchor: id, at: id }),
    toggle(id: string): void {
      const chosen = new Set(get().chosen);
      if (!chosen.delete(id)) chosen.add(id);
      store.setState({ chosen, anchor: id, at: id });
    },
    /** From the anchor to this row, besides what was chosen before where `isAdding`. */
    extend(shown: readonly string[], id: string, isAdding = false): void {
      const { chosen, anchor } = get();
      store.setState({ chosen: new Set([...(isAdding ? chosen : []), ...range(shown, anchor, id)]), at: id });
    },
    chooseAll: (shown: readonly string[]) => store.setState({ chosen: new Set(shown) }),
    chooseNone: () => store.setState({ chosen: new Set(), anchor: undefined }),
    /** Moves the row that the keys act on, taking the range along while Shift is held. */
    step(shown: readonly string[], by: number, isExtending: boolean): void {
      const before = get();
      const id = move(shown, by);
      if (id === undefined) return;
      if (!isExtending) {
        store.setState({ at: id });
        return;
      }
      const anchor = before.chosen.size > 0 && before.anchor ? before.anchor : (before.at ?? id);
      store.setState({ chosen: new Set(range(shown, anchor, id)), anchor, at: id });
    },
    focus: (id: string) => store.setState({ at: id }),
    /** Runs that are gone are no longer chosen. */
    forget(gone: readonly string[]): void {
      const { chosen, anchor, at } = get();
      const isGone = (id: string | undefined) => id !== undefined && gone.includes(id);
      store.setState({
        chosen: new Set([...chosen].filter((id) => !gone.includes(id))),
        anchor: isGone(anchor) ? undefined : anchor,
        at: isGone(at) ? undefined : at,
      });
    },
  };
}

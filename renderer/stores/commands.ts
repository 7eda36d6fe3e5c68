// What can be done now: views bind handlers to the actions of the one list while they are shown.
import { createStore } from "zustand/vanilla";

export interface Binding {
  readonly perform: () => void;
  readonly isEnabled: boolean;
}

interface CommandsState {
  readonly bindings: Readonly<Record<string, Binding>>;
  /** Returns the way to take the binding back. A later binding of the same action goes before an earlier one. */
  bind(id: string, binding: Binding): () => void;
  run(id: string): boolean;
}

export const createCommands = () =>
  createStore<CommandsState>((set, get) => ({
    bindings: {},
    bind: (id, binding) => {
      const before = get().bindings[id];
      set(({ bindings }) => ({ bindings: { ...bindings, [id]: binding } }));
      return () =>
        set(({ bindings }) => {
          if (bindings[id] !== binding) return {};
          const { [id]: _, ...rest } = bindings;
          return { bindings: before ? { ...rest, [id]: before } : rest };
        });
    },
    run: (id) => {
      const binding = get().bindings[id];
      if (!binding?.isEnabled) return false;
      binding.perform();
      return true;
    },
  }));

// The layers that a paper's recipe is made of: its defaults, one of its cases, its small variant.
import { nearest } from "../lib/nearest.ts";
import { UserError } from "../lib/user-error.ts";
import type { Seed } from "./seed.ts";

type Settings = Readonly<Record<string, unknown>>;

export interface PresetChoice {
  readonly case?: string | undefined;
  readonly variant?: "small" | undefined;
}

/** `settings` with what the choice lays on it; `name` names the recipe in UserError "unknown-case". */
export function layersOf(
  { name, settings, seed }: { readonly name: string; readonly settings: Settings; readonly seed?: Seed | undefined },
  { case: wanted, variant }: PresetChoice,
): Settings[] {
  const layers = [settings];
  if (wanted !== undefined) {
    const { set, ipc, net } = findCase(name, seed, wanted);
    layers.push(set, { ipc, evaluation: { nets: [net] } });
  }
  if (variant === "small" && seed) layers.push(seed.small);
  return layers;
}

/** Throws UserError "unknown-case" with the nearest known name. */
export function findCase(name: string, seed: Seed | undefined, wanted: string): Seed["cases"][number] {
  const cases = seed?.cases ?? [];
  const found = cases.find((each) => each.name === wanted);
  if (found) return found;
  const known = cases.map((each) => each.name);
  const suggestion = nearest(wanted, known);
  const way = suggestion ? `Did you mean ${suggestion}? Known: ` : "Known: ";
  throw new UserError("unknown-case", `${name} has no case "${wanted}".`, `${way}${known.join(", ") || "none"}.`);
}

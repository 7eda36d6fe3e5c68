// The command palette: every action that can be done now, every run and every dataset, found by typing.
import { Modal, useMantineColorScheme } from "@mantine/core";
import { type KeyboardEvent, useEffect, useId, useRef, useState } from "react";
import { useStore } from "zustand";
import { type Action, actions } from "../../shared/api/actions.ts";
import { commands, compute, datasets, go, recipes, runs } from "../host.ts";
import { rankMatches } from "../stores/rank-matches.ts";
import { listRings } from "../stores/rings.ts";
import { text } from "../text.ts";
import { closeDialog } from "../ui.ts";
import { Keys } from "./keys.tsx";
import styles from "./palette.module.css";

const MAX_SHOWN = 12;
/** What was made last comes before anything is typed. */
const RECENT_RUNS = 5;
const RECENT_DATASETS = 3;

interface Entry {
  readonly id: string;
  readonly group: string;
  readonly label: string;
  readonly shortcut?: string | undefined;
  /** What tells entries of one name apart. */
  readonly note?: string;
  readonly perform: () => void;
}

function useEntries(hasQuery: boolean): Entry[] {
  const { bindings } = useStore(commands);
  const runList = useStore(runs.store).value?.runs ?? [];
  const datasetList = useStore(datasets.store).value?.datasets ?? [];
  const recipeList = useStore(recipes.store).value;
  const { setColorScheme } = useMantineColorScheme();
  const running = new Set(listRings(useStore(compute.store).value, runList).map(({ id }) => id));
  const ofRuns = runList.map(({ record }) => ({
    id: `run/${record.id}`,
    group: text.palette.groups.run,
    label: record.name,
    note: [...(running.has(record.id) ? [text.status.running] : []), text.runs.seed(record.seed)].join(", "),
    perform: () => go(["runs", record.id]),
  }));
  const ofDatasets = datasetList.map(({ id, name }) => ({
    id: `dataset/${id}`,
    group: text.palette.groups.dataset,
    label: name,
    perform: () => go(["datasets", id]),
  }));
  const ofActions = (actions as readonly Action[])
    .filter(({ id }) => id !== "palette" && bindings[id]?.isEnabled)
    .map(({ id, label, accelerator, key }) => ({
      id,
      group: text.palette.groups.action,
      label: label.replace("…", ""),
      shortcut: key ?? accelerator,
      perform: () => void commands.getState().run(id),
    }));
  const ofSchemes = (["auto", "light", "dark"] as const).map((scheme) => ({
    id: `look/${scheme}`,
    group: text.palette.groups.action,
    label: text.palette.schemes[scheme],
    perform: () => setColorScheme(scheme),
  }));
  const ofRecipes = (recipeList?.seeds ?? []).map((seed) => ({
    id: `recipe/${seed.id}`,
    group: text.palette.groups.recipe,
    label: `${recipeList?.methods.find(({ id }) => id === seed.method)?.title ?? seed.method}, ${seed.id}`,
    perform: () => go(["new-run"], { recipe: seed.id }),
  }));
  return hasQuery
    ? [...ofActions, ...ofRuns, ...ofDatasets, ...ofRecipes, ...ofSchemes]
    : [...ofActions, ...ofRuns.slice(0, RECENT_RUNS), ...ofDatasets.slice(0, RECENT_DATASETS), ...ofSchemes];
}

export function Palette() {
  const [query, setQuery] = useState("");
  const [at, setAt] = useState(0);
  const list = useId();
  const chosen = useRef<HTMLDivElement>(null);
  const all = rankMatches(useEntries(query !== ""), query, ({ label, group }) => `${label} ${group}`);
  const shown = query ? all.slice(0, MAX_SHOWN) : all;
  const index = Math.min(at, shown.length - 1);
  useEffect(() => {
    chosen.current?.scrollIntoView({ block: "nearest" });
  });

  const perform = (entry: Entry | undefined) => {
    if (!entry) return;
    closeDialog();
    // After the dialog has given the focus back, so that a dialog which follows can take it.
    setTimeout(entry.perform);
  };
  const press = (event: KeyboardEvent) => {
    if (event.key === "ArrowDown") setAt((index + 1) % Math.max(1, shown.length));
    else if (event.key === "ArrowUp") setAt((index - 1 + shown.length) % Math.max(1, shown.length));
    else if (event.key === "Enter") perform(shown[index]);
    else return;
    event.preventDefault();
  };

  return (
    <Modal
      opened
      onClose={closeDialog}
      withCloseButton={false}
      centered={false}
      yOffset="12vh"
      size={560}
      padding={0}
      attributes={{ content: { "aria-label": text.palette.label } }}
    >
      <input
        className={styles.input}
        data-autofocus
        role="combobox"
        aria-label={text.palette.placeholder}
        aria-expanded
        aria-controls={list}
        aria-activedescendant={shown[index] && `${list}-${shown[index].id}`}
        aria-autocomplete="list"
        placeholder={text.palette.placeholder}
        value={query}
        onChange={(event) => {
          setQuery(event.currentTarget.value);
          setAt(0);
        }}
        onKeyDown={press}
      />
      <div className={styles.list} id={list} role="listbox" aria-label={text.palette.label}>
        {shown.map((entry, i) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the field above has the focus and handles the keys.
          // biome-ignore lint/a11y/useFocusableInteractive: as above.
          <div
            key={entry.id}
            id={`${list}-${entry.id}`}
            ref={i === index ? chosen : undefined}
            role="option"
            aria-selected={i === index}
            className={styles.entry}
            onPointerMove={() => setAt(i)}
            onClick={() => perform(entry)}
          >
            <span className={styles.label}>{entry.label}</span>
            {entry.note && <span className={styles.group}>{entry.note}</span>}
            {entry.shortcut ? <Keys shortcut={entry.shortcut} /> : <span className={styles.group}>{entry.group}</span>}
          </div>
        ))}
      </div>
      {shown.length === 0 && <p className={styles.none}>{text.palette.none}</p>}
    </Modal>
  );
}

// A new run in three steps on one page: dataset, recipe, settings; what it costs stays in sight beside them.

import { Button, Select } from "@mantine/core";
import { IconDatabase, IconFileImport, IconSquareRoundedPlus } from "@tabler/icons-react";
import { useEffect, useMemo, useState } from "react";
import { useStore } from "zustand";
import type { EarlierSet } from "../../../shared/api/datasets.ts";
import type { RecipeList } from "../../../shared/api/recipes.ts";
import { EmptyState } from "../../components/empty-state.tsx";
import { ErrorPanel } from "../../components/error-panel.tsx";
import { Panel } from "../../components/panel.tsx";
import { useCrumbs } from "../../hooks/use-crumbs.ts";
import { useRemote } from "../../hooks/use-remote.ts";
import { client, commands, datasets, recipes, runner, runs } from "../../host.ts";
import { countPictures } from "../../stores/dataset.ts";
import { createNewRun, type NewRunChoice } from "../../stores/new-run.ts";
import type { Route } from "../../stores/route.ts";
import { recipeOf, startFrom, startFromCase, startFromOutside } from "../../stores/start-from.ts";
import { type JsonObject, readPath } from "../../stores/tree.ts";
import { text } from "../../text.ts";
import { openDialog, recipeDraft } from "../../ui.ts";
import { defineView } from "../view.ts";
import { CostPanel } from "./cost-panel.tsx";
import styles from "./new-run.module.css";
import { RecipeCards } from "./recipe-cards.tsx";
import { SettingsForm } from "./settings-form.tsx";

function NewRunView({ route }: { readonly route: Route }) {
  useCrumbs({ label: text.newRun.title });
  const list = useRemote(datasets);
  const known = useRemote(recipes);
  const past = useRemote(runs).value;
  const form = useMemo(() => createNewRun({ recipes: client.recipes, runs: { estimate: runner.estimate } }), []);
  useEffect(() => form.dispose, [form]);
  const state = useStore(form.store);

  const [sets, setSets] = useState<readonly EarlierSet[]>([]);
  useEffect(() => {
    let isWanted = true;
    setSets([]);
    // Without the list, a set is still given by its name; what is wrong with that is told by the form.
    const found = state.dataset === undefined ? Promise.resolve([]) : client.datasets.earlierSets(state.dataset);
    found.then(
      (answer) => isWanted && setSets(answer),
      () => {},
    );
    return () => {
      isWanted = false;
    };
  }, [state.dataset]);

  const stored = list.value?.datasets;
  const isTestable = (id: string) =>
    stored?.find((each) => each.id === id)?.classes.some(({ test }) => test > 0) ?? true;
  const { like: likeId, recipe: wantedRecipe, case: wantedCase, from, at } = route.query;
  const like = past?.runs.find(({ record }) => record.id === likeId)?.record;
  // A truth and no list: the form begins anew with every other value of this.
  const isReady =
    stored !== undefined &&
    stored.length > 0 &&
    known.value !== undefined &&
    (likeId === undefined || past !== undefined);
  const [startError, setStartError] = useState<unknown>();
  // Once everything that the first choice depends on is there.
  // biome-ignore lint/correctness/useExhaustiveDependencies: later answers must not undo what the user chose since.
  useEffect(() => {
    const recipeList = known.value;
    if (!isReady || !recipeList) return;
    const now = form.store.getState();
    const wanted = like?.dataset.id ?? route.query.dataset ?? now.dataset;
    const dataset = stored.find(({ id }) => id === wanted)?.id ?? stored[0].id;
    const { outside } = recipeDraft.getState();
    const begin = async (): Promise<Partial<NewRunChoice>> => {
      if (from === "file" && outside) return startFromOutside(client, dataset, recipeList, outside);
      const recipe = like && recipeOf(recipeList, readPath(like.recipe, "method.id"));
      if (like && recipe) return startFrom(client, dataset, recipe, like.recipe as JsonObject);
      const seed = recipeList.seeds.find(({ id }) => id === wantedRecipe);
      const ofCase = seed && startFromCase(seed, wantedCase);
      return ofCase ?? { recipe: wantedRecipe ?? firstOf(recipeList) ?? recipeList.methods[0]?.id, changes: {} };
    };
    begin().then(
      (start) => form.choose({ dataset, evaluate: like?.evaluate !== false && isTestable(dataset), ...start }),
      (error: unknown) => {
        setStartError(error);
        void form.choose({ dataset, recipe: firstOf(recipeList) });
      },
    );
  }, [isReady, at]);

  if (list.value && list.value.datasets.length === 0) {
    return (
      <EmptyState icon={IconDatabase} title={text.datasets.emptyTitle} message={text.newRun.noDataset}>
        <Button onClick={() => void commands.getState().run("import-folder")}>{text.importing.action}</Button>
      </EmptyState>
    );
  }
  const failure = list.error ?? known.error;
  if (failure !== undefined && !(list.value && known.value)) {
    return (
      <div className={styles.alone}>
        <ErrorPanel error={failure} />
      </div>
    );
  }
  if (!isReady || !known.value) return null;
  const dataset = stored.find(({ id }) => id === state.dataset);

  return (
    <div className={styles.page}>
      <div className={styles.steps}>
        {startError !== undefined && <ErrorPanel error={startError} />}
        <Panel title={`1  ${text.newRun.dataset}`}>
          <div className={styles.dataset}>
            <Select
              aria-label={text.newRun.dataset}
              data={stored.map(({ id, name }) => ({ value: id, label: name }))}
              value={state.dataset ?? null}
              onChange={(id) => id && form.choose({ dataset: id, evaluate: isTestable(id) })}
              allowDeselect={false}
              w={320}
            />
            {dataset && (
              <span className={styles.quiet}>
                {text.datasets.summary(dataset.classes.length, countPictures(dataset))},{" "}
                {text.datasets.shape(dataset.width, dataset.channels)}
              </span>
            )}
          </div>
        </Panel>
        <Panel
          title={`2  ${text.newRun.recipe}`}
          tools={
            <>
              {like && <span>{text.newRun.from(like.name)}</span>}
              <Button
                size="compact-xs"
                variant="subtle"
                color="gray"
                leftSection={<IconFileImport size={14} />}
                onClick={() => openDialog({ kind: "recipe" })}
              >
                {text.newRun.openRecipe}
              </Button>
            </>
          }
        >
          <RecipeCards list={known.value} form={form} state={state} datasetName={dataset?.name ?? ""} />
        </Panel>
        <SettingsForm
          schema={known.value.recipeSchema}
          form={form}
          state={state}
          sets={sets}
          classes={dataset?.classes.length ?? 0}
        />
      </div>
      <CostPanel form={form} state={state} dataset={dataset} isTestable={isTestable(state.dataset ?? "")} />
    </div>
  );
}

/** Who has not chosen begins with the cheapest: distribution matching trains no network inside its loop. */
const firstOf = ({ seeds }: RecipeList) => (seeds.find(({ method }) => method === "dm") ?? seeds[0])?.id;

export const newRunView = defineView({
  id: "new-run",
  title: text.newRun.title,
  icon: IconSquareRoundedPlus,
  path: "new-run",
  under: "runs",
  shortcut: "new-run",
  Component: NewRunView,
});

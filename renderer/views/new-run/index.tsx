// A new run in three steps on one page: dataset, recipe, settings; what it costs stays in sight beside them.
import { Button, Select } from "@mantine/core";
import { IconDatabase, IconSquareRoundedPlus } from "@tabler/icons-react";
import { useEffect, useMemo } from "react";
import { useStore } from "zustand";
import { EmptyState } from "../../components/empty-state.tsx";
import { ErrorPanel } from "../../components/error-panel.tsx";
import { Panel } from "../../components/panel.tsx";
import { useCrumbs } from "../../hooks/use-crumbs.ts";
import { useRemote } from "../../hooks/use-remote.ts";
import { client, commands, datasets, recipes, runner, runs } from "../../host.ts";
import { countPictures } from "../../stores/dataset.ts";
import { changesAgainst, createNewRun } from "../../stores/new-run.ts";
import type { Route } from "../../stores/route.ts";
import { readPath } from "../../stores/tree.ts";
import { text } from "../../text.ts";
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

  const stored = list.value?.datasets;
  const like = past?.runs.find(({ record }) => record.id === route.query.like)?.record;
  const isReady = stored && stored.length > 0 && known.value && (route.query.like === undefined || past);
  // Once everything that the first choice depends on is there.
  // biome-ignore lint/correctness/useExhaustiveDependencies: later answers must not undo what the user chose since.
  useEffect(() => {
    if (!isReady || !known.value || form.store.getState().dataset !== undefined) return;
    const wanted = like?.dataset.id ?? route.query.dataset;
    const dataset = stored.find(({ id }) => id === wanted)?.id ?? stored[0].id;
    const method = readPath(like?.recipe, "method.id");
    const seed = known.value.seeds.find((each) => each.method === method) ?? known.value.seeds[0];
    const recipe = seed?.id ?? known.value.methods[0]?.id;
    form.choose({ dataset, recipe }).then(() => undefined);
    if (like && recipe) {
      client.recipes.resolve({ dataset, recipe, variant: "small" }).then(({ preset }) => {
        form.choose({ changes: changesAgainst(preset, like.recipe) });
      });
    }
  }, [isReady]);

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
        <Panel title={`1  ${text.newRun.dataset}`}>
          <div className={styles.dataset}>
            <Select
              aria-label={text.newRun.dataset}
              data={stored.map(({ id, name }) => ({ value: id, label: name }))}
              value={state.dataset ?? null}
              onChange={(id) => id && form.choose({ dataset: id })}
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
        <Panel title={`2  ${text.newRun.recipe}`}>
          <RecipeCards list={known.value} form={form} state={state} datasetName={dataset?.name ?? ""} />
        </Panel>
        <SettingsForm schema={known.value.recipeSchema} form={form} state={state} />
      </div>
      <CostPanel form={form} state={state} dataset={dataset} />
    </div>
  );
}

export const newRunView = defineView({
  id: "new-run",
  title: text.newRun.title,
  icon: IconSquareRoundedPlus,
  path: "new-run",
  shortcut: "new-run",
  isInRail: true,
  Component: NewRunView,
});

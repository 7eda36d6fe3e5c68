// The recipes that come with the program: one a paper, with its source and what it published, beside what was reached here.
import { Button, TextInput } from "@mantine/core";
import { IconBook2, IconFileImport, IconSearch } from "@tabler/icons-react";
import { useState } from "react";
import { EmptyState } from "../../components/empty-state.tsx";
import { ErrorPanel } from "../../components/error-panel.tsx";
import { useCrumbs } from "../../hooks/use-crumbs.ts";
import { useRemote } from "../../hooks/use-remote.ts";
import { recipes, runs, scores } from "../../host.ts";
import { findOurBest } from "../../stores/paper-against-ours.ts";
import { rankMatches } from "../../stores/rank-matches.ts";
import { text } from "../../text.ts";
import { openDialog } from "../../ui.ts";
import { defineView } from "../view.ts";
import { RecipePanel } from "./recipe-panel.tsx";
import styles from "./recipes.module.css";

function Recipes() {
  useCrumbs({ label: text.recipes.title });
  const { value, error } = useRemote(recipes);
  const list = useRemote(runs).value?.runs ?? [];
  const known = useRemote(scores).value ?? new Map();
  const [query, setQuery] = useState("");
  if (error !== undefined && !value) {
    return (
      <div className={styles.page}>
        <ErrorPanel error={error} />
      </div>
    );
  }
  if (!value) return null;
  const methodOf = (id: string) => value.methods.find((each) => each.id === id);
  const shown = rankMatches(value.seeds, query, ({ method, paper, cases, id }) =>
    [id, methodOf(method)?.title, paper.title, paper.authors, paper.year, ...cases.map(({ dataset }) => dataset)].join(
      " ",
    ),
  );
  const withoutSeed = value.methods.filter(({ id }) => !value.seeds.some(({ method }) => method === id));
  const openRecipe = (
    <Button variant="default" leftSection={<IconFileImport size={14} />} onClick={() => openDialog({ kind: "recipe" })}>
      {text.recipes.fromFile}
    </Button>
  );
  if (value.seeds.length === 0 && withoutSeed.length === 0) {
    return (
      <EmptyState icon={IconBook2} title={text.recipes.empty} message={text.recipes.hint}>
        {openRecipe}
      </EmptyState>
    );
  }
  return (
    <div className={styles.page}>
      <div className={styles.bar}>
        <TextInput
          className={styles.filter}
          leftSection={<IconSearch size={14} aria-hidden />}
          placeholder={text.recipes.filter}
          aria-label={text.recipes.filter}
          value={query}
          onChange={(event) => setQuery(event.currentTarget.value)}
        />
        <p className={styles.hint}>{text.recipes.hint}</p>
        {openRecipe}
      </div>
      {shown.map((seed) => (
        <RecipePanel
          key={seed.id}
          id={seed.id}
          seed={seed}
          method={methodOf(seed.method)}
          isOpen={value.seeds.length < 4 || seed.cases.some((each) => findOurBest(seed, each, list, known))}
          runs={list}
          scores={known}
        />
      ))}
      {query === "" &&
        withoutSeed.map((method) => (
          <RecipePanel key={method.id} id={method.id} method={method} isOpen={false} runs={list} scores={known} />
        ))}
      {shown.length === 0 && query !== "" && <p className={styles.quiet}>{text.recipes.none}</p>}
    </div>
  );
}

export const recipesView = defineView({
  id: "recipes",
  title: text.recipes.title,
  icon: IconBook2,
  path: "recipes",
  shortcut: "recipes",
  isInRail: true,
  Component: Recipes,
});

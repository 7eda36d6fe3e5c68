// The recipes as cards: what the method does, whose it is, what was published for this dataset, and what it costs here.
import { SegmentedControl } from "@mantine/core";
import type { RecipeList } from "../../../shared/api/recipes.ts";
import { findNearestPublished } from "../../../shared/recipe/published.ts";
import type { Seed } from "../../../shared/recipe/seed.ts";
import { formatBytes } from "../../stores/format.ts";
import type { NewRun, NewRunState } from "../../stores/new-run.ts";
import { readPath } from "../../stores/tree.ts";
import { text } from "../../text.ts";
import styles from "./new-run.module.css";

interface RecipeCardsProps {
  readonly list: RecipeList;
  readonly form: NewRun;
  readonly state: NewRunState;
  readonly datasetName: string;
}

export function RecipeCards({ list, form, state, datasetName }: RecipeCardsProps) {
  const ipc = Number(readPath(state.resolved?.recipe, "ipc") ?? 1);
  const withoutSeed = list.methods.filter(({ id }) => !list.seeds.some(({ method }) => method === id));
  const cards: readonly { id: string; method: string; seed?: Seed }[] = [
    ...list.seeds.map((seed) => ({ id: seed.id, method: seed.method, seed })),
    ...withoutSeed.map(({ id }) => ({ id, method: id })),
  ];
  return (
    <div className={styles.recipes}>
      <div className={styles.cards} role="radiogroup" aria-label={text.newRun.recipe}>
        {cards.map(({ id, method: methodId, seed }) => {
          const method = list.methods.find((each) => each.id === methodId);
          const isChosen = state.recipe === id;
          return (
            <label key={id} className={styles.card} data-chosen={isChosen || undefined}>
              <input
                type="radio"
                name="recipe"
                checked={isChosen}
                onChange={() => form.choose({ recipe: id, changes: {} })}
              />
              <span className={styles.cardTitle}>{method?.title ?? methodId}</span>
              <span>{method?.summary}</span>
              <span className={styles.quiet}>
                {seed ? text.newRun.paper(seed.paper.authors, seed.paper.venue, seed.paper.year) : text.newRun.noPaper}
              </span>
              <span className={styles.quiet}>{seed && sayPublished(seed, datasetName, ipc)}</span>
              <span className={styles.costHere}>{isChosen && sayCost(state)}</span>
            </label>
          );
        })}
      </div>
      <div className={styles.variant}>
        <SegmentedControl
          aria-label={text.newRun.variant}
          data={[
            { value: "small", label: text.newRun.variants.small },
            { value: "paper", label: text.newRun.variants.paper },
          ]}
          value={state.variant}
          onChange={(value) => form.choose({ variant: value as "small" | "paper" })}
        />
        <span className={styles.quiet}>{text.newRun.variantHint[state.variant]}</span>
      </div>
    </div>
  );
}

function sayPublished(seed: Seed, datasetName: string, ipc: number): string {
  const found = findNearestPublished(seed, datasetName, ipc);
  if (!found) return text.newRun.noPublished;
  const { mean, std } = found.published;
  const figure = text.newRun.published(`${found.dataset} ipc ${found.ipc}`, mean, std);
  return found.ipc === ipc ? figure : `${figure} (${text.newRun.nearestIpc})`;
}

function sayCost({ estimate, isMeasuring }: NewRunState): string {
  if (!estimate || isMeasuring) return isMeasuring ? text.newRun.measuring : "";
  const { memoryBytes, estimate: here } = estimate;
  return text.newRun.costHere(
    text.newRun.about(here.totalSeconds),
    memoryBytes === undefined ? undefined : formatBytes(memoryBytes),
  );
}

// The recipes as cards: what the method does, whose it is, and what was published for this dataset.
import { SegmentedControl } from "@mantine/core";
import type { RecipeList } from "../../../shared/api/recipes.ts";
import type { NewRun, NewRunState } from "../../stores/new-run.ts";
import { findPublished } from "../../stores/published.ts";
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
  return (
    <div className={styles.recipes}>
      <div className={styles.cards} role="radiogroup" aria-label={text.newRun.recipe}>
        {list.seeds.map((seed) => {
          const method = list.methods.find(({ id }) => id === seed.method);
          const published = findPublished(seed, datasetName, ipc);
          return (
            <label key={seed.id} className={styles.card} data-chosen={state.recipe === seed.id || undefined}>
              <input
                type="radio"
                name="recipe"
                checked={state.recipe === seed.id}
                onChange={() => form.choose({ recipe: seed.id, changes: {} })}
              />
              <span className={styles.cardTitle}>{method?.title ?? seed.method}</span>
              <span>{method?.summary}</span>
              <span className={styles.quiet}>
                {text.newRun.paper(seed.paper.authors, seed.paper.venue, seed.paper.year)}
              </span>
              <span className={styles.quiet}>
                {published
                  ? text.newRun.published(
                      `${published.dataset} ipc ${published.ipc}`,
                      published.published.mean,
                      published.published.std,
                    )
                  : text.newRun.noPublished}
              </span>
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

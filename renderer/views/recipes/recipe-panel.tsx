// One recipe: what its method does, the paper, and its cases with published figures beside the best run here.
import { ActionIcon, Anchor, Button, Tooltip } from "@mantine/core";
import { IconExternalLink, IconPlayerPlay } from "@tabler/icons-react";
import { useState } from "react";
import type { MethodCard } from "../../../shared/api/recipes.ts";
import type { Case } from "../../../shared/recipe/published.ts";
import type { Seed } from "../../../shared/recipe/seed.ts";
import { formatPublished, PaperDialog } from "../../components/paper-dialog.tsx";
import { go } from "../../host.ts";
import { formatCount, formatSpread } from "../../stores/format.ts";
import { findOurBest } from "../../stores/paper-against-ours.ts";
import { toHash } from "../../stores/route.ts";
import type { ListedRun } from "../../stores/run-rows.ts";
import type { Score } from "../../stores/scores.ts";
import { text } from "../../text.ts";
import { PaperAgainstOurs } from "./paper-against-ours.tsx";
import styles from "./recipes.module.css";

interface RecipePanelProps {
  readonly id: string;
  readonly seed?: Seed;
  readonly method: MethodCard | undefined;
  readonly isOpen: boolean;
  readonly runs: readonly ListedRun[];
  readonly scores: ReadonlyMap<string, readonly Score[]>;
}

export function RecipePanel({ id, seed, method, isOpen, runs, scores }: RecipePanelProps) {
  const paper = seed?.paper;
  return (
    <section className={styles.recipe} aria-label={method?.title ?? id}>
      <header className={styles.head}>
        <div className={styles.words}>
          <h2 className={styles.title}>{method?.title ?? id}</h2>
          <p>{method?.summary}</p>
          {paper ? (
            <p className={styles.quiet}>
              {paper.authors}:{" "}
              <Anchor href={paper.url} target="_blank" rel="noreferrer" underline="always" inherit>
                {paper.title} <IconExternalLink size={12} aria-hidden />
              </Anchor>
              , {paper.venue} {paper.year}
            </p>
          ) : (
            <p className={styles.quiet}>{text.recipes.noSeed}</p>
          )}
          {seed && (
            <p className={styles.quiet}>
              {text.recipes.settingsFrom} {seed.source}
            </p>
          )}
        </div>
        <Button
          leftSection={<IconPlayerPlay size={14} />}
          variant="default"
          onClick={() => go(["new-run"], { recipe: id })}
        >
          {text.recipes.start}
        </Button>
      </header>
      {seed && seed.cases.length > 0 && (
        <details open={isOpen} className={styles.cases}>
          <summary>
            {text.recipes.cases} ({formatCount(seed.cases.length)})
          </summary>
          <table className={`small-table ${styles.table}`}>
            <thead>
              <tr>
                <th scope="col">{text.recipes.dataset}</th>
                <th scope="col" data-number>
                  {text.recipes.ipc}
                </th>
                <th scope="col">{text.recipes.net}</th>
                <th scope="col" data-number>
                  {text.recipes.published}
                </th>
                <th scope="col" data-number>
                  {text.recipes.here}
                </th>
                <td />
                <td />
                <th scope="col">{text.recipes.source}</th>
                <td />
              </tr>
            </thead>
            <tbody>
              {seed.cases.map((each) => (
                <CaseRow key={each.name} id={id} each={each} best={findOurBest(seed, each, runs, scores)} />
              ))}
            </tbody>
          </table>
        </details>
      )}
    </section>
  );
}

interface CaseRowProps {
  readonly id: string;
  readonly each: Case;
  readonly best: ReturnType<typeof findOurBest>;
}

function CaseRow({ id, each, best }: CaseRowProps) {
  const name = `${each.dataset} ipc ${each.ipc}`;
  const { mean, std, source } = each.published;
  const [isOpen, setOpen] = useState(false);
  return (
    <tr>
      <th scope="row">{each.dataset}</th>
      <td data-number>{each.ipc}</td>
      <td>{each.net}</td>
      <td data-number>{formatPublished(mean, std)}</td>
      <td data-number>
        {best && (
          <a href={toHash(["runs", best.run.id])} title={best.run.name}>
            {formatSpread(best.ours.mean, best.ours.std)}
          </a>
        )}
      </td>
      <td className={styles.plot}>{best && <PaperAgainstOurs published={each.published} ours={best.ours} />}</td>
      <td className={styles.differences}>
        {best && (
          <Button
            size="compact-xs"
            variant="subtle"
            aria-label={text.paper.of(name)}
            title={text.paper.title}
            onClick={() => setOpen(true)}
          >
            {text.paper.differences(best.differences.length)}
          </Button>
        )}
        {best && isOpen && <PaperDialog compared={best} onClose={() => setOpen(false)} />}
      </td>
      <td className={styles.source}>{source}</td>
      <td>
        <Tooltip label={text.recipes.startCase(name)}>
          <ActionIcon
            size={24}
            aria-label={text.recipes.startCase(name)}
            onClick={() => go(["new-run"], { recipe: id, case: each.name })}
          >
            <IconPlayerPlay size={14} />
          </ActionIcon>
        </Tooltip>
      </td>
    </tr>
  );
}

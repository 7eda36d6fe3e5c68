// Accuracy of a run's sets as trials are tested, with the paper's figure where its dataset and ipc are the same.
import { memo, useMemo } from "react";
import type { EvaluationFile, RunRecord } from "../../../shared/api/runs.ts";
import { findPublished, isSameName, listProtocolDifferences } from "../../../shared/recipe/published.ts";
import type { Seed } from "../../../shared/recipe/seed.ts";
import { Panel } from "../../components/panel.tsx";
import { type Published, Scores } from "../../components/scores.tsx";
import type { Evaluation } from "../../stores/run-state.ts";
import { gatherScores, scoresOf } from "../../stores/scores.ts";
import { readPath, showValue } from "../../stores/tree.ts";
import { text } from "../../text.ts";
import { JudgedSteps } from "./judged-steps.tsx";

interface AccuracyPanelProps {
  readonly record: RunRecord | undefined;
  readonly evaluation: EvaluationFile | undefined;
  readonly evaluations: readonly Evaluation[];
  readonly judged: readonly Evaluation[];
  readonly seeds: readonly Seed[] | undefined;
  /** What is trained now, in words. */
  readonly note: string | undefined;
}

export const AccuracyPanel = memo(function AccuracyPanel(props: AccuracyPanelProps) {
  const { record, evaluation, evaluations, judged, seeds, note } = props;
  const scores = useMemo(
    () => (evaluation ? scoresOf(evaluation) : gatherScores(evaluations)),
    [evaluation, evaluations],
  );
  const published = useMemo(() => record && toPublished(record, seeds ?? []), [record, seeds]);
  const empty =
    record?.evaluate === false
      ? text.run.noEvaluation
      : note === undefined
        ? text.run.accuracyEmpty
        : text.run.accuracyWaits;
  return (
    <Panel title={text.run.accuracy} tools={note}>
      {judged.length > 0 && <JudgedSteps judged={judged} />}
      <Scores scores={scores} published={published} empty={empty} />
    </Panel>
  );
});

function toPublished({ recipe, dataset }: RunRecord, seeds: readonly Seed[]): Published | undefined {
  const ipc = Number(readPath(recipe, "ipc"));
  for (const seed of seeds.filter(({ method }) => method === readPath(recipe, "method.id"))) {
    const found = findPublished(seed, dataset.name, ipc);
    if (!found) continue;
    const { mean, std, source } = found.published;
    const { authors, venue, year } = seed.paper;
    const own = { path: text.run.paperDataset, paper: found.dataset, ours: dataset.name };
    const differences = [
      ...(isSameName(own.paper, own.ours) ? [] : [own]),
      ...listProtocolDifferences(recipe, seed, found),
    ].map((each) => text.run.paperDifference(each.path, showValue(each.paper), showValue(each.ours)));
    const notes = [
      `${text.newRun.paper(authors, venue, year)}. ${text.run.paperSource(source)}`,
      differences.length > 0 ? text.run.paperOther(differences.length) : text.run.paperSame,
    ];
    return { mean: mean / 100, std: std === undefined ? undefined : std / 100, notes, differences };
  }
  return undefined;
}

// Accuracy of a run's sets as trials are tested, with the paper's figure where its dataset and ipc are the same.
import { memo, useMemo } from "react";
import type { EvaluationFile, RunRecord } from "../../../shared/api/runs.ts";
import type { Seed } from "../../../shared/recipe/seed.ts";
import { Panel } from "../../components/panel.tsx";
import { Scores } from "../../components/scores.tsx";
import { compareWithPaper, findCaseOf } from "../../stores/paper-against-ours.ts";
import type { Evaluation } from "../../stores/run-state.ts";
import { gatherScores, scoresOf } from "../../stores/scores.ts";
import { text } from "../../text.ts";
import { JudgedSteps } from "./judged-steps.tsx";

interface AccuracyPanelProps {
  readonly record: RunRecord | undefined;
  readonly evaluation: EvaluationFile | undefined;
  readonly evaluations: readonly Evaluation[];
  readonly judged: readonly Evaluation[];
  readonly seeds: readonly Seed[] | undefined;
  /** Steps of a distillation that was ended by hand. */
  readonly endedAt: number | undefined;
  /** What is trained now, in words. */
  readonly note: string | undefined;
}

export const AccuracyPanel = memo(function AccuracyPanel(props: AccuracyPanelProps) {
  const { record, evaluation, evaluations, judged, seeds, endedAt, note } = props;
  const scores = useMemo(
    () => (evaluation ? scoresOf(evaluation) : gatherScores(evaluations)),
    [evaluation, evaluations],
  );
  const published = useMemo(() => record && findCaseOf(record, seeds ?? []), [record, seeds]);
  const compared = useMemo(() => {
    if (!record || !published?.isSameIpc) return undefined;
    return compareWithPaper(published.seed, published.found, record, scores, endedAt);
  }, [record, published, scores, endedAt]);
  const empty =
    record?.evaluate === false
      ? text.run.noEvaluation
      : note === undefined
        ? text.run.accuracyEmpty
        : text.run.accuracyWaits;
  const noPaper =
    compared || !record || !seeds
      ? undefined
      : text.paper.none(record.dataset.name, published && { ipc: published.found.ipc, ...published.found.published });
  return (
    <Panel title={text.run.accuracy} tools={note}>
      {judged.length > 0 && <JudgedSteps judged={judged} />}
      <Scores scores={scores} compared={compared} noPaper={noPaper} empty={empty} />
    </Panel>
  );
});

// The runs made with a dataset, with ways to each.
import { StateWord } from "../../components/state-word.tsx";
import { useRemote } from "../../hooks/use-remote.ts";
import { compute, type runs, scores } from "../../host.ts";
import { formatCount, formatSpread, formatWhen } from "../../stores/format.ts";
import { toHash } from "../../stores/route.ts";
import { toRows } from "../../stores/run-rows.ts";
import { text } from "../../text.ts";
import styles from "./dataset-runs.module.css";

export type RunEntries = NonNullable<ReturnType<typeof runs.store.getState>["value"]>["runs"];

export function DatasetRuns({ runs }: { readonly runs: RunEntries }) {
  const known = useRemote(scores).value ?? new Map();
  const computing = useRemote(compute).value;
  return (
    <table className={`small-table ${styles.table}`} aria-label={text.datasets.runs}>
      <thead>
        <tr>
          <th scope="col">{text.runs.name}</th>
          <th scope="col">{text.runs.state}</th>
          <th scope="col">{text.runs.method}</th>
          <th scope="col" data-number>
            {text.runs.ipc}
          </th>
          <th scope="col" data-number>
            {text.runs.accuracy}
          </th>
          <th scope="col" data-number>
            {text.runs.created}
          </th>
        </tr>
      </thead>
      <tbody>
        {toRows(runs, known, computing).map((row) => (
          <tr key={row.id}>
            <th scope="row">
              <a href={toHash(["runs", row.id])}>{row.name}</a>
            </th>
            <td>
              <StateWord status={row.state} />
            </td>
            <td>{row.method}</td>
            <td data-number>{formatCount(row.ipc)}</td>
            <td data-number>{row.distilled && formatSpread(row.distilled.mean, row.distilled.std)}</td>
            <td data-number>{formatWhen(row.created)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

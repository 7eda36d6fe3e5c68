// All runs as a table that sorts and filters, with accuracy beside random's; some can be chosen and compared.
import { ActionIcon, Button, Checkbox, Menu, TextInput } from "@mantine/core";
import { IconChevronDown, IconChevronUp, IconDots, IconFlask2, IconSearch } from "@tabler/icons-react";
import { useState } from "react";
import { Confirm } from "../../components/confirm.tsx";
import { EmptyState } from "../../components/empty-state.tsx";
import { ErrorPanel } from "../../components/error-panel.tsx";
import { StateWord } from "../../components/state-word.tsx";
import { useCrumbs } from "../../hooks/use-crumbs.ts";
import { useRemote } from "../../hooks/use-remote.ts";
import { client, compute, go, refreshRuns, runs, scores } from "../../host.ts";
import { formatCount, formatDuration, formatSpread, formatWhen } from "../../stores/format.ts";
import { toHash } from "../../stores/route.ts";
import { columns, filterRows, type RunRow, type SortKey, sortRows, toRows } from "../../stores/run-rows.ts";
import { text } from "../../text.ts";
import { defineView } from "../view.ts";
import styles from "./runs.module.css";

const MAX_COMPARED = 4;

function Runs() {
  useCrumbs({ label: text.runs.title });
  const { value, error } = useRemote(runs);
  const known = useRemote(scores).value;
  const computing = useRemote(compute).value;
  const [query, setQuery] = useState("");
  const [sort, setSort] = useState<{ key: SortKey; isDown: boolean }>({ key: "created", isDown: true });
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [toDelete, setToDelete] = useState<RunRow>();

  if (error !== undefined && !value) {
    return (
      <div className={styles.page}>
        <ErrorPanel error={error} />
      </div>
    );
  }
  if (!value) return null;
  if (value.runs.length === 0 && value.broken.length === 0) {
    return (
      <EmptyState icon={IconFlask2} title={text.runs.emptyTitle} message={text.runs.empty}>
        <Button onClick={() => go(["new-run"])}>{text.newRun.title}</Button>
      </EmptyState>
    );
  }
  const rows = toRows(value.runs, known ?? new Map(), computing?.running?.runId);
  const shown = sortRows(filterRows(rows, query), sort.key, sort.isDown);
  const there = [...chosen].filter((id) => rows.some((row) => row.id === id));
  const toggle = (id: string) => {
    const next = new Set(chosen);
    if (!next.delete(id)) next.add(id);
    setChosen(next);
  };

  return (
    <div className={styles.page}>
      <div className={styles.bar}>
        <TextInput
          className={styles.filter}
          leftSection={<IconSearch size={14} aria-hidden />}
          placeholder={text.runs.filter}
          aria-label={text.runs.filter}
          value={query}
          onChange={(event) => setQuery(event.currentTarget.value)}
        />
        <Button
          variant="default"
          disabled={there.length < 2 || there.length > MAX_COMPARED}
          title={text.runs.compareHint}
          onClick={() => go(["compare"], { runs: there.join(",") })}
        >
          {text.runs.compare(there.length)}
        </Button>
        <Button onClick={() => go(["new-run"])}>{text.newRun.title}</Button>
      </div>
      <div className={styles.frame}>
        <table className={styles.table}>
          <thead>
            <tr>
              <td />
              {columns.map(({ key, isNumber }) => (
                <th
                  key={key}
                  scope="col"
                  data-number={isNumber || undefined}
                  aria-sort={sort.key === key ? (sort.isDown ? "descending" : "ascending") : "none"}
                >
                  <button
                    type="button"
                    onClick={() => setSort({ key, isDown: sort.key === key ? !sort.isDown : isNumber })}
                  >
                    {text.runs[key]}
                    {sort.key === key && (sort.isDown ? <IconChevronDown size={12} /> : <IconChevronUp size={12} />)}
                  </button>
                </th>
              ))}
              <td />
            </tr>
          </thead>
          <tbody>
            {shown.map((row) => (
              <tr key={row.id} data-chosen={chosen.has(row.id) || undefined}>
                <td>
                  <Checkbox
                    aria-label={text.runs.select(row.name)}
                    checked={chosen.has(row.id)}
                    onChange={() => toggle(row.id)}
                  />
                </td>
                <td>
                  <StateWord status={row.state} />
                </td>
                <th scope="row">
                  <a href={toHash(["runs", row.id])}>{row.name}</a>
                </th>
                <td>{row.dataset}</td>
                <td>{row.method}</td>
                <td data-number>{formatCount(row.ipc)}</td>
                <td data-number>{row.distilled && formatSpread(row.distilled.mean, row.distilled.std)}</td>
                <td data-number className={styles.quiet}>
                  {row.randomScore && formatSpread(row.randomScore.mean, row.randomScore.std)}
                </td>
                <td data-number>{formatWhen(row.created)}</td>
                <td data-number>{row.took > 0 ? formatDuration(row.took) : ""}</td>
                <td>
                  <Menu position="bottom-end">
                    <Menu.Target>
                      <ActionIcon size={24} aria-label={text.runs.actions(row.name)}>
                        <IconDots size={16} />
                      </ActionIcon>
                    </Menu.Target>
                    <Menu.Dropdown>
                      <Menu.Item onClick={() => go(["runs", row.id])}>{text.runs.open}</Menu.Item>
                      <Menu.Item onClick={() => go(["new-run"], { like: row.id })}>{text.runs.again}</Menu.Item>
                      <Menu.Item color="bad" onClick={() => setToDelete(row)}>
                        {text.runs.delete}
                      </Menu.Item>
                    </Menu.Dropdown>
                  </Menu>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
        {shown.length === 0 && <p className={styles.none}>{text.runs.none}</p>}
      </div>
      {value.broken.length > 0 && (
        <ErrorPanel
          error={{
            message: text.runs.broken,
            hint: value.broken.map(({ path, reason }) => `${path}: ${reason}`).join("\n"),
          }}
        />
      )}
      {toDelete && (
        <Confirm
          title={text.runs.deleteTitle(toDelete.name)}
          message={text.runs.deleteMessage}
          action={text.delete}
          onClose={() => setToDelete(undefined)}
          onConfirm={async () => {
            await client.runs.delete(toDelete.id);
            await refreshRuns();
          }}
        />
      )}
    </div>
  );
}

export const runsView = defineView({
  id: "runs",
  title: text.runs.title,
  icon: IconFlask2,
  path: "runs",
  shortcut: "runs",
  isInRail: true,
  Component: Runs,
});

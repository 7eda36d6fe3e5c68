// All runs as a table: found, sorted, selected, and what can be done with one or several of them.
import { Button, Menu } from "@mantine/core";
import { IconArrowsDiff, IconFlask2, IconPencil, IconPlus, IconRepeat, IconTrash } from "@tabler/icons-react";
import { useEffect, useRef, useState } from "react";
import { useStore } from "zustand";
import { EmptyState } from "../../components/empty-state.tsx";
import { ErrorPanel } from "../../components/error-panel.tsx";
import { useAction } from "../../hooks/use-action.ts";
import { useCrumbs } from "../../hooks/use-crumbs.ts";
import { useRemote } from "../../hooks/use-remote.ts";
import { useTask } from "../../hooks/use-task.ts";
import { app, client, compute, go, refreshRuns, runner, runSummaries, runs, runTable, scores } from "../../host.ts";
import { repeatRun } from "../../stores/repeat-run.ts";
import { filterRows, isBusy, listChoices, type RunRow, sortRows, toRows } from "../../stores/run-rows.ts";
import { text } from "../../text.ts";
import { MAX_COMPARED } from "../compare/limits.ts";
import { defineView } from "../view.ts";
import { BrokenRuns } from "./broken-runs.tsx";
import { DeleteRuns } from "./delete-runs.tsx";
import { RenameRun } from "./rename-run.tsx";
import { RunFilters } from "./run-filters.tsx";
import { RunTable } from "./run-table.tsx";
import styles from "./runs.module.css";

/** A run of the command line tells the page nothing: the list is looked at again. */
const LOOK_EVERY = 5000;

function useFreshList() {
  useEffect(() => {
    const timer = setInterval(() => document.visibilityState === "visible" && refreshRuns(), LOOK_EVERY);
    return () => clearInterval(timer);
  }, []);
}

type Open = { readonly kind: "rename" | "delete"; readonly rows: readonly RunRow[] };

function Runs() {
  useCrumbs({ label: text.runs.title });
  useFreshList();
  const { value, error } = useRemote(runs);
  const known = useRemote(scores).value;
  const computing = useRemote(compute).value;
  const summaries = useStore(runSummaries.store);
  const table = useStore(runTable.store);
  const [open, setOpen] = useState<Open>();
  const [kept, setKept] = useState<readonly string[]>([]);
  const task = useTask();

  const reached = (id: string) => summaries.get(id)?.loss.at(-1)?.step;
  const rows = toRows(value?.runs ?? [], known ?? new Map(), computing, reached);
  const rowsNow = useRef(rows);
  rowsNow.current = rows;
  const shown = sortRows(filterRows(rows, table), table.sort.key, table.sort.isDown);
  const chosen = shown.filter(({ id }) => table.chosen.has(id));
  // What the keys and the menus act on: the selection, else the row with the focus.
  const acted = chosen.length > 0 ? chosen : shown.filter(({ id }) => id === table.at);
  const [first] = acted;
  useEffect(() => {
    const isRunning = (id: string) => rowsNow.current.some((row) => row.id === id && row.state === "running");
    const wanted = (value?.runs ?? []).map(({ record }) => ({
      id: record.id,
      state: isRunning(record.id) ? "running" : record.status,
      step: record.step,
    }));
    void runSummaries.want(wanted);
  }, [value]);

  const compare = () => go(["compare"], { runs: chosen.map(({ id }) => id).join(",") });
  const again = (row: RunRow) =>
    task.run(async () => {
      const record = value?.runs.find((each) => each.record.id === row.id)?.record;
      if (!record) return;
      const version = app.store.getState().value?.version ?? "";
      const made = await client.runs.create(repeatRun(record, { name: text.runs.againName(record.name), version }));
      await runner.start(made.record.id);
      await refreshRuns();
      go(["runs", made.record.id]);
    });
  const act = {
    open: (row: RunRow) => go(["runs", row.id]),
    export: (row: RunRow) => go(["runs", row.id, "export"]),
    again,
    duplicate: (row: RunRow) => go(["new-run"], { like: row.id }),
    rename: (row: RunRow) => setOpen({ kind: "rename", rows: [row] }),
    delete: (list: readonly RunRow[]) => setOpen({ kind: "delete", rows: list }),
  };
  const isComparable = chosen.length >= 2 && chosen.length <= MAX_COMPARED;
  const isOne = acted.length === 1;
  useAction("compare", compare, isComparable);
  useAction("run-again", () => act.again(first), isOne);
  useAction("duplicate-run", () => act.duplicate(first), isOne);
  useAction("rename", () => act.rename(first), isOne && !isBusy(first));
  useAction("delete", () => act.delete(acted), acted.length > 0);
  useAction("export", () => act.export(first), isOne && first.state === "done");

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

  return (
    <div className={styles.page}>
      <div className={styles.bar}>
        <RunFilters choices={listChoices(rows)} />
        <span className={styles.count} role="status">
          {text.runs.chosen(chosen.length, shown.length)}
        </span>
        <Button
          variant="default"
          leftSection={<IconArrowsDiff size={14} />}
          disabled={!isComparable}
          title={text.runs.compareHint(MAX_COMPARED)}
          onClick={compare}
        >
          {text.runs.compare}
        </Button>
        <Button
          variant="default"
          leftSection={<IconTrash size={14} />}
          disabled={chosen.length === 0}
          onClick={() => act.delete(chosen)}
        >
          {text.runs.delete}
        </Button>
        <Button leftSection={<IconPlus size={14} />} onClick={() => go(["new-run"])}>
          {text.newRun.title}
        </Button>
      </div>
      {task.error !== undefined && <ErrorPanel error={task.error} />}
      {kept.length > 0 && <ErrorPanel error={{ message: kept[0], hint: kept.slice(1).join("\n") }} isNotice />}
      <RunTable
        rows={shown}
        summaries={summaries}
        onOpen={act.open}
        menuOf={(row) => (
          <>
            <Menu.Item onClick={() => act.open(row)}>{text.runs.open}</Menu.Item>
            <Menu.Item disabled={row.state !== "done"} onClick={() => act.export(row)}>
              {text.runs.export}
            </Menu.Item>
            <Menu.Divider />
            <Menu.Item leftSection={<IconRepeat size={14} />} title={text.runs.againHint} onClick={() => again(row)}>
              {text.runs.again}
            </Menu.Item>
            <Menu.Item onClick={() => act.duplicate(row)}>{text.runs.duplicate}</Menu.Item>
            <Menu.Item leftSection={<IconPencil size={14} />} disabled={isBusy(row)} onClick={() => act.rename(row)}>
              {text.runs.rename}
            </Menu.Item>
            <Menu.Divider />
            <Menu.Item
              color="bad"
              leftSection={<IconTrash size={14} />}
              disabled={isBusy(row)}
              onClick={() => act.delete([row])}
            >
              {text.runs.delete}
            </Menu.Item>
          </>
        )}
      />
      {value.broken.length > 0 && <BrokenRuns broken={value.broken} />}
      {open?.kind === "rename" && <RenameRun row={open.rows[0]} onClose={() => setOpen(undefined)} />}
      {open?.kind === "delete" && <DeleteRuns rows={open.rows} onKept={setKept} onClose={() => setOpen(undefined)} />}
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

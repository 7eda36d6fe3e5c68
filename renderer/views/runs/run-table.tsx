// The table itself: rows chosen by pointer and by keys as in a file manager, one column sorted by.
import { ActionIcon, Checkbox, Menu } from "@mantine/core";
import { IconChevronDown, IconChevronUp, IconDots } from "@tabler/icons-react";
import { type KeyboardEvent, type MouseEvent, type ReactNode, useEffect, useRef } from "react";
import { useStore } from "zustand";
import type { RunSummary } from "../../../shared/api/runs.ts";
import { StateWord } from "../../components/state-word.tsx";
import { runTable } from "../../host.ts";
import { formatCount, formatDuration, formatSpread, formatWhen } from "../../stores/format.ts";
import { toHash } from "../../stores/route.ts";
import { columns, type RunRow } from "../../stores/run-rows.ts";
import { text } from "../../text.ts";
import { LossLine } from "./loss-line.tsx";
import styles from "./runs.module.css";

interface RunTableProps {
  readonly rows: readonly RunRow[];
  readonly summaries: ReadonlyMap<string, RunSummary>;
  readonly onOpen: (row: RunRow) => void;
  readonly menuOf: (row: RunRow) => ReactNode;
}

/** Whether a press belongs to a control inside the row. */
const isControl = (target: EventTarget) =>
  target instanceof Element && target.closest("a, button, input, label") !== null;

export function RunTable({ rows, summaries, onOpen, menuOf }: RunTableProps) {
  const { chosen, at, sort } = useStore(runTable.store);
  const body = useRef<HTMLTableSectionElement>(null);
  const hasFocus = useRef(false);
  const shown = rows.map(({ id }) => id);
  const current = at !== undefined && shown.includes(at) ? at : shown[0];
  const isAll = rows.length > 0 && shown.every((id) => chosen.has(id));
  const isSome = shown.some((id) => chosen.has(id));

  // The focus goes along with the row that the keys act on.
  useEffect(() => {
    if (hasFocus.current) body.current?.querySelector<HTMLElement>(`tr[data-id="${current}"]`)?.focus();
  }, [current]);

  const click = (event: MouseEvent, id: string) => {
    if (isControl(event.target)) return;
    if (event.shiftKey) runTable.extend(shown, id, event.ctrlKey || event.metaKey);
    else if (event.ctrlKey || event.metaKey) runTable.toggle(id);
    else runTable.only(id);
  };
  const press = (event: KeyboardEvent, row: RunRow) => {
    if (event.target !== event.currentTarget) return;
    const page = 10;
    const by: Record<string, number> = {
      ArrowDown: 1,
      ArrowUp: -1,
      PageDown: page,
      PageUp: -page,
      Home: -rows.length,
      End: rows.length,
    };
    if (event.key in by) runTable.step(shown, by[event.key], event.shiftKey);
    else if (event.key === " ") event.shiftKey ? runTable.extend(shown, row.id, true) : runTable.toggle(row.id);
    else if (event.key === "Enter") onOpen(row);
    else if (event.key === "Escape") runTable.chooseNone();
    else if (event.key.toLowerCase() === "a" && (event.ctrlKey || event.metaKey)) runTable.chooseAll(shown);
    else return;
    event.preventDefault();
  };

  return (
    <div className={styles.frame}>
      {/* biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: its rows are chosen and walked by keys, as a grid's are. */}
      <table className={styles.table} role="grid" aria-label={text.runs.table} aria-multiselectable>
        <thead>
          <tr>
            <td>
              <Checkbox
                aria-label={text.runs.selectAll}
                checked={isAll}
                indeterminate={isSome && !isAll}
                onChange={() => (isAll ? runTable.chooseNone() : runTable.chooseAll(shown))}
              />
            </td>
            {columns.map(({ key, isNumber }) => (
              <th
                key={key}
                scope="col"
                data-column={key}
                data-number={isNumber || undefined}
                aria-sort={sort.key === key ? (sort.isDown ? "descending" : "ascending") : undefined}
              >
                {key === "loss" ? (
                  text.runs.loss
                ) : (
                  <button type="button" onClick={() => runTable.sortBy(key, isNumber)}>
                    {text.runs[key]}
                    {sort.key === key &&
                      (sort.isDown ? (
                        <IconChevronDown size={12} aria-hidden />
                      ) : (
                        <IconChevronUp size={12} aria-hidden />
                      ))}
                  </button>
                )}
              </th>
            ))}
            <td />
          </tr>
        </thead>
        <tbody
          ref={body}
          onFocus={() => {
            hasFocus.current = true;
          }}
          onBlur={() => {
            hasFocus.current = false;
          }}
        >
          {rows.map((row) => (
            <tr
              key={row.id}
              data-id={row.id}
              data-chosen={chosen.has(row.id) || undefined}
              aria-selected={chosen.has(row.id)}
              tabIndex={row.id === current ? 0 : -1}
              onFocus={(event) => event.target === event.currentTarget && runTable.focus(row.id)}
              onMouseDown={(event) => event.shiftKey && event.preventDefault()}
              onClick={(event) => click(event, row.id)}
              onDoubleClick={(event) => !isControl(event.target) && onOpen(row)}
              onKeyDown={(event) => press(event, row)}
            >
              <td>
                <Checkbox
                  aria-label={text.runs.select(row.name)}
                  checked={chosen.has(row.id)}
                  tabIndex={-1}
                  onChange={() => {}}
                  onClick={(event) => (event.shiftKey ? runTable.extend(shown, row.id, true) : runTable.toggle(row.id))}
                />
              </td>
              <td data-column="state">
                <StateWord status={row.state} />
              </td>
              <th scope="row" data-column="name">
                <a href={toHash(["runs", row.id])} title={`${row.name}\n${row.id}`} tabIndex={-1}>
                  {row.name}
                </a>
                <span className={styles.seed}>{text.runs.seed(row.seed)}</span>
              </th>
              <td data-column="dataset" title={row.dataset}>
                {row.dataset}
              </td>
              <td data-column="method">{row.method}</td>
              <td data-number>{formatCount(row.ipc)}</td>
              <td data-number>{text.runs.steps(row.step, row.steps)}</td>
              <td data-number>{row.distilled && formatSpread(row.distilled.mean, row.distilled.std)}</td>
              <td data-number className={styles.quiet}>
                {row.randomScore && formatSpread(row.randomScore.mean, row.randomScore.std)}
              </td>
              <td data-column="loss">
                <LossLine points={summaries.get(row.id)?.loss ?? []} isRunning={row.state === "running"} />
              </td>
              <td data-number data-column="took">
                {row.took > 0 ? formatDuration(row.took) : ""}
              </td>
              <td data-number>{formatWhen(row.created)}</td>
              <td>
                <Menu position="bottom-end">
                  <Menu.Target>
                    <ActionIcon
                      size={24}
                      aria-label={text.runs.actions(row.name)}
                      tabIndex={row.id === current ? 0 : -1}
                    >
                      <IconDots size={16} />
                    </ActionIcon>
                  </Menu.Target>
                  <Menu.Dropdown>{menuOf(row)}</Menu.Dropdown>
                </Menu>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length === 0 && <p className={styles.none}>{text.runs.none}</p>}
    </div>
  );
}

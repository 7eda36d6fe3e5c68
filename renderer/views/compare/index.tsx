// Two to eight runs on one page: curves overlaid, images at the same step, and only the settings that differ.
import { ActionIcon, Button, Tooltip } from "@mantine/core";
import { IconArrowsDiff, IconX } from "@tabler/icons-react";
import { type CSSProperties, useEffect, useMemo } from "react";
import { createStore, useStore } from "zustand";
import { EmptyState } from "../../components/empty-state.tsx";
import { ErrorPanel } from "../../components/error-panel.tsx";
import { LightTable } from "../../components/light-table.tsx";
import { MetricChart, Swatch } from "../../components/metric-chart.tsx";
import { Panel } from "../../components/panel.tsx";
import { Scrubber } from "../../components/scrubber.tsx";
import { useCrumbs } from "../../hooks/use-crumbs.ts";
import { useRemote } from "../../hooks/use-remote.ts";
import { client, datasets, go } from "../../host.ts";
import { linearAxis } from "../../stores/axis.ts";
import { findProtocolDifferences, listResults, type ResultRow, toSettings } from "../../stores/compare-table.ts";
import { createCursor, previewAt, shownStep } from "../../stores/cursor.ts";
import { formatCount } from "../../stores/format.ts";
import { type Route, toHash } from "../../stores/route.ts";
import { lastStep, seriesKey } from "../../stores/run-state.ts";
import { scoresOf } from "../../stores/scores.ts";
import { dropCommonStart, tellApart } from "../../stores/side-names.ts";
import { isSame, listDifferences, readPath, showValue } from "../../stores/tree.ts";
import { createRunWatch, type WatchState } from "../../stores/watch-run.ts";
import { text } from "../../text.ts";
import { defineView } from "../view.ts";
import styles from "./compare.module.css";
import { MAX_COMPARED } from "./limits.ts";

function Compare({ route }: { readonly route: Route }) {
  useCrumbs({ label: text.runs.title, href: toHash(["runs"]) }, { label: text.compare.title });
  const given = (route.query.runs ?? "").split(",").filter(Boolean);
  const ids = [...new Set(given)].slice(0, MAX_COMPARED);
  if (ids.length < 2) {
    return (
      <EmptyState icon={IconArrowsDiff} title={text.compare.emptyTitle} message={text.compare.empty}>
        <Button component="a" href={toHash(["runs"])}>
          {text.compare.toRuns}
        </Button>
      </EmptyState>
    );
  }
  return <Compared key={ids.join(",")} ids={ids} />;
}

/** All watches of the page as one state, so that the number of runs may vary. */
function useWatches(idList: string): readonly WatchState[] {
  const { watches, store } = useMemo(() => {
    const watches = idList.split(",").map((id) => createRunWatch(client, id));
    return { watches, store: createStore(() => watches.map(({ store }) => store.getState())) };
  }, [idList]);
  useEffect(() => {
    const ends = watches.map((watch, i) => {
      const end = watch.store.subscribe((state) => store.setState(store.getState().with(i, state), true));
      watch.follow();
      return () => {
        end();
        watch.dispose();
      };
    });
    return () => {
      for (const end of ends) end();
    };
  }, [watches, store]);
  return useStore(store);
}

function Compared({ ids }: { readonly ids: readonly string[] }) {
  const states = useWatches(ids.join(","));
  const cursor = useMemo(createCursor, []);
  const at = useStore(cursor);
  const list = useRemote(datasets).value;
  const last = Math.max(...states.map(({ run }) => lastStep(run)));
  // As far as any of them came: the full length of one that has hardly begun would press the others together.
  const isRunning = states.some(({ run, connection }) => run.status === "running" && connection === "following");
  const total = Math.max(1, isRunning ? linearAxis(0, last, 4).to : last);
  const step = shownStep(at, last);
  const differences = listDifferences(states.map(({ record }) => (record ? toSettings(record) : {}))).filter(
    ({ values }) => {
      // A run that cannot be opened differs in everything, which says nothing.
      const [first, ...others] = values.filter((_, i) => states[i].record);
      return others.some((value) => !isSame(value, first));
    },
  );
  const labels = tellApart(
    states.map(({ record }, i) => record?.name ?? ids[i]),
    differences,
  );
  // The letter tells them apart where there is no room for the name.
  const shortLabels = dropCommonStart(labels).map((label, i) => `${letterOf(i)}  ${label}`);
  const curves = states.map(({ run }, i) => {
    const loss = run.series[seriesKey("synthesise", "loss")];
    return { label: shortLabels[i], steps: loss?.steps ?? [], values: loss?.values ?? [] };
  });
  const marks = states.flatMap(({ run }) => run.previews).sort((a, b) => a.step - b.step);
  const unlike = findProtocolDifferences(differences.map(({ path }) => path));
  const results = listResults(
    states.map(({ evaluation }, i) => ({ scores: evaluation ? scoresOf(evaluation) : [], loss: curves[i] })),
    { ...text.compare, set: (set) => text.run.sets[set] },
    unlike.length === 0,
  );
  const without = (i: number) => go(["compare"], { runs: ids.filter((_, other) => other !== i).join(",") });

  return (
    <div className={styles.page}>
      <div
        className={styles.tables}
        data-many={ids.length > 4 || undefined}
        style={{ "--runs": ids.length } as CSSProperties}
      >
        {states.map(({ record, run, error }, i) => {
          const preview = previewAt(run.previews, step);
          const classes = list?.datasets.find(({ id }) => id === record?.dataset.id)?.classes ?? [];
          return (
            <section key={ids[i]} className={styles.table} aria-label={labels[i]}>
              <header className={styles.head}>
                <Swatch index={i} />
                <a href={toHash(["runs", ids[i]])} title={labels[i]}>
                  {ids.length > 2 ? shortLabels[i] : `${letterOf(i)}  ${labels[i]}`}
                </a>
                <span className={styles.step}>{preview ? text.run.atStep(formatCount(preview.step)) : ""}</span>
                {
                  <Tooltip label={text.compare.remove(labels[i])}>
                    <ActionIcon size={24} aria-label={text.compare.remove(labels[i])} onClick={() => without(i)}>
                      <IconX size={14} />
                    </ActionIcon>
                  </Tooltip>
                }
              </header>
              {error !== undefined && !record ? (
                <div className={styles.failed}>
                  <ErrorPanel error={error} />
                </div>
              ) : (
                <LightTable
                  url={preview && client.runs.previewUrl(ids[i], preview.file)}
                  classNames={classes.map(({ name }) => name)}
                  ipc={Number(readPath(record?.recipe, "ipc") ?? 1)}
                  step={preview?.step ?? 0}
                  zoom="fit"
                  isNarrow
                  isTall
                  fitHeight={ids.length > 4 ? 180 : 300}
                />
              )}
            </section>
          );
        })}
      </div>
      <div className={styles.lower}>
        <MetricChart
          title={text.run.loss}
          metric={text.run.loss}
          curves={curves}
          total={total}
          cursor={cursor}
          last={last}
        />
        <div className={styles.facts}>
          <Panel title={text.compare.results} flush>
            <Grid first={text.compare.result} labels={shortLabels} rows={results} />
            {unlike.length > 0 && <p className={styles.unlike}>{text.compare.unlike(unlike)}</p>}
          </Panel>
          <Panel title={text.compare.differences} flush>
            {differences.length === 0 ? (
              <p className={styles.same}>{text.compare.same}</p>
            ) : (
              <Grid
                first={text.compare.setting}
                labels={shortLabels}
                rows={differences.map(({ path, values }) => ({
                  name: path,
                  values: values.map(showValue),
                  best: undefined,
                }))}
              />
            )}
          </Panel>
        </div>
      </div>
      <div className={styles.history}>
        <Scrubber cursor={cursor} last={last} total={total} previews={marks} checkpoints={[]} isRunning={isRunning} />
      </div>
    </div>
  );
}

const letterOf = (index: number) => String.fromCharCode("A".charCodeAt(0) + index);

interface GridProps {
  readonly first: string;
  readonly labels: readonly string[];
  readonly rows: readonly ResultRow[];
}

function Grid({ first, labels, rows }: GridProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolled region must be reached by keys.
    <section className={styles.scroll} tabIndex={0} aria-label={first}>
      <table className={`small-table ${styles.grid}`}>
        <thead>
          <tr>
            <th scope="col">{first}</th>
            {labels.map((label, i) => (
              <th scope="col" key={label}>
                <Swatch index={i} />{" "}
                <span className={styles.gridName} title={label}>
                  {label}
                </span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ name, values, best }) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              {values.map((value, i) => (
                <td key={labels[i]} data-best={best === i || undefined}>
                  {value}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

export const compareView = defineView({
  id: "compare",
  title: text.compare.title,
  icon: IconArrowsDiff,
  path: "compare",
  under: "runs",
  Component: Compare,
});

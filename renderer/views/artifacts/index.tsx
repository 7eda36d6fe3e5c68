// What the store holds besides datasets and runs, what everything takes on the disk, and what may go.
import { ActionIcon, Button, Tooltip } from "@mantine/core";
import { IconDownload, IconStack2, IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import type { StorePart, StoreUsage } from "../../../shared/api/store.ts";
import { Confirm } from "../../components/confirm.tsx";
import { EmptyState } from "../../components/empty-state.tsx";
import { ErrorPanel } from "../../components/error-panel.tsx";
import { Panel } from "../../components/panel.tsx";
import { useCrumbs } from "../../hooks/use-crumbs.ts";
import { useRemote } from "../../hooks/use-remote.ts";
import { client, datasets, storeUsage } from "../../host.ts";
import { formatBytes, formatCount, formatWhen } from "../../stores/format.ts";
import { toHash } from "../../stores/route.ts";
import { type Json, listLeaves, showValue } from "../../stores/tree.ts";
import { text } from "../../text.ts";
import { defineView } from "../view.ts";
import styles from "./artifacts.module.css";

interface Going {
  readonly title: string;
  readonly message: string;
  readonly remove: () => Promise<void>;
}

const places: Partial<Record<StorePart, string>> = { datasets: toHash(["datasets"]), runs: toHash(["runs"]) };

function Artifacts() {
  useCrumbs({ label: text.artifacts.title });
  const { value, error } = useRemote(storeUsage);
  const known = useRemote(datasets).value?.datasets;
  const [going, setGoing] = useState<Going>();
  if (!value) {
    return (
      <div className={styles.page}>{error === undefined ? <p>{text.loading}</p> : <ErrorPanel error={error} />}</div>
    );
  }
  const datasetOf = (spec: Spec) => {
    const print = listLeaves((spec ?? {}) as Json).find(({ path }) => /(^|\.)fingerprint$/.test(path))?.value;
    const found = known?.find(({ fingerprint }) => fingerprint === print);
    return print === undefined ? "" : found ? text.artifacts.of(found.name) : text.artifacts.ofGone;
  };
  const bin = (label: string, next: Going) => (
    <Tooltip label={label}>
      <ActionIcon size={24} aria-label={label} onClick={() => setGoing(next)}>
        <IconTrash size={14} />
      </ActionIcon>
    </Tooltip>
  );
  return (
    <div className={styles.page}>
      <Disk usage={value} />
      <Panel title={text.artifacts.kept} flush={value.artifacts.length > 0}>
        {value.artifacts.length === 0 ? (
          <EmptyState icon={IconStack2} title={text.artifacts.emptyTitle} message={text.artifacts.empty} />
        ) : (
          <table className={`small-table ${styles.table}`} aria-label={text.artifacts.kept}>
            <tbody>
              {value.artifacts.map(({ id, kind, state, parts, spec, bytes, modifiedAt }) => (
                <tr key={id}>
                  <th scope="row" title={id}>
                    {nameOf(kind)}
                    <span className={styles.quiet}> {datasetOf(spec)}</span>
                    <MadeOf spec={spec} />
                  </th>
                  <td>{text.artifacts.states[state]}</td>
                  <td data-number>{text.artifacts.partsOf(parts)}</td>
                  <td data-number>{formatWhen(modifiedAt)}</td>
                  <td data-number>{formatBytes(bytes)}</td>
                  <td className={styles.bin}>
                    {state === "finished" && (
                      <Tooltip label={text.artifacts.download(nameOf(kind), id)}>
                        <ActionIcon
                          size={24}
                          component="a"
                          href={client.artifacts.archiveUrl(id)}
                          download
                          aria-label={text.artifacts.download(nameOf(kind), id)}
                        >
                          <IconDownload size={14} />
                        </ActionIcon>
                      </Tooltip>
                    )}
                    {bin(text.artifacts.delete(`${nameOf(kind)}, ${id}`), {
                      title: text.artifacts.deleteArtifactTitle(nameOf(kind), id),
                      message: text.artifacts.deleteArtifact(formatBytes(bytes)),
                      remove: () => client.artifacts.delete(id),
                    })}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </Panel>
      <Panel title={text.artifacts.exports} flush>
        <p className={styles.hint}>
          {value.exports.length === 0 ? text.artifacts.noExports : text.artifacts.exportsHint}
        </p>
        {value.exports.length > 0 && (
          <table className={`small-table ${styles.table}`}>
            <tbody>
              {value.exports.map(({ run, name, dir, bytes }) => (
                <tr key={run}>
                  <th scope="row">
                    <a href={toHash(["runs", run, "export"])}>{name}</a>
                  </th>
                  <td className={styles.path} title={dir}>
                    {dir}
                  </td>
                  <td data-number>{formatBytes(bytes)}</td>
                  <td className={styles.bin}>
                    {bin(text.artifacts.delete(name), {
                      title: text.artifacts.deleteExportTitle(name),
                      message: text.artifacts.deleteExport(dir, formatBytes(bytes)),
                      remove: () => client.runs.deleteExport(run),
                    })}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </Panel>
      {going && (
        <Confirm
          title={going.title}
          message={going.message}
          action={text.delete}
          onClose={() => setGoing(undefined)}
          onConfirm={async () => {
            await going.remove();
            await storeUsage.refresh();
          }}
        />
      )}
    </div>
  );
}

type Spec = StoreUsage["artifacts"][number]["spec"];

const nameOf = (kind: string) => text.artifacts.kinds[kind] ?? kind;

/** What its contents follow from, setting by setting. */
function MadeOf({ spec }: { readonly spec: Spec }) {
  const settings = listLeaves((spec ?? {}) as Json).filter(
    ({ path }) => !/(^|\.)(kind|fingerprint|version)$/.test(path),
  );
  if (settings.length === 0) return null;
  return (
    <details className={styles.spec}>
      <summary>{text.artifacts.madeOf(settings.length)}</summary>
      <dl>
        {settings.map(({ path, value }) => (
          <div key={path}>
            <dt>{path}</dt>
            <dd>{showValue(value)}</dd>
          </div>
        ))}
      </dl>
    </details>
  );
}

function Disk({ usage }: { readonly usage: StoreUsage }) {
  const total = usage.parts.reduce((sum, { bytes }) => sum + bytes, 0);
  return (
    <Panel
      title={text.artifacts.disk}
      flush
      tools={
        <>
          <span>{text.artifacts.free(formatBytes(usage.freeBytes))}</span>
          <Button size="compact-xs" variant="subtle" color="gray" onClick={() => storeUsage.refresh()}>
            {text.artifacts.measure}
          </Button>
        </>
      }
    >
      <table className={`small-table ${styles.table}`}>
        <thead>
          <tr>
            <th scope="col">{text.artifacts.part}</th>
            <th scope="col">{text.artifacts.share}</th>
            <th scope="col" data-number>
              {text.artifacts.number}
            </th>
            <th scope="col" data-number>
              {text.artifacts.size}
            </th>
          </tr>
        </thead>
        <tbody>
          {usage.parts.map(({ id, bytes, count }) => (
            <tr key={id}>
              <th scope="row">
                {places[id] ? <a href={places[id]}>{text.artifacts.parts[id]}</a> : text.artifacts.parts[id]}
              </th>
              <td className={styles.share}>
                <span className={styles.track}>
                  <span className={styles.bar} style={{ width: `${total > 0 ? (100 * bytes) / total : 0}%` }} />
                </span>
              </td>
              <td data-number>{formatCount(count)}</td>
              <td data-number>{formatBytes(bytes)}</td>
            </tr>
          ))}
        </tbody>
        <tfoot>
          <tr>
            <th scope="row" colSpan={3} className={styles.path}>
              {usage.path}
            </th>
            <td data-number>{formatBytes(total)}</td>
          </tr>
        </tfoot>
      </table>
    </Panel>
  );
}

export const artifactsView = defineView({
  id: "artifacts",
  title: text.artifacts.title,
  icon: IconStack2,
  path: "artifacts",
  shortcut: "artifacts",
  isInRail: true,
  Component: Artifacts,
});

// What the table shows: by name, dataset, method and state.
import { ActionIcon, Select, TextInput, Tooltip } from "@mantine/core";
import { IconFilterOff, IconSearch } from "@tabler/icons-react";
import { useStore } from "zustand";
import { runTable } from "../../host.ts";
import type { listChoices, RowState } from "../../stores/run-rows.ts";
import { text } from "../../text.ts";
import styles from "./runs.module.css";

export function RunFilters({ choices }: { readonly choices: ReturnType<typeof listChoices> }) {
  const { query, dataset, method, state } = useStore(runTable.store);
  const isFiltered = query !== "" || dataset !== undefined || method !== undefined || state !== undefined;
  const pick = (name: keyof typeof choices, value: string | undefined, labels: readonly string[]) => (
    <Select
      className={styles.pick}
      aria-label={text.runs.any[name]}
      placeholder={text.runs.any[name]}
      data={choices[name].map((each, i) => ({ value: each, label: labels[i] }))}
      value={value ?? null}
      clearable
      clearButtonProps={{ "aria-label": text.runs.any[name] }}
      onChange={(next) => runTable.filter({ [name]: next ?? undefined })}
    />
  );
  return (
    <search className={styles.filters}>
      <TextInput
        className={styles.filter}
        leftSection={<IconSearch size={14} aria-hidden />}
        placeholder={text.runs.filter}
        aria-label={text.runs.filter}
        value={query}
        onChange={(event) => runTable.filter({ query: event.currentTarget.value })}
      />
      {pick("dataset", dataset, choices.dataset)}
      {pick("method", method, choices.method)}
      {pick(
        "state",
        state,
        choices.state.map((each: RowState) => text.status[each]),
      )}
      <Tooltip label={text.runs.clearFilter}>
        <ActionIcon
          aria-label={text.runs.clearFilter}
          style={{ visibility: isFiltered ? "visible" : "hidden" }}
          onClick={runTable.clearFilter}
        >
          <IconFilterOff size={16} />
        </ActionIcon>
      </Tooltip>
    </search>
  );
}

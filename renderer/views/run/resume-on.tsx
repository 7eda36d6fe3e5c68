// Beside Start and Resume: a place for this run other than the one that it would take by itself.
import { Button, Menu } from "@mantine/core";
import { IconChevronDown } from "@tabler/icons-react";
import { useStore } from "zustand";
import type { RunRecord } from "../../../shared/api/runs.ts";
import { labelOf } from "../../components/compute-on.tsx";
import { places } from "../../host.ts";
import { isAllKnown, listOtherPlaces, type Place } from "../../stores/compute-places.ts";
import { text } from "../../text.ts";
import styles from "./run.module.css";

interface ResumeOnProps {
  readonly record: RunRecord;
  readonly isEmphasised: boolean;
  readonly isDisabled: boolean;
  readonly onChoose: (place: Place) => void;
}

export function ResumeOn({ record, isEmphasised, isDisabled, onChoose }: ResumeOnProps) {
  const state = useStore(places.store);
  const others = listOtherPlaces(record, state);
  const isNew = record.sessions.length === 0;
  const label = isNew ? text.run.startOn : text.run.resumeOn;
  return (
    <Menu position="bottom-end" width={360} onOpen={() => void places.find()}>
      <Menu.Target>
        <Button
          variant={isEmphasised ? "filled" : "default"}
          className={styles.other}
          disabled={isDisabled}
          aria-label={label}
          title={label}
        >
          <IconChevronDown size={14} aria-hidden />
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{label}</Menu.Label>
        {others.map((place) => (
          <Menu.Item key={place.id} onClick={() => onChoose(place)}>
            {labelOf(place)}
          </Menu.Item>
        ))}
        {others.length === 0 && (
          <Menu.Item disabled>{isAllKnown(state) ? text.run.noOtherPlace : text.places.finding}</Menu.Item>
        )}
        {!isNew && others.length > 0 && <p className={styles.note}>{text.run.bitsDiffer(record.adapter)}</p>}
      </Menu.Dropdown>
    </Menu>
  );
}

// Where a run is to be computed: one choice, remembered, with what it means below it.
import { Select } from "@mantine/core";
import { useEffect } from "react";
import { useStore } from "zustand";
import { places } from "../host.ts";
import { currentPlace, listPlaces, missingChoice, type Place } from "../stores/compute-places.ts";
import { text } from "../text.ts";
import styles from "./compute-on.module.css";

export function labelOf({ kind, name, isSoftware }: Place): string {
  const label = text.places.kinds[kind](name);
  return isSoftware ? text.places.software(label) : label;
}

interface ComputeOnProps {
  readonly onChange?: (place: Place) => void;
}

export function ComputeOn({ onChange }: ComputeOnProps) {
  const state = useStore(places.store);
  useEffect(() => void places.find(), []);
  const offered = listPlaces(state);
  const current = currentPlace(state);
  const choose = (id: string | null) => {
    const place = offered.find((each) => each.id === id);
    if (!place) return;
    places.choose(place);
    onChange?.(place);
  };
  const hint = current && text.places.hints[current.isSoftware ? "software" : current.kind];
  return (
    <div>
      <Select
        label={text.places.label}
        data={offered.map((place) => ({ value: place.id, label: labelOf(place) }))}
        value={current?.id ?? null}
        placeholder={text.places.finding}
        onChange={choose}
        allowDeselect={false}
      />
      <p className={styles.hint}>
        {missingChoice(state) !== undefined && `${text.places.missing} `}
        {hint}
      </p>
    </div>
  );
}

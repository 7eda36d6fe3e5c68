// The most that a run may take of a GPU's memory: one number, remembered, where a GPU may be what computes.
import { NumberInput } from "@mantine/core";
import { useStore } from "zustand";
import { places } from "../host.ts";
import { currentPlace } from "../stores/compute-places.ts";
import { text } from "../text.ts";

const GIGABYTE = 1e9;

export function MemoryLimit({ onChange }: { readonly onChange?: () => void }) {
  const state = useStore(places.store);
  if (currentPlace(state)?.request.backend === "onnx") return null;
  const { memoryLimit } = state;
  const change = (value: number | string) => {
    const bytes = Math.round(Number(value) * GIGABYTE);
    places.limit(bytes > 0 ? bytes : undefined);
    onChange?.();
  };
  return (
    <NumberInput
      mt={8}
      label={text.places.memoryLimit}
      placeholder={text.places.noMemoryLimit}
      value={memoryLimit === undefined ? "" : memoryLimit / GIGABYTE}
      onChange={change}
      suffix=" GB"
      min={0}
      step={1}
      decimalScale={3}
    />
  );
}

// What to do where the desktop's window has no GPU to compute on; in a browser the host computes, and this says nothing.
import { Button } from "@mantine/core";
import { useStore } from "zustand";
import { useTask } from "../hooks/use-task.ts";
import { app, places } from "../host.ts";
import { lacksGpu } from "../stores/compute-places.ts";
import { text } from "../text.ts";
import { ErrorPanel } from "./error-panel.tsx";

export function NoGpuNotice() {
  const state = useStore(places.store);
  const platform = useStore(app.store).value?.platform ?? "";
  const task = useTask();
  if (state.host !== "electron" || !lacksGpu(state)) return null;
  const hints = [
    state.child?.problem?.message,
    state.window && text.places.noGpu.systems[platform],
    text.places.noGpu.way,
  ];
  // A Worker that did not load says more than that there is no GPU.
  const error = {
    code: "",
    message: text.places.noGpu.title,
    ...toFields(state.windowError),
    hint: hints.filter(Boolean).join(" "),
  };
  return (
    <ErrorPanel error={error} isNotice>
      <Button
        size="compact-xs"
        variant="default"
        loading={task.isBusy}
        onClick={() => task.run(() => places.find(true))}
      >
        {text.places.noGpu.retry}
      </Button>
    </ErrorPanel>
  );
}

function toFields(error: unknown): { code?: string; message?: string } {
  const { code, message } = (error ?? {}) as { code?: string; message?: string };
  return { ...(code !== undefined && { code }), ...(message !== undefined && { message }) };
}

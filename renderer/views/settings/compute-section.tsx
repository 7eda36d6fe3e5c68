// Where runs are computed: every place that this window and the host have, which one is taken, and why one is missing.
import { useEffect } from "react";
import { useStore } from "zustand";
import { ComputeOn, labelOf } from "../../components/compute-on.tsx";
import { ErrorPanel } from "../../components/error-panel.tsx";
import { MemoryLimit } from "../../components/memory-limit.tsx";
import { NoGpuNotice } from "../../components/no-gpu-notice.tsx";
import { Panel } from "../../components/panel.tsx";
import { app, places } from "../../host.ts";
import { currentPlace, isAllKnown, lacksGpu, listPlaces, type Place } from "../../stores/compute-places.ts";
import { text } from "../../text.ts";
import styles from "./settings.module.css";

export function ComputeSection() {
  const state = useStore(places.store);
  useEffect(() => void places.find(), []);
  const { child, childError } = state;
  const current = currentPlace(state);
  const rows = listPlaces(state).filter(({ kind }) => kind !== "auto");
  const noteOf = (place: Place): string => {
    if (place.kind === "host-cpu") return child?.cpu.runtime ?? "";
    const listed = place.kind === "host" ? child?.adapters.find(({ name }) => name === place.name) : undefined;
    const peak = listed?.gflops !== undefined && text.settings.peak(listed.gflops, listed.gigabytesPerSecond);
    return [listed?.backendType, peak].filter(Boolean).join(", ");
  };
  const hint = text.places.noGpu.host(useStore(app.store).value?.platform ?? "");
  const isWithoutGpu = state.host === "electron" && lacksGpu(state);
  // One notice for both where neither the window nor the process has a GPU.
  const noGpu = child?.problem && !isWithoutGpu && { ...child.problem, hint };
  const problems = [noGpu, child?.cpu.problem, childError].filter((each) => each);
  return (
    <Panel title={text.settings.adapters} flush>
      <div className={styles.choice}>
        <ComputeOn />
        <MemoryLimit />
      </div>
      {isWithoutGpu && (
        <div className={styles.pad}>
          <NoGpuNotice />
        </div>
      )}
      <table className={styles.table}>
        <tbody>
          {rows.map((place) => (
            <tr key={place.id}>
              <th scope="row">{labelOf(place)}</th>
              <td>{noteOf(place)}</td>
              <td className={styles.auto}>{place.id === current?.id ? text.settings.chosen : ""}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {!isAllKnown(state) && <p className={styles.pad}>{text.places.finding}</p>}
      {problems.map((problem) => (
        <div key={String((problem as { message?: unknown }).message)} className={styles.pad}>
          <ErrorPanel error={problem} isNotice />
        </div>
      ))}
    </Panel>
  );
}

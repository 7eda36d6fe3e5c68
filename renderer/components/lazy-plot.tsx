// The drawn parts of charts, loaded when a chart is first shown: their library is a quarter of the window's code.
import { type ComponentType, useEffect, useState } from "react";
import { text } from "../text.ts";
import styles from "./metric-chart.module.css";

export const LazyPlot = loadLazily(async () => (await import("./metric-plot.tsx")).MetricPlot);
export const LazyPlane = loadLazily(async () => (await import("./plane-plot.tsx")).PlanePlot);

function loadLazily<Props extends object>(load: () => Promise<ComponentType<Props>>) {
  let loaded: ComponentType<Props> | undefined;
  return function Lazy(props: Props) {
    const [Plot, setPlot] = useState(() => loaded);
    const [isMissing, setMissing] = useState(false);
    useEffect(() => {
      if (loaded) return;
      load().then(
        (component) => {
          loaded = component;
          setPlot(() => component);
        },
        // The host went away in between: numbers, table and pictures stay.
        () => setMissing(true),
      );
    }, []);
    if (isMissing) return <p className={styles.missing}>{text.chart.missing}</p>;
    return Plot && <Plot {...props} />;
  };
}

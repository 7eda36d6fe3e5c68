// The drawn part of a chart, loaded when a chart is first shown: its library is a quarter of the window's code.
import { useEffect, useState } from "react";
import { text } from "../text.ts";
import styles from "./metric-chart.module.css";
import type { MetricPlot, MetricPlotProps } from "./metric-plot.tsx";

let loaded: typeof MetricPlot | undefined;

export function LazyPlot(props: MetricPlotProps) {
  const [Plot, setPlot] = useState(() => loaded);
  const [isMissing, setMissing] = useState(false);
  useEffect(() => {
    if (loaded) return;
    import("./metric-plot.tsx").then(
      (module) => {
        loaded = module.MetricPlot;
        setPlot(() => loaded);
      },
      // The host went away in between: numbers, table and pictures stay.
      () => setMissing(true),
    );
  }, []);
  if (isMissing) return <p className={styles.missing}>{text.chart.missing}</p>;
  return Plot && <Plot {...props} />;
}

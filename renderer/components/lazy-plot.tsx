// The drawn part of a chart, loaded when a chart is first shown: its library is a quarter of the window's code.
import { useEffect, useState } from "react";
import type { MetricPlot, MetricPlotProps } from "./metric-plot.tsx";

let loaded: typeof MetricPlot | undefined;

export function LazyPlot(props: MetricPlotProps) {
  const [Plot, setPlot] = useState(() => loaded);
  useEffect(() => {
    if (loaded) return;
    import("./metric-plot.tsx").then(
      (module) => {
        loaded = module.MetricPlot;
        setPlot(() => loaded);
      },
      // Thrown where the view's error boundary catches it.
      (error: unknown) =>
        setPlot(() => {
          throw error;
        }),
    );
  }, []);
  return Plot && <Plot {...props} />;
}

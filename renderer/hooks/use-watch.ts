// Watches a run while it is shown.
import { useEffect, useMemo } from "react";
import { client } from "../host.ts";
import { createRunWatch, type RunWatch } from "../stores/watch-run.ts";

export function useWatch(id: string): RunWatch {
  const watch = useMemo(() => createRunWatch(client, id), [id]);
  useEffect(() => {
    watch.follow();
    return watch.dispose;
  }, [watch]);
  return watch;
}

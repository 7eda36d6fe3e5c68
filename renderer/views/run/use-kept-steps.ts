// The steps of a run whose exact values the host keeps: asked for again as checkpoints come, but not with each.
import { useEffect, useRef, useState } from "react";
import { client } from "../../host.ts";

const ASK_EVERY = 1000;
const none: readonly number[] = [];

/** `news` changes when there may be others. */
export function useKeptSteps(id: string, news: string): readonly number[] {
  const [kept, setKept] = useState(none);
  const latest = useRef({ news, asked: "" });
  latest.current.news = news;
  useEffect(() => {
    let isWanted = true;
    const ask = () => {
      if (latest.current.asked === latest.current.news) return;
      latest.current.asked = latest.current.news;
      client.runs.keptSteps(id).then(
        (steps) => isWanted && setKept(steps),
        () => {}, // the run's own state tells what is wrong
      );
    };
    latest.current.asked = "";
    ask();
    const timer = setInterval(ask, ASK_EVERY);
    return () => {
      isWanted = false;
      clearInterval(timer);
    };
  }, [id]);
  return kept;
}

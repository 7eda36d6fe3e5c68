// The real training images nearest to a synthetic one: whether it has moved away from what it began as.
import { useEffect, useState } from "react";
import { useStore } from "zustand";
import type { Nearest } from "../../../shared/api/images.ts";
import { ErrorPanel } from "../../components/error-panel.tsx";
import { Thumbnail } from "../../components/thumbnail.tsx";
import { client, datasets } from "../../host.ts";
import { text } from "../../text.ts";
import styles from "./image-detail.module.css";

const COUNT = 8;
/** The most; the pictures keep whole pixels. */
const SIDE = 64;

interface NearestImagesProps {
  readonly runId: string;
  readonly datasetId: string | undefined;
  readonly step: number;
  readonly image: number;
}

export function NearestImages({ runId, datasetId, step, image }: NearestImagesProps) {
  const dataset = useStore(datasets.store).value?.datasets.find(({ id }) => id === datasetId);
  const own = dataset?.sheets[0]?.side ?? SIDE;
  const side = own * Math.max(1, Math.floor(SIDE / own));
  const [found, setFound] = useState<Nearest>();
  const [error, setError] = useState<unknown>();
  useEffect(() => {
    const controller = new AbortController();
    setError(undefined);
    client.runs.nearest(runId, { step, image, count: COUNT }, { signal: controller.signal }).then(
      (answer) => !controller.signal.aborted && setFound(answer),
      (failure: unknown) => !controller.signal.aborted && setError(failure),
    );
    return () => controller.abort();
  }, [runId, step, image]);
  return (
    <>
      <h3 className={styles.title}>{text.run.nearest}</h3>
      {error !== undefined ? (
        <ErrorPanel error={error} isNotice />
      ) : (
        <>
          <div className={styles.strip}>
            {Array.from({ length: COUNT }, (_, i) => {
              const near = found?.images[i];
              const distance = near?.distance.toFixed(1);
              return (
                // biome-ignore lint/suspicious/noArrayIndexKey: places in an order, which stay while images change.
                <span key={i} className={styles.near}>
                  {near && dataset && distance !== undefined && (
                    <>
                      <Thumbnail
                        dataset={dataset}
                        split="train"
                        index={near.index}
                        size={side}
                        label={text.run.nearestLabel(near.index, distance)}
                      />
                      <span aria-hidden>{distance}</span>
                    </>
                  )}
                </span>
              );
            })}
          </div>
          <p className={styles.quiet}>{found ? text.run.nearestHint(found.isExact) : text.run.nearestSearching}</p>
        </>
      )}
    </>
  );
}

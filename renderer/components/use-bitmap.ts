// Pictures decoded once and kept while they are likely to be shown again; the last one stays until the next is ready.
import { useEffect, useState } from "react";

const MAX_KEPT = 64;
const kept = new Map<string, Promise<ImageBitmap>>();

export function loadBitmap(url: string): Promise<ImageBitmap> {
  const there = kept.get(url);
  kept.delete(url);
  const bitmap = there ?? decode(url);
  kept.set(url, bitmap); // the newest is last
  const [oldest] = kept.keys();
  if (kept.size > MAX_KEPT && oldest !== undefined) kept.delete(oldest);
  return bitmap;
}

async function decode(url: string): Promise<ImageBitmap> {
  try {
    const response = await fetch(url);
    if (!response.ok) throw new Error(`The picture could not be read: status ${response.status}.`);
    return await createImageBitmap(await response.blob());
  } catch (error) {
    kept.delete(url); // so that it is tried again
    throw error;
  }
}

export interface LoadedBitmap {
  readonly url: string;
  readonly bitmap: ImageBitmap;
}

export function useBitmap(url: string | undefined): LoadedBitmap | undefined {
  const [loaded, setLoaded] = useState<LoadedBitmap>();
  useEffect(() => {
    if (url === undefined) return;
    let isWanted = true;
    loadBitmap(url).then(
      (bitmap) => isWanted && setLoaded({ url, bitmap }),
      () => {}, // the picture before stays; the run's state tells what is wrong
    );
    return () => {
      isWanted = false;
    };
  }, [url]);
  return loaded;
}

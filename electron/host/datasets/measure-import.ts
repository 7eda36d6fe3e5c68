// A process that imports one folder into a store of its own and prints, as JSON, how long it took and how much memory.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openStore } from "../store.ts";
import type { ImportMeasurement } from "./bench.ts";
import { importDataset } from "./import.ts";

const home = await mkdtemp(join(tmpdir(), "stillroom-bench-"));
try {
  const store = await openStore(home);
  const started = performance.now();
  const { manifest } = await importDataset(store, process.argv[2]);
  const seconds = (performance.now() - started) / 1000;
  const images = manifest.classes.reduce((sum, each) => sum + each.train + each.test, 0);
  const peakBytes = process.resourceUsage().maxRSS * 1024;
  const measured: ImportMeasurement = {
    images,
    seconds,
    imagesPerSecond: images / seconds,
    peakBytes,
    size: manifest.width,
  };
  process.stdout.write(JSON.stringify(measured));
} finally {
  await rm(home, { recursive: true, force: true });
}

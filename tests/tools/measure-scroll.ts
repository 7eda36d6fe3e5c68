// How smoothly a long grid scrolls: `node tests/tools/measure-scroll.ts DATA` imports DATA (for instance the folder of
// Fashion-MNIST's IDX files: 60,000 training pictures), opens its page in Chromium and scrolls from top to bottom.
// CHROMIUM names the browser where Playwright has none. Needs the built window: `node electron/build.ts`.
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { chromium } from "@playwright/test";
import { importDataset } from "../../electron/host/datasets/index.ts";
import { createLog } from "../../electron/host/log.ts";
import { openStore } from "../../electron/host/store.ts";
import { startServer } from "../../electron/server/server.ts";
import { countImages } from "../../shared/data/manifest.ts";
import { createTemporaryFolder } from "./make-images.ts";

const SECONDS = 20;
/** A file of its own, since types of the page and of Node do not go together. */
const scrollThrough = await readFile(new URL("./scroll-through.js", import.meta.url), "utf8");

const data = process.argv[2];
if (!data) throw new Error("Name the folder or file to import.");
const root = resolve(import.meta.dirname, "../..");
await using temporary = await createTemporaryFolder();
const store = await openStore(join(temporary.path, "home"));
const { manifest } = await importDataset(store, data);
const server = await startServer({
  store,
  version: "0",
  log: createLog(),
  renderer: join(root, "dist/renderer"),
  port: 0,
});
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? chromium.executablePath(),
  args: ["--no-sandbox", "--disable-gpu"],
});
try {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  await page.goto(server.url);
  await page.waitForSelector("h1");
  const openedAt = performance.now();
  await page.goto(`${new URL(server.url).origin}/#/datasets/${manifest.id}`);
  await page.waitForSelector("[role=option]");
  const openMs = performance.now() - openedAt;
  await page.waitForTimeout(1000);
  const measured = await page.evaluate<object>(`(${scrollThrough})(${SECONDS * 1000})`);
  const images = countImages(manifest, "train");
  console.log(JSON.stringify({ images, openMs: Math.round(openMs), ...measured }, null, 2));
} finally {
  await browser.close();
  await server.close();
}

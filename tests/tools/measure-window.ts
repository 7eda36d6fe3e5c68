// Measures the window in Chromium: npm run measure [-- [start] [open] [stream] [run] [scroll] [--data PATH] [--json]]
// Prints a Markdown table, or one JSON object. Takes about three minutes, half of it for the 60,000 pictures of `scroll`:
// those at PATH (for instance a folder of Fashion-MNIST's IDX files), or generated ones.
// CHROMIUM names the browser, where it is not /usr/bin/chromium.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { cpus, loadavg, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { type Browser, chromium, type Page } from "@playwright/test";
import { buildParts } from "../../electron/build.ts";
import { createHost } from "../../electron/host/app.ts";
import { generateImageFolder } from "../../electron/host/datasets/bench.ts";
import { importDataset } from "../../electron/host/datasets/index.ts";
import { appendEvents, createRun, lockRun, type Run, updateRun, writePreview } from "../../electron/host/runs/index.ts";
import { openStore, type Store } from "../../electron/host/store.ts";
import { createClient } from "../../shared/api/client.ts";
import type { RunEvent } from "../../shared/api/runs.ts";
import { countImages, type ImageManifest } from "../../shared/data/manifest.ts";
import { layPreview } from "../../shared/lib/preview-grid.ts";

const root = resolve(import.meta.dirname, "../..");
const STEPS = 20_000;
const PREVIEW_EVERY = 500;
/** Events of one append, and the pause after it: some thousands a second, more than any run gives. */
const BATCH = 200;
const PAUSE_MS = 50;
const RUN_MS = 15_000;
const SCROLL_MS = 20_000;
const PICTURES = 60_000;
/** A file of its own, since types of the page and of Node do not go together. */
const scrollThrough = await readFile(new URL("./scroll-through.js", import.meta.url), "utf8");

interface World {
  readonly store: Store;
  readonly dataset: ImageManifest;
  readonly browser: Browser;
  /** With the token. */
  readonly url: string;
  readonly serveMs: number;
  /** Where many pictures lie; undefined where they are to be generated. */
  readonly data: string | undefined;
}

const measurements: Readonly<Record<string, (world: World) => Promise<object>>> = {
  /** From the start of the server, and from opening the address, to a page that can be used; and what is loaded. */
  async start(world) {
    const { browser, url, serveMs } = world;
    const page = await browser.newPage();
    const session = await page.context().newCDPSession(page);
    await session.send("Network.enable");
    let bytes = 0;
    let requests = 0;
    session.on("Network.loadingFinished", ({ encodedDataLength }) => {
      bytes += encodedDataLength;
      requests++;
    });
    await record(world, page);
    const began = performance.now();
    await page.goto(url);
    await page.getByRole("heading", { level: 2 }).or(page.locator("main h1, main a, main button")).first().waitFor();
    const pageMs = performance.now() - began;
    await page.waitForLoadState("networkidle").catch(() => {});
    return { serveMs, pageMs, requests, bytes, ...(await closePage(world, page)) };
  },

  /** A stored run of 20,000 steps, opened in a window that is loaded. */
  async open(world) {
    const run = await createFilledRun(world);
    await appendEvents(run, [...eventsOf(0, STEPS), { ...at(STEPS * 2), type: "done", step: STEPS }]);
    await updateRun(run, { status: "done", stage: "synthesise", step: STEPS });
    const page = await openPage(world);
    const began = performance.now();
    await go(page, run.record.id);
    await page.getByText(`over ${STEPS.toLocaleString("en-GB")} steps`).waitFor({ timeout: 120_000 });
    return { openMs: performance.now() - began, ...(await closePage(world, page)) };
  },

  /** A run whose 20,000 steps come while the page shows it. */
  async stream(world) {
    const run = await createFilledRun(world);
    await using _lock = await lockRun(run.path).then((lock) => ({ [Symbol.asyncDispose]: () => lock.release() }));
    await updateRun(run, { status: "running", stage: "synthesise" });
    await appendEvents(run, eventsOf(0, BATCH));
    const page = await openPage(world);
    await go(page, run.record.id);
    await page.getByText(`over ${BATCH} steps`).waitFor();
    const began = performance.now();
    for (let step = BATCH; step < STEPS; step += BATCH) {
      await appendEvents(run, eventsOf(step, step + BATCH));
      await sleep(PAUSE_MS);
    }
    const writtenMs = performance.now() - began;
    await page.getByText(`over ${STEPS.toLocaleString("en-GB")} steps`).waitFor({ timeout: 120_000 });
    const seenMs = performance.now() - began;
    return { writtenMs, seenMs, ...(await closePage(world, page)) };
  },

  /** A real run in the host's child process while the page shows it. */
  async run(world) {
    const record = await createRecord(world, { method: { steps: 100_000, realBatch: 32 }, network: { width: 16 } });
    const run = await createRun(world.store.home, { record: { ...record, evaluate: false } });
    const page = await openPage(world);
    await go(page, run.record.id);
    const post = (what: string) =>
      page.evaluate(
        (address) =>
          fetch(address, { method: "POST", headers: { "content-type": "application/json" }, body: "{}" }).then(
            ({ status }) => status,
          ),
        `/api/runs/${run.record.id}/${what}`,
      );
    await post("start");
    await page
      .getByText(/fell|rose/)
      .first()
      .waitFor({ timeout: 60_000 });
    await sleep(RUN_MS);
    const steps = await page.getByRole("slider").first().getAttribute("aria-valuenow");
    await post("stop");
    return { steps: Number(steps), ...(await closePage(world, page)) };
  },

  /** All pictures of a large dataset from top to bottom, beside a page of the same height with nothing on it. */
  async scroll(world) {
    const made = await mkdtemp(join(tmpdir(), "stillroom-measure-"));
    try {
      if (world.data === undefined) await generateImageFolder(made, PICTURES);
      const { manifest } = await importDataset(world.store, world.data ?? made);
      const frames: object[] = [];
      let cost: object = {};
      for (const isEmpty of [true, false]) {
        const page = await openPage(world);
        await page.evaluate(`location.hash = ${JSON.stringify(`#/datasets/${manifest.id}`)}`);
        await page.waitForSelector("[role=option]");
        await page.waitForTimeout(1000);
        frames.push(await page.evaluate<object>(`(${scrollThrough})(${SCROLL_MS}, ${isEmpty})`));
        cost = await closePage(world, page);
      }
      const [empty, grid] = frames as { droppedFrames: number }[];
      const pictures = countImages(manifest, "train");
      return { pictures, ...grid, droppedFramesOfEmptyPage: empty.droppedFrames, ...cost };
    } finally {
      await rm(made, { recursive: true, force: true });
    }
  },
};

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    options: { data: { type: "string" }, json: { type: "boolean", default: false } },
    allowPositionals: true,
  });
  const unknown = positionals.filter((name) => !(name in measurements));
  if (unknown.length > 0) throw new Error(`There is no measurement ${unknown.join(", ")}.`);
  const names = positionals.length > 0 ? positionals : Object.keys(measurements);
  await buildParts(["renderer"]);
  const home = await mkdtemp(join(tmpdir(), "stillroom-measure-"));
  let server: ChildProcess | undefined;
  let browser: Browser | undefined;
  try {
    const store = await openStore(home);
    const { manifest: dataset } = await importDataset(store, join(root, "assets/fashion-mnist-sample.zip"), {});
    const served = await serve(home);
    server = served.server;
    browser = await chromium.launch({
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
      args: ["--no-sandbox", "--disable-gpu"],
    });
    const world = { store, dataset, browser, url: served.url, serveMs: served.serveMs, data: values.data };
    const machine = { cpu: cpus()[0]?.model, cores: cpus().length, browser: browser.version(), adapter: "none" };
    const results: Record<string, Record<string, unknown>> = {};
    for (const name of names) {
      const load = loadavg()[0];
      results[name] = { ...rounded(await measurements[name](world)), load: Math.round(load) };
      console.error(`${name}: ${JSON.stringify(results[name])}`);
    }
    console.log(values.json ? JSON.stringify({ machine, results }, null, 2) : toTable(machine, results));
  } finally {
    await browser?.close();
    if (server && server.exitCode === null) {
      const ended = new Promise((done) => server?.once("exit", done));
      server.kill("SIGINT");
      await ended;
    }
    await rm(home, { recursive: true, force: true });
  }
}

async function serve(home: string): Promise<{ server: ChildProcess; url: string; serveMs: number }> {
  const began = performance.now();
  const server = spawn(process.execPath, [join(root, "electron/cli/main.ts"), "serve", "--port", "0"], {
    env: { ...process.env, STILLROOM_HOME: home },
    stdio: ["ignore", "pipe", "ignore"],
  });
  let told = "";
  for await (const text of server.stdout ?? []) {
    told += String(text);
    const [url] = /http:\S+/.exec(told) ?? [];
    if (url) return { server, url, serveMs: performance.now() - began };
  }
  throw new Error(`The server told no address: ${told}`);
}

async function createRecord({ store, dataset }: World, changes: object) {
  const host = createHost({ store });
  const client = createClient(async (input, init) => host.request(String(input), init));
  const { recipe } = await client.recipes.resolve({
    recipe: "dm",
    dataset: dataset.id,
    changes: { ipc: 10, ...changes },
  });
  await host.dispose();
  const { id, name, fingerprint } = dataset;
  return {
    name: "Measured",
    recipe,
    seed: recipe.seed,
    dataset: { id, name, fingerprint },
    app: { version: "0" },
    backend: "onnx",
    adapter: "",
  };
}

/** A run with the pictures that its events will name. */
async function createFilledRun(world: World): Promise<Run> {
  const record = await createRecord(world, { method: { steps: STEPS } });
  const run = await createRun(world.store.home, { record });
  const { classes, width, height, channels } = world.dataset;
  const grid = layPreview({ classes: classes.length, ipc: record.recipe.ipc, width, height });
  for (let step = 0; step <= STEPS; step += PREVIEW_EVERY) {
    const pixels = Uint8Array.from({ length: grid.width * grid.height * channels }, (_, i) => (i * (step + 7)) % 256);
    await writePreview(run, step, { pixels, width: grid.width, height: grid.height, channels });
  }
  return run;
}

const at = (seq: number) => ({ seq, time: 1_700_000_000_000 + seq, stage: "synthesise" as const });

/** Steps `from` (excluded) to `to`, a picture every so many, numbered as a whole run numbers them. */
function eventsOf(from: number, to: number): RunEvent[] {
  const events: RunEvent[] = from === 0 ? [{ ...at(0), type: "stage", step: 0, steps: STEPS }] : [];
  for (let step = from + 1; step <= to; step++) {
    const seq = step + Math.floor((step - 1) / PREVIEW_EVERY);
    const loss = 30 / Math.sqrt(step) + ((step * 7919) % 101) / 100;
    events.push({ ...at(seq), type: "step", step, metrics: { loss } });
    if (step % PREVIEW_EVERY === 0) {
      events.push({ ...at(seq + 1), type: "preview", step, file: `${String(step).padStart(6, "0")}.png` });
    }
  }
  return events;
}

/** Of the trace of a browser: one event, with times in microseconds; `tdur` is what the thread computed. */
interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts: number;
  readonly dur?: number;
  readonly tdur?: number;
  readonly args?: { readonly name?: string };
}

/** A page that has come to rest, and whose main thread is recorded from now on. */
async function openPage(world: World): Promise<Page> {
  const { browser, url } = world;
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  await page.goto(url);
  await page.locator("main").waitFor();
  await page.waitForTimeout(1500);
  await record(world, page);
  return page;
}

const record = ({ browser }: World, page: Page) =>
  browser.startTracing(page, { categories: ["toplevel", "devtools.timeline"] });

const go = (page: Page, id: string) => page.evaluate(`location.hash = ${JSON.stringify(`#/runs/${id}`)}`);

/** What the main thread did. Where others use the machine, the time that it computed tells more than the time that passed. */
async function closePage({ browser }: World, page: Page) {
  const { traceEvents } = JSON.parse((await browser.stopTracing()).toString()) as { traceEvents: TraceEvent[] };
  await page.close();
  const mains = new Set(
    traceEvents
      .filter(({ name, args }) => name === "thread_name" && args?.name === "CrRendererMain")
      .map(({ pid, tid }) => `${pid} ${tid}`),
  );
  const byThread = Map.groupBy(
    traceEvents.filter(
      ({ name, ph, pid, tid }) => name.endsWith("RunTask") && ph === "X" && mains.has(`${pid} ${tid}`),
    ),
    ({ pid, tid }) => `${pid} ${tid}`,
  );
  const computed = (tasks: readonly TraceEvent[]) => tasks.reduce((sum, { tdur = 0 }) => sum + tdur, 0) / 1000;
  // Other renderers idle.
  const tasks = [...byThread.values()].sort((a, b) => computed(b) - computed(a))[0] ?? [];
  const passed = tasks.map(({ dur = 0 }) => dur / 1000);
  const own = tasks.map(({ tdur = 0 }) => tdur / 1000);
  return {
    longestTaskMs: Math.max(0, ...passed),
    longestTaskCpuMs: Math.max(0, ...own),
    tasksOver50CpuMs: own.filter((each) => each > 50).length,
    mainThreadCpuMs: computed(tasks),
  };
}

/** Of every measurement: what it is about in words, and what the main thread computed. */
function toTable(machine: object, results: Readonly<Record<string, Readonly<Record<string, unknown>>>>): string {
  const common = ["longestTaskMs", "longestTaskCpuMs", "tasksOver50CpuMs", "mainThreadCpuMs", "load"];
  const heads = [
    "measurement",
    "figures",
    "longest task",
    "of it computed",
    "tasks over 50 ms computed",
    "computed",
    "load",
  ];
  const rows = Object.entries(results).map(([name, result]) => {
    const figures = Object.entries(result).filter(([key]) => !common.includes(key));
    return [
      name,
      figures.map(([key, value]) => `${key} ${value}`).join(", "),
      ...common.map((key) => String(result[key])),
    ];
  });
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [Object.values(machine).join(", "), "", line(heads), line(heads.map(() => "---")), ...rows.map(line)].join(
    "\n",
  );
}

const rounded = (result: object) =>
  Object.fromEntries(
    Object.entries(result).map(([key, value]) => [key, typeof value === "number" ? Math.round(value) : value]),
  );

await main();

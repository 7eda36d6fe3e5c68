// What can go wrong while somebody uses the window, told where they are looking.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import type { Page } from "@playwright/test";
import { chromiumLaunch } from "../support/chromium.ts";
import { drawPng, writeTree } from "../tools/make-images.ts";
import { dropOn, importDropped } from "./drop.ts";
import { writePatterns } from "./patterns.ts";
import { computeOn, THIS_WINDOW } from "./run-view.ts";
import { expect, goTo, serve, test, waitForWindow } from "./window.ts";

test.describe("what is dropped", () => {
  test("an empty folder", async ({ page, place }) => {
    await mkdir(place.file("hollow"));
    await dropOn(page, place.file("hollow"));
    await expect(page.getByRole("alert")).toContainText("holds no pictures that can be used");
    await page.getByRole("button", { name: "Choose another…" }).click();
    await expect(page.getByRole("button", { name: "Choose a folder…" })).toBeVisible();
  });

  test("broken and odd files are left out and named", async ({ page, place }) => {
    await writePatterns(place.file("mixed"), 6);
    await writeTree(place.file("mixed"), {
      "disc/torn.png": (await drawPng("torn", 20, 20)).subarray(0, 60),
      "disc/half.png": (await drawPng("half", 20, 20)).subarray(0, 300),
      "rows/notes.txt": "what I did on Tuesday",
      "rows/empty.png": "",
    });
    await dropOn(page, place.file("mixed"));
    await page.getByText("3 files will be left out").click();
    await openReasons(page);
    await expectNames(page, ["disc/torn.png", "rows/notes.txt", "rows/empty.png"]);
    await page.getByRole("button", { name: "Import", exact: true }).click();
    await expect(page.getByText("Imported mixed: 4 classes, 24 images.")).toBeVisible();
    await expect(page.getByRole("note")).toContainText("4 files left out");
    await page.getByRole("link", { name: "Open", exact: true }).click();
    // Of half a picture the beginning is sound, which is all that is read before the import.
    await page.getByRole("tab", { name: "What was left out 4" }).click();
    await openReasons(page);
    await expectNames(page, ["disc/half.png", "disc/torn.png", "rows/notes.txt", "rows/empty.png"]);
  });
});

/** Files of several reasons are folded under them. */
async function openReasons(page: Page): Promise<void> {
  const folded = page.getByRole("rowheader").getByRole("button", { expanded: false });
  await folded.first().waitFor();
  while ((await folded.count()) > 0) await folded.first().click();
}

async function expectNames(page: Page, names: readonly string[]): Promise<void> {
  for (const name of names) await expect(page.getByRole("cell", { name })).toBeVisible();
}

test.describe("the host", () => {
  test.use({ begin: "sample" });

  test("stops answering, and is back @browser", async ({ page, server }) => {
    const gone = page.getByRole("link", { name: "The host does not answer" });
    server.child.kill("SIGSTOP");
    await expect(gone).toBeVisible();
    server.child.kill("SIGCONT");
    await expect(gone).toHaveCount(0);
  });

  test("is gone; a new one is another address @browser", async ({ page, place, server, sample }) => {
    await goTo(page, `#/runs/${sample.runIds[0]}`);
    await expect(page.getByText("done", { exact: true })).toBeVisible();
    server.child.kill("SIGKILL");
    await server.ended;
    await expect(page.getByRole("link", { name: "The host does not answer" })).toBeVisible();
    // What was read stays.
    await expect(page.getByText("done", { exact: true })).toBeVisible();
    await goTo(page, "#/new-run");
    const next = await serve(place, { port: Number(server.url.port) });
    await page.reload();
    await expect(page.getByText("Open the printed address again.")).toBeVisible();
    await page.goto(next.url.href);
    await waitForWindow(page);
    await next.stop();
  });

  test("does not send the chart; the rest of the run stays @browser", async ({ page, sample }) => {
    await page.route("**/metric-plot-*", (route) => route.abort());
    await goTo(page, `#/runs/${sample.runIds[0]}`);
    await expect(page.getByText("The chart could not be loaded.")).toBeVisible();
    await expect(page.getByText("done", { exact: true })).toBeVisible();
    await page.getByRole("button", { name: "Show as a table" }).first().click();
    await expect(page.getByRole("columnheader", { name: "Step" }).first()).toBeVisible();
  });

  test("answers nobody without its token @browser", async ({ openPage, server }) => {
    for (const url of [server.url.origin, `${server.url.origin}/?token=wrong`]) {
      const page = await openPage({ url });
      await expect(page.getByRole("heading", { name: "Stillroom cannot be opened here" })).toBeVisible();
      await expect(page.getByText("Open the printed address again.")).toBeVisible();
    }
  });
});

// A limit on the size of files stands for the full disk: a small file system needs rights that tests do not have.
test("no room on the disk while an import is stored @browser", async ({ place, openPage }) => {
  const server = await serve(place, { limit: "ulimit -f 16" });
  const page = await openPage({ url: server.url.href });
  await waitForWindow(page);
  await importDropped(page, await writePatterns(place.file("patterns"), 15));
  await expect(page.getByRole("alert")).toContainText("cannot be written: it would be too large here");
  await server.stop();
});

test.describe("two windows on one store", () => {
  test.use({ begin: "sample" });

  test("a dataset that the other window deleted @browser", async ({ page, openPage, sample }) => {
    await goTo(page, `#/new-run?dataset=${sample.datasetId}`);
    await expect(page.getByRole("button", { name: "Start run" })).toBeEnabled();
    const other = await openPage();
    await goTo(other, `#/datasets/${sample.datasetId}`);
    await other.getByRole("button", { name: "Delete", exact: true }).click();
    await other.getByRole("dialog").getByRole("button", { name: "Delete", exact: true }).click();
    await expect(other.getByRole("heading", { name: "No datasets yet" })).toBeVisible();
    await page.getByRole("button", { name: "Start run" }).click();
    await expect(page.getByRole("alert").filter({ hasText: 'The run "shapes dm ipc 1" needs it' })).toBeVisible();
    await expect(page).toHaveURL(/#\/new-run/);
    await goTo(page, "#/datasets");
    await expect(page.getByRole("heading", { name: "No datasets yet" })).toBeVisible();
  });
});

test.describe("a newer version", () => {
  test.use({ begin: "sample" });

  test("wrote a dataset and a run @browser", async ({ place, sample, openPage }) => {
    await edit(place.file("home", "datasets", sample.datasetId, "manifest.json"));
    await edit(place.file("home", "runs", sample.runIds[0], "run.json"));
    const page = await openPage();
    await expect(page.getByRole("note")).toContainText(
      `The dataset in folder ${sample.datasetId} was written by a newer Stillroom`,
    );
    await goTo(page, "#/runs");
    const folder = page.getByRole("listitem").filter({ hasText: sample.runIds[0] });
    await expect(folder).toContainText("newer version of Stillroom");
    await expect(page.getByRole("link", { name: "shapes dm ipc 2" })).toBeVisible();
  });

  test("wrote the store @browser", async ({ place }) => {
    await edit(place.file("home", "store.json"));
    const { code, stderr } = await place.run("serve", "--port", "0");
    expect(code).not.toBe(0);
    expect(stderr).toContain("newer version of Stillroom");
  });
});

/** As a version to come would write it. */
async function edit(path: string): Promise<void> {
  const content = JSON.parse(await readFile(path, "utf8"));
  await writeFile(path, JSON.stringify({ ...content, version: 99 }));
}

test.describe("this window's Worker", () => {
  test.use({ begin: "sample" });

  test("has no WebGPU @browser", async ({ playwright, server }) => {
    const browser = await playwright.chromium.launch({ ...chromiumLaunch(), args: ["--no-sandbox"] });
    const page = await browser.newPage();
    await page.goto(server.url.href);
    await waitForWindow(page);
    await goTo(page, "#/new-run");
    await page.getByRole("combobox", { name: "Compute on" }).click();
    await expect(page.getByRole("option", { name: /^CPU in this window/ })).toBeVisible();
    await expect(page.getByRole("option", { name: /^This window/ })).toHaveCount(0);
    await browser.close();
  });

  test("would take more memory than its limit: the run is not offered to start @browser", async ({ page }) => {
    await goTo(page, "#/new-run");
    await computeOn(page, THIS_WINDOW);
    const start = page.getByRole("button", { name: "Start run" });
    await page.getByText("As published", { exact: true }).click();
    await page.getByLabel("GPU memory at most").fill("0.001");
    const reason = page.getByRole("alert").filter({ hasText: "more than the memory limit" });
    await expect(reason).toBeVisible();
    await expect(start).toBeDisabled();
    await expect(start).toHaveAccessibleDescription(/more than the memory limit/);
    await page.getByLabel("GPU memory at most").fill("");
    await expect(start).toBeEnabled();
    await expect(reason).toHaveCount(0);
  });

  test("does not load @browser", async ({ page }) => {
    await goTo(page, "#/new-run");
    await computeOn(page, THIS_WINDOW);
    await page.route(/compute\.worker/, (route) => route.abort());
    await page.getByRole("button", { name: "Start run" }).click();
    await expect(page.getByRole("alert").first()).toContainText("Worker could not be loaded");
    await expect(page.getByRole("alert").first()).toContainText("choose another place");
  });
});

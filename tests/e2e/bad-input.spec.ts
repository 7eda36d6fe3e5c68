// What can go wrong while somebody uses the window, told where they are looking.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import type { Page } from "@playwright/test";
import { chromiumLaunch } from "../support/chromium.ts";
import { drawPng, writeTree } from "../tools/make-images.ts";
import { dropOn } from "./drop.ts";
import { writePatterns } from "./patterns.ts";
import { expect, serve, test, waitForWindow } from "./window.ts";

const goTo = (page: Page, hash: string) => page.evaluate(`location.hash = ${JSON.stringify(hash)}`);

async function importDropped(page: Page, folder: string): Promise<void> {
  await dropOn(page, folder);
  await page.getByRole("dialog").getByRole("button", { name: "Import", exact: true }).click();
}

test.describe("what is dropped", () => {
  test("an empty folder", async ({ page, place }) => {
    test.fixme(
      true,
      "an upload without files makes no folder: the page is told of a path in scratch that does not exist",
    );
    await mkdir(place.file("hollow"));
    await importDropped(page, place.file("hollow"));
    await expect(page.getByRole("alert")).toContainText("holds no pictures that can be used");
  });

  test("broken and odd files are left out and named", async ({ page, place }) => {
    await writePatterns(place.file("mixed"), 6);
    await writeTree(place.file("mixed"), {
      "disc/torn.png": (await drawPng("torn", 20, 20)).subarray(0, 60),
      "rows/notes.txt": "what I did on Tuesday",
      "rows/empty.png": "",
    });
    await importDropped(page, place.file("mixed"));
    await expect(page.getByText("Imported.")).toBeVisible();
    await page.getByRole("link", { name: "Open", exact: true }).click();
    for (const name of ["disc/torn.png", "rows/notes.txt", "rows/empty.png"]) {
      await expect(page.getByText(name)).toBeVisible();
    }
  });
});

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
    await expect(page.getByRole("alert").first()).toContainText(/dataset/i);
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
    await expect(page.getByRole("alert")).toContainText("Datasets that cannot be read");
    await expect(page.getByRole("alert")).toContainText(sample.datasetId);
    await goTo(page, "#/runs");
    await expect(page.getByRole("alert")).toContainText("Run folders that cannot be read");
    await expect(page.getByRole("alert")).toContainText(sample.runIds[0]);
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
    await expect(page.getByRole("option", { name: /^CPU in a window/ })).toBeVisible();
    await expect(page.getByRole("option", { name: /^This window/ })).toHaveCount(0);
    await browser.close();
  });

  test("does not load @browser", async ({ page }) => {
    await goTo(page, "#/new-run");
    await page.getByRole("combobox", { name: "Compute on" }).click();
    await page.getByRole("option", { name: /^This window/ }).click();
    await page.route(/compute\.worker/, (route) => route.abort());
    await page.getByRole("button", { name: "Start run" }).click();
    await expect(page.getByRole("alert").first()).toContainText("Worker could not be loaded");
    await expect(page.getByRole("alert").first()).toContainText("choose another place");
  });
});

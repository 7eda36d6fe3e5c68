// What axe finds on every view and dialog, light and dark.
import type { Page } from "@playwright/test";
import type { Client } from "../../shared/api/client.ts";
import { longChanges, newRunOf } from "../support/small-store.ts";
import { writeTree } from "../tools/make-images.ts";
import { findFaults } from "./axe.ts";
import { writePatterns } from "./patterns.ts";
import { expect, goTo, test } from "./window.ts";

const schemes = ["light", "dark"] as const;
/** What is half faded in has no contrast yet. */
const still = { reducedMotion: "reduce" } as const;
for (const colorScheme of schemes) {
  test(`axe finds nothing serious in a window without data, ${colorScheme} @browser`, async ({ openPage }) => {
    const page = await openPage({ colorScheme, ...still });
    for (const name of await viewNames(page)) {
      await test.step(name, async () => {
        await openView(page, name);
        expect.soft(await findFaults(page, colorScheme), name).toEqual([]);
      });
    }
  });
}

test.describe("with data", () => {
  test.use({ begin: "sample" });

  for (const colorScheme of schemes) {
    test(`axe finds nothing serious on any view or dialog, ${colorScheme} @browser`, async ({
      openPage,
      place,
      sample,
      server,
    }) => {
      const unfinished = await makeUnfinishedRun(server.client, sample.datasetId);
      const page = await openPage({ colorScheme, ...still });
      const check = (name: string) =>
        test.step(name, async () => {
          await expect(page.getByText("Reading…")).toHaveCount(0);
          expect.soft(await findFaults(page, colorScheme), name).toEqual([]);
        });
      const checkDialog = async (name: string | RegExp) => {
        await expect(page.getByRole("dialog", { name })).toBeVisible();
        await check(`dialog ${name}`);
        await page.keyboard.press("Escape");
        await expect(page.getByRole("dialog")).toHaveCount(0);
      };
      const show = (hash: string) => goTo(page, hash);
      const [first, second] = sample.runIds;

      for (const name of await viewNames(page)) {
        await openView(page, name);
        await check(name);
      }
      await show("#/nowhere");
      await check("an address of nothing");

      await show(`#/datasets/${sample.datasetId}`);
      await expect(page.getByRole("listbox", { name: "Pictures by class" })).toBeVisible();
      await check("dataset");
      await page.getByRole("listbox", { name: "Pictures by class" }).click({ position: { x: 20, y: 60 } });
      await checkDialog(/^checks, image/);
      await page.getByRole("tab", { name: /^What was left out/ }).click();
      await check("dataset, what was left out");
      await page.getByRole("tab", { name: /^Runs/ }).click();
      await check("dataset, its runs");
      await page.getByRole("button", { name: "Rename" }).click();
      await checkDialog("Rename the dataset");
      await page.getByRole("button", { name: "Delete", exact: true }).click();
      await checkDialog("Delete shapes?");
      await page.keyboard.press("Control+o");
      await page.getByLabel("Or by its path").fill(await writePatterns(place.file("mixed"), 6));
      await check("dialog Import a dataset, its beginning");
      await writeTree(place.file("mixed"), { "rows/notes.txt": "what I did on Tuesday" });
      await page.getByRole("button", { name: "Look inside" }).click();
      await page.getByText("1 file will be left out").click();
      await checkDialog("Import a dataset");
      await page.keyboard.press("Control+k");
      await checkDialog("Command palette");
      await page.keyboard.press("?");
      await checkDialog("Keys");
      await page.keyboard.press("Control+Shift+n");
      await checkDialog("Open a recipe");

      await show("#/new-run");
      await page.getByText("Augmentation", { exact: true }).click();
      await expect(page.getByText(/^about \d/)).toBeVisible();
      await check("new run, measured");

      await show(`#/runs/${second}`);
      await expect(page.getByText(/points (above|below) random images/)).toBeVisible();
      await check("run");
      await page.getByRole("button", { name: "Show as a table" }).first().click();
      await check("run, curve as a table");
      await page.getByRole("button", { name: /^disc: 2 synthetic images/ }).click();
      await checkDialog(/^disc, image \d/);
      await show(`#/runs/${unfinished}`);
      await page.getByRole("button", { name: "Stop…" }).click();
      await checkDialog(/^End the distillation at step \d/);
      await check("run, unfinished");
      await page.getByRole("button", { name: "Resume", exact: true }).click();
      await checkDialog("Go on somewhere else?");
      await show(`#/runs/${second}/export`);
      await expect(page.getByText(/^\d+ files, /)).toBeVisible();
      await check("export");
      await show(`#/compare?runs=${first},${second}`);
      await expect(page.getByRole("img", { name: /^disc: / })).toHaveCount(2);
      await check("compare");
      await show("#/runs");
      await page.getByRole("button", { name: "Actions for shapes dm ipc 1" }).click();
      await page.getByRole("menuitem", { name: "Rename…" }).click();
      await checkDialog("Rename shapes dm ipc 1");
      await page.getByRole("button", { name: "Actions for shapes dm ipc 1" }).click();
      await page.getByRole("menuitem", { name: "Delete…" }).click();
      await checkDialog("Delete shapes dm ipc 1, seed 0?");
    });
  }
});

/** A run that was paused in its distillation, on an adapter that is not here. */
async function makeUnfinishedRun(client: Client, datasetId: string): Promise<string> {
  const dataset = await client.datasets.get(datasetId);
  const { record } = await client.runs.create(await newRunOf(client, dataset, longChanges));
  await client.runs.start(record.id);
  for await (const line of client.runs.follow(record.id)) {
    if (line.type === "preview" && line.step > 0) await client.runs.stop(record.id);
    if (line.type === "ended") expect(line.status).toBe("stopped");
  }
  await client.runs.update(record.id, { backend: "webgpu", adapter: "An adapter of another machine" });
  return record.id;
}

/** The views of the rail. */
const rail = (page: Page) => page.getByRole("navigation", { name: "Views" });
const viewNames = async (page: Page) => {
  const links = await rail(page).getByRole("link").all();
  const names = await Promise.all(links.map((link) => link.getAttribute("aria-label")));
  return names.filter((name): name is string => name !== null && /^[A-Z][a-z]+( run)?$/.test(name));
};

async function openView(page: Page, name: string): Promise<void> {
  await rail(page).getByRole("link", { name, exact: true }).click();
  await expect(page).toHaveTitle(new RegExp(name));
}

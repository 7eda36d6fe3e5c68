// What the list of runs does with a run: renamed, made again, deleted.
import type { Page } from "@playwright/test";
import { exists, readRun } from "../cli/run-cli.ts";
import { longChanges, newRunOf } from "../support/small-store.ts";
import { expectDone } from "./run-view.ts";
import { expect, goTo, test } from "./window.ts";

test.use({ begin: "sample" });

const row = (page: Page, name: string) => page.getByRole("row").filter({ hasText: name });

async function act(page: Page, name: string, action: string): Promise<void> {
  await page.getByRole("button", { name: `Actions for ${name}` }).click();
  await page.getByRole("menuitem", { name: action }).click();
}

test("a run is renamed", async ({ page, place, sample }) => {
  await goTo(page, "#/runs");
  await act(page, "shapes dm ipc 1", "Rename…");
  const dialog = page.getByRole("dialog", { name: "Rename shapes dm ipc 1" });
  await dialog.getByRole("textbox", { name: "Run" }).fill("the first");
  await dialog.getByRole("button", { name: "Rename" }).click();
  await expect(page.getByRole("link", { name: "the first" })).toBeVisible();
  await expect(row(page, "shapes dm ipc 1")).toHaveCount(0);
  await page.reload();
  await expect(page.getByRole("link", { name: "the first" })).toBeVisible();
  expect(await exists(place.file("home", "runs", sample.runIds[0], "run.json"))).toBe(true);
});

test("a run that is run again ends with the same bytes @browser", async ({ page, place, sample }) => {
  await goTo(page, "#/runs");
  await act(page, "shapes dm ipc 2", "Run again");
  await expect(page).toHaveTitle(/shapes dm ipc 2, again/);
  await expectDone(page);
  const again = new URL(page.url()).hash.split("/")[2];
  expect(again).not.toBe(sample.runIds[1]);
  const [first, second] = await Promise.all(
    [sample.runIds[1], again].map((id) => readRun(place.file("home", "runs", id))),
  );
  expect(second.distilled).toBe(first.distilled);
  expect(second.evaluation).toBe(first.evaluation);
});

test("what is changed in a duplicate stays when the list of runs is read again @browser", async ({
  page,
  sample,
  server: { client },
}) => {
  await goTo(page, "#/runs");
  await act(page, "shapes dm ipc 1", "Duplicate with changes…");
  await page.getByLabel("Steps", { exact: true }).fill("70");
  await expect(page.getByRole("region", { name: "Recipe as JSON" })).toContainText('"steps": 70');
  const dataset = await client.datasets.get(sample.datasetId);
  const { record } = await client.runs.create(await newRunOf(client, dataset, longChanges));
  await client.runs.start(record.id);
  // The name comes from the list.
  await expect(page.getByRole("link", { name: /^Computing small: / })).toBeVisible();
  await page.getByLabel("Name", { exact: true }).fill("changed");
  await page.getByRole("button", { name: "Start run" }).click();
  await expect(page).toHaveTitle(/changed/);
  const { runs } = await client.runs.list();
  expect(runs.find((run) => run.record.name === "changed")?.record.recipe).toMatchObject({ method: { steps: 70 } });
  await client.runs.stop(record.id);
});

test("a run is deleted when that was asked once; its dataset stays", async ({ page, place, sample }) => {
  const folder = place.file("home", "runs", sample.runIds[0]);
  await goTo(page, "#/runs");
  await act(page, "shapes dm ipc 1", "Delete…");
  const dialog = page.getByRole("dialog", { name: "Delete shapes dm ipc 1, seed 0?" });
  await expect(dialog).toContainText(/which frees \d+(\.\d+)? [kM]?B/);
  await dialog.getByRole("button", { name: "Cancel" }).click();
  await expect(dialog).toHaveCount(0);
  await expect(row(page, "shapes dm ipc 1")).toBeVisible();
  expect(await exists(folder)).toBe(true);

  await act(page, "shapes dm ipc 1", "Delete…");
  await dialog.getByRole("button", { name: "Delete" }).click();
  await expect(row(page, "shapes dm ipc 1")).toHaveCount(0);
  await expect(row(page, "shapes dm ipc 2")).toBeVisible();
  expect(await exists(folder)).toBe(false);
  expect(await exists(place.file("home", "datasets", sample.datasetId, "manifest.json"))).toBe(true);
});

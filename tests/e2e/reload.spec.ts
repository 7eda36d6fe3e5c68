// A run that the host's child process computes, watched by pages that come and go.
import { newRunOf, tinyChanges } from "../support/small-store.ts";
import { expect, test, waitForWindow } from "./window.ts";

test.use({ begin: "sample" });

test("a page that is reloaded, and a second one, follow a run to its end @browser", async ({
  page,
  openPage,
  server: { client },
  sample,
}) => {
  const dataset = await client.datasets.get(sample.datasetId);
  const changes = { ...tinyChanges, method: { steps: 1500, realBatch: 8 } };
  const { record } = await client.runs.create(await newRunOf(client, dataset, changes));
  await client.runs.start(record.id);

  const history = (on: typeof page) => on.getByRole("slider", { name: "History" });
  const reached = async (on: typeof page) => Number(await history(on).getAttribute("aria-valuemax"));
  await page.evaluate(`location.hash = "#/runs/${record.id}"`);
  await expect.poll(() => reached(page)).toBeGreaterThan(0);
  await page.reload();
  await waitForWindow(page);
  await expect(page.getByRole("button", { name: "Pause" })).toBeVisible();
  const before = await reached(page);
  const other = await openPage();
  await other.evaluate(`location.hash = "#/runs/${record.id}"`);
  await expect(other.getByRole("button", { name: "Pause" })).toBeVisible();
  await expect.poll(() => reached(page)).toBeGreaterThan(before);

  // One window pauses, the other sees it; the other resumes, and both see the end.
  await page.getByRole("button", { name: "Pause" }).click();
  await expect(other.getByRole("button", { name: "Resume" })).toBeVisible();
  await other.getByRole("button", { name: "Resume" }).click();
  for (const each of [page, other]) {
    await expect(each.getByText("done", { exact: true })).toBeVisible({ timeout: 60_000 });
    await expect.poll(() => reached(each)).toBe(1500);
  }
});

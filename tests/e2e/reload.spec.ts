// Pages that are reloaded while a run is computed: by the host's child process, or by their own Worker.
import { readRun } from "../cli/run-cli.ts";
import { newRunOf, tinyChanges } from "../support/small-store.ts";
import { computeOn, expectDone, reachedStep, THIS_WINDOW } from "./run-view.ts";
import { expect, goTo, test, waitForWindow } from "./window.ts";

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

  await goTo(page, `#/runs/${record.id}`);
  await expect.poll(() => reachedStep(page)).toBeGreaterThan(0);
  await page.reload();
  await waitForWindow(page);
  await expect(page.getByRole("button", { name: "Pause" })).toBeVisible();
  const before = await reachedStep(page);
  const other = await openPage();
  await goTo(other, `#/runs/${record.id}`);
  await expect(other.getByRole("button", { name: "Pause" })).toBeVisible();
  await expect.poll(() => reachedStep(page)).toBeGreaterThan(before);

  // One window pauses, the other sees it; the other resumes, and both see the end.
  await page.getByRole("button", { name: "Pause" }).click();
  await expect(other.getByRole("button", { name: "Resume", exact: true })).toBeVisible();
  await other.getByRole("button", { name: "Resume", exact: true }).click();
  for (const each of [page, other]) {
    await expectDone(each);
    await expect.poll(() => reachedStep(each)).toBe(1500);
  }
});

test("a page that is reloaded while its Worker computes asks first; the resumed run ends with the same bytes @browser", async ({
  page,
  place,
  server: { client },
  sample,
}) => {
  const dataset = await client.datasets.get(sample.datasetId);
  const changes = { ...tinyChanges, method: { steps: 150, realBatch: 8 } };
  const create = async () => (await client.runs.create(await newRunOf(client, dataset, changes))).record.id;
  await goTo(page, "#/settings");
  await computeOn(page, THIS_WINDOW);

  const undisturbed = await create();
  await goTo(page, `#/runs/${undisturbed}`);
  await page.getByRole("button", { name: "Start", exact: true }).click();
  await expectDone(page);

  const reloaded = await create();
  await goTo(page, `#/runs/${reloaded}`);
  await page.getByRole("button", { name: "Start", exact: true }).click();
  await expect.poll(() => reachedStep(page)).toBeGreaterThan(30);
  const asked: string[] = [];
  page.on("dialog", (dialog) => {
    asked.push(dialog.type());
    void dialog.accept();
  });
  await page.reload();
  expect(asked).toEqual(["beforeunload"]);
  await expect(page.getByText("The window that computed this run was closed or reloaded.")).toBeVisible();
  expect(await reachedStep(page)).toBeLessThan(150);
  await page.getByRole("button", { name: "Resume", exact: true }).click();
  await expectDone(page);
  const [one, other] = await Promise.all([undisturbed, reloaded].map((id) => readRun(place.file("home", "runs", id))));
  expect(other.distilled).toBe(one.distilled);
  expect(other.evaluation).toBe(one.evaluation);
});

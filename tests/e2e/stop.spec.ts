// A distillation that a person ends before its time.
import { longChanges, newRunOf } from "../support/small-store.ts";
import { computeOn, expectDone, reachedStep, THIS_WINDOW } from "./run-view.ts";
import { expect, goTo, test } from "./window.ts";

test.use({ begin: "sample" });

const places = [
  { name: "the host's child process", where: undefined },
  { name: "the page's Worker", where: THIS_WINDOW },
] as const;

for (const { name, where } of places) {
  test(`a distillation in ${name} is ended early when that was asked once, and evaluated @browser`, async ({
    page,
    server: { client },
    sample,
  }) => {
    const dataset = await client.datasets.get(sample.datasetId);
    const { record } = await client.runs.create(await newRunOf(client, dataset, longChanges));
    if (where) {
      await goTo(page, "#/settings");
      await computeOn(page, where);
    }
    await goTo(page, `#/runs/${record.id}`);
    await page.getByRole("button", { name: "Start", exact: true }).click();
    const stop = page.getByRole("button", { name: "Stop…" });
    await expect(stop).toBeEnabled();
    await stop.click();
    const dialog = page.getByRole("dialog", { name: /^End the distillation at step [\d,]+\?$/ });
    await dialog.getByRole("button", { name: "Cancel" }).click();
    await expect(dialog).toHaveCount(0);
    const before = await reachedStep(page);
    await expect.poll(() => reachedStep(page)).toBeGreaterThan(before);

    await stop.click();
    await dialog.getByRole("button", { name: "End and evaluate" }).click();
    await expectDone(page);
    await expect(page.getByText("ended by hand")).toBeVisible();
    await expect(page.getByText(/points (above|below) random images, 1 trial/)).toBeVisible();
    const ended = await reachedStep(page);
    expect(ended).toBeGreaterThan(before);
    expect(ended).toBeLessThan(longChanges.method.steps);
    await expect(page.getByRole("button", { name: "Resume", exact: true })).toHaveCount(0);
    expect((await client.runs.get(record.id)).record).toMatchObject({ status: "done" });
    await page.getByRole("button", { name: "Export" }).click();
    await expect(page.getByText(/^\d+ files, /)).toBeVisible();
  });
}

// What methods beside DM show: experts and trajectories, steps that are judged, a run that begins with an earlier set.
import { readFile } from "node:fs/promises";
import type { Page } from "@playwright/test";
import { findFaults } from "./axe.ts";
import { expectDone } from "./run-view.ts";
import { expect, goTo, test } from "./window.ts";

test.use({ begin: "sample" });

/** Changes one setting of a new run; `group` is the heading that it is folded under. */
async function set(page: Page, label: string, value: number, group?: string): Promise<void> {
  const field = page.getByLabel(label, { exact: true });
  if (group && !(await field.isVisible())) await page.locator("summary").filter({ hasText: group }).click();
  await field.fill(String(value));
}

/** A run of seconds. */
async function setTiny(page: Page, steps: number): Promise<void> {
  await set(page, "Steps", steps);
  await set(page, "Trials", 1);
  await set(page, "Epochs", 3);
  await set(page, "Depth", 2, "Network");
  await set(page, "Width", 4, "Network");
}

async function start(page: Page, name: string): Promise<string> {
  await page.getByLabel("Name", { exact: true }).fill(name);
  await page.getByRole("button", { name: "Start run" }).click();
  await expect(page).toHaveURL(/#\/runs\/./);
  return new URL(page.url()).hash.split("/")[2];
}

async function showCurve(page: Page, name: string): Promise<void> {
  await page.getByRole("combobox", { name: "Curves" }).click();
  await page.getByRole("option", { name, exact: true }).click();
}

/** Once nothing moves any more; "light" is all that axe looks for. */
const expectAccessible = (page: Page) => expect.poll(() => findFaults(page, "light")).toEqual([]);

test("MTT trains its experts as a stage, shows where the student went, and leaves an artifact", async ({
  page,
  sample,
  kind,
}) => {
  await goTo(page, `#/new-run?dataset=${sample.datasetId}`);
  await test.step("put it together and start it", async () => {
    await page.getByRole("radio", { name: /^Matching training trajectories/ }).check();
    await set(page, "Images per class (ipc)", 1);
    await set(page, "Inner steps", 3);
    await set(page, "Max start", 1);
    await set(page, "Initial rate", 0.01);
    await set(page, "Max loss", 100);
    await set(page, "Experts count", 5);
    await set(page, "Experts batch", 2); // so many steps that the stage is seen
    await setTiny(page, 6);
    await start(page, "followed");
  });

  await test.step("experts are a stage with its progress, and a curve each", async () => {
    await expect(page.getByText(/^preparing, part \d+ of \d+$/)).toBeVisible();
    await expectDone(page);
    await showCurve(page, "Expert training, accuracy");
    await expect(page.getByRole("figure", { name: /^Expert 1 .* over 2 epochs.*Expert 5 /s })).toBeVisible();
    await showCurve(page, "Expert training, loss");
    await page.getByRole("button", { name: "Show as a table" }).first().click();
    await expect(page.getByRole("columnheader", { name: "Epoch" })).toBeVisible();
    await expect(page.getByRole("columnheader", { name: "Expert 5" })).toBeVisible();
  });

  await test.step("the trajectory is that of the step that is looked at", async () => {
    await showCurve(page, "Trajectory");
    const trajectory = (step: number) =>
      page.getByRole("figure", {
        name: new RegExp(`^Step ${step}: from epoch 0 of expert \\d towards epoch 2; after 3 inner steps [\\d.]+ %`),
      });
    await expect(trajectory(6)).toBeVisible();
    const history = page.getByRole("slider", { name: "History" });
    await history.focus();
    await history.press("Home");
    await expect(trajectory(1)).toBeVisible();
    await page.getByRole("button", { name: "Show as a table" }).first().click();
    await expect(page.getByRole("row", { name: /^student, inner step 0 1 / })).toBeVisible();
    await expect(page.getByRole("row", { name: /^expert, epoch 2 0 / })).toBeVisible();
    await expectAccessible(page);
    await showCurve(page, "Distance to the target");
    await expect(trajectory(1)).toBeVisible();
  });

  await test.step("the artifact says what it is made of, is downloaded, and goes when that was asked once", async () => {
    await goTo(page, "#/artifacts");
    const artifact = page.getByRole("row", { name: /^Expert trajectories of shapes/ });
    await artifact.getByText(/^Made of \d+ settings$/).click();
    await expect(artifact.getByText("training.count")).toBeVisible();
    await expectAccessible(page);
    const download = artifact.getByRole("link", { name: /^Download Expert trajectories, .* as a zip$/ });
    await expect(download).toBeVisible();
    if (kind !== "electron") {
      const [file] = await Promise.all([page.waitForEvent("download"), download.click()]);
      expect(file.suggestedFilename()).toMatch(/\.zip$/);
    }
    await artifact.getByRole("button", { name: /^Delete Expert trajectories/ }).click();
    const dialog = page.getByRole("dialog", { name: /^Delete Expert trajectories, .*\?$/ });
    await expect(dialog).toContainText(/^.*frees \d+(\.\d+)? [kM]B/s);
    await dialog.getByRole("button", { name: "Cancel" }).click();
    await expect(artifact).toBeVisible();
    await artifact.getByRole("button", { name: /^Delete Expert trajectories/ }).click();
    await dialog.getByRole("button", { name: "Delete" }).click();
    await expect(page.getByRole("heading", { name: "No artifacts yet" })).toBeVisible();
  });
});

test("steps are judged on held-out images, and the whole stands beside the paper's figure", async ({
  page,
  sample,
}) => {
  await goTo(page, `#/datasets/${sample.datasetId}`);
  await page.getByRole("button", { name: "Rename" }).click();
  await page.getByRole("dialog").getByRole("textbox").fill("MNIST"); // for which there are published figures
  await page.getByRole("dialog").getByRole("button", { name: "Rename" }).click();
  await expect(page).toHaveTitle(/MNIST/);
  await page.getByRole("button", { name: "New run" }).click();
  await setTiny(page, 40);
  await set(page, "Real batch", 8);
  await set(page, "Every steps", 10, "Evaluation");
  await expect(page.getByText("no images are held out to evaluate the steps on").first()).toBeVisible();
  await expect(page.getByRole("button", { name: "Start run" })).toBeDisabled();
  await set(page, "Validation", 0.2);
  await start(page, "judged");
  await expectDone(page);
  await expect(page.getByRole("figure", { name: /^Accuracy on held-out training images at 4 steps, / })).toBeVisible();
  await expect(page.getByText("synthetic, best")).toBeVisible();
  await showCurve(page, "Held-out accuracy, %");
  await expect(page.getByRole("figure", { name: /^Held-out accuracy, % .* over 40 steps/ })).toBeVisible();

  const published = /^Accuracy, convnet-3 \d+\.\d ± \d+\.\d % \d+\.\d ± \d+\.\d %, 1 trial$/;
  const dialog = page.getByRole("dialog", { name: "Paper against ours" });
  await page.getByRole("button", { name: "Paper against ours" }).click();
  await expect(dialog.getByRole("row", { name: published })).toBeVisible();
  await expect(dialog.getByRole("row", { name: "network.width 128 4" })).toBeVisible();
  await expect(dialog.getByRole("row", { name: "evaluation.trials 5 1" })).toBeVisible();
  await expectAccessible(page);
  await page.keyboard.press("Escape");
  await goTo(page, "#/recipes");
  await page.getByRole("button", { name: "Paper against ours: MNIST ipc 1" }).click();
  await expect(dialog.getByRole("row", { name: published })).toBeVisible();
});

test("a run begins with the set of an earlier one", async ({ page, place, sample }) => {
  await goTo(page, `#/new-run?dataset=${sample.datasetId}`);
  await set(page, "Images per class (ipc)", 2);
  const init = page.getByRole("combobox", { name: "Init", exact: true });
  await init.click();
  await expect(page.getByRole("option", { name: /shapes dm ipc 1 .*fits with ipc 1/ })).toBeDisabled();
  await expectAccessible(page);
  await page.getByRole("option", { name: /shapes dm ipc 2/ }).click();
  await expect(init).toHaveValue("shapes dm ipc 2");

  await set(page, "Images per class (ipc)", 3);
  await expect(page.getByRole("alert").filter({ hasText: "the recipe 3: use ipc 2" })).toBeVisible();
  await expect(page.getByRole("listitem").filter({ hasText: "Init: the set has 2 images" })).toBeVisible();
  await expect(page.getByRole("button", { name: "Start run" })).toBeDisabled();
  await set(page, "Images per class (ipc)", 2);
  await setTiny(page, 0);
  const id = await start(page, "begun");
  await expectDone(page);
  const read = (run: string, file: string) => readFile(place.file("home", "runs", run, file), "base64");
  expect(await read(id, "initial.safetensors")).toBe(await read(sample.runIds[1], "distilled.safetensors"));

  await test.step("a file that is not there is told at once", async () => {
    await goTo(page, `#/new-run?dataset=${sample.datasetId}`);
    await init.click();
    await page.getByRole("option", { name: "A run or file by its name…" }).click();
    await page.getByRole("textbox", { name: /path of a distilled\.safetensors$/ }).fill("/no/such.safetensors");
    await expect(page.getByRole("alert").filter({ hasText: "There is no file /no/such.safetensors" })).toBeVisible();
    await expect(page.getByRole("button", { name: "Start run" })).toBeDisabled();
  });
});

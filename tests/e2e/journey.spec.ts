// The journey of a researcher: a folder dropped, a run watched, paused, reloaded and resumed, two runs compared, one exported.
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { Page } from "@playwright/test";
import { Uint8ArrayReader, Uint8ArrayWriter, ZipReader } from "@zip.js/zip.js";
import type { Workplace } from "../cli/run-cli.ts";
import { snapshotFolder } from "../tools/make-images.ts";
import { importDropped } from "./drop.ts";
import { writePatterns } from "./patterns.ts";
import { computeOn, expectDone, reachedStep, THIS_WINDOW } from "./run-view.ts";
import { expect, type Kind, test } from "./window.ts";

interface Journey {
  readonly page: Page;
  readonly place: Workplace;
  readonly kind: Kind;
  /** As "Compute on" offers it; what it has chosen by itself when left out. */
  readonly where?: RegExp;
  /** Enough that the run can be paused in its middle. */
  readonly steps: number;
}

const FORMATS = ["image-folder", "npz", "safetensors", "grid"];

test("from a folder to an export, computed by the host's child process", async ({ page, place, kind }) => {
  test.slow();
  await travel({ page, place, kind, steps: 1500, ...(kind === "electron" && { where: /^CPU in its own process: / }) });
});

test("from a folder to an export, computed by WebGPU in the page's Worker", async ({ page, place, kind }) => {
  test.slow();
  await travel({ page, place, kind, steps: 200, where: THIS_WINDOW });
});

async function travel({ page, place, kind, steps, where }: Journey): Promise<void> {
  await test.step("drop a folder and import it", async () => {
    await importDropped(page, await writePatterns(place.file("patterns")), 16);
    await expect(page.getByText("Imported patterns: 4 classes, 120 images.")).toBeVisible();
    await page.getByRole("link", { name: "Open", exact: true }).click();
    await expect(page.getByRole("definition").filter({ hasText: "16 × 16 colour" })).toBeVisible();
    await page.getByRole("tab", { name: "What was left out 0" }).click();
    await expect(page.getByText("Nothing: every file was used.")).toBeVisible();
  });

  await test.step("put a small run together and start it", async () => {
    await page.getByRole("button", { name: "New run" }).click();
    await set(page, "Images per class (ipc)", 2);
    await set(page, "Steps", steps);
    await set(page, "Real batch", 8);
    await set(page, "Trials", 2);
    await set(page, "Epochs", 20);
    await set(page, "Depth", 2, "Network");
    await set(page, "Width", 4, "Network");
    await set(page, "Preview every steps", steps / 50, "Record");
    await set(page, "Checkpoint every steps", steps / 20, "Record");
    if (where) await computeOn(page, where);
    await expect(page.getByText("As the recipe has it")).toBeHidden();
    await page.getByLabel("Name", { exact: true }).fill("first");
    await page.getByRole("button", { name: "Start run" }).click();
  });

  await test.step("see the images and the curve move", async () => {
    await expectChange(() => picture(page));
    await expectChange(() => sentence(page));
  });

  const pausedAt = await test.step("pause it in its middle", async () => {
    await page.getByRole("button", { name: "Pause" }).click();
    await expect(page.getByRole("button", { name: "Resume", exact: true })).toBeVisible();
    const step = await reachedStep(page);
    expect(step).toBeGreaterThan(0);
    expect(step).toBeLessThan(steps);
    return step;
  });

  await test.step("reload: it is where it was", async () => {
    await page.reload();
    await expect(page.getByRole("button", { name: "Resume", exact: true })).toBeVisible();
    await expect.poll(() => reachedStep(page)).toBe(pausedAt);
  });

  await test.step("resume, and see it to its end beside random images", async () => {
    await page.getByRole("button", { name: "Resume", exact: true }).click();
    await expect.poll(() => reachedStep(page)).toBeGreaterThan(pausedAt);
    await expectDone(page);
    await expect.poll(() => reachedStep(page)).toBe(steps);
    await expect(page.getByText("random real")).toBeVisible();
    await expect(page.getByText(/points (above|below) random images, 2 trials/)).toBeVisible();
  });

  await test.step("run again with a change", async () => {
    await page.getByRole("link", { name: "Runs" }).first().click();
    await page.getByRole("button", { name: "Actions for first" }).click();
    await page.getByRole("menuitem", { name: "Duplicate with changes…" }).click();
    await expect(page.getByLabel("Steps", { exact: true })).toHaveValue(steps.toLocaleString("en-GB"));
    await page.getByLabel("Name", { exact: true }).fill("second");
    await set(page, "Images per class (ipc)", 1);
    await set(page, "Steps", 60); // and at once:
    await page.getByRole("button", { name: "Start run" }).click();
    await expectDone(page);
  });

  await test.step("compare the two", async () => {
    await page.getByRole("link", { name: "Runs" }).first().click();
    await page.getByRole("checkbox", { name: "Select first" }).check();
    await page.getByRole("checkbox", { name: "Select second" }).check();
    await page.getByRole("button", { name: "Compare" }).click();
    await expect(page.getByRole("row", { name: /^ipc/ })).toContainText("2");
    await expect(page.getByRole("row", { name: /^method\.steps/ })).toContainText("60");
    await expect(page.getByRole("row", { name: /^evaluation\.trials/ })).toHaveCount(0);
    await expect(page.getByRole("row", { name: /^synthetic( [\d.]+ ± [\d.]+ %){2}$/ })).toBeVisible();
    await expect(page.getByRole("figure", { name: /^A second .*B first /s })).toBeVisible();
    await expect(page.getByRole("img", { name: /^disc: \d synthetic images? at step/ })).toHaveCount(2);
  });

  await test.step("export: what is written is what the command line writes", async () => {
    await page.getByRole("link", { name: /first$/ }).click();
    await page.getByRole("button", { name: "Export" }).click();
    await page.getByLabel("NumPy archive").check();
    await page.getByLabel("Contact sheet").check();
    await expect(page.getByText(/^\d+ files, /)).toBeVisible();
    await page.getByRole("textbox", { name: "Folder" }).fill(place.file("by-window"));
    await page.getByRole("button", { name: "Write" }).click();
    await expect(page.getByRole("status").filter({ hasText: "Written, " })).toContainText(place.file("by-window"));
    const run = new URL(page.url()).hash.split("/")[2];
    const byCli = await place.run("export", run, "--format", FORMATS.join(","), "--out", place.file("by-cli"));
    expect(byCli).toMatchObject({ code: 0, stderr: "" });
    const expected = shorten(await snapshotFolder(place.file("by-cli")));
    expect(Object.keys(expected).length).toBeGreaterThan(8);
    expect(shorten(await snapshotFolder(place.file("by-window")))).toEqual(expected);
    if (kind === "electron") return;
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("link", { name: "Download as zip" }).click(),
    ]);
    expect(shorten(await unzip(await download.path()))).toEqual(expected);
  });
}

/** Changes one setting of a new run; `group` is the heading that it is folded under. */
async function set(page: Page, label: string, value: number, group?: string): Promise<void> {
  const field = page.getByLabel(label, { exact: true });
  if (group && !(await field.isVisible())) await page.locator("summary").filter({ hasText: group }).click();
  await field.fill(String(value));
}

/** What the light table shows of one class. */
async function picture(page: Page): Promise<string> {
  const canvas = page.getByRole("button", { name: /^disc: 2 synthetic images at step/ }).locator("canvas");
  return (await canvas.screenshot()).toString("base64");
}

/** The loss curve in words. */
const sentence = async (page: Page): Promise<string> =>
  (await page.getByRole("figure", { name: /^Matching loss (fell|rose)/ }).getAttribute("aria-label")) ?? "";

async function expectChange(read: () => Promise<string>): Promise<void> {
  const before = await read();
  await expect.poll(read).not.toBe(before);
}

/** Hashes of the files, so that a failure can be read. */
const shorten = (files: Record<string, string>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(files).map(([path, text]) => [path, createHash("sha256").update(text).digest("hex")]),
  );

async function unzip(path: string): Promise<Record<string, string>> {
  const reader = new ZipReader(new Uint8ArrayReader(await readFile(path)), { useWebWorkers: false });
  const files: Record<string, string> = {};
  for (const entry of await reader.getEntries()) {
    if (entry.directory) continue;
    files[entry.filename] = Buffer.from(await entry.getData(new Uint8ArrayWriter())).toString("base64");
  }
  await reader.close();
  return files;
}

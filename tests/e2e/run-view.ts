// What the tests read and press in the view of a run, and where they have it computed.
import { expect, type Page } from "@playwright/test";

/** What "Compute on" calls the Worker of the page. */
export const THIS_WINDOW = /^This window: /;

export async function computeOn(page: Page, place: RegExp): Promise<void> {
  await page.getByRole("combobox", { name: "Compute on" }).click();
  await page.getByRole("option", { name: place }).click();
}

/** The step in the run's heading. */
export async function reachedStep(page: Page): Promise<number> {
  return Number(await page.getByRole("slider", { name: "History" }).getAttribute("aria-valuemax"));
}

export async function expectDone(page: Page): Promise<void> {
  await expect(page.getByText("done", { exact: true })).toBeVisible({ timeout: 120_000 });
}

// Drops a real file or folder on the window, as the system does it, and imports it.
import { expect, type Page } from "@playwright/test";

/** `locator.drop` of Playwright refuses folders. */
export async function dropOn(page: Page, path: string): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const send = (type: "dragEnter" | "dragOver" | "drop") =>
    session.send("Input.dispatchDragEvent", {
      type,
      ...{ x: 700, y: 450, data: { items: [], files: [path], dragOperationsMask: 1 } },
    });
  // Again where the page was not listening yet.
  await expect(async () => {
    await send("dragEnter");
    await send("dragOver");
    await expect(page.getByText("Drop to import")).toBeVisible({ timeout: 2000 });
  }).toPass();
  await send("drop");
  await session.detach();
}

/** Drops a folder, and imports it as the window suggests, or at another size. */
export async function importDropped(page: Page, path: string, size?: number): Promise<void> {
  await dropOn(page, path);
  const dialog = page.getByRole("dialog", { name: "Import a dataset" });
  const submit = dialog.getByRole("button", { name: "Import", exact: true });
  await submit.waitFor();
  if (size !== undefined) await dialog.getByLabel("Size in pixels").fill(String(size));
  await submit.click();
}

// Drops a real file or folder on the window, as the system does it.
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

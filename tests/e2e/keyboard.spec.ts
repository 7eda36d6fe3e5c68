// The window without a mouse: from an empty store to a started run, and through a run.
import type { Page } from "@playwright/test";
import { writePatterns } from "./patterns.ts";
import { expect, goTo, test } from "./window.ts";

/** What has the focus, by its name. */
const focused = (page: Page): Promise<string> =>
  page.evaluate(`(() => {
    const { activeElement: at } = document;
    if (!at || at === document.body) return "";
    const label = at.getAttribute("aria-label") ?? at.labels?.[0]?.textContent ?? at.textContent ?? "";
    return label.trim();
  })()`);

/** Presses Tab until the focus is on what has this name; what was passed on the way. */
async function tabTo(page: Page, name: string | RegExp): Promise<string[]> {
  const passed: string[] = [];
  for (let i = 0; i < 120; i++) {
    await page.keyboard.press("Tab");
    const at = await focused(page);
    passed.push(at);
    if (typeof name === "string" ? at === name : name.test(at)) return passed;
  }
  throw new Error(`Tab does not come to ${name}; it passes ${passed.join(" | ")}`);
}

test("from an empty store to a started run by the keyboard alone", async ({ page, place }) => {
  const pictures = await writePatterns(place.file("shapes"), 15);
  await expect(page.getByRole("heading", { name: "No datasets yet" })).toBeVisible();

  const order = await tabTo(page, "Import…");
  expect(order[0]).toBe("Skip to content");
  const places = ["Datasets", "Settings", "Keys and help"].map((name) => order.indexOf(name));
  expect(places).toEqual([...places].sort((a, b) => a - b));
  expect(places).not.toContain(-1);

  await page.keyboard.press("Enter");
  await expect.poll(() => focused(page)).toBe("Choose a folder…");
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toHaveCount(0);
  await expect.poll(() => focused(page)).toBe("Import…");

  await page.keyboard.press("Control+o");
  await expect.poll(() => focused(page)).toBe("Choose a folder…");
  await tabTo(page, "Or by its path");
  await page.keyboard.type(pictures);
  await page.keyboard.press("Enter");
  await expect.poll(() => focused(page)).toBe("Import");
  await page.keyboard.press("Enter");
  await expect(page.getByText("Imported shapes: 4 classes, 60 images.")).toBeVisible();

  await page.keyboard.press("Control+k");
  await page.keyboard.type("new run");
  await page.keyboard.press("Enter");
  await expect(page).toHaveTitle(/New run/);
  await tabTo(page, "Images per class (ipc)");
  await page.keyboard.press("Control+a");
  await page.keyboard.type("2");
  await tabTo(page, "Start run");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("button", { name: "Pause" })).toBeVisible();
  await expect(page.getByRole("button", { name: /^disc: 2 synthetic images/ })).toBeVisible();

  await page.keyboard.press("Space");
  await expect(page.getByRole("button", { name: "Resume", exact: true })).toBeVisible();
  await page.keyboard.press("Space");
  await expect(page.getByRole("button", { name: "Pause" })).toBeVisible();
  await page.keyboard.press("Space");
  await expect(page.getByRole("button", { name: "Resume", exact: true })).toBeVisible();
});

test.describe("in a finished run", () => {
  test.use({ begin: "sample" });

  test("arrows step, L goes live, G zooms, E exports, ? tells the keys", async ({ page, sample }) => {
    await goTo(page, `#/runs/${sample.runIds[1]}`);
    const history = page.getByRole("slider", { name: "History" });
    await expect(history).toHaveAttribute("aria-valuenow", "60");
    const picture = page.getByRole("button", { name: /^disc: 2 synthetic images/ });
    await expect(picture).toHaveAccessibleName(/at step 60$/);
    await page.keyboard.press("ArrowLeft");
    await expect(history).toHaveAttribute("aria-valuenow", "50");
    await expect(picture).toHaveAccessibleName(/at step 50$/);
    await page.keyboard.press("ArrowLeft");
    await page.keyboard.press("ArrowRight");
    await expect(history).toHaveAttribute("aria-valuenow", "50");
    await page.keyboard.press("l");
    await expect(history).toHaveAttribute("aria-valuenow", "60");
    await expect(page.getByRole("button", { name: "Newest" })).toHaveAttribute("aria-pressed", "true");

    const widths = new Set<number | undefined>();
    for (let i = 0; i < 4; i++) {
      widths.add((await picture.boundingBox())?.width);
      await page.keyboard.press("g");
    }
    expect(widths.size).toBeGreaterThan(1);

    await tabTo(page, "Keys and help");
    await page.keyboard.press("?");
    await expect(page.getByRole("dialog", { name: "Keys" })).toBeVisible();
    await page.keyboard.press("Escape");
    await expect(page.getByRole("dialog")).toHaveCount(0);
    await expect.poll(() => focused(page)).toBe("Keys and help");

    await page.keyboard.press("e");
    await expect(page).toHaveURL(/\/export$/);
  });
});

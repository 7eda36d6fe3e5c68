// The dataset that comes with the app.
import { expect, test } from "./window.ts";

test("one click in an empty store brings a dataset that a run can start from", async ({ page }) => {
  await page.getByRole("button", { name: "Import the sample dataset" }).click();
  await expect(page.getByText("Imported fashion-mnist-sample: 10 classes, 4,000 images.")).toBeVisible();
  await page.getByRole("link", { name: "Open", exact: true }).click();
  await page.getByRole("button", { name: "New run" }).click();
  await expect(page.getByRole("combobox", { name: "Dataset", exact: true })).toHaveValue("fashion-mnist-sample");
  await expect(page.getByRole("button", { name: "Start run" })).toBeEnabled();
});

// Takes the pictures of the documentation from a store with real runs: node tests/tools/screenshots.ts STORE [OUT]
// What it shows of the store: the newest finished runs, a paused one, and that one going on.
import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { chromium, type Page } from "@playwright/test";
import sharp from "sharp";
import { buildParts } from "../../electron/build.ts";
import { createLog } from "../../electron/host/log.ts";
import { openStore } from "../../electron/host/store.ts";
import { startServer } from "../../electron/server/server.ts";
import { createClient } from "../../shared/api/client.ts";
import { chromiumLaunch, unpackChromium } from "../support/chromium.ts";

const [home, out = "docs/screenshots"] = process.argv.slice(2);
if (home === undefined) throw new Error("give the folder of a store with finished runs");
const root = resolve(import.meta.dirname, "../..");
const size = { width: 1440, height: 900 };

await buildParts(["renderer"]);
unpackChromium();
await using cleanup = new AsyncDisposableStack();
const open = async (store: string) => {
  const server = await startServer({
    store: await openStore(store),
    version: "0.1.0",
    log: createLog(),
    renderer: join(root, "dist/renderer"),
    port: 0,
  });
  cleanup.defer(() => server.close());
  return server.url;
};
const url = await open(resolve(home));
const emptyUrl = await open(resolve(home, "..", `${home.split("/").at(-1)}-empty`));
const browser = await chromium.launch(chromiumLaunch());
cleanup.defer(() => browser.close());
await mkdir(out, { recursive: true });

for (const colorScheme of ["light", "dark"] as const) {
  const page = await browser.newPage({ viewport: size, colorScheme, reducedMotion: "reduce" });
  const shoot = async (name: string) => {
    await page.mouse.move(size.width - 4, size.height / 2);
    await settle(page);
    const picture = await page.screenshot();
    await sharp(picture)
      .png({ palette: true, quality: 90, effort: 10 })
      .toFile(join(out, `${colorScheme}-${name}.png`));
  };
  const show = async (hash: string) => {
    await page.evaluate(`location.hash = ${JSON.stringify(hash)}`);
    await settle(page);
  };
  await page.goto(emptyUrl);
  await settle(page);
  await shoot("empty");

  await page.goto(url);
  await settle(page);
  const client = createClient(async (address, init) => {
    const { method = "GET", body } = init ?? {};
    const given = { method, data: body as string | undefined, headers: { "content-type": "application/json" } };
    const answer = await page.request.fetch(new URL(String(address), url).href, given);
    return new Response(await answer.body(), { status: answer.status() });
  });
  const { runs } = await client.runs.list();
  const done = runs.filter(({ record }) => record.status === "done").map(({ record }) => record);
  const [first, ...others] = done.sort((a, b) => a.createdAt.localeCompare(b.createdAt)).map(({ id }) => id);
  const paused = runs.find(({ record }) => record.status === "stopped")?.record.id;
  const failed = runs.find(({ record }) => record.status === "failed")?.record.id;
  const { id: dataset } = done[0].dataset;

  await show("#/datasets");
  await shoot("datasets");
  await show(`#/datasets/${dataset}`);
  await shoot("dataset");
  await page.keyboard.press("Control+o");
  await page.getByLabel("Or by its path").fill(join(root, "assets/fashion-mnist-sample.zip"));
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Import", exact: true }).waitFor();
  await shoot("import");
  await page.keyboard.press("Escape");
  await show("#/recipes");
  await shoot("recipes");
  await show(`#/new-run?dataset=${dataset}`);
  await page
    .getByText(/^about \d/)
    .first()
    .waitFor({ timeout: 120_000 });
  await shoot("new-run");
  await show(`#/runs/${first}`);
  await shoot("run");
  await page
    .getByRole("button", { name: /synthetic images? at step/ })
    .nth(2)
    .click({ position: { x: 60, y: 20 } });
  await page.getByRole("dialog").waitFor();
  await settle(page);
  await shoot("image");
  await page.keyboard.press("Escape");
  const followed = runs.find(
    ({ record }) => record.status === "done" && /mtt|tesla/.test(JSON.stringify(record.recipe)),
  );
  if (followed) {
    await show(`#/runs/${followed.record.id}`);
    await page.getByRole("combobox", { name: "Curves" }).click();
    await page.getByRole("option", { name: "Trajectory", exact: true }).click();
    await settle(page);
    await shoot("trajectory");
  }
  if (paused !== undefined) {
    await client.runs.start(paused);
    await show(`#/runs/${paused}`);
    await page
      .getByText(/step\/s/)
      .first()
      .waitFor({ timeout: 60_000 });
    await page.waitForTimeout(6000);
    await shoot("running");
    await client.runs.stop(paused);
    await page.getByRole("button", { name: "Resume", exact: true }).waitFor();
    await shoot("paused");
  }
  if (failed !== undefined) {
    await show(`#/runs/${failed}`);
    await shoot("failed");
  }
  await show("#/runs");
  await shoot("runs");
  await show(`#/compare?runs=${[first, ...others].slice(0, 3).join(",")}`);
  await shoot("compare");
  await show(`#/runs/${first}/export`);
  await shoot("export");
  await show("#/artifacts");
  await shoot("artifacts");
  await show("#/settings");
  await shoot("settings");
  await page.keyboard.press("Control+k");
  await shoot("palette");
  await page.keyboard.press("Escape");
  await page.keyboard.press("?");
  await shoot("help");
  await page.close();
}

/** Until nothing is asked of the host any more and every picture is drawn. */
async function settle(page: Page): Promise<void> {
  await page.waitForTimeout(300);
  await page.getByText("Reading…").first().waitFor({ state: "hidden" });
  await page.waitForTimeout(900);
}

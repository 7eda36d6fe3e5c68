// The window on a store of its own: the page of a real server in Chromium, or Electron's.
import { cp } from "node:fs/promises";
import { type Browser, test as base, type Page } from "@playwright/test";
import { type Client, createClient } from "../../shared/api/client.ts";
import { createWorkplace, readServedUrl, type Started, startLimited, type Workplace } from "../cli/run-cli.ts";
import { chromiumLaunch } from "../support/chromium.ts";
import { chromiumPackageMissing } from "../support/chromium-package.ts";
import { electronMissing, launchElectron } from "./electron.ts";
import { makeSampleStore, type SampleStore } from "./sample-store.ts";

export type Kind = "browser" | "electron";

/** A running `stillroom serve`. */
export interface Served extends Started {
  readonly url: URL;
  /** A client with the right to ask, beside the pages. */
  readonly client: Client;
  /** Ends it as Ctrl-C does. */
  stop(): Promise<void>;
}

interface Fixtures {
  readonly kind: Kind;
  /** What the store holds at the beginning. */
  readonly begin: "empty" | "sample";
  readonly place: Workplace;
  /** Starts the server when it is first asked for: Electron's tests have none. */
  readonly startServer: () => Promise<Served>;
  readonly server: Served;
  /** The window, open. */
  readonly page: Page;
  /** A further page on the same server, with cookies of its own. */
  readonly openPage: (options?: PageOptions) => Promise<Page>;
}

interface PageOptions {
  readonly url?: string;
  readonly colorScheme?: "light" | "dark";
  readonly reducedMotion?: "reduce";
}

const VIEWPORT = { width: 1440, height: 900 };
/** What computes for the server, whatever this machine has. */
const BACKEND = ["--backend", "onnx"];

/** Starts a server on the store of the place; `limit` is a shell's, as `ulimit -f 8`. */
export async function serve(place: Workplace, { port = 0, limit }: { port?: number; limit?: string } = {}) {
  const words = ["serve", "--port", String(port), "--json", ...BACKEND];
  return follow(limit === undefined ? place.start(...words) : startLimited(place, limit, ...words));
}

async function follow(started: Started): Promise<Served> {
  const url = await readServedUrl(started);
  const cookie = (await fetch(url)).headers.getSetCookie()[0].split(";")[0];
  const withCookie: typeof fetch = (input, init) => fetch(input, { ...init, headers: { ...init?.headers, cookie } });
  return {
    ...started,
    url,
    client: createClient(withCookie, url.origin),
    async stop() {
      started.child.kill("SIGCONT");
      started.child.kill("SIGINT");
      await started.ended;
    },
  };
}

/** To another view, as a link leads there. */
export const goTo = (page: Page, hash: string) => page.evaluate(`location.hash = ${JSON.stringify(hash)}`);

/** Until the app is there. */
export const waitForWindow = (page: Page) => page.getByRole("navigation", { name: "Views" }).waitFor();

interface SharedFixtures {
  readonly chromium: () => Promise<Browser>;
  readonly sample: SampleStore;
}

export const test = base.extend<Fixtures, SharedFixtures>({
  kind: ["browser", { option: true }],
  begin: ["empty", { option: true }],

  // Not Playwright's own fixture: that one starts the browser for Electron's tests, too.
  chromium: [
    async ({ playwright }, use) => {
      let browser: Promise<Browser> | undefined;
      await use(() => (browser ??= playwright.chromium.launch(chromiumLaunch())));
      await (await browser)?.close();
    },
    { scope: "worker" },
  ],

  sample: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of fixtures from a pattern.
    async ({}, use) => {
      await using place = await createWorkplace();
      await use(await makeSampleStore(place));
    },
    { scope: "worker" },
  ],

  place: async ({ begin, sample }, use) => {
    await using place = await createWorkplace();
    if (begin === "sample") await cp(sample.home, place.home, { recursive: true });
    await use(place);
  },

  startServer: async ({ place }, use) => {
    let served: Promise<Served> | undefined;
    await use(() => (served ??= serve(place)));
    await (await served)?.stop();
  },

  server: async ({ startServer }, use) => use(await startServer()),

  openPage: async ({ chromium, startServer }, use) => {
    base.skip(chromiumPackageMissing !== undefined, chromiumPackageMissing);
    const opened: Page[] = [];
    await use(async ({ url, colorScheme = "dark", ...media } = {}) => {
      const context = await (await chromium()).newContext({ viewport: VIEWPORT, colorScheme, ...media });
      const page = await context.newPage();
      opened.push(page);
      await page.goto(url ?? (await startServer()).url.href);
      // The address with the token leads on to the app.
      if (url === undefined) await waitForWindow(page);
      return page;
    });
    for (const page of opened) await page.context().close();
  },

  page: async ({ kind, place, openPage }, use) => {
    if (kind === "browser") return use(await openPage());
    const missing = await electronMissing();
    base.skip(missing !== undefined, missing);
    const app = await launchElectron(place);
    const page = await app.firstWindow();
    await page.setViewportSize(VIEWPORT);
    await waitForWindow(page);
    await use(page);
    await app.close();
  },
});

export { expect } from "@playwright/test";

import { defineConfig } from "@playwright/test";
import type { Kind } from "./tests/e2e/window.ts";

export default defineConfig<{ kind: Kind }>({
  testDir: "tests/e2e",
  testMatch: "*.spec.ts",
  outputDir: "tests/e2e/.results",
  globalSetup: "./tests/e2e/global-setup.ts",
  reporter: [["list"], ["./tests/e2e/tell-skipped.ts"]],
  // The app computes on all cores; two windows at once would only wait for each other.
  workers: 1,
  fullyParallel: false,
  // A test takes some seconds; only a machine that is busy otherwise needs more.
  timeout: 240_000,
  expect: { timeout: 60_000 },
  // A trace with pictures of every action would double the time of all that pass.
  use: {
    // As long as expectations wait: a control that never comes fails before the whole test is out of time.
    actionTimeout: 60_000,
    screenshot: "only-on-failure",
    trace: { mode: "retain-on-failure", snapshots: false, screenshots: false, sources: false },
  },
  projects: [
    { name: "browser", use: { kind: "browser" } },
    { name: "electron", use: { kind: "electron" }, grepInvert: /@browser/ },
  ],
});

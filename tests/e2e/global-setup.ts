// Once before all windows: the browser is unpacked and the page built.
import { buildParts } from "../../electron/build.ts";
import { unpackChromium } from "../support/chromium.ts";
import { chromiumPackageMissing } from "../support/chromium-package.ts";
import { electronMissing } from "./electron.ts";

export default async function setUp(): Promise<void> {
  if (!chromiumPackageMissing) unpackChromium();
  await buildParts((await electronMissing()) ? ["renderer"] : undefined);
}

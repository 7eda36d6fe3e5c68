// What axe finds of a page that stands still.
import { AxeBuilder } from "@axe-core/playwright";
import type { Page } from "@playwright/test";

export type Scheme = "light" | "dark";

/** Serious and critical faults, each with where it is. Only colours differ between light and dark. */
export async function findFaults(page: Page, scheme: Scheme): Promise<string[]> {
  const axe = new AxeBuilder({ page });
  const { violations } = await (scheme === "light" ? axe : axe.withRules("color-contrast")).analyze();
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id} at ${target}: ${failureSummary}`));
}

// What a report of a problem needs: what the host knows, and what only the page knows.
import { describeError } from "../shared/lib/user-error.ts";
import { client } from "./host.ts";

/** The host's part, or why it is missing, then this page's; `more` comes last, e.g. about one run. */
export async function readDiagnostics(more: readonly string[] = []): Promise<string> {
  const host = await client.diagnostics().catch((error: unknown) => `The host told nothing: ${describeError(error)}\n`);
  return [host.trimEnd(), "", "Page", ...(await describePage()), ...(more.length > 0 ? ["", ...more] : []), ""].join(
    "\n",
  );
}

async function describePage(): Promise<string[]> {
  return [
    navigator.userAgent,
    `${innerWidth} x ${innerHeight} at ${devicePixelRatio}, ${navigator.language}, ${matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light"}`,
    `${navigator.hardwareConcurrency} threads, ${crossOriginIsolated ? "" : "not "}cross-origin isolated`,
    ...(await describeAdapter()),
  ];
}

/** The part of WebGPU that is read here. */
interface PageGpu {
  requestAdapter(options: { powerPreference: "high-performance" }): Promise<{
    readonly info: { readonly vendor: string; readonly architecture: string; readonly description: string };
    readonly features: Iterable<string>;
    readonly limits: object;
  } | null>;
}

async function describeAdapter(): Promise<string[]> {
  const { gpu } = navigator as { readonly gpu?: PageGpu };
  if (!gpu) return ["The page has no WebGPU."];
  try {
    const adapter = await gpu.requestAdapter({ powerPreference: "high-performance" });
    if (!adapter) return ["WebGPU gives the page no adapter."];
    const { vendor, architecture, description } = adapter.info;
    // Limits are getters of the prototype, which JSON does not see.
    const limits: Record<string, unknown> = {};
    for (const name in adapter.limits) limits[name] = adapter.limits[name as keyof typeof adapter.limits];
    return [
      `WebGPU adapter of the page: ${[vendor, architecture, description].filter(Boolean).join(", ")}`,
      `  features ${[...adapter.features].join(", ")}`,
      `  limits ${JSON.stringify(limits)}`,
    ];
  } catch (error) {
    return [`WebGPU: ${describeError(error)}`];
  }
}

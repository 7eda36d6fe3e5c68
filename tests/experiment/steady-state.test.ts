// What a step costs the host once a run is warm: nothing is made, and the device is waited for at most once.
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { WebgpuBackend } from "../../shared/engine/index.ts";
import { methods } from "../../shared/methods/index.ts";
import { webgpu } from "../support/backends.ts";
import { swiftshaderMissing } from "../support/swiftshader.ts";
import { runSmall, smallRecipe } from "./small-world.ts";

/** Steps until a run is warm: four of each kind, where a network's first and last steps differ. */
const WARM = 8;
/** Those that look at where the student ended, and at the gradient, before they move the images. */
const waitsOf: Readonly<Record<string, number>> = { mtt: 2, tesla: 2 };
const changes = { record: { previewEverySteps: 1000, checkpointEverySteps: 1000 } };

describe.skipIf(swiftshaderMissing)("a step in steady state", () => {
  let backend: WebgpuBackend;
  beforeEach(async () => {
    backend = (await webgpu.open()) as WebgpuBackend;
  });
  afterEach(() => backend.dispose());

  test.each(methods.map(({ id }) => id))("of %s makes no object and seldom waits", async (id) => {
    const made: { step: number; buffers: number; bindGroups: number; pipelines: number; held: number }[] = [];
    const waits: number[] = [];
    const started = new Map<string, number>();
    const { device } = backend;
    // What the backend does not count, the device does.
    const makers = Object.getOwnPropertyNames(Object.getPrototypeOf(device)).filter((name) =>
      /^create(?!CommandEncoder)/.test(name),
    );
    for (const name of makers) {
      const make = Reflect.get(device, name) as (...given: unknown[]) => unknown;
      Object.defineProperty(device, name, {
        value: (...given: unknown[]) => {
          started.set(name, (started.get(name) ?? 0) + 1);
          return make.apply(device, given);
        },
      });
    }
    const seen: string[] = [];
    const { outcome } = await runSmall({
      recipe: smallRecipe({ id, steps: 2 * WARM }, changes),
      backend,
      stopsAt: ({ stage, done }) => {
        if (stage !== "synthesise") return false;
        const { buffersCreated, bindGroupsCreated, pipelines, heldBytes, waits: waited } = backend.stats();
        made.push({ step: done, buffers: buffersCreated, bindGroups: bindGroupsCreated, pipelines, held: heldBytes });
        seen.push(JSON.stringify([...started]));
        waits.push(waited);
        return false;
      },
    });
    expect(outcome.status).toBe("done");
    expect(makers).toContain("createBuffer");
    expect(started.get("createBuffer")).toBe(backend.stats().buffersCreated);
    const after = made.slice(WARM).map(({ step: _, ...rest }) => rest);
    expect(after).toEqual(after.map(() => after[0]));
    expect(new Set(seen.slice(WARM)).size).toBe(1);
    // The last step is followed by the reading of its images.
    const perStep = waits.slice(WARM + 1, -1).map((waited, at) => waited - waits[at + WARM]);
    expect(Math.max(...perStep)).toBeLessThanOrEqual(waitsOf[id] ?? 1);
  });
});

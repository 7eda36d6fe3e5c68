// What every method must do: go on from any step with the same bits, and lower its loss.
import { afterAll, describe, expect, test } from "vitest";
import type { Backend } from "../../shared/engine/index.ts";
import type { Progress } from "../../shared/experiment/ports.ts";
import { methodOf, methods } from "../../shared/methods/index.ts";
import { type TestBackend, testBackends } from "../support/backends.ts";
import { MemoryArtifacts } from "./memory-artifacts.ts";
import { runSmall, smallRecipe } from "./small-world.ts";

const STEPS = 5;
const opened: Backend[] = [];
afterAll(() => Promise.all(opened.map((backend) => backend.dispose())));

async function open({ open: openIt, adapter }: TestBackend): Promise<Backend> {
  const backend = await openIt();
  opened.push(backend);
  expect(backend.capabilities.adapter).toMatch(adapter);
  return backend;
}

const native = testBackends.find(({ name }) => name === "onnx native") as TestBackend;

describe.each(methods.map(({ id }) => id))("%s", (id) => {
  test.each(testBackends)(
    "on $name, stopped after every step and resumed from its checkpoint, it gives the same bits",
    async (on) => {
      const recipe = smallRecipe({ id, steps: STEPS }, { record: { checkpointEverySteps: 3 } });
      const made = new MemoryArtifacts();
      const whole = await runSmall({ recipe, backend: await open(on), artifacts: made });
      expect(whole.outcome).toMatchObject({ status: "done", step: STEPS });
      const backend = await open(on);
      const hasExperts = methodOf(recipe.method.id).experts !== undefined;
      for (let k = 0; k < STEPS; k++) {
        const artifacts = k === 0 ? new MemoryArtifacts() : made;
        const isReached = ({ stage, done }: Progress) => stage === "synthesise" && done === k;
        const stop = k === 0 ? { stopAtOnce: true } : { stopsAt: isReached };
        const { outcome, folder } = await runSmall({ recipe, backend, artifacts, ...stop });
        const stage = k === 0 && hasExperts ? "prepare" : "synthesise";
        expect(outcome).toMatchObject({ status: "stopped", stage, step: k });
        const resumed = await runSmall({ recipe, backend, artifacts, folder, resume: true });
        expect(resumed.outcome.status).toBe("done");
        expect(folder.result).toEqual(whole.folder.result);
      }
    },
    // Eleven runs of many programs, on a software adapter.
    240_000,
  );

  test("stopped after each part that it prepares and each step in turn, in one run, it gives the same bits", async () => {
    const recipe = smallRecipe({ id, steps: STEPS });
    const backend = await open(native);
    const whole = await runSmall({ recipe, backend });
    const artifacts = new MemoryArtifacts();
    const { folder } = await runSmall({ recipe, backend, artifacts, stopAtOnce: true });
    let prepared = 0;
    const isNew = ({ stage, done }: Progress) => {
      if (stage !== "prepare") return true;
      const wasPrepared = done <= prepared; // told again by a session that finds it
      prepared = Math.max(prepared, done);
      return !wasPrepared;
    };
    for (let status = "stopped"; status === "stopped"; ) {
      const { outcome } = await runSmall({ recipe, backend, artifacts, folder, resume: true, stopsAt: isNew });
      status = outcome.status;
    }
    const parts = whole.folder.events.filter(
      ({ type, ...event }) => type === "step" && "stage" in event && event.stage === "prepare",
    );
    expect(prepared).toBe(parts.length);
    expect(folder.result).toEqual(whole.folder.result);
  });

  test("another seed gives other images", async () => {
    const backend = await open(native);
    const [a, b] = await Promise.all(
      [1, 2].map((seed) => runSmall({ recipe: smallRecipe({ id, steps: 1 }, { seed }), backend })),
    );
    expect(a.folder.files).not.toEqual(b.folder.files);
  });

  test("the loss goes down on an easy set", async () => {
    const recipe = smallRecipe({ id, steps: 30 }, { init: "noise" });
    const { folder } = await runSmall({ recipe, backend: await open(native) });
    const losses = folder.events.flatMap((event) =>
      event.type === "step" && event.stage === "synthesise" ? [event.metrics.loss] : [],
    );
    expect(losses).toHaveLength(30);
    const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(mean(losses.slice(20))).toBeLessThan(0.8 * mean(losses.slice(0, 10)));
  });
});

// A run that begins with an earlier set.
import { afterAll, beforeAll, expect, test } from "vitest";
import { fromSafetensors } from "../../shared/data/distilled-set.ts";
import type { Backend } from "../../shared/engine/index.ts";
import { testBackends } from "../support/backends.ts";
import { runSmall, smallRecipe } from "./small-world.ts";

let backend: Backend;
beforeAll(async () => {
  const native = testBackends.find(({ name }) => name === "onnx native");
  backend = await native!.open();
});
afterAll(() => backend.dispose());

test("has its images at step 0, and goes on from them the same after a stop", async () => {
  const earlier = await runSmall({ recipe: smallRecipe({ id: "dm", steps: 2 }), backend });
  const initial = fromSafetensors(earlier.folder.files.get("distilled.safetensors") as Uint8Array);
  const begin = (steps: number) => smallRecipe({ id: "dm", steps }, { init: { set: "earlier" } });
  const still = await runSmall({ recipe: begin(0), backend, initial });
  const set = fromSafetensors(still.folder.files.get("distilled.safetensors") as Uint8Array);
  expect(set.images).toEqual(initial.images);

  const whole = await runSmall({ recipe: begin(3), backend, initial });
  const { folder } = await runSmall({ recipe: begin(3), backend, initial, stopsAt: ({ done }) => done === 1 });
  // The set is not asked for again.
  await runSmall({ recipe: begin(3), backend, folder, resume: true });
  expect(folder.result).toEqual(whole.folder.result);
});

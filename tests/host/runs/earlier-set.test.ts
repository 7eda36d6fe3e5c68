// What a new run may begin with: listed for a dataset, and every misfit told by the form's field before a run is made.
import { writeFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createRun, writePreview, writeResult } from "../../../electron/host/runs/index.ts";
import { toSafetensors } from "../../../shared/data/distilled-set.ts";
import { UserError } from "../../../shared/lib/user-error.ts";
import { sampleSet } from "../../data/sample-set.ts";
import { createSmallStore, newRunOf, type SmallStore } from "../../support/small-store.ts";

let small: SmallStore;
beforeAll(async () => {
  small = await createSmallStore();
});
afterAll(() => small[Symbol.asyncDispose]());

/** A finished run of the dataset with a set of two images of 8 x 8 pixels a class. */
async function makeDone(id: string, picture: boolean) {
  const { store, dataset } = small;
  const { client } = small.open();
  const record = { ...(await newRunOf(client, dataset, { ipc: 2 })), id, status: "done", stage: "export" } as const;
  const run = await createRun(store.home, { record });
  const set = sampleSet({ classNames: ["ant", "bee"], ipc: 2, size: 8, channels: dataset.channels as 1 | 3 });
  await writeResult(run, "distilled.safetensors", toSafetensors(set));
  if (picture) {
    await writePreview(run, 500, { pixels: new Uint8Array(19 * 19), width: 19, height: 19, channels: 1 });
  }
}

test("runs of the same images that have some are listed with a picture of these", async () => {
  const { client } = small.open();
  await createRun(small.store.home, { record: { ...(await newRunOf(client, small.dataset, {})), id: "nothing-yet" } });
  await makeDone("finished", true);
  const other = { ...(await newRunOf(client, small.dataset, {})), id: "other" };
  await createRun(small.store.home, { record: { ...other, dataset: { ...other.dataset, fingerprint: "other" } } });
  expect(await client.datasets.earlierSets(small.dataset.id)).toMatchObject([
    { id: "finished", ipc: 2, step: 500, picture: "000500.png" },
  ]);
});

test("a set that is not there or does not fit is told at its field, with everything else that is wrong", async () => {
  const { client } = small.open();
  await makeDone("whole", false);
  const problemsOf = async (set: string, changes = {}) => {
    const request = { recipe: "dm", dataset: small.dataset.id, changes: { ipc: 2, init: { set }, ...changes } };
    const error = await client.recipes.resolve(request).then(
      () => undefined,
      (failure: unknown) => failure,
    );
    return error instanceof UserError ? error.problems : error;
  };
  const at = (says: RegExp) => ({ path: "init", message: expect.stringMatching(says) });
  expect(await problemsOf("whole")).toBeUndefined();
  expect(await problemsOf("whole", { ipc: 3, method: { steps: -1 } })).toEqual([
    { path: "method.steps", message: expect.any(String) },
    at(/has 2 images of each class, the recipe 3: use ipc 2/),
  ]);
  expect(await problemsOf("nothing-yet")).toEqual([at(/"?nothing-yet"? has no images yet\. Resume/)]);
  expect(await problemsOf("no-such-run")).toEqual([at(/no-such-run/)]);
  expect(await problemsOf("/no/such.safetensors")).toEqual([at(/no file \/no\/such\.safetensors/)]);
  const place = small.at("odd.safetensors");
  await writeFile(place, "not a set");
  expect(await problemsOf(place)).toEqual([at(/odd\.safetensors/)]);
  await writeFile(place, toSafetensors(sampleSet({ classNames: ["ant", "wasp"], size: 6 })));
  expect(await problemsOf(place)).toEqual([at(/images of 3 x 6 x 6/), at(/classes are ant, wasp/)]);
});

// A GPU that is lost in the middle of a run: a new device goes on from the last checkpoint, to the same bytes.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openRunStore } from "../../electron/compute/run-store.ts";
import { openRunById } from "../../electron/host/runs/index.ts";
import type { Client } from "../../shared/api/client.ts";
import { openRemoteDataset } from "../../shared/api/remote-store.ts";
import {
  type Backend,
  createReferenceBackend,
  DeviceLostError,
  Runtime,
  type WebgpuBackend,
} from "../../shared/engine/index.ts";
import type { Progress } from "../../shared/experiment/ports.ts";
import { runSession } from "../../shared/experiment/session.ts";
import { UserError } from "../../shared/lib/user-error.ts";
import { webgpu } from "../support/backends.ts";
import { createSmallStore, newRunOf, type SmallStore } from "../support/small-store.ts";
import { swiftshaderMissing } from "../support/swiftshader.ts";
import { MemoryArtifacts } from "./memory-artifacts.ts";

const changes = {
  network: { width: 2, depth: 1 },
  method: { steps: 12, realBatch: 2 },
  record: { checkpointEverySteps: 4, previewEverySteps: 12 },
};

let small: SmallStore;
let client: Client;
beforeAll(async () => {
  small = await createSmallStore();
  ({ client } = small.open());
});
afterAll(() => small[Symbol.asyncDispose]());

interface Conditions {
  /** Of each opening, by its number from 1. */
  readonly open: (attempt: number) => Promise<Backend>;
  readonly onProgress?: (progress: Progress, backend: Backend) => void;
  readonly signal?: AbortSignal;
}

async function run({ onProgress, open, signal = new AbortController().signal }: Conditions) {
  const { record, path } = await client.runs.create(await newRunOf(client, small.dataset, changes));
  await using store = await openRunStore(await openRunById(small.store.home, record.id));
  const dataset = await openRemoteDataset(client, small.dataset.id);
  const notices: string[] = [];
  const asked: unknown[] = [];
  let backend: Backend;
  const outcome = await runSession({
    store,
    artifacts: new MemoryArtifacts(),
    dataset,
    openRuntime: async (lost) => {
      asked.push(lost);
      backend = await open(asked.length);
      return new Runtime(backend);
    },
    evaluate: false,
    signal,
    clock: () => 0,
    onProgress: (progress) => onProgress?.(progress, backend),
    onNotice: (message) => notices.push(message),
    pause: async () => {},
  }).catch((error: unknown) => error);
  const stored = await client.runs.get(record.id);
  return { outcome, notices, asked, record: stored.record, read: (name: string) => readFile(join(path, name)) };
}

test.skipIf(swiftshaderMissing)(
  "a new device goes on to the bytes of an undisturbed run",
  async () => {
    const calm = await run({ open: webgpu.open });
    let hasLost = false;
    const shaken = await run({
      open: webgpu.open,
      onProgress: ({ done }, backend) => {
        if (done === 6 && !hasLost) {
          (backend as WebgpuBackend).device.destroy();
          hasLost = true;
        }
      },
    });
    expect(shaken.outcome).toMatchObject({ status: "done" });
    expect(shaken.asked).toEqual([undefined, { backend: "webgpu", adapter: expect.stringMatching(webgpu.adapter) }]);
    expect(shaken.notices).toEqual([expect.stringMatching(/was lost\. .* goes on from step 4 of its last checkpoint/)]);
    expect(shaken.record).toMatchObject({ status: "done", sessions: [{}, { from: { step: 4 } }] });
    for (const name of ["distilled.safetensors", "events.ndjson"]) {
      expect(await shaken.read(name), name).toEqual(await calm.read(name));
    }
  },
  180_000,
);

/** A backend that fails as WebGPU's does once its device was lost. */
function createFragile(): Backend & { lose(): void } {
  const backend = createReferenceBackend();
  let isLost = false;
  return {
    ...backend,
    run: async (...given) => {
      if (isLost) throw new DeviceLostError("fragile", "the device was lost");
      return backend.run(...given);
    },
    lose: () => {
      isLost = true;
    },
  };
}
const lose = (backend: Backend) => (backend as ReturnType<typeof createFragile>).lose();

test("lost again and again without a new checkpoint, the run ends with its last one, and says the way out", async () => {
  const { outcome, asked, record } = await run({
    open: async () => createFragile(),
    onProgress: ({ done }, backend) => {
      if (done > 4) lose(backend);
    },
  });
  expect(outcome).toMatchObject({ code: "device-lost", hint: expect.stringContaining("on the CPU") });
  expect(asked).toHaveLength(4);
  expect(record).toMatchObject({ status: "failed", error: { code: "device-lost" } });
  expect((await client.runs.checkpoints(record.id)).at(0)?.name).toBe("000004");
});

test("lost often, but with a new checkpoint in between, the run goes on to its end", async () => {
  const lost = new Set<number>();
  const { outcome, asked } = await run({
    open: async () => createFragile(),
    onProgress: ({ done }, backend) => {
      if ([1, 2, 5, 6, 9, 10].includes(done) && !lost.has(done)) {
        lost.add(done);
        lose(backend);
      }
    },
  });
  expect(outcome).toMatchObject({ status: "done" });
  expect(asked).toHaveLength(7);
});

test("an adapter that is not there again at once is asked for again, and at last given up", async () => {
  const tryWhere = async (present: number) => {
    let hasLost = false;
    return run({
      open: async (attempt) => {
        if (attempt === 1 || attempt >= present) return createFragile();
        throw new UserError("no-adapter", "There is no adapter.");
      },
      onProgress: ({ done }, backend) => {
        if (done === 6 && !hasLost) lose(backend);
        if (done === 6) hasLost = true;
      },
    });
  };
  expect((await tryWhere(3)).outcome).toMatchObject({ status: "done" });
  const never = await tryWhere(99);
  expect(never.outcome).toMatchObject({ code: "device-lost", message: expect.stringContaining("There is no adapter") });
  expect(never.asked).toHaveLength(4);
});

test("a stop that is asked for while the device is lost stops the run at its checkpoint", async () => {
  const stop = new AbortController();
  const { outcome, record } = await run({
    signal: stop.signal,
    open: async (attempt) => {
      if (attempt === 1) return createFragile();
      stop.abort();
      throw new UserError("no-adapter", "There is no adapter.");
    },
    onProgress: ({ done }, backend) => {
      if (done === 6) lose(backend);
    },
  });
  expect(outcome).toMatchObject({ status: "stopped", step: 4 });
  expect(record).toMatchObject({ status: "stopped", step: 4 });
});

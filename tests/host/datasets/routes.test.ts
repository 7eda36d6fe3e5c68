// The dataset routes, called in process as the window, the CLI and a browser do.

import { readdir } from "node:fs/promises";
import sharp from "sharp";
import { expect, test } from "vitest";
import { createHost, type Host } from "../../../electron/host/app.ts";
import { generateImageFolder } from "../../../electron/host/datasets/bench.ts";
import { readImages } from "../../../electron/host/datasets/index.ts";
import { datasetList, errorBody, type ImportEvent, importEvent, inspectEvent } from "../../../shared/api/datasets.ts";
import { imageManifest } from "../../../shared/data/manifest.ts";
import { drawTree } from "../../tools/make-images.ts";
import { createBench } from "./importing.ts";

function post(host: Host, path: string, body: unknown, init: RequestInit = {}) {
  return host.request(path, { method: "POST", body: typeof body === "string" ? body : JSON.stringify(body), ...init });
}

async function readEvents(response: Response): Promise<ImportEvent[]> {
  expect(response.headers.get("content-type")).toBe("application/x-ndjson");
  return (await response.text())
    .trimEnd()
    .split("\n")
    .map((line) => importEvent.parse(JSON.parse(line)));
}

test("import, list, read, delete", async () => {
  await using bench = await createBench();
  const host = createHost({ store: bench.store });
  const path = await bench.write("set", await drawTree({ a: 5, b: 4 }, { channels: 3 }));
  const events = await readEvents(await post(host, "/api/datasets", { path, options: { name: "mine" } }));
  const types = events.map(({ type }) => type).filter((type) => type !== "picture");
  expect(types.filter((type, i) => type !== types[i - 1])).toEqual(["scan", "progress", "done"]);
  const progress = events.findLast((event) => event.type === "progress")!;
  expect(progress).toMatchObject({ done: 9, total: 9, secondsLeft: 0 });
  const done = events.at(-1)!;
  if (done.type !== "done") throw new Error(done.type);
  const manifest = imageManifest.parse(done.manifest);
  expect(manifest).toMatchObject({ name: "mine", channels: 3 });

  const { id } = manifest;
  expect(datasetList.parse(await (await host.request("/api/datasets")).json()).datasets).toEqual([manifest]);
  expect(await (await host.request(`/api/datasets/${id}`)).json()).toEqual(manifest);
  const bytes = await host.request(`/api/datasets/${id}/images/train?from=2&to=5`);
  expect(bytes.headers.get("content-type")).toBe("application/octet-stream");
  const direct = await readImages(manifest, `${bench.store.datasets}/${id}`, "train", { from: 2, to: 5 });
  expect(new Uint8Array(await bytes.arrayBuffer())).toEqual(direct);
  expect((await (await host.request(`/api/datasets/${id}/images/test`)).arrayBuffer()).byteLength).toBe(2 * 192);
  const sheet = await host.request(`/api/datasets/${id}/sheets/${manifest.sheets[0].file}`);
  expect(await sharp(await sheet.arrayBuffer()).metadata()).toMatchObject({ format: "png", width: 80, height: 8 });

  expect((await host.request(`/api/datasets/${id}`, { method: "DELETE" })).status).toBe(204);
  expect((await host.request(`/api/datasets/${id}`)).status).toBe(404);
});

test("inspection streams a report and stores nothing", async () => {
  await using bench = await createBench();
  const path = await bench.write("set", await drawTree({ a: 2, b: 2 }));
  const response = await post(createHost({ store: bench.store }), "/api/datasets/inspect", { path });
  const last = inspectEvent.parse(JSON.parse((await response.text()).trimEnd().split("\n").at(-1)!));
  expect(last).toMatchObject({ type: "done", report: { classes: [{ name: "a" }, { name: "b" }], width: 8 } });
  expect(await readdir(bench.store.datasets)).toEqual([]);
});

test("mistakes are answered with code, message and hint", async () => {
  await using bench = await createBench();
  const host = createHost({ store: bench.store });
  const { id } = await bench.import(await bench.write("set", await drawTree({ a: 2, b: 2 })));
  const cases: [Response | Promise<Response>, number, string, RegExp][] = [
    [post(host, "/api/datasets", "{"), 400, "bad-json", /not JSON/],
    [
      post(host, "/api/datasets", { path: "", options: { size: -1, colur: "grey" } }),
      400,
      "bad-request",
      /path:.*size:.*colur/,
    ],
    [host.request("/api/datasets/0123456789abcdef"), 404, "dataset-unknown", /0123456789abcdef/],
    [host.request("/api/datasets/..%2f..%2fetc"), 404, "dataset-unknown", /etc/],
    [host.request(`/api/datasets/${id}/sheets/manifest.json`), 404, "sheet-unknown", /manifest\.json/],
    [host.request(`/api/datasets/${id}/sheets/..%2fmanifest.json`), 404, "sheet-unknown", /manifest\.json/],
    [host.request(`/api/datasets/${id}/images/valid`), 400, "bad-request", /split/],
    [host.request(`/api/datasets/${id}/images/train?from=1&to=9`), 400, "bad-range", /1 to 9 of 2/],
    [host.request(`/api/datasets/${id}/images/train?from=x`), 400, "bad-request", /from/],
    [host.request("/api/nothing"), 404, "not-found", /GET \/api\/nothing/],
  ];
  for (const [request, status, code, says] of cases) {
    const response = await request;
    const body = errorBody.parse(await response.json());
    expect([response.status, body.code]).toEqual([status, code]);
    expect(body.message).toMatch(says);
    expect(body.hint).not.toBe("");
  }
  const events = await readEvents(await post(host, "/api/datasets", { path: bench.at("missing") }));
  expect(events).toEqual([expect.objectContaining({ type: "failed", code: "not-found" })]);
});

test.each(["body", "request"])("closing the %s cancels the import", async (which) => {
  await using bench = await createBench();
  await generateImageFolder(bench.at("many"), 1000);
  const controller = new AbortController();
  const host = createHost({ store: bench.store });
  const response = await post(host, "/api/datasets", { path: bench.at("many") }, { signal: controller.signal });
  const reader = response.body!.getReader();
  await reader.read();
  if (which === "body") await reader.cancel();
  else controller.abort();
  await expect.poll(() => readdir(bench.store.scratch), { timeout: 5000 }).toEqual([]);
  expect(await readdir(bench.store.datasets)).toEqual([]);
});

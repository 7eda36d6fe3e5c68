// `stillroom serve` as a user has it: over real HTTP, with a run in its child process, ended by Ctrl-C, resumed by the CLI.
import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { createClient } from "../../shared/api/client.ts";
import { createWorkplace, readServedUrl, threeClasses } from "../cli/run-cli.ts";
import { newRunOf, tinyChanges } from "../support/small-store.ts";

test("a page starts a run and goes away; Ctrl-C stops it within a step; the command line resumes it", async () => {
  await using place = await createWorkplace();
  const data = await place.makeData("animals", threeClasses);
  const server = place.start("serve", "--port", "0", "--json", "--backend", "onnx");
  const url = await readServedUrl(server);
  const entered = await fetch(url);
  const cookie = entered.headers.getSetCookie()[0].split(";")[0];
  const client = createClient(
    (input, init) => fetch(input, { ...init, headers: { ...init?.headers, cookie } }),
    url.origin,
  );
  expect(await client.app()).toMatchObject({ host: "server", computeChild: true, storePath: place.home });

  const { manifest } = await client.datasets.import(data, {}, () => {});
  const changes = { ...tinyChanges, method: { steps: 1200, realBatch: 8 } };
  const { record, path } = await client.runs.create({
    ...(await newRunOf(client, manifest, changes)),
    evaluate: false,
  });
  await client.runs.start(record.id);
  for await (const line of client.runs.follow(record.id)) if (line.type === "step" && line.step >= 30) break;
  // Nobody watches any more, and it goes on.
  const stepsBefore = (await client.compute.state()).running?.done ?? 0;
  await sleep(300);
  expect((await client.compute.state()).running?.done).toBeGreaterThan(stepsBefore);

  server.child.kill("SIGINT");
  expect(await server.ended).toMatchObject({ code: 0 });
  const stopped = JSON.parse(await readFile(`${path}/run.json`, "utf8"));
  expect(stopped).toMatchObject({ status: "stopped", backend: "onnx", stage: "synthesise" });
  expect(stopped.step).toBeLessThan(1200);
  const resumed = await place.run("resume", record.id, "--json", "--quiet");
  expect(resumed).toMatchObject({ code: 0 });
  expect(JSON.parse(resumed.stdout)).toMatchObject({
    status: "done",
    sessions: [{}, { from: { step: stopped.step } }],
  });
}, 40_000);

test("a port that does not exist is wrong usage", async () => {
  await using place = await createWorkplace();
  expect(await place.run("serve", "--port", "70000")).toMatchObject({
    code: 2,
    stderr: "error: There is no port 70000.\nPorts end at 65535.\n",
  });
});

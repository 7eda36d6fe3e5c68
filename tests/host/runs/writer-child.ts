// A process that writes to a run without end, until a test kills it: argv is the store and the run's folder.
import {
  appendEvents,
  lockRun,
  openRun,
  readEvents,
  updateRun,
  writeCheckpoint,
} from "../../../electron/host/runs/index.ts";
import { stepEvents } from "./sample-events.ts";

const [root = "", folder = ""] = process.argv.slice(2);
const run = await openRun(root, folder);
await lockRun(run.path);
let seq = 0;
for await (const event of readEvents(run)) seq = event.seq + 1;
for (let round = 0; ; round++) {
  await appendEvents(run, stepEvents(7, seq));
  seq += 7;
  await updateRun(run, { step: seq, name: "x".repeat(20_000) });
  await writeCheckpoint(run, String(seq).padStart(8, "0"), new Uint8Array(100_000).fill(seq % 256));
  if (round === 0) process.stdout.write("ready\n");
}

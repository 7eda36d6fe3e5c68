// What a report of a problem needs: versions, adapters, limits and the last lines of the log, as text.

import { availableParallelism, cpus, freemem, homedir, release, totalmem } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { describeUnfinished, printCheck } from "../../shared/api/adapter-notes.ts";
import type { AdapterList } from "../../shared/api/compute.ts";
import { describeError } from "../../shared/lib/user-error.ts";
import { listAdapterNotes } from "./adapter-notes.ts";
import { listUnfinished } from "./check-marks.ts";
import type { Compute } from "./compute.ts";
import { formatBytes, measureFreeBytes } from "./files.ts";
import type { Log } from "./log.ts";

const ADAPTERS_WAIT_MS = 10_000;

export async function describeSystem(input: {
  readonly version: string;
  readonly home: string;
  readonly compute: Compute | undefined;
  readonly log: Log | undefined;
}): Promise<string> {
  const { version, home, compute, log } = input;
  const { node, electron, chrome } = process.versions;
  const free = await measureFreeBytes(home).then(formatBytes, describeError);
  const text = [
    `Stillroom ${version}`,
    `node ${node}${electron ? `, electron ${electron}, chrome ${chrome}` : ""}`,
    `${process.platform} ${release()} ${process.arch}`,
    `${cpus()[0]?.model ?? "unknown processor"}, ${availableParallelism()} threads`,
    `${formatBytes(totalmem())} of memory, ${formatBytes(freemem())} free`,
    `store ${home}, ${free} free`,
    "",
    ...(compute ? await describeAdapters(compute) : ["The host computes nothing by itself."]),
    ...(await describeChecks(home, version)),
    "",
    "Log",
    ...(log?.lines() ?? []),
  ].join("\n");
  // A report is often posted where others read it.
  return `${text.replaceAll(homedir(), "~")}\n`;
}

/** Of every adapter that was checked, or whose check did not end. */
async function describeChecks(home: string, version: string): Promise<string[]> {
  const adapters = await listAdapterNotes(home, version).catch(() => []);
  const unfinished = await listUnfinished(home, version).catch(() => []);
  return [
    ...adapters.flatMap(({ place, driver, check }) =>
      check ? ["", `Kernels, ${place}, ${driver}`, printCheck(check)] : [],
    ),
    ...unfinished.flatMap((each) => ["", `Kernels, ${each.place}, ${each.driver}`, describeUnfinished(each)]),
  ];
}

async function describeAdapters(compute: Compute): Promise<string[]> {
  const late = sleep(ADAPTERS_WAIT_MS, undefined, { ref: false });
  try {
    const list: AdapterList | undefined = await Promise.race([compute.adapters({ measure: false }), late]);
    if (!list) return ["The adapters did not answer in time."];
    return [
      ...(list.problem ? [`WebGPU: ${list.problem.message}`] : []),
      ...list.adapters.flatMap(({ name, description, backendType, software, features, limits }) => [
        `${name} (${backendType}${software ? ", software" : ""}) ${description}`,
        `  features ${features.join(", ")}`,
        `  limits ${JSON.stringify(limits)}`,
      ]),
      `CPU path: ${list.cpu.runtime ?? list.cpu.problem?.message ?? "none"}, ${list.cpu.threads} threads; auto computes on ${list.auto}`,
    ];
  } catch (error) {
    return [`Adapters: ${describeError(error)}`];
  }
}

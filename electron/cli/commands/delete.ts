// delete: runs, datasets and artifacts, after saying what goes and asking once.
import { resolve } from "node:path";
import { describeError, UserError } from "../../../shared/lib/user-error.ts";
import { deleteArtifact, listArtifacts } from "../../host/artifacts.ts";
import { deleteDataset, isDatasetId, listDatasets, measureDataset } from "../../host/datasets/index.ts";
import { formatBytes, isInside, measureFiles } from "../../host/files.ts";
import {
  deleteBrokenRun,
  deleteRun,
  isEntry,
  listRuns,
  measureRun,
  openRun,
  requireIdle,
} from "../../host/runs/index.ts";
import type { Store } from "../../host/store.ts";
import { type Cli, type CliCommand, type CommonOptions, createCli, withCommonOptions } from "../cli.ts";
import { confirm } from "../confirm.ts";
import { programName } from "../program-name.ts";

/** One thing to delete. */
interface Target {
  readonly kind: "run" | "dataset" | "artifact";
  readonly id: string;
  readonly path: string;
  /** What it takes on the disk. */
  readonly bytes: number;
  readonly text: string;
  /** Ids of runs that cannot go on without it. */
  readonly neededBy: readonly string[];
  /** Returns the names of what is left in a folder of the user's. */
  remove(): Promise<readonly string[]>;
}

async function findDataset(store: Store, id: string): Promise<Target | undefined> {
  if (!isDatasetId(id)) return undefined;
  const { datasets, damaged } = await listDatasets(store);
  const name = datasets.find((each) => each.id === id)?.name;
  if (name === undefined && !damaged.some((each) => each.id === id)) return undefined;
  const { runs } = await listRuns(store.home);
  const needing = runs.filter(({ record }) => record.dataset.id === id && record.status !== "done");
  return {
    kind: "dataset",
    id,
    path: resolve(store.datasets, id),
    bytes: await measureDataset(store, id),
    text: `dataset ${id} (${name ?? "damaged"})`,
    neededBy: needing.map(({ record }) => record.id),
    remove: async () => {
      await deleteDataset(store, id);
      return [];
    },
  };
}

async function findArtifact(store: Store, id: string): Promise<Target | undefined> {
  const found = (await listArtifacts(store)).find((each) => each.id === id);
  return (
    found && {
      kind: "artifact",
      id,
      path: resolve(store.artifacts, id),
      bytes: found.bytes,
      text: `artifact ${id} (runs that need it make it again)`,
      neededBy: [],
      remove: async () => {
        await deleteArtifact(store, id);
        return [];
      },
    }
  );
}

/** A run that cannot be read, by its id or its folder. */
async function findBroken(store: Store, name: string): Promise<Target | undefined> {
  const { broken } = await listRuns(store.home);
  const found = broken.find(({ id, path }) => id === name || path === resolve(name));
  if (!found) return undefined;
  const { id, path } = found;
  if (!isEntry(path)) await requireIdle(path);
  const what = isEntry(path) ? "only its entry in the list; a folder elsewhere stays as it is" : "it cannot be read";
  return {
    kind: "run",
    id,
    path,
    bytes: await measureFiles([path]),
    text: `run ${id} in ${path} (${what})`,
    neededBy: [],
    remove: async () => {
      await deleteBrokenRun(found);
      return [];
    },
  };
}

async function findTarget(store: Store, name: string): Promise<Target> {
  const other =
    (await findDataset(store, name)) ?? (await findArtifact(store, name)) ?? (await findBroken(store, name));
  if (other) return other;
  const run = await openRun(store.home, name).catch((error: unknown) => {
    if (!(error instanceof UserError) || error.code !== "run-not-found") throw error;
    throw new UserError(
      "not-found",
      `There is no run, dataset or artifact "${name}".`,
      `List them with \`${programName()} runs\`, \`${programName()} datasets\` and \`${programName()} artifacts\`.`,
      { cause: error },
    );
  });
  const { path, record } = run;
  await requireIdle(path);
  const scope = isInside(store.runs, path) ? "" : ", only what Stillroom computed there";
  return {
    kind: "run",
    id: record.id,
    path,
    bytes: await measureRun(store.home, run),
    text: `run ${record.id} (${record.name}) in ${path}${scope}`,
    neededBy: [],
    remove: async () => (await deleteRun(store.home, run)).kept,
  };
}

/** Everything that was named, each once. Throws when any of it is not there: then nothing is deleted. */
async function findTargets(store: Store, names: readonly string[]): Promise<Target[]> {
  const targets = new Map<string, Target>();
  const errors: unknown[] = [];
  for (const name of names) {
    try {
      const target = await findTarget(store, name);
      targets.set(target.path, target);
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length === 1) throw errors[0];
  if (errors.length > 1) {
    throw new UserError("not-found", errors.map(describeError).join("\n"), "Nothing was deleted.");
  }
  return [...targets.values()];
}

/** What is deleted along with its runs is needed by nobody. */
function warnOfRuns(cli: Cli, targets: readonly Target[]): void {
  for (const { id, neededBy } of targets) {
    const others = neededBy.filter((run) => !targets.some((each) => each.id === run));
    if (others.length > 0) cli.output.warn(`Dataset ${id} is needed to go on with ${others.join(", ")}.`);
  }
}

export const deleteCommand: CliCommand = {
  register: (program) => {
    const command = program
      .command("delete <name...>")
      .description("delete runs, stored datasets and artifacts; exports and other files in a folder of your own stay")
      .option("--yes", "do not ask");
    withCommonOptions(command).action(async (names: string[], flags: CommonOptions & { yes?: boolean }) => {
      const cli = createCli(flags);
      const { store } = await cli.host();
      const targets = await findTargets(store, names);
      const bytes = targets.reduce((sum, target) => sum + target.bytes, 0);
      const list = targets.map((each) => `${each.text}: ${formatBytes(each.bytes)}`).join("\n");
      if (flags.yes !== true) process.stderr.write(`${list}\n`);
      else cli.output.note(list);
      warnOfRuns(cli, targets);
      const what = targets.length === 1 ? "this" : "these";
      if (flags.yes !== true) await confirm(cli, `Delete ${what} for good and free ${formatBytes(bytes)}?`);
      const deleted: { kind: Target["kind"]; id: string; path: string; bytes: number; kept: readonly string[] }[] = [];
      for (const { kind, id, path, bytes: own, remove } of targets) {
        const kept = await remove().catch((error: unknown) => {
          const done = deleted.map((each) => each.id).join(", ") || "nothing";
          cli.output.warn(`Deleted before the error: ${done}.`);
          throw error;
        });
        deleted.push({ kind, id, path, bytes: own, kept });
      }
      const left = deleted
        .filter(({ kept }) => kept.length > 0)
        .map(({ path, kept }) => `left in ${path}: ${kept.join(", ")}`);
      const ids = deleted.map(({ kind, id }) => `${kind} ${id}`).join(", ");
      cli.output.result({ deleted, bytes }, [`Deleted ${ids}: ${formatBytes(bytes)} freed`, ...left].join("\n"));
    });
  },
};

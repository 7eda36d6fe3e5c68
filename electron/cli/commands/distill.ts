// distill and resume: run an experiment, or go on with one.
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { Option } from "commander";
import packageJson from "../../../package.json" with { type: "json" };
import { estimateRun } from "../../../shared/experiment/estimate.ts";
import { fitMemory } from "../../../shared/experiment/planned-memory.ts";
import { requireTestImages } from "../../../shared/experiment/session.ts";
import { openSets } from "../../../shared/experiment/sets.ts";
import { UserError } from "../../../shared/lib/user-error.ts";
import { layer, layersOf, parseChanges, type Recipe, recipeSchema } from "../../../shared/recipe/index.ts";
import { storedDatasetOf } from "../../compute/stored-dataset.ts";
import { openArtifactStore } from "../../host/artifacts.ts";
import type { Dataset } from "../../host/datasets/index.ts";
import { readEvaluation } from "../../host/export/index.ts";
import { formatBytes } from "../../host/files.ts";
import { createRun, openRun, type Run, readEarlierSet, resolveWithSet } from "../../host/runs/index.ts";
import {
  type Cli,
  type CliCommand,
  type CommonOptions,
  createCli,
  requireOption,
  wholeNumber,
  withCommonOptions,
} from "../cli.ts";
import { openDatasetFor, warnOfSmallClasses } from "../datasets.ts";
import { describeRun } from "../describe-run.ts";
import { executeRun } from "../execute-run.ts";
import { findRecipe } from "../find-recipe.ts";
import { formatCount, formatDuration } from "../output.ts";
import { type ImportFlags, importOptionsOf, withImportOptions } from "./import.ts";

interface DistillFlags extends CommonOptions, ImportFlags {
  readonly data?: string;
  readonly ipc?: number;
  readonly initFrom?: string;
  readonly variant?: "small";
  readonly case?: string;
  readonly set: string[];
  readonly name?: string;
  readonly out?: string;
  readonly evaluate: boolean;
}

/** Larger pictures would keep the small variant from ending within ten minutes; --size says otherwise. */
export const SMALL_SIDE = 32;

export interface RunRequest {
  readonly recipeName: string;
  readonly recipe: Recipe;
  readonly dataset: Dataset;
  /** Of the run; made of its dataset and recipe where it is missing or empty. */
  readonly name?: string | undefined;
  readonly out?: string | undefined;
  readonly evaluate: boolean;
}

/** Prints what the run will cost, makes the run folder, and runs. What the estimate refuses leaves no folder behind. */
export async function startRun(
  cli: Cli,
  { recipeName, recipe, dataset, name, out, evaluate }: RunRequest,
): Promise<Run> {
  const { store } = await cli.host();
  const { manifest } = dataset;
  if (evaluate) {
    requireTestImages(dataset);
    warnOfSmallClasses(cli, dataset, recipe);
  }
  const initial = await readEarlierSet(store, recipe, manifest);
  const runtime = await cli.runtime();
  const { backend: backendId, adapter } = runtime.backend.capabilities;
  cli.output.note(`${recipeName} on ${manifest.name}, ipc ${recipe.ipc}, with ${adapter}`);
  const sets = openSets(storedDatasetOf(dataset), recipe);
  const planned = await fitMemory(runtime.backend, { recipe, ...sets, evaluate });
  if (!planned && cli.options.memoryLimit !== undefined) {
    cli.output.warn(`--memory-limit holds for GPUs alone: ${adapter} takes what it needs.`);
  }
  const clock = () => performance.now();
  const estimate = await estimateRun({
    recipe,
    runtime,
    ...sets,
    fingerprint: manifest.fingerprint,
    artifacts: openArtifactStore(store),
    clock,
    evaluate,
    imagesAtOnce: planned?.imagesAtOnce,
  });
  const { prepareSeconds, artifactBytes } = estimate;
  const memory = planned
    ? `${formatBytes(planned.peakBytes)} of GPU memory (planned)`
    : `${formatBytes(process.resourceUsage().maxRSS * 1024)} of memory (measured)`;
  cli.output.note(
    [
      `estimate: ${formatDuration(estimate.totalSeconds)} (`,
      ...(prepareSeconds > 0 ? [`preparing ${formatDuration(prepareSeconds)}; `] : []),
      `${formatCount(estimate.steps)} steps of ${Math.round(estimate.secondsPerStep * 1000)} ms: ${formatDuration(estimate.synthesiseSeconds)};`,
      ` evaluation ${formatDuration(estimate.evaluateSeconds)}),`,
      ` ${memory}, ${formatBytes(estimate.diskBytes)} on disk`,
      ...(artifactBytes > 0 ? [` and ${formatBytes(artifactBytes)} that later runs share`] : []),
    ].join(""),
  );
  const run = await createRun(store.home, {
    ...(out === undefined ? {} : { dir: out }),
    ...(initial && { initial }),
    record: {
      name: name || `${manifest.name} ${recipe.method.id} ipc ${recipe.ipc}`,
      recipe,
      seed: recipe.seed,
      dataset: { id: manifest.id, name: manifest.name, fingerprint: manifest.fingerprint },
      app: { version: packageJson.version },
      backend: backendId,
      adapter,
      evaluate,
    },
  });
  cli.output.note(`run ${run.record.id} in ${run.path}`);
  await executeRun(cli, run, dataset, evaluate);
  return run;
}

export const distillCommand: CliCommand = {
  register: (program) => {
    const command = program
      .command("distill <recipe>")
      .description("distil a dataset; RECIPE is a file, a seed's id or a method's id")
      .option("--data <data>", "a path, or the id of a stored dataset; needed")
      .option("--ipc <number>", "synthetic images per class", wholeNumber)
      .option("--init-from <set>", "begin with an earlier set: a run or a distilled.safetensors")
      .addOption(new Option("--variant <name>", "settings that end within ten minutes on two cores").choices(["small"]))
      .option("--case <name>", "one of the paper's cases")
      .option(
        "--set <path=value>",
        "change a setting; may be given again",
        (pair: string, all: string[]) => [...all, pair],
        [],
      )
      .option("--name <text>", "name of the run")
      .option("--out <dir>", "the run folder")
      .option("--no-evaluate", "leave out the evaluation");
    withImportOptions(withCommonOptions(command)).action(async (name: string, flags: DistillFlags) => {
      const cli = createCli(flags);
      const data = requireOption("--data <data>", flags.data);
      const found = await findRecipe(name);
      const preset = layersOf(found, { case: flags.case, variant: flags.variant });
      const changes = parseChanges(flags.set);
      const dataset = await openDatasetFor(cli, data, {
        ...(flags.variant === "small" ? { largest: SMALL_SIDE } : {}),
        ...importOptionsOf(flags),
      });
      const layers = [
        ...preset,
        layer(changes, {
          ...(flags.ipc === undefined ? {} : { ipc: flags.ipc }),
          ...(flags.initFrom === undefined ? {} : { init: { set: placeOf(flags.initFrom) } }),
          ...(flags.seed === undefined ? {} : { seed: flags.seed }),
        }),
      ];
      const { store } = await cli.host();
      const recipe = await resolveWithSet(store, layers, dataset.manifest, found.source);
      const run = await startRun(cli, {
        recipeName: found.name,
        recipe,
        dataset,
        name: flags.name?.trim(),
        out: flags.out,
        evaluate: flags.evaluate,
      });
      await printRun(cli, run);
    });
  },
};

/** A file by its whole path, since a run may be repeated from elsewhere; a run by its id. */
const placeOf = (name: string) => (existsSync(name) ? resolve(name) : name);

export async function printRun(cli: Cli, run: Run): Promise<void> {
  const evaluation = await readEvaluation(run);
  cli.output.result({ path: run.path, ...run.record, evaluation: evaluation ?? null }, await describeRun(run));
}

export const resumeCommand: CliCommand = {
  register: (program) => {
    const command = program
      .command("resume <run>")
      .description("go on with a stopped run, by its id or folder")
      .option("--data <data>", "where the dataset is now, if it is not in the store any more")
      .option("--no-evaluate", "leave out the evaluation");
    withImportOptions(withCommonOptions(command)).action(async (name: string, flags: ResumeFlags) => {
      const cli = createCli(flags);
      const { store } = await cli.host();
      const run = await openRun(store.home, name);
      if (run.record.status === "done") {
        cli.output.note(`Run ${run.record.id} is done already.`);
      } else {
        const dataset = await openDatasetOf(cli, run, flags);
        // What a run leaves out at its start stays left out.
        const evaluate = flags.evaluate && run.record.evaluate !== false;
        await executeRun(cli.continuing(run.record.backend), run, dataset, evaluate);
      }
      await printRun(cli, run);
    });
  },
};

interface ResumeFlags extends CommonOptions, ImportFlags {
  readonly data?: string;
  readonly evaluate: boolean;
}

/** The dataset that a run began with, from the store or, imported again, from the pictures. */
async function openDatasetOf(cli: Cli, { record }: Run, flags: ResumeFlags): Promise<Dataset> {
  const { id, name, fingerprint } = record.dataset;
  if (flags.data === undefined) {
    return openDatasetFor(cli, id).catch((error: unknown) => {
      if (!(error instanceof UserError) || !["dataset-unknown", "dataset-damaged"].includes(error.code)) throw error;
      throw new UserError(
        error.code,
        `${error.message} Run ${record.id} needs it (${name}).`,
        "Say where its pictures are: --data PATH",
        { cause: error },
      );
    });
  }
  const wanted = recipeSchema.safeParse(record.recipe).data?.dataset;
  const asBefore = wanted && {
    size: wanted.size,
    colour: wanted.channels === 1 ? ("grey" as const) : ("colour" as const),
  };
  const dataset = await openDatasetFor(cli, flags.data, { ...asBefore, ...importOptionsOf(flags) });
  if (dataset.manifest.fingerprint !== fingerprint) {
    throw new UserError(
      "other-dataset",
      `${flags.data} does not give the pictures that run ${record.id} began with (${name}).`,
      "Give the same pictures with --data, and the options that they were imported with (--fit, --size, --colour).",
    );
  }
  return dataset;
}

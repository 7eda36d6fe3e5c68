// distill and resume: run an experiment, or go on with one.
import { Option } from "commander";
import packageJson from "../../../package.json" with { type: "json" };
import { estimateRun } from "../../../shared/experiment/estimate.ts";
import { UserError } from "../../../shared/lib/user-error.ts";
import { layer, parseChanges, type Recipe, resolveRecipe } from "../../../shared/recipe/index.ts";
import type { Dataset } from "../../host/datasets/index.ts";
import { formatBytes } from "../../host/files.ts";
import { createRun, openRun, type Run } from "../../host/runs/index.ts";
import { type Cli, type CliCommand, type CommonOptions, createCli, wholeNumber, withCommonOptions } from "../cli.ts";
import { factsOf, imageSetOf, openDatasetFor } from "../datasets.ts";
import { describeRun, readEvaluation } from "../describe-run.ts";
import { executeRun } from "../execute-run.ts";
import { findRecipe } from "../find-recipe.ts";
import { formatCount, formatDuration } from "../output.ts";
import { type ImportFlags, importOptionsOf, withImportOptions } from "./import.ts";

interface DistillFlags extends CommonOptions, ImportFlags {
  readonly data: string;
  readonly ipc?: number;
  readonly variant?: "small";
  readonly case?: string;
  readonly set: string[];
  readonly out?: string;
  readonly evaluate: boolean;
}

export interface RunRequest {
  readonly recipeName: string;
  readonly recipe: Recipe;
  readonly dataset: Dataset;
  readonly out?: string | undefined;
  readonly evaluate: boolean;
}

/** Prints what the run will cost, makes the run folder, and runs. */
export async function startRun(cli: Cli, { recipeName, recipe, dataset, out, evaluate }: RunRequest): Promise<Run> {
  const { store } = await cli.host();
  const { manifest } = dataset;
  const runtime = await cli.runtime();
  const { backend: backendId, adapter } = runtime.backend.capabilities;
  cli.output.note(`${recipeName} on ${manifest.name}, ipc ${recipe.ipc}, with ${adapter}`);
  const run = await createRun(store.home, {
    ...(out === undefined ? {} : { dir: out }),
    record: {
      name: `${manifest.name} ${recipe.method.id} ipc ${recipe.ipc}`,
      recipe,
      seed: recipe.seed,
      dataset: { id: manifest.id, name: manifest.name, fingerprint: manifest.fingerprint },
      app: { version: packageJson.version },
      backend: backendId,
      adapter,
    },
  });
  cli.output.note(`run ${run.record.id} in ${run.path}`);
  const sets = { train: imageSetOf(dataset, "train"), test: imageSetOf(dataset, "test") };
  const hasTest = sets.test.size > 0;
  const clock = () => performance.now();
  const estimate = await estimateRun({
    recipe,
    runtime,
    ...sets,
    clock,
    evaluate: evaluate && hasTest,
  });
  const memory = process.resourceUsage().maxRSS * 1024;
  cli.output.note(
    [
      `estimate: ${formatDuration(estimate.totalSeconds)}`,
      `(${formatCount(estimate.steps)} steps of ${Math.round(estimate.secondsPerStep * 1000)} ms: ${formatDuration(estimate.synthesiseSeconds)};`,
      `evaluation ${formatDuration(estimate.evaluateSeconds)}),`,
      `${formatBytes(memory)} of memory, ${formatBytes(estimate.diskBytes)} on disk`,
    ].join(" "),
  );
  await executeRun(cli, run, dataset, evaluate);
  return run;
}

export const distillCommand: CliCommand = {
  register: (program) => {
    const command = program
      .command("distill <recipe>")
      .description("distil a dataset; RECIPE is a file, a seed's id or a method's id")
      .requiredOption("--data <data>", "a path, or the id of a stored dataset")
      .option("--ipc <number>", "synthetic images per class", wholeNumber)
      .addOption(new Option("--variant <name>", "settings that end within ten minutes on two cores").choices(["small"]))
      .option("--case <name>", "one of the paper's cases")
      .option(
        "--set <path=value>",
        "change a setting; may be given again",
        (pair: string, all: string[]) => [...all, pair],
        [],
      )
      .option("--out <dir>", "the run folder")
      .option("--no-evaluate", "leave out the evaluation");
    withImportOptions(withCommonOptions(command)).action(async (name: string, flags: DistillFlags) => {
      const cli = createCli(flags);
      const found = await findRecipe(name);
      const published = found.seed?.cases.find((each) => each.name === flags.case);
      if (flags.case && !published) {
        const known = found.seed?.cases.map((each) => each.name).join(", ") ?? "none";
        throw new UserError("unknown-case", `${name} has no case "${flags.case}".`, `Known: ${known}.`);
      }
      const changes = parseChanges(flags.set);
      const dataset = await openDatasetFor(cli, flags.data, importOptionsOf(flags, {} as CommonOptions));
      const layers = [
        found.settings,
        ...(published ? [published.set, { ipc: published.ipc, evaluation: { nets: [published.net] } }] : []),
        ...(flags.variant === "small" && found.seed ? [found.seed.small] : []),
        layer(changes, {
          ...(flags.ipc === undefined ? {} : { ipc: flags.ipc }),
          ...(flags.seed === undefined ? {} : { seed: flags.seed }),
        }),
      ];
      const recipe = resolveRecipe(layers, factsOf(dataset));
      const run = await startRun(cli, {
        recipeName: found.name,
        recipe,
        dataset,
        out: flags.out,
        evaluate: flags.evaluate,
      });
      await printRun(cli, run);
    });
  },
};

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
    withCommonOptions(command).action(
      async (name: string, flags: CommonOptions & { data?: string; evaluate: boolean }) => {
        const cli = createCli(flags);
        const { store } = await cli.host();
        const run = await openRun(store.home, name);
        const dataset = await openDatasetFor(cli, flags.data ?? run.record.dataset.id);
        if (dataset.manifest.fingerprint !== run.record.dataset.fingerprint) {
          throw new UserError(
            "other-dataset",
            `${dataset.manifest.name} is not the dataset that run ${run.record.id} began with (${run.record.dataset.name}).`,
            "Give the same pictures with --data.",
          );
        }
        if (run.record.status === "done") cli.output.note(`Run ${run.record.id} is done already.`);
        else await executeRun(cli, run, dataset, flags.evaluate);
        await printRun(cli, run);
      },
    );
  },
};

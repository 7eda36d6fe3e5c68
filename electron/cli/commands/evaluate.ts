// evaluate: one protocol for any distilled set, a run's or a file's, beside its baselines.
import { readFile, stat } from "node:fs/promises";
import { type Command, InvalidArgumentError, Option } from "commander";
import { type DistilledSet, fromSafetensors } from "../../../shared/data/distilled-set.ts";
import { splitNames } from "../../../shared/data/manifest.ts";
import { describeNormaliser } from "../../../shared/data/normaliser.ts";
import { Whitener } from "../../../shared/data/zca.ts";
import type { Trial } from "../../../shared/experiment/checkpoint.ts";
import { createEvaluator, findDivergence, listJobs, summariseTrials } from "../../../shared/experiment/evaluate.ts";
import { Pace } from "../../../shared/experiment/pace.ts";
import { requireTestImages } from "../../../shared/experiment/session.ts";
import { whitenSet } from "../../../shared/experiment/whitening.ts";
import { UserError } from "../../../shared/lib/user-error.ts";
import {
  changeEvaluation,
  type DatasetFacts,
  factsOf,
  type Recipe,
  recipeSchema,
} from "../../../shared/recipe/index.ts";
import type { Dataset } from "../../host/datasets/index.ts";
import { openRun, readResult } from "../../host/runs/index.ts";
import {
  type Cli,
  type CliCommand,
  type CommonOptions,
  createCli,
  requireOption,
  wholeNumber,
  withCommonOptions,
} from "../cli.ts";
import { imageSetOf, openDatasetFor, warnOfSmallClasses } from "../datasets.ts";
import { describeEvaluation } from "../describe-run.ts";
import { programName } from "../program-name.ts";

const baselineNames = ["random", "whole"] as const;

interface EvaluateFlags extends CommonOptions {
  readonly data?: string;
  readonly nets?: string[];
  readonly trials?: number;
  readonly epochs?: number;
  readonly baselines?: Recipe["evaluation"]["baselines"];
}

const list = (text: string) => text.split(",").map((item) => item.trim());

function parseBaselines(text: string): Recipe["evaluation"]["baselines"] {
  return list(text).map((item) => {
    const known = baselineNames.find((name) => name === item);
    if (!known) throw new InvalidArgumentError(`Known: ${baselineNames.join(", ")}.`);
    return known;
  });
}

/** The set of a run, or of a distilled.safetensors anywhere. */
async function readSet(cli: Cli, name: string): Promise<DistilledSet> {
  const isFile = await stat(name).then(
    (found) => found.isFile() && name.endsWith(".safetensors"),
    () => false,
  );
  if (isFile) return fromSafetensors(new Uint8Array(await readFile(name)), name);
  const { store } = await cli.host();
  const run = await openRun(store.home, name);
  const bytes = await readResult(run, "distilled.safetensors");
  if (bytes) return fromSafetensors(bytes, `${run.path}/distilled.safetensors`);
  throw new UserError(
    "no-set",
    `Run ${run.record.id} has no distilled set yet.`,
    `Go on with: ${programName()} resume ${run.record.id}`,
  );
}

/** A set is only meaningful with images like those that it was made of. */
function requireFit(set: DistilledSet, { manifest }: Dataset): void {
  const [, channels, height, width] = set.shape;
  const problems: string[] = [];
  if (channels !== manifest.channels || height !== manifest.height || width !== manifest.width) {
    problems.push(
      `the set has images of ${channels} x ${height} x ${width}, the dataset of ${manifest.channels} x ${manifest.height} x ${manifest.width}`,
    );
  }
  const names = manifest.classes.map(({ name }) => name);
  if (names.join("\n") !== set.classNames.join("\n")) {
    problems.push(`the set's classes are ${set.classNames.join(", ")}, the dataset's ${names.join(", ")}`);
  }
  if (problems.length > 0) {
    throw new UserError(
      "other-dataset",
      `The set does not fit ${manifest.name}: ${problems.join("; ")}.`,
      "Give the dataset that it was made of with --data.",
    );
  }
}

function recipeOf(set: DistilledSet, flags: EvaluateFlags, dataset: DatasetFacts): Recipe {
  const parsed = recipeSchema.safeParse(set.recipe);
  if (!parsed.success) {
    throw new UserError(
      "bad-recipe",
      "The set's own recipe cannot be read, so that its protocol is not known.",
      "Distil it again.",
    );
  }
  const { seed = parsed.data.seed, nets, trials, epochs, baselines } = flags;
  const given = Object.entries({ nets, trials, epochs, baselines }).filter(([, value]) => value !== undefined);
  return changeEvaluation({ ...parsed.data, seed }, Object.fromEntries(given), dataset);
}

export const evaluateCommand: CliCommand = {
  register: (program: Command) => {
    const command = program
      .command("evaluate <set>")
      .description("train fresh networks on a distilled set and its baselines; SET is a run or a distilled.safetensors")
      .option("--data <data>", "a path, or the id of a stored dataset; needed")
      .option("--nets <list>", "networks, e.g. convnet-3,convnet-4", list)
      .option("--trials <number>", "fresh networks per set", wholeNumber)
      .option("--epochs <number>", "epochs of training", wholeNumber)
      .addOption(new Option("--baselines <list>", "sets to compare with: random, whole").argParser(parseBaselines));
    withCommonOptions(command).action(async (name: string, flags: EvaluateFlags) => {
      const cli = createCli(flags);
      const distilled = await readSet(cli, name);
      const dataset = await openDatasetFor(cli, requireOption("--data <data>", flags.data));
      requireFit(distilled, dataset);
      requireTestImages(dataset);
      if (dataset.manifest.fingerprint !== distilled.fingerprint) {
        cli.output.warn(
          `${dataset.manifest.name} is not the very dataset that the set was made of; the set's own normaliser is used.`,
        );
      }
      const recipe = recipeOf(distilled, flags, factsOf(dataset.manifest));
      warnOfSmallClasses(cli, dataset, recipe);
      // The set's normaliser makes its images meaningful: real images are normalised alike.
      const { normaliser } = distilled;
      const runtime = await cli.runtime();
      const whitener = normaliser.kind === "zca" ? new Whitener(runtime, normaliser) : undefined;
      const [train, test] = splitNames.map((split) =>
        normaliser.kind === "standard"
          ? imageSetOf(dataset, split, normaliser)
          : whitenSet(imageSetOf(dataset, split), normaliser, whitener as Whitener),
      );
      const evaluator = createEvaluator({ recipe, runtime, train, test, distilled });
      const jobs = listJobs(recipe);
      const epochs = recipe.evaluation.epochs + 1;
      const total = jobs.length * epochs;
      const pace = new Pace(() => performance.now());
      pace.mark(0, total);
      const trials: Trial[] = [];
      for (const [at, job] of jobs.entries()) {
        const note = `${job.net} on ${job.set}, trial ${job.trial + 1}`;
        let lastLoss = 0;
        const accuracy = await evaluator
          .run(job, cli.signal, (epoch, loss) => {
            lastLoss = loss;
            const done = at * epochs + epoch + 1;
            cli.output.progress("evaluate", { done, total, ...pace.mark(done, total), note, unit: "epoch" });
          })
          .catch((error: unknown) => {
            if (!cli.signal.aborted) throw error;
            throw new UserError(
              "stopped",
              `Stopped after ${trials.length} of ${jobs.length} trials; nothing was written.`,
            );
          });
        const divergence = findDivergence(job, lastLoss, recipe);
        if (divergence) cli.output.warn(`${divergence.message} ${divergence.hint}`.trimEnd());
        trials.push({ ...job, accuracy });
      }
      const summary = summariseTrials(recipe, trials, describeNormaliser(normaliser), test.size);
      cli.output.result({ ...summary, backend: runtime.backend.capabilities }, describeEvaluation(summary));
      whitener?.free();
      await runtime.dispose();
    });
  },
};

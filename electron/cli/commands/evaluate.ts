// evaluate: one protocol for any distilled set, a run's or a file's, beside its baselines.
import { type Command, InvalidArgumentError, Option } from "commander";
import type { DistilledSet } from "../../../shared/data/distilled-set.ts";
import { requireSetFits } from "../../../shared/data/fit-set.ts";
import type { ImageSet } from "../../../shared/data/image-set.ts";
import { describeNormaliser, type SetNormaliser } from "../../../shared/data/normaliser.ts";
import { selectionIds } from "../../../shared/data/selection/index.ts";
import type { StoredDataset } from "../../../shared/data/stored-set.ts";
import { Whitener } from "../../../shared/data/zca.ts";
import type { Runtime } from "../../../shared/engine/index.ts";
import { countEpochs, protocolOf } from "../../../shared/evaluation/protocols.ts";
import type { Trial } from "../../../shared/experiment/checkpoint.ts";
import { createEvaluator, findDivergence, listJobs, summariseTrials } from "../../../shared/experiment/evaluate.ts";
import { prepareAll } from "../../../shared/experiment/make-artifact.ts";
import { Pace } from "../../../shared/experiment/pace.ts";
import { requireTestImages } from "../../../shared/experiment/session.ts";
import { openSets } from "../../../shared/experiment/sets.ts";
import { whitenSet } from "../../../shared/experiment/whitening.ts";
import { UserError } from "../../../shared/lib/user-error.ts";
import {
  changeEvaluation,
  type DatasetFacts,
  factsOf,
  type Recipe,
  recipeSchema,
} from "../../../shared/recipe/index.ts";
import { storedDatasetOf } from "../../compute/stored-dataset.ts";
import { openArtifactStore } from "../../host/artifacts.ts";
import { readSet } from "../../host/runs/index.ts";
import {
  type CliCommand,
  type CommonOptions,
  createCli,
  requireOption,
  wholeNumber,
  withCommonOptions,
} from "../cli.ts";
import { openDatasetFor, warnOfSmallClasses } from "../datasets.ts";
import { describeEvaluation } from "../describe-run.ts";

const baselineNames = ["random", ...selectionIds, "whole"] as const;

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

/** The sets of a dataset as another set's normaliser has them; `free` gives back what that takes on the backend. */
function openLike(runtime: Runtime, dataset: StoredDataset, recipe: Recipe, normaliser: SetNormaliser) {
  if (normaliser.kind === "standard") return { ...openSets(dataset, recipe, normaliser), free: () => {} };
  const { train, test } = openSets(dataset, recipe);
  const whitener = new Whitener(runtime, normaliser);
  const whitened = (set: ImageSet) => whitenSet(set, normaliser, whitener);
  return { train: whitened(train), test: whitened(test), free: () => whitener.free() };
}

export const evaluateCommand: CliCommand = {
  register: (program: Command) => {
    const command = program
      .command("evaluate <set>")
      .description("train fresh networks on a distilled set and its baselines; SET is a run or a distilled.safetensors")
      .option("--data <data>", "a path, or the id of a stored dataset; needed")
      .option("--nets <list>", "networks, e.g. convnet-3,resnet18,vgg11-bn", list)
      .option("--trials <number>", "fresh networks per set", wholeNumber)
      .option("--epochs <number>", "epochs of training", wholeNumber)
      .addOption(
        new Option("--baselines <list>", `sets to compare with: ${baselineNames.join(", ")}`).argParser(parseBaselines),
      );
    withCommonOptions(command).action(async (name: string, flags: EvaluateFlags) => {
      const cli = createCli(flags);
      const { store } = await cli.host();
      const { set: distilled } = await readSet(store, name);
      const dataset = await openDatasetFor(cli, requireOption("--data <data>", flags.data));
      const { manifest } = dataset;
      requireSetFits(distilled, { ...manifest, classNames: manifest.classes.map((each) => each.name) });
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
      const { train, test, free } = openLike(runtime, storedDatasetOf(dataset), recipe, normaliser);
      const stopped = (error: unknown, done: string) => {
        if (!cli.signal.aborted) throw error;
        throw new UserError("stopped", `Stopped ${done}.`);
      };
      const preparing = new Pace(() => performance.now());
      // Of the recipe only its baselines count: the set is there.
      const { choices } = await prepareAll(
        { recipe: { ...recipe, init: "noise" }, fingerprint: manifest.fingerprint, runtime, evaluate: true },
        { train, test, init: "noise" },
        openArtifactStore(store),
        cli.signal,
        ({ title, steps }, chunk, done) => {
          const note = `${title}, ${chunk.name}`;
          cli.output.progress("prepare", { done, total: steps, ...preparing.mark(done, steps), note, unit: "step" });
        },
      ).catch((error: unknown) => stopped(error, "while preparing; what is made is kept"));
      const evaluator = createEvaluator({ recipe, runtime, train, test, distilled, choices });
      const jobs = listJobs(recipe);
      const epochs = countEpochs(protocolOf(recipe.evaluation.protocol), recipe.evaluation.epochs);
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
          .catch((error: unknown) =>
            stopped(error, `after ${trials.length} of ${jobs.length} trials; nothing was written`),
          );
        const divergence = findDivergence(job, lastLoss, recipe);
        if (divergence) cli.output.warn(`${divergence.message} ${divergence.hint}`.trimEnd());
        trials.push({ ...job, accuracy });
      }
      const summary = summariseTrials(recipe, trials, describeNormaliser(normaliser), test.size);
      cli.output.result({ ...summary, backend: runtime.backend.capabilities }, describeEvaluation(summary));
      free();
      await runtime.dispose();
    });
  },
};

// reproduce: a published case at full length, and what it gives here beside what the paper says.
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { Option } from "commander";
import { protocolOf } from "../../../shared/evaluation/protocols.ts";
import { isSame, showValue } from "../../../shared/lib/json-tree.ts";
import { UserError } from "../../../shared/lib/user-error.ts";
import {
  factsOf,
  findCase,
  isOfDataset,
  layersOf,
  listProtocolDifferences,
  type Recipe,
  recipeSchema,
  resolveRecipe,
  type Seed,
} from "../../../shared/recipe/index.ts";
import { readEvaluation } from "../../host/export/index.ts";
import { openRun, type Run } from "../../host/runs/index.ts";
import { findSeed } from "../../host/seeds.ts";
import { type CliCommand, type CommonOptions, createCli, requireOption, withCommonOptions } from "../cli.ts";
import { openDatasetFor } from "../datasets.ts";
import { executeRun } from "../execute-run.ts";
import { findRecipe } from "../find-recipe.ts";
import { formatTable } from "../output.ts";
import { SMALL_SIDE, startRun } from "./distill.ts";
import { type ImportFlags, importOptionsOf, withImportOptions } from "./import.ts";

interface ReproduceFlags extends CommonOptions, ImportFlags {
  readonly case?: string;
  readonly data?: string;
  readonly variant?: "small";
  readonly out?: string;
}

type Case = Seed["cases"][number];

/** Accuracies are fractions. */
interface Reproduction {
  readonly seed: string;
  readonly case: string;
  readonly dataset: string;
  readonly variant: "full" | "small";
  readonly run: string;
  readonly path: string;
  readonly paper: { readonly mean: number; readonly std?: number; readonly source: string };
  readonly ours: { readonly mean: number; readonly std: number; readonly trials: readonly number[] };
  /** Ours less the paper's. */
  readonly difference: number;
  /** Settings of the published case that this run has otherwise. */
  readonly settings: readonly { readonly path: string; readonly paper: unknown; readonly ours: unknown }[];
  /** What else is not as in the paper, in sentences. */
  readonly remarks: readonly string[];
}

export const reproduceCommand: CliCommand = {
  register: (program) => {
    const command = program
      .command("reproduce <seed>")
      .description("run a published case at full length: the paper's accuracy, ours, and the difference")
      .option("--case <name>", "which of the paper's cases; needed")
      .option("--data <data>", "a path, or the id of a stored dataset; needed")
      .addOption(new Option("--variant <name>", "a short run, which reproduces nothing exactly").choices(["small"]))
      .option("--out <dir>", "the run folder; a run of this case that was stopped there goes on");
    withImportOptions(withCommonOptions(command)).action(async (name: string, flags: ReproduceFlags) => {
      const cli = createCli(flags);
      const { variant } = flags;
      const seed = await findPaper(name);
      const wanted = requireOption("--case <name>", flags.case);
      const published = findCase(seed.id, seed, wanted);
      const data = requireOption("--data <data>", flags.data);
      const dataset = await openDatasetFor(cli, data, {
        ...(variant === "small" ? { largest: SMALL_SIDE } : {}),
        ...importOptionsOf(flags),
      });
      const preset = layersOf({ name: seed.id, settings: seed.defaults, seed }, { case: wanted, variant });
      const changes = flags.seed === undefined ? [] : [{ seed: flags.seed }];
      const recipe = resolveRecipe([...preset, ...changes], factsOf(dataset.manifest));
      const { store } = await cli.host();
      const begun = flags.out === undefined ? undefined : await findBegun(store.home, flags.out, recipe);
      if (begun && begun.record.status !== "done") {
        await executeRun(cli.continuing(begun.record.backend), begun, dataset, true);
      }
      const request = { recipeName: `${seed.id}, ${wanted}`, recipe, dataset, out: flags.out, evaluate: true };
      const run = begun ?? (await startRun(cli, request));
      const result = await compare(run, seed, published, { variant, recipe });
      cli.output.result(result, describe(result));
    });
  },
};

async function findPaper(name: string): Promise<Seed> {
  const seed = await findSeed(name);
  if (seed) return seed;
  const { source } = await findRecipe(name);
  throw new UserError("unknown-recipe", `${source} is a file, not a recipe of a paper.`, "Use: distill");
}

/** The run that lies in a folder already. Throws UserError "run-exists" where it is another experiment. */
async function findBegun(home: string, out: string, recipe: Recipe): Promise<Run | undefined> {
  const isRun = await stat(join(out, "run.json")).then(
    () => true,
    () => false,
  );
  if (!isRun) return undefined;
  const run = await openRun(home, out);
  if (isSame(recipeSchema.safeParse(run.record.recipe).data, recipe)) return run;
  throw new UserError("run-exists", `${out} holds a run with another recipe.`, "Choose another folder with --out.");
}

async function compare(
  run: Run,
  seed: Seed,
  published: Case,
  { variant, recipe }: { readonly variant: "small" | undefined; readonly recipe: Recipe },
): Promise<Reproduction> {
  const evaluation = await readEvaluation(run);
  const ours = evaluation?.results.find(({ set, net }) => set === "distilled" && net === published.net);
  if (!ours) throw new UserError("no-evaluation", `Run ${run.record.id} has no evaluation with ${published.net}.`);
  const { mean, std, source } = published.published;
  const { dataset } = run.record;
  const remarks = [
    ...(variant === "small" ? ["This was the small variant: it shows that all works, not what the paper found."] : []),
    ...(isOfDataset(published, dataset.name)
      ? []
      : [`The paper's dataset is ${published.dataset}; this is ${dataset.name}.`]),
    ...protocolOf(recipe.evaluation.protocol).leftOut,
  ];
  return {
    seed: seed.id,
    case: published.name,
    dataset: dataset.name,
    variant: variant ?? "full",
    run: run.record.id,
    path: run.path,
    paper: { mean: mean / 100, ...(std !== undefined && { std: std / 100 }), source },
    ours: { mean: ours.mean, std: ours.std, trials: ours.trials },
    difference: ours.mean - mean / 100,
    settings: listProtocolDifferences(recipe, seed, published),
    remarks,
  };
}

const percent = (fraction: number) => (100 * fraction).toFixed(2);

function describe({
  seed,
  case: name,
  variant,
  paper,
  ours,
  difference,
  settings,
  remarks,
  path,
}: Reproduction): string {
  const spread = ({ mean, std }: { mean: number; std?: number }) =>
    std === undefined ? `${percent(mean)} %` : `${percent(mean)} ± ${percent(std)} %`;
  const table = formatTable([
    ["paper", spread(paper), paper.source],
    ["ours", spread(ours), `${ours.trials.length} networks, ${path}`],
    ["difference", `${difference < 0 ? "" : "+"}${percent(difference)} points`, ""],
  ]);
  const otherwise = settings.map(
    (each) => `  ${each.path}: ${showValue(each.paper)} in the paper, ${showValue(each.ours)} here`,
  );
  return [
    `${seed}, ${name}${variant === "small" ? ", small variant" : ""}`,
    table,
    otherwise.length > 0 ? "Settings that differ:" : "No setting differs.",
    ...otherwise,
    ...remarks,
  ].join("\n");
}

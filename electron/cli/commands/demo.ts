// demo: the main job on the bundled sample, from a zip of pictures to exported sets and a report.
import { access } from "node:fs/promises";
import { join, resolve } from "node:path";
import { UserError } from "../../../shared/lib/user-error.ts";
import { factsOf, parseChanges, resolveRecipe } from "../../../shared/recipe/index.ts";
import { exportFormats, exportRun, readEvaluation } from "../../host/export/index.ts";
import { writeReport } from "../../host/report.ts";
import { openRun, type Run } from "../../host/runs/index.ts";
import { samplePath } from "../../host/sample.ts";
import { type Cli, type CliCommand, type CommonOptions, createCli, withCommonOptions } from "../cli.ts";
import { openDatasetFor } from "../datasets.ts";
import { describeEvaluation } from "../describe-run.ts";
import { executeRun } from "../execute-run.ts";
import { findRecipe } from "../find-recipe.ts";
import { startRun } from "./distill.ts";

/** DM at one image per class, on a network of width 32, judged by the paper's full protocol: minutes on two CPU cores. */
const demoChanges = {
  ipc: 1,
  seed: 1,
  network: { width: 32 },
  method: { steps: 400, realBatch: 64 },
  evaluation: { trials: 5, epochs: 1000 },
};

const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );

/** The folder to write: as told, or the first free one of stillroom-demo, stillroom-demo-2, ... */
async function chooseFolder(out: string | undefined): Promise<string> {
  if (out) return resolve(out);
  for (let count = 1; ; count++) {
    const folder = resolve(count === 1 ? "stillroom-demo" : `stillroom-demo-${count}`);
    if (!(await exists(folder))) return folder;
  }
}

async function distil(cli: Cli, dir: string, changes: readonly string[]): Promise<Run> {
  const dataset = await openDatasetFor(cli, samplePath);
  if (await exists(join(dir, "run.json"))) {
    const { store } = await cli.host();
    const run = await openRun(store.home, dir);
    if (run.record.status === "done") {
      throw new UserError("run-exists", `${dir} holds a finished run.`, "Choose another folder with --out.");
    }
    cli.output.note(`Going on with the run in ${dir}.`);
    await executeRun(cli, run, dataset, true);
    return run;
  }
  const { settings } = await findRecipe("dm");
  const recipe = resolveRecipe([settings, demoChanges, parseChanges(changes)], factsOf(dataset.manifest));
  return startRun(cli, { recipeName: "dm", recipe, dataset, out: dir, evaluate: true });
}

export const demoCommand: CliCommand = {
  register: (program) => {
    const command = program
      .command("demo")
      .description("distil the bundled sample of Fashion-MNIST, evaluate, export and report")
      .option("--out <dir>", "the run folder")
      .option(
        "--set <path=value>",
        "change a setting; may be given again",
        (pair: string, all: string[]) => [...all, pair],
        [],
      );
    withCommonOptions(command).action(async (flags: CommonOptions & { out?: string; set: string[] }) => {
      const cli = createCli(flags);
      const started = performance.now();
      const seed = flags.seed === undefined ? [] : [`seed=${flags.seed}`];
      const run = await distil(cli, await chooseFolder(flags.out), [...flags.set, ...seed]);
      const formats = exportFormats.map(({ id }) => id);
      const exported = await exportRun(run, { formats });
      const report = join(run.path, "report.html");
      await writeReport(run, report);
      const evaluation = await readEvaluation(run);
      const seconds = Math.round((performance.now() - started) / 1000);
      cli.output.result(
        { path: run.path, report, exports: exported.dir, seconds, evaluation: evaluation ?? null },
        [
          evaluation ? describeEvaluation(evaluation) : "",
          "",
          `report   ${report}`,
          `exports  ${exported.dir}`,
          `run      ${run.path}`,
          `done in ${seconds} s`,
        ].join("\n"),
      );
    });
  },
};

// recipes and recipe show: the seeds, with their sources and published numbers.
import { UserError } from "../../../shared/lib/user-error.ts";
import type { Seed } from "../../../shared/recipe/index.ts";
import { findSeed, readSeeds } from "../../host/seeds.ts";
import { type CliCommand, type CommonOptions, createCli, withCommonOptions } from "../cli.ts";
import { findRecipe } from "../find-recipe.ts";
import { formatTable } from "../output.ts";

const accuracy = ({ mean, std }: Seed["cases"][number]["published"]) =>
  std === undefined ? `${mean} %` : `${mean} ± ${std} %`;

function describeSeed(seed: Seed): string {
  const { paper, source, method, defaults, cases, small } = seed;
  const rows = cases.map(({ name, dataset, ipc, net, published }) => [
    name,
    dataset,
    String(ipc),
    net,
    accuracy(published),
    published.source,
  ]);
  return [
    `${seed.id}: ${method}`,
    `${paper.authors}. ${paper.title}. ${paper.venue} ${paper.year}. ${paper.url}`,
    `settings read in ${source}`,
    "",
    `defaults ${JSON.stringify(defaults, null, 2)}`,
    "",
    `small variant ${JSON.stringify(small, null, 2)}`,
    "",
    formatTable([["case", "dataset", "ipc", "network", "published", "source"], ...rows]),
  ].join("\n");
}

export const recipesCommand: CliCommand = {
  register: (program) => {
    withCommonOptions(program.command("recipes").description("list the recipes")).action(
      async (flags: CommonOptions) => {
        const cli = createCli(flags);
        const seeds = await readSeeds();
        const rows = seeds.map(({ id, method, paper, cases }) => [
          id,
          method,
          `${paper.authors.split(",")[0]} et al., ${paper.venue} ${paper.year}`,
          `${cases.length} cases`,
        ]);
        cli.output.result(seeds, formatTable([["recipe", "method", "paper", "published"], ...rows]));
      },
    );
  },
};

export const recipeCommand: CliCommand = {
  register: (program) => {
    const recipe = program.command("recipe").description("look into one recipe");
    withCommonOptions(
      recipe.command("show <id>").description("print a recipe, its source and published numbers"),
    ).action(async (id: string, flags: CommonOptions) => {
      const cli = createCli(flags);
      const seed = await findSeed(id);
      if (!seed) {
        const { source } = await findRecipe(id);
        throw new UserError("unknown-recipe", `${source} is a file, not a recipe of a paper.`, "Open it in an editor.");
      }
      cli.output.result(seed, describeSeed(seed));
    });
  },
};

// runs and show: list the runs, print one.
import { listRuns, openRun } from "../../host/runs/index.ts";
import { type CliCommand, type CommonOptions, createCli, withCommonOptions } from "../cli.ts";
import { stateOf } from "../describe-run.ts";
import { formatTable } from "../output.ts";
import { printRun } from "./distill.ts";

export const runsCommand: CliCommand = {
  register: (program) => {
    withCommonOptions(program.command("runs").description("list the runs")).action(async (flags: CommonOptions) => {
      const cli = createCli(flags);
      const { store } = await cli.host();
      const list = await listRuns(store.home);
      const rows = await Promise.all(
        list.runs.map(async (run) => {
          const { id, name, createdAt } = run.record;
          return [id, await stateOf(run), name, createdAt.slice(0, 16).replace("T", " "), run.path];
        }),
      );
      const table =
        rows.length > 0 ? formatTable([["run", "state", "name", "made", "folder"], ...rows]) : "No runs yet.";
      const broken = list.broken.map(({ path, reason }) => `cannot be read: ${path}: ${reason}`);
      cli.output.result(list, [table, ...broken].join("\n"));
    });
  },
};

export const showCommand: CliCommand = {
  register: (program) => {
    withCommonOptions(program.command("show <run>").description("print a run")).action(
      async (name: string, flags: CommonOptions) => {
        const cli = createCli(flags);
        const { store } = await cli.host();
        await printRun(cli, await openRun(store.home, name));
      },
    );
  },
};

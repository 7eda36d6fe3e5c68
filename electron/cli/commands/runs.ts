// runs and show: list the runs, print one.
import { listRuns, openRun } from "../../host/runs/index.ts";
import { type CliCommand, type CommonOptions, createCli, withCommonOptions } from "../cli.ts";
import { formatTable } from "../output.ts";
import { printRun } from "./distill.ts";

export const runsCommand: CliCommand = {
  register: (program) => {
    withCommonOptions(program.command("runs").description("list the runs")).action(async (flags: CommonOptions) => {
      const cli = createCli(flags);
      const { store } = await cli.host();
      const list = await listRuns(store.home);
      const rows = list.runs.map(({ path, record }) => [
        record.id,
        record.status,
        record.name,
        record.createdAt.slice(0, 16).replace("T", " "),
        path,
      ]);
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

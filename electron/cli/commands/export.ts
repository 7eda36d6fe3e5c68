// export: writes a run's distilled set in the formats that other tools read.
import { UserError } from "../../../shared/lib/user-error.ts";
import { exportFormats, exportRun } from "../../host/export/index.ts";
import { openRun } from "../../host/runs/index.ts";
import { type CliCommand, type CommonOptions, createCli, requireOption, withCommonOptions } from "../cli.ts";

interface ExportFlags extends CommonOptions {
  readonly format?: string;
  readonly out?: string;
}

export const exportCommand: CliCommand = {
  register: (program) => {
    const known = exportFormats.map(({ id }) => id).join(", ");
    const command = program
      .command("export <run>")
      .description("write the distilled set in formats that other tools read")
      .option("--format <list>", `comma-separated: ${known}; needed`)
      .option("--out <dir>", "the folder to write; needed");
    withCommonOptions(command).action(async (name: string, flags: ExportFlags) => {
      const cli = createCli(flags);
      const { store } = await cli.host();
      const list = requireOption("--format <list>", flags.format);
      const dir = requireOption("--out <dir>", flags.out);
      const formats = list.split(",").map((format) => format.trim());
      if (formats.some((format) => format === ""))
        throw new UserError("usage", "--format has an empty name.", `Known: ${known}.`);
      const result = await exportRun(await openRun(store.home, name), { formats, dir, store });
      const clipped = result.clipped > 0 ? `; ${result.clipped} values were clipped to 0..1 in the pictures` : "";
      cli.output.result(result, `Written to ${result.dir}${clipped}`);
    });
  },
};

// artifacts and artifact export: what runs share, such as expert trajectories, and a copy of it for other tools.
import { readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { UserError } from "../../../shared/lib/user-error.ts";
import { listArtifactFiles, listArtifacts } from "../../host/artifacts.ts";
import { formatBytes, makeFolder, writeFileAtomic } from "../../host/files.ts";
import { type CliCommand, type CommonOptions, createCli, requireOption, withCommonOptions } from "../cli.ts";
import { formatTable } from "../output.ts";

export const artifactsCommand: CliCommand = {
  register: (program) => {
    withCommonOptions(
      program.command("artifacts").description("list what runs share, such as expert trajectories"),
    ).action(async (flags: CommonOptions) => {
      const cli = createCli(flags);
      const { store } = await cli.host();
      const artifacts = await listArtifacts(store);
      const rows = artifacts.map(({ id, state, parts, bytes, spec }) => [
        id,
        state,
        String(parts),
        formatBytes(bytes),
        JSON.stringify(spec ?? {}),
      ]);
      const head = ["artifact", "state", "parts", "on disk", "made of"];
      cli.output.result(artifacts, rows.length > 0 ? formatTable([head, ...rows]) : "No artifacts yet.");
    });
  },
};

export const artifactCommand: CliCommand = {
  register: (program) => {
    const artifact = program.command("artifact").description("copy one artifact");
    withCommonOptions(
      artifact
        .command("export <id>")
        .description("write its parts, and what they are, into an empty or new folder")
        .option("--out <dir>", "the folder; needed"),
    ).action(async (id: string, flags: CommonOptions & { out?: string }) => {
      const cli = createCli(flags);
      const { store } = await cli.host();
      const dir = resolve(requireOption("--out <dir>", flags.out));
      await makeFolder(dir);
      if ((await readdir(dir)).length > 0) {
        throw new UserError("folder-not-empty", `${dir} is not empty.`, "Choose an empty or new folder.");
      }
      let bytes = 0;
      const files: string[] = [];
      for await (const file of listArtifactFiles(store, id)) {
        await writeFileAtomic(join(dir, file.path), file.bytes);
        bytes += file.bytes.length;
        files.push(file.path);
      }
      cli.output.result({ dir, files, bytes }, `${files.length} files, ${formatBytes(bytes)}, in ${dir}`);
    });
  },
};

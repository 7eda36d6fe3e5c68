// datasets: lists what is stored.
import { countImages, splitNames } from "../../../shared/data/manifest.ts";
import { listDatasets, measureDataset } from "../../host/datasets/index.ts";
import { formatBytes } from "../../host/files.ts";
import { type CliCommand, type CommonOptions, createCli, withCommonOptions } from "../cli.ts";
import { formatCount, formatTable } from "../output.ts";

export const datasetsCommand: CliCommand = {
  register: (program) => {
    withCommonOptions(program.command("datasets").description("list the stored datasets")).action(
      async (flags: CommonOptions) => {
        const cli = createCli(flags);
        const { store } = await cli.host();
        const list = await listDatasets(store);
        const datasets = await Promise.all(
          list.datasets.map(async (manifest) => {
            const { id, name, createdAt, source, classes, width, height, channels, fingerprint } = manifest;
            const images = splitNames.reduce((sum, split) => sum + countImages(manifest, split), 0);
            const size = Math.max(width, height);
            const bytes = await measureDataset(store, id);
            return { id, name, createdAt, path: source.path, classes, images, size, channels, fingerprint, bytes };
          }),
        );
        const rows = datasets.map(({ id, name, classes, images, size, channels, bytes }) => [
          id,
          name,
          formatCount(classes.length),
          formatCount(images),
          `${size} x ${size}${channels === 1 ? " grey" : ""}`,
          formatBytes(bytes),
        ]);
        const head = ["dataset", "name", "classes", "images", "size", "on disk"];
        const table = rows.length > 0 ? formatTable([head, ...rows]) : "No datasets yet.";
        const damaged = await Promise.all(
          list.damaged.map(async (each) => ({ ...each, bytes: await measureDataset(store, each.id) })),
        );
        const problems = damaged.map(
          ({ id, reason, bytes }) => `cannot be read: ${id} (${formatBytes(bytes)}): ${reason}`,
        );
        cli.output.result({ datasets, damaged }, [table, ...problems].join("\n"));
      },
    );
  },
};

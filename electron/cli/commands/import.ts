// import and inspect: from a folder, a zip or IDX files to the store, or only to a report.
import { type Command, Option } from "commander";
import type { ImageReport, ImportOptions } from "../../../shared/api/datasets.ts";
import { colours, fits } from "../../../shared/data/manifest.ts";
import { importDataset, inspectDataset } from "../../host/datasets/index.ts";
import { type CliCommand, type CommonOptions, createCli, wholeNumber, withCommonOptions } from "../cli.ts";
import { showImport } from "../datasets.ts";
import { formatTable } from "../output.ts";

export interface ImportFlags {
  readonly size?: number;
  readonly fit?: (typeof fits)[number];
  readonly colour?: (typeof colours)[number];
}

/** Adds the options of how images are stored. */
export function withImportOptions(command: Command): Command {
  return command
    .option("--size <pixels>", "side of the stored square images; suggested from the images when left out", wholeNumber)
    .addOption(new Option("--fit <way>", "how a picture of another shape becomes square").choices([...fits]))
    .addOption(new Option("--colour <mode>", "store three channels or one").choices([...colours]));
}

export function importOptionsOf({ size, fit, colour }: ImportFlags, seed?: number): ImportOptions {
  return {
    ...(size === undefined ? {} : { size }),
    ...(fit ? { fit } : {}),
    ...(colour ? { colour } : {}),
    ...(seed === undefined ? {} : { seed }),
  };
}

const MOST_PROBLEMS = 20;

function describeReport(report: ImageReport): string {
  const { classes, height, width, channels, mean, std, fingerprint, skipped, warnings, notes } = report;
  const round = (values: readonly number[]) => values.map((value) => value.toFixed(4)).join(", ");
  const rows = [
    ["class", "train", "test"],
    ...classes.map(({ name, train, test }) => [name, String(train), String(test)]),
  ];
  const problems = (title: string, list: readonly { path: string; reason: string }[]) =>
    list.length === 0
      ? []
      : [
          "",
          `${title} (${list.length})`,
          ...list.slice(0, MOST_PROBLEMS).map(({ path, reason }) => `  ${path}: ${reason}`),
          ...(list.length > MOST_PROBLEMS ? [`  and ${list.length - MOST_PROBLEMS} more: see --json`] : []),
        ];
  return [
    formatTable(rows),
    "",
    `${width} x ${height} pixels, ${channels} ${channels === 1 ? "channel" : "channels"}`,
    `mean ${round(mean)}; deviation ${round(std)} (training images, of 0 to 1)`,
    `fingerprint ${fingerprint}`,
    ...notes,
    ...problems("Left out", skipped),
    ...problems("Worth a look", warnings),
  ].join("\n");
}

/** The document that design calls for: sizes in pixels, means and deviations per channel. */
function jsonOf(report: ImageReport) {
  const { classes, height, width, channels, mean, std, fingerprint, skipped, warnings, notes } = report;
  return { classes, size: Math.max(height, width), channels, mean, std, fingerprint, skipped, warnings, notes };
}

interface NamedImportFlags extends ImportFlags, CommonOptions {
  readonly name?: string;
}

export const importCommand: CliCommand = {
  register: (program) => {
    const command = program
      .command("import <data>")
      .description("read an image folder, a zip of one, or IDX files into the store")
      .option("--name <text>", "name of the dataset");
    withImportOptions(withCommonOptions(command)).action(async (path: string, flags: NamedImportFlags) => {
      const cli = createCli(flags);
      const { store } = await cli.host();
      const onProgress = (event: Parameters<typeof showImport>[1]) => showImport(cli, event);
      const { manifest, existing } = await importDataset(
        store,
        path,
        { ...importOptionsOf(flags, flags.seed), ...(flags.name && { name: flags.name }) },
        {
          signal: cli.signal,
          onProgress,
        },
      );
      const first = existing ? `Stored before as ${manifest.id}` : `Stored as ${manifest.id}`;
      cli.output.result({ id: manifest.id, ...jsonOf(manifest) }, `${describeReport(manifest)}\n\n${first}`);
    });
  },
};

export const inspectCommand: CliCommand = {
  register: (program) => {
    const command = program
      .command("inspect <data>")
      .description("tell what an import would store, without storing it");
    withImportOptions(withCommonOptions(command)).action(async (path: string, flags: ImportFlags & CommonOptions) => {
      const cli = createCli(flags);
      const { store } = await cli.host();
      const onProgress = (event: Parameters<typeof showImport>[1]) => showImport(cli, event);
      const report = await inspectDataset(store, path, importOptionsOf(flags, flags.seed), {
        signal: cli.signal,
        onProgress,
      });
      cli.output.result(jsonOf(report), describeReport(report));
    });
  },
};

// The README of an exported set: what it is, how it was made and how to load it.

import type { SetNormaliser } from "../../../shared/data/normaliser.ts";
import { describeClipping } from "./clipping.ts";
import type { ExportFormat } from "./format.ts";
import { loadNormaliser, NORMALISER_FOLDER, NORMALISER_PARTS, normaliseInPython, toPythonFloats } from "./python.ts";
import type { Made, RunResults } from "./source.ts";

/** Markdown. The same run and formats give the same text. */
export function writeReadme(results: RunResults, formats: readonly ExportFormat[]): string {
  const { set, run, pixels, classFolders, evaluation, made } = results;
  const { record } = run;
  const [n, channels, height, width] = set.shape;
  const classes = set.classNames.length;
  const blocks = [
    `# ${escapeText(record.name)}`,
    `${n} synthetic images that stand in for the training set of **${escapeText(record.dataset.name)}**: ${set.ipc} a class, ${classes} classes, made by dataset distillation with Stillroom ${escapeText(record.app.version)}. A network trained on them alone should come as near as possible to one trained on the real images.`,
    ...sayHowFar(made),
    "## Contents",
    table(
      ["array", "shape", "meaning"],
      [
        [
          "images",
          `[${n}][${channels}][${height}][${width}]`,
          "float32, normalised, class-major: all images of class 0, then of class 1",
        ],
        set.labels.kind === "hard"
          ? ["labels", `[${n}]`, "int64, the index of the class"]
          : ["labels", `[${n}][${classes}]`, "float32, soft labels: one row of class probabilities an image"],
        ...describeArrays(set.normaliser),
        ...Object.entries(set.extra).map(([name, { dtype, shape }]) => [
          escapeText(name),
          shape.length > 0 ? shape.map((side) => `[${side}]`).join("") : "scalar",
          `${dtype}, learned by the method`,
        ]),
      ],
    ),
    `## Classes`,
    table(
      ["index", "name", "folder"],
      set.classNames.map((name, i) => [String(i), escapeText(name), escapeText(classFolders[i] ?? "")]),
    ),
    "## Normaliser",
    `${describeFormula(set.normaliser)} **Test images must pass through the same normaliser**, or the accuracy is meaningless:`,
    fence(
      "python",
      `${set.normaliser.kind === "zca" ? "import numpy as np\n" : ""}import torch

${loadNormaliser(set.normaliser)}


def normalise(pixels):  # uint8 [n][${channels}][${height}][${width}] -> float32, ready for the network
    images = pixels.float() / 255
    return ${normaliseInPython(set.normaliser, "images")}`,
    ),
    `Clipping: 8-bit pictures hold [0, 1] only. ${describeClipping(pixels)} This concerns PNG files; the arrays hold every value as it is.`,
    "## Accuracy",
    evaluation === undefined || evaluation.results.length === 0
      ? sayWhyUnevaluated(record)
      : `${table(
          ["trained on", "ipc", "network", "accuracy", "trials"],
          evaluation.results.map(({ set: kind, ipc, net, width: netWidth, trials, mean, std }) => [
            kind,
            kind === "whole" ? "all" : String(ipc),
            escapeText(netWidth === undefined ? net : `${net}, width ${netWidth}`),
            `${(100 * mean).toFixed(1)} ± ${(100 * std).toFixed(1)} %`,
            String(trials.length),
          ]),
        )}\n\nTest accuracy of fresh networks, mean ± standard deviation over the trials.`,
    "## Loading",
    `Each program runs in this folder and ends with \`images\`, \`labels\`, \`class_names\` and the normaliser: ${NORMALISER_PARTS[set.normaliser.kind].map((name) => `\`${name}\``).join(", ")}.`,
    ...formats.flatMap((format) => {
      const { text, python } = format.describe(results);
      return [`### ${format.title}`, text, fence("python", python)];
    }),
    "## How it was made",
    table(
      ["", ""],
      [
        ["run", escapeText(record.id)],
        ["seed", String(record.seed)],
        ["dataset fingerprint", escapeText(set.fingerprint)],
        ["backend", escapeText(record.backend)],
        ["adapter", escapeText(record.adapter)],
        ...(made.state === "whole" ? [] : [["steps", stepOf(made)]]),
        ["made", record.createdAt],
      ],
    ),
    "The recipe:",
    fence("json", JSON.stringify(set.recipe, null, 2)),
  ];
  return `${blocks.join("\n\n")}\n`;
}

/** Rows of the table of arrays. */
function describeArrays(normaliser: SetNormaliser): string[][] {
  if (normaliser.kind === "standard") {
    return [["mean, std", `[${normaliser.mean.length}]`, "float32, the normaliser"]];
  }
  const size = normaliser.mean.length;
  return [
    ["mean", `[${size}]`, "float32, the normaliser's: of pixels from 0 to 1"],
    ["transform, inverse", `[${size}][${size}]`, "float32, the normaliser's"],
  ];
}

function describeFormula(normaliser: SetNormaliser): string {
  if (normaliser.kind === "standard") {
    const [mean, std] = [toPythonFloats(normaliser.mean), toPythonFloats(normaliser.std)];
    return `The images are stored as \`(pixel / 255 - mean) / std\` per channel, with mean ${mean} and std ${std}.`;
  }
  return `The images are ZCA-whitened: an image as one row, channel after channel, is stored as \`(pixel / 255 - mean) @ transform\`, and \`(row @ inverse + mean) * 255\` gives its pixels. The three arrays are in \`${NORMALISER_FOLDER}/\`, fitted on the training images; never fit them anew.`;
}

const stepOf = ({ step, steps }: Made) => (steps === undefined ? String(step) : `${step} of ${steps}`);

/** Of a set that is not what its recipe would make. */
function sayHowFar(made: Made): string[] {
  const where = `step ${stepOf(made)}`;
  switch (made.state) {
    case "whole":
      return [];
    case "ended-early":
      return [`**Ended by hand** after ${stepOf(made)} steps: the recipe below was not carried out to its end.`];
    case "unfinished":
      return [
        `**Unfinished:** these are the images of ${where}. The run was exported before its distillation had ended.`,
      ];
    case "failed":
      return [`**The run failed.** These are its last good images, of ${where}.`];
  }
  return made.state satisfies never;
}

function sayWhyUnevaluated({ evaluate, status }: RunResults["run"]["record"]): string {
  if (evaluate === false || status === "done") return "This run was not evaluated.";
  return "This run is not evaluated yet.";
}

function table(head: string[], rows: string[][]): string {
  const line = (cells: string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

/** A fence longer than any run of backticks inside. */
function fence(language: string, code: string): string {
  const longest = Math.max(2, ...[...code.matchAll(/`+/g)].map(([ticks]) => ticks.length));
  const ticks = "`".repeat(longest + 1);
  return `${ticks}${language}\n${code}\n${ticks}`;
}

/** Names come from files: they may not become Markdown, HTML or a second line. */
function escapeText(text: string): string {
  return text.replace(/\s+/g, " ").replace(/[\\`*_{}[\]<>#|&~]/g, "\\$&");
}

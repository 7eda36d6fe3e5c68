// Every command, in the order in which --help lists them.
import type { CliCommand } from "../cli.ts";
import { adaptersCommand } from "./adapters.ts";
import { artifactCommand, artifactsCommand } from "./artifacts.ts";
import { benchCommand } from "./bench.ts";
import { datasetsCommand } from "./datasets.ts";
import { deleteCommand } from "./delete.ts";
import { demoCommand } from "./demo.ts";
import { distillCommand, resumeCommand } from "./distill.ts";
import { evaluateCommand } from "./evaluate.ts";
import { exportCommand } from "./export.ts";
import { importCommand, inspectCommand } from "./import.ts";
import { recipeCommand, recipesCommand } from "./recipes.ts";
import { reproduceCommand } from "./reproduce.ts";
import { runsCommand, showCommand } from "./runs.ts";
import { serveCommand } from "./serve.ts";

export const commands: readonly CliCommand[] = [
  adaptersCommand,
  importCommand,
  inspectCommand,
  datasetsCommand,
  recipesCommand,
  recipeCommand,
  distillCommand,
  resumeCommand,
  reproduceCommand,
  runsCommand,
  showCommand,
  evaluateCommand,
  exportCommand,
  artifactsCommand,
  artifactCommand,
  serveCommand,
  deleteCommand,
  benchCommand,
  demoCommand,
];

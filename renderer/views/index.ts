// Every view, in the order of the rail.
import { findByPath } from "../stores/match-path.ts";
import { artifactsView } from "./artifacts/index.tsx";
import { compareView } from "./compare/index.tsx";
import { datasetView } from "./datasets/details.tsx";
import { datasetsView } from "./datasets/index.tsx";
import { exportView } from "./export/index.tsx";
import { newRunView } from "./new-run/index.tsx";
import { recipesView } from "./recipes/index.tsx";
import { runView } from "./run/index.tsx";
import { runsView } from "./runs/index.tsx";
import { settingsView } from "./settings/index.tsx";
import type { View } from "./view.ts";

export const views: readonly View[] = [
  datasetsView,
  datasetView,
  runsView,
  recipesView,
  artifactsView,
  newRunView,
  runView,
  exportView,
  compareView,
  settingsView,
];

export const findView = (segments: readonly string[]): View | undefined => findByPath(views, segments);

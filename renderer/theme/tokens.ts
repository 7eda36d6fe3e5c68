// The colours of the interface, light and dark, as custom properties: the only place that holds hex values.

const light = {
  page: "#f6f6f5",
  panel: "#ffffff",
  raised: "#ffffff",
  line: "#e3e3e0",
  "line-strong": "#8b8b91",
  text: "#1b1b1d",
  secondary: "#5c5c61",
  faint: "#8b8b91",
  hover: "#efefed",
  accent: "#a65a2a",
  "accent-hover": "#8f4c22",
  "accent-soft": "#f5e9e1",
  "on-accent": "#ffffff",
  ground: "#8a8a8a",
  "on-ground": "#1b1b1d",
  good: "#23703f",
  caution: "#855700",
  bad: "#b0281f",
  "bad-soft": "#fbeceb",
  // Okabe-Ito, the darker ones first: lines on white.
  "series-1": "#0072b2",
  "series-2": "#d55e00",
  "series-3": "#009e73",
  "series-4": "#cc79a7",
  "series-5": "#e69f00",
  "series-6": "#56b4e9",
};

export type TokenName = keyof typeof light;

const dark: Record<TokenName, string> = {
  page: "#161617",
  panel: "#1d1d1f",
  raised: "#242427",
  line: "#2f2f33",
  "line-strong": "#76767e",
  text: "#ececee",
  secondary: "#a5a5ac",
  faint: "#76767e",
  hover: "#28282b",
  accent: "#d98a55",
  "accent-hover": "#e59a68",
  "accent-soft": "#38281e",
  "on-accent": "#1b1b1d",
  ground: "#3a3a3c",
  "on-ground": "#ececee",
  good: "#6fc48f",
  caution: "#e0b252",
  bad: "#f28b82",
  "bad-soft": "#3a2220",
  "series-1": "#5bb0e6",
  "series-2": "#f08a45",
  "series-3": "#3cc79f",
  "series-4": "#e0a0c4",
  "series-5": "#f2bd4a",
  "series-6": "#8fd0f5",
};

const toVariables = (tokens: Record<TokenName, string>) =>
  Object.fromEntries(Object.entries(tokens).map(([name, value]) => [`--sr-${name}`, value]));

export const lightVariables = toVariables(light);
export const darkVariables = toVariables(dark);

/** The token as a CSS value. */
export const token = (name: TokenName): string => `var(--sr-${name})`;

/** Colours of overlaid curves, in order; told apart also by their dashes and labels. */
export const seriesColours: readonly string[] = [1, 2, 3, 4, 5, 6].map((n) => `var(--sr-series-${n})`);
export const seriesDashes: readonly string[] = ["none", "6 3", "2 2", "8 3 2 3", "12 4", "4 2 1 2"];

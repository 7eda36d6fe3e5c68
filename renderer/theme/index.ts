// The look of the whole window.
export { resolveVariables, theme } from "./theme.ts";
export { seriesColours, seriesDashes, token } from "./tokens.ts";

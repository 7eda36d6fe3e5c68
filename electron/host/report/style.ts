// The report's style sheet: neutral greys, one copper accent, light and dark.

export const reportStyle = `
:root {
  --page: #f6f6f5; --panel: #ffffff; --line: #e3e3e0; --text: #1b1b1d; --secondary: #5c5c61; --faint: #6b6b71;
  --accent: #a65a2a; --light-table: #8a8a8a; --on-light-table: #1b1b1d; --green: #2f6f43; --red: #a3322b; --amber: #855a00;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #161617; --panel: #1d1d1f; --line: #2f2f33; --text: #ececee; --secondary: #a5a5ac; --faint: #94949b;
    --accent: #d98a55; --light-table: #3a3a3c; --on-light-table: #ececee; --green: #7fbf8e; --red: #e58a82; --amber: #d9b062;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--page); color: var(--text); line-height: 1.45; font-size: 14px;
  font-family: "IBM Plex Sans", system-ui, -apple-system, "Segoe UI", "Noto Sans", sans-serif;
}
header, main { max-width: 1200px; margin: 0 auto; padding: 0 24px; }
header { padding-top: 32px; }
.product { margin: 0; color: var(--accent); font-size: 12px; font-weight: 600; }
h1 { margin: 4px 0; font-size: 24px; line-height: 1.2; overflow-wrap: anywhere; }
h2 { margin: 0 0 12px; font-size: 14px; }
.lead { margin: 0; color: var(--secondary); }
.status { margin-left: 4px; font-weight: 600; }
.status.done { color: var(--green); }
.status.failed { color: var(--red); }
.status.paused, .status.stopped { color: var(--amber); }
.error { color: var(--red); }
section { margin: 24px 0; padding: 16px; background: var(--panel); border: 1px solid var(--line); border-radius: 6px; }
.note { margin: 12px 0 0; color: var(--secondary); font-size: 12px; }
.table-light { padding: 16px; background: var(--light-table); color: var(--on-light-table); border-radius: 6px; }
.table-light img { display: block; image-rendering: pixelated; }
figure { margin: 0; }
figcaption { margin-top: 4px; font-size: 12px; overflow-wrap: anywhere; }
/* At most --columns columns, fewer where the page is narrow. */
.single {
  display: grid; gap: 16px; justify-items: center;
  grid-template-columns: repeat(auto-fill, minmax(max(140px, (100% - (var(--columns) - 1) * 16px) / var(--columns)), 1fr));
}
.single img { max-width: 100%; height: auto; }
.rows figure { display: flex; flex-direction: row-reverse; justify-content: flex-end; gap: 12px; }
.rows figure + figure { margin-top: 4px; }
.rows figcaption { width: 104px; flex: none; margin: 0; align-self: center; }
.row { display: flex; flex-wrap: wrap; gap: 4px; }
.film { display: flex; gap: 16px; overflow-x: auto; align-items: flex-start; }
.film.wide { flex-direction: column; gap: 8px; }
.film figure { flex: none; }
.film.wide figure { display: flex; flex-direction: row-reverse; align-items: center; gap: 12px; }
.film.wide figcaption { width: 80px; flex: none; margin: 0; }
.film figcaption { font-variant-numeric: tabular-nums; }
@media (max-width: 760px) {
  header, main { padding: 0 12px; }
  header { padding-top: 24px; }
  .rows figure, .film.wide figure { display: block; }
  .rows figcaption { width: auto; margin: 4px 0 12px; }
}
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 13px; }
th, td { padding: 6px 12px; border-bottom: 1px solid var(--line); text-align: left; font-weight: 400; white-space: nowrap; }
thead th { color: var(--secondary); font-size: 12px; }
tbody tr:last-child > * { border-bottom: 0; }
.ours > * { font-weight: 600; }
.ours th { color: var(--accent); }
.number { text-align: right; font-variant-numeric: tabular-nums; }
.faint, .ours .faint { color: var(--faint); font-weight: 400; white-space: pre; }
svg { display: block; width: 100%; min-width: 560px; height: auto; }
svg text { fill: var(--secondary); font-size: 12px; font-variant-numeric: tabular-nums; }
.grid { stroke: var(--line); }
.axis { stroke: var(--faint); }
.curve { fill: none; stroke: var(--accent); stroke-width: 1.5; stroke-linejoin: round; }
dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 420px), 1fr)); gap: 8px 24px; margin: 0 0 12px; }
dl div { display: flex; gap: 12px; min-width: 0; }
dt { flex: none; width: 80px; color: var(--secondary); }
dd { margin: 0; overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
summary { cursor: pointer; color: var(--accent); }
summary:focus-visible, .film:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
pre { overflow-x: auto; margin: 8px 0 0; font: 12px/1.5 "IBM Plex Mono", ui-monospace, Consolas, monospace; }
@media print { section { break-inside: avoid; } .film { flex-wrap: wrap; overflow: visible; } }
`;

// A self-contained HTML report of a run: its images, how they came about, the curve and the table; no script, no network.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import type { RunEvent, RunRecord } from "../../shared/api/runs.ts";
import { describeNormaliser } from "../../shared/data/normaliser.ts";
import { UserError } from "../../shared/lib/user-error.ts";
import { describeClipping, type RunResults, readResults } from "./export/index.ts";
import { writeFileAtomic } from "./files.ts";
import { encodePng } from "./png.ts";
import { type CurvePoint, describeCurve, drawCurve } from "./report/curve.ts";
import { html, type Markup, raw } from "./report/html.ts";
import { reportStyle } from "./report/style.ts";
import { listPreviews, PREVIEWS, type Run, readEvents } from "./runs/index.ts";

const MAX_FRAMES = 12;
/** More images than this make a page that no one scrolls through: then the first ones of each class are shown. */
const MAX_IMAGES = 600;
const METRIC = "loss";
/** Of the light table, in CSS pixels, on a wide screen. */
const PAGE_WIDTH = 1080;
const LABEL_WIDTH = 120;
const MAX_IMAGE = 200;
const MAX_FRAME_HEIGHT = 640;

/**
 * Writes the report of a run to `file`, atomically. A run without a distilled set or an evaluation gets a report
 * without them. Throws UserError "no-space", and those of damaged results.
 */
export async function writeReport(run: Run, file: string): Promise<void> {
  const results = await readResults(run).catch((error: unknown) => {
    if (error instanceof UserError && error.code === "nothing-to-export") return undefined;
    throw error;
  });
  const events: RunEvent[] = [];
  for await (const event of readEvents(run)) events.push(event);
  const { record } = run;
  const page = html`<!doctype html>
<html lang="en-GB">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${record.name} - Stillroom</title>
<style>${raw(reportStyle)}</style>
</head>
<body>
<header>
<p class="product">Stillroom report</p>
<h1>${record.name}</h1>
${summary(record, results)}
</header>
<main>
${results === undefined ? html`<p>This run has no distilled set yet.</p>` : await imageSection(results)}
${results?.evaluation === undefined ? "" : tableSection(results.evaluation)}
${curveSection(events)}
${await filmSection(run)}
${factsSection(record, results)}
</main>
</body>
</html>
`;
  await writeFileAtomic(file, page.text);
}

function summary(record: RunRecord, results: RunResults | undefined): Markup {
  const size =
    results === undefined
      ? ""
      : `${results.pixels.count} synthetic images, ${results.set.ipc} a class, ${results.pixels.width} x ${results.pixels.height}; `;
  return html`<p class="lead">${size}distilled from ${record.dataset.name}. <span class="status ${record.status}">${record.status}</span></p>
${record.error === undefined ? "" : html`<p class="error">${record.error.message} ${record.error.hint}</p>`}`;
}

async function imageSection({ set, pixels }: RunResults): Promise<Markup> {
  const shown = Math.max(1, Math.min(set.ipc, Math.floor(MAX_IMAGES / set.classNames.length)));
  const size = pixels.width * pixels.height * pixels.channels;
  const channels = pixels.channels as 1 | 3;
  const { width, height } = pixels;
  const columns = shown === 1 ? chooseColumns(set.classNames.length) : shown;
  const room = shown === 1 ? PAGE_WIDTH / columns - 16 : (PAGE_WIDTH - LABEL_WIDTH) / columns - 4;
  const zoom = chooseZoom(Math.max(width, height), Math.min(room, MAX_IMAGE));
  const rows: Markup[] = [];
  for (const [label, name] of set.classNames.entries()) {
    const images: Markup[] = [];
    for (let k = 0; k < shown; k++) {
      const i = label * set.ipc + k;
      const png = await encodePng({
        pixels: pixels.pixels.subarray(i * size, (i + 1) * size),
        width,
        height,
        channels,
      });
      images.push(
        html`<img src="${dataUri(png)}" width="${width * zoom}" height="${height * zoom}" alt="${name}, synthetic image ${k + 1} of ${set.ipc}">`,
      );
    }
    rows.push(html`<figure><div class="row">${images}</div><figcaption><b>${label}</b> ${name}</figcaption></figure>`);
  }
  const rest = shown < set.ipc ? ` The first ${shown} of ${set.ipc} images of each class.` : "";
  return html`<section aria-labelledby="images">
<h2 id="images">The distilled images</h2>
<div class="table-light ${shown === 1 ? "single" : "rows"}" style="--columns: ${columns}">${rows}</div>
<p class="note">De-normalised to 8 bits. ${describeClipping(pixels)}${rest}</p>
</section>`;
}

function tableSection({ results }: NonNullable<RunResults["evaluation"]>): Markup {
  const percent = (fraction: number) => (100 * fraction).toFixed(1);
  const rows = results.map(
    ({ set, net, width, ipc, mean, std, trials }) => html`<tr${raw(set === "distilled" ? ' class="ours"' : "")}>
<th scope="row">${set}</th><td>${width === undefined ? net : `${net}, width ${width}`}</td><td class="number">${set === "whole" ? "all" : ipc}</td>
<td class="number">${percent(mean)} ± ${percent(std)}</td><td class="number">${trials.length}</td>
<td class="number faint">${trials.map(percent).join("  ")}</td></tr>`,
  );
  return html`<section aria-labelledby="accuracy">
<h2 id="accuracy">Accuracy of fresh networks</h2>
<div class="scroll"><table>
<thead><tr><th scope="col">trained on</th><th scope="col">network</th><th scope="col" class="number">ipc</th>
<th scope="col" class="number">accuracy, %</th><th scope="col" class="number">trials</th><th scope="col" class="number">each trial, %</th></tr></thead>
<tbody>${rows}</tbody>
</table></div>
<p class="note">On the real test set, mean ± standard deviation over the trials, one protocol for every row.</p>
</section>`;
}

function curveSection(events: readonly RunEvent[]): Markup {
  const points: CurvePoint[] = [];
  for (const event of events) {
    if (event.type !== "step" || event.stage !== "synthesise") continue;
    const value = event.metrics[METRIC];
    if (value !== undefined) points.push({ step: event.step, value });
  }
  if (points.length < 2) return html``;
  return html`<section aria-labelledby="curve">
<h2 id="curve">Matching loss</h2>
<div class="scroll">${drawCurve(points)}</div>
<p class="note">${describeCurve(points)}</p>
</section>`;
}

async function filmSection(run: Run): Promise<Markup> {
  const all = await listPreviews(run);
  const read = await Promise.all(
    pickEvenly(all, MAX_FRAMES).map(async ({ step, file }) => {
      try {
        const png = await readFile(join(run.path, PREVIEWS, file));
        const { width, height } = await sharp(png).metadata();
        return [{ step, png, width, height }];
      } catch {
        return []; // a preview that is damaged or gone: the count below tells
      }
    }),
  );
  const previews = read.flat();
  const [first] = previews;
  if (first === undefined || previews.length < 2) return html``;
  const isWide = first.width > 2 * first.height; // then the frames stand one below the other
  const room = isWide ? PAGE_WIDTH - LABEL_WIDTH : Math.max(160, PAGE_WIDTH / previews.length - 16);
  const zoom = Math.min(chooseZoom(first.width, room), chooseZoom(first.height, MAX_FRAME_HEIGHT));
  const frames = previews.map(({ step, png, width, height }) => {
    const label = step.toLocaleString("en-GB");
    return html`<figure><img src="${dataUri(png)}" width="${width * zoom}" height="${height * zoom}" alt="The synthetic images at step ${label}"><figcaption>step ${label}</figcaption></figure>`;
  });
  const some = previews.length < all.length ? ` ${previews.length} of ${all.length} previews.` : "";
  return html`<section aria-labelledby="film">
<h2 id="film">Images over time</h2>
<div class="table-light film${isWide ? " wide" : ""}" tabindex="0" role="group" aria-label="Film strip of previews">${frames}</div>
<p class="note">From the first images to the last.${some}</p>
</section>`;
}

function factsSection(record: RunRecord, results: RunResults | undefined): Markup {
  const timings = Object.entries(record.timings).map(([stage, seconds]) => `${stage} ${formatSeconds(seconds)}`);
  const facts: [string, string][] = [
    ["run", record.id],
    ["dataset", record.dataset.name],
    ["fingerprint", record.dataset.fingerprint],
    ["seed", String(record.seed)],
    ["backend", record.backend],
    ["adapter", record.adapter],
    ["time", timings.join(", ") || "not measured"],
    ["made", record.createdAt],
    ["Stillroom", record.app.version],
    ["sessions", String(record.sessions.length)],
  ];
  if (results !== undefined) {
    const normaliser = describeNormaliser(results.set.normaliser);
    const list = (values: readonly number[]) => values.map((value) => value.toPrecision(4)).join(", ");
    const told =
      normaliser.kind === "standard"
        ? `mean ${list(normaliser.mean)}; std ${list(normaliser.std)}`
        : `ZCA whitening of ${normaliser.dimensions} values an image`;
    facts.push(["normaliser", told]);
  }
  return html`<section aria-labelledby="facts">
<h2 id="facts">How it was made</h2>
<dl>${facts.map(([term, text]) => html`<div><dt>${term}</dt><dd>${text}</dd></div>`)}</dl>
<details><summary>Recipe</summary><pre>${JSON.stringify(record.recipe, null, 2) ?? ""}</pre></details>
</section>`;
}

/** A whole number, so that every pixel is a square of the same size. */
const chooseZoom = (size: number, room: number) => Math.max(1, Math.floor(room / size));

/** Four to six columns, with the fewest empty places in the last row. */
function chooseColumns(classes: number): number {
  if (classes <= 4) return Math.max(3, classes);
  const empty = (columns: number) => (columns - (classes % columns)) % columns;
  return [5, 6, 4].reduce((best, columns) => (empty(columns) < empty(best) ? columns : best));
}

function pickEvenly<T>(items: readonly T[], count: number): T[] {
  if (items.length <= count) return [...items];
  return Array.from({ length: count }, (_, i) => items[Math.round((i * (items.length - 1)) / (count - 1))] as T);
}

function formatSeconds(seconds: number): string {
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const minutes = Math.floor(whole / 60);
  return minutes < 60 ? `${minutes} min ${whole % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

const dataUri = (png: Uint8Array) => raw(`data:image/png;base64,${Buffer.from(png).toString("base64")}`);

import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { type CurvePoint, describeCurve, drawCurve } from "../../electron/host/report/curve.ts";
import { writeReport } from "../../electron/host/report.ts";
import { createRun, updateRun } from "../../electron/host/runs/index.ts";
import { toPixels } from "../../shared/data/distilled-set.ts";
import { sampleSet } from "../data/sample-set.ts";
import { finishedRun } from "./export/sample-export.ts";
import { newRun, temporaryFolder } from "./runs/sample-run.ts";

async function report(run: Awaited<ReturnType<typeof createRun>>): Promise<string> {
  const file = join(await temporaryFolder(), "report.html");
  await writeReport(run, file);
  return readFile(file, "utf8");
}

describe("writeReport", () => {
  test("shows the images, the frames, the curve, the table and the facts in one file", async () => {
    const page = await report(await finishedRun(await temporaryFolder()));
    const images = [
      ...page.matchAll(/<img src="data:image\/png;base64,([^"]+)" width="(\d+)" height="(\d+)" alt="([^"]+)">/g),
    ];
    expect(images.map(([, , , , alt]) => alt)).toEqual([
      ...["Ankle boot", "CON", "a/b: été"].flatMap((name) => [
        `${name}, synthetic image 1 of 2`,
        `${name}, synthetic image 2 of 2`,
      ]),
      ...[0, 25, 50].map((step) => `The synthetic images at step ${step}`),
    ]);
    expect(images.length).toBe(page.match(/<img/g)?.length);
    const { data } = await sharp(Buffer.from(images[3]![1]!, "base64")).raw().toBuffer({ resolveWithObject: true });
    expect([...data]).toEqual([...toPixels(sampleSet()).pixels.subarray(3 * 108, 4 * 108)]);
    expect(Number(images[3]![2]) % 6).toBe(0); // whole-pixel zoom
    expect(page).toContain("image-rendering: pixelated");
    expect(page).toMatch(
      /<th scope="row">distilled<\/th>[\s\S]*70\.5 ± 0\.5[\s\S]*<th scope="row">random<\/th>[\s\S]*52\.0 ± 1\.0/,
    );
    expect(page).toContain("The loss fell from 40.0 at step 1 to 0.800 at step 50; it was lowest, 0.800, at step 50.");
    expect(page).toContain("onnxruntime-node, 2 threads");
    expect(page).toContain("1 min 15 s");
  });

  test("needs nothing but itself and runs nothing", async () => {
    const page = await report(await finishedRun(await temporaryFolder()));
    expect(page).not.toMatch(/<script|<link|@import|url\(|\son\w+=/i);
    expect([...page.matchAll(/(?:src|href)="([^"]{0,11})/g)].every(([, start]) => start === "data:image/")).toBe(true);
    expect(page).toContain("prefers-color-scheme: dark");
  });

  test("shows names as text, whatever they hold", async () => {
    const evil = `"><script>alert(1)</script>&amp;`;
    const run = await finishedRun(await temporaryFolder(), sampleSet({ classNames: [evil, "b"] }));
    await updateRun(run, { name: evil, error: { code: "x", message: evil, hint: evil }, recipe: { note: evil } });
    const page = await report(run);
    expect(page).not.toContain("<script");
    expect(
      page.match(/&#34;&#62;&#60;script&#62;alert\(1\)&#60;\/script&#62;&#38;amp;/g)?.length,
    ).toBeGreaterThanOrEqual(6);
  });

  test("tells of a run that has only begun, and leaves out a damaged preview", async () => {
    const root = await temporaryFolder();
    const early = await report(await createRun(root, { record: newRun }));
    expect(early).toContain("no distilled set yet");
    expect(early).not.toContain("<svg");
    const run = await finishedRun(root);
    await writeFile(join(run.path, "previews", "000025.png"), "cut");
    const page = await report(run);
    expect(page).toContain("2 of 3 previews");
  });

  test("shows the first images of each class when there are very many", async () => {
    const classNames = Array.from({ length: 301 }, (_, i) => `class ${i}`);
    const page = await report(
      await finishedRun(await temporaryFolder(), sampleSet({ classNames, ipc: 2, size: 2, channels: 1 })),
    );
    expect(page).toContain("The first 1 of 2 images of each class.");
    expect(page.match(/<img/g)).toHaveLength(301 + 3);
  });
});

describe("the curve", () => {
  const series = (values: number[]): CurvePoint[] => values.map((value, i) => ({ step: i + 1, value }));
  const path = (points: CurvePoint[]) => /class="curve" d="([^"]+)"/.exec(drawCurve(points).text)?.[1] ?? "";
  const ticks = (points: CurvePoint[]) =>
    [...drawCurve(points).text.matchAll(/text-anchor="end">([^<]+)</g)].map(([, tick]) => tick);

  test("has a logarithmic axis with ticks that can be read", () => {
    expect(ticks(series([1, 10, 1000]))).toEqual(["1", "10", "100", "1,000"]);
    expect(ticks(series([38, 20, 5.6]))).toEqual(["10", "20", "30", "40"]);
    expect(drawCurve(series([1, 10])).text).toContain("loss, logarithmic");
  });

  test.each([[[5, 5, 5]], [[3, 0, 1]], [[-2, -1]], [[1e-9, 1e9]], [[0.5, 0.5000001]]])(
    "draws %j with finite numbers inside the picture",
    (values) => {
      const numbers = path(series(values))
        .match(/[\d.e+-]+/g)!
        .map(Number);
      expect(numbers).toHaveLength(2 * values.length);
      for (const [i, number] of numbers.entries()) {
        expect(number).toBeGreaterThanOrEqual(0);
        expect(number).toBeLessThanOrEqual(i % 2 === 0 ? 1080 : 300);
      }
      expect(new Set(ticks(series(values))).size).toBeGreaterThanOrEqual(2);
      expect(new Set(ticks(series(values))).size).toBe(ticks(series(values)).length);
    },
  );

  test("keeps every spike of a long run", () => {
    const values = Array.from({ length: 50_000 }, () => 2);
    values[31_234] = 900;
    const heights = path(series(values))
      .split(/[ML]/)
      .slice(1)
      .map((pair) => Number(pair.split(" ")[1]));
    expect(heights.length).toBeLessThan(2500);
    expect(Math.min(...heights)).toBeLessThan(Math.max(...heights) - 200);
  });

  test("is told in a sentence", () => {
    expect(describeCurve(series([38, 4, 5.6]))).toBe(
      "The loss fell from 38.0 at step 1 to 5.60 at step 3; it was lowest, 4.00, at step 2.",
    );
    expect(describeCurve([])).toBe("There are no steps yet.");
  });
});

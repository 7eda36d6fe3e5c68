// A run's synthetic images: the steps that keep exact values, these values in numbers and as a picture, and the nearest
// real images.

import { Hono } from "hono";
import { type ImageValues, nearestQuerySchema } from "../../../shared/api/images.ts";
import { drawGrid } from "../../../shared/data/preview.ts";
import { exactValues, measureImages, toLinearPixels } from "../../../shared/data/trained-values.ts";
import { ChunkCache } from "../datasets/index.ts";
import { encodePng } from "../png.ts";
import { checkSchema, findNearest, listKeptSteps, openRunById, readSynthetic } from "../runs/index.ts";
import type { Store } from "../store.ts";

/** Mounted at /api/runs. */
export function createImageRoutes(store: Store) {
  const cache = new ChunkCache();
  const open = (id: string) => openRunById(store.home, id);
  return new Hono()
    .get("/:id/images", async (c) => c.json({ steps: await listKeptSteps(await open(c.req.param("id"))) }))
    .get("/:id/images/nearest", async (c) => {
      const query = checkSchema(nearestQuerySchema, c.req.query(), "The question for near images", "bad-request", "");
      const { signal } = c.req.raw;
      try {
        return c.json(await findNearest(await open(c.req.param("id")), store, query, signal, cache));
      } catch (error) {
        // Nobody listens any more, and nothing went wrong.
        if (signal.aborted) return new Response(null, { status: 499 });
        throw error;
      }
    })
    .get("/:id/images/:step{[0-9]{1,15}}", async (c) => {
      const { step, set } = await readSynthetic(await open(c.req.param("id")), store, Number(c.req.param("step")));
      const values = exactValues(set);
      const images = measureImages(values);
      return c.json({
        step,
        space: values.space,
        classNames: [...set.classNames],
        ipc: set.ipc,
        min: Math.min(...images.map(({ min }) => min)),
        max: Math.max(...images.map(({ max }) => max)),
        images,
      } satisfies ImageValues);
    })
    .get("/:id/images/:file{[0-9]{1,15}\\.png}", async (c) => {
      const step = Number.parseInt(c.req.param("file"), 10);
      const { set } = await readSynthetic(await open(c.req.param("id")), store, step);
      const { pixels, width, height, channels } = drawGrid(set, toLinearPixels(exactValues(set)));
      const png = await encodePng({ pixels, width, height, channels: channels === 1 ? 1 : 3 });
      return new Response(new Uint8Array(png), {
        headers: { "content-type": "image/png", "cache-control": "no-cache" },
      });
    });
}

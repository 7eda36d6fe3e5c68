// The dataset routes: list, manifest, pixels in ranges, thumbnail sheets, import and inspection as ndjson streams.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Hono } from "hono";
import {
  type DataSource,
  type DatasetList,
  datasetPatch,
  type ImportEvent,
  type ImportProgress,
  type InspectEvent,
  imageRange,
  imagesParameters,
  importRequest,
  type SurveyEvent,
  sampleRequest,
} from "../../../shared/api/datasets.ts";
import { countImages } from "../../../shared/data/manifest.ts";
import { UserError } from "../../../shared/lib/user-error.ts";
import {
  ChunkCache,
  deleteDataset,
  folderOf,
  importDataset,
  inspectDataset,
  listDatasets,
  measureDataset,
  readImages,
  readManifest,
  readNames,
  renameDataset,
  surveySource,
} from "../datasets/index.ts";
import { explainFileError } from "../files.ts";
import { streamWork } from "../ndjson-response.ts";
import { listEarlierSets } from "../runs/index.ts";
import { importSample } from "../sample.ts";
import type { Store } from "../store.ts";
import type { Uploads } from "../uploads.ts";

/** One answer's upper bound; larger ranges are cut by the caller into several. */
const MAX_RANGE_BYTES = 256 * 2 ** 20;

export function createDatasetRoutes(store: Store, uploads: Uploads) {
  const cache = new ChunkCache();
  /** Calls `work` with where the source lies, and with what the user calls it. */
  const withSource = <T>(source: DataSource, work: (path: string, shownAs?: string) => Promise<T>): Promise<T> =>
    typeof source === "string" ? work(source) : uploads.use(source.upload, work);
  return new Hono()
    .get("/", async (c) => c.json((await listDatasets(store)) satisfies DatasetList))
    .post("/", async (c) => {
      const { source, options } = await readRequest(c.req.raw);
      return streamEvents<ImportEvent>(c.req.raw, async (signal, send) => {
        const context = { signal, onProgress: send, onPicture: send };
        const result = await withSource(source, (path, shownAs) =>
          importDataset(store, path, options, { ...context, shownAs }),
        );
        send({ type: "done", ...result });
      });
    })
    .post("/sample", async (c) => {
      const { options } = sampleRequest.parse(await readJson(c.req.raw));
      return streamEvents<ImportEvent>(c.req.raw, async (signal, send) => {
        send({ type: "done", ...(await importSample(store, options, { signal, onProgress: send, onPicture: send })) });
      });
    })
    .post("/survey", async (c) => {
      const { source, options } = await readRequest(c.req.raw);
      return streamEvents<SurveyEvent>(c.req.raw, async (signal, send) => {
        const survey = await withSource(source, (path, shownAs) =>
          surveySource(store, path, options, { signal, onProgress: send, shownAs }),
        );
        send({ type: "done", survey });
      });
    })
    .post("/inspect", async (c) => {
      const { source, options } = await readRequest(c.req.raw);
      return streamEvents<InspectEvent>(c.req.raw, async (signal, send) => {
        const report = await withSource(source, (path, shownAs) =>
          inspectDataset(store, path, options, { signal, onProgress: send, shownAs }),
        );
        send({ type: "done", report });
      });
    })
    .get("/:id", async (c) => c.json(await readManifest(store, c.req.param("id"))))
    .patch("/:id", async (c) => {
      const { name } = datasetPatch.parse(await readJson(c.req.raw));
      return c.json(await renameDataset(store, c.req.param("id"), name));
    })
    .delete("/:id", async (c) => {
      await deleteDataset(store, c.req.param("id"));
      return c.body(null, 204);
    })
    .get("/:id/images/:split", async (c) => {
      const { id, split } = imagesParameters.parse(c.req.param());
      const manifest = await readManifest(store, id);
      const total = countImages(manifest, split);
      const { from, to = total } = imageRange.parse(c.req.query());
      if (from > to || to > total) {
        throw new UserError(
          "bad-range",
          `Images ${from} to ${to} of ${total} were asked for.`,
          `Ask within 0 to ${total}.`,
        );
      }
      const bytes = (to - from) * manifest.channels * manifest.height * manifest.width;
      if (bytes > MAX_RANGE_BYTES) {
        throw new UserError("bad-range", `${to - from} images are ${bytes} bytes.`, "Ask for fewer at once.");
      }
      const pixels = await readImages(manifest, folderOf(store, id), split, { from, to }, cache);
      return c.body(pixels, 200, { "content-type": "application/octet-stream" });
    })
    .get("/:id/usage", async (c) => {
      const id = c.req.param("id");
      folderOf(store, id); // refuses what is no id
      return c.json({ bytes: await measureDataset(store, id) });
    })
    .get("/:id/sets", async (c) => c.json(await listEarlierSets(store, await readManifest(store, c.req.param("id")))))
    .get("/:id/files/:split", async (c) => {
      const { id, split } = imagesParameters.parse(c.req.param());
      const manifest = await readManifest(store, id);
      const { from, to = countImages(manifest, split) } = imageRange.parse(c.req.query());
      return c.json(await readNames(manifest, folderOf(store, id), split, from, to));
    })
    .get("/:id/sheets/:name", async (c) => {
      const { id, name } = c.req.param();
      const manifest = await readManifest(store, id);
      // Only names of the manifest are files that may be read.
      if (!manifest.sheets.some(({ file }) => file === name)) {
        throw new UserError("sheet-unknown", `Dataset ${id} has no sheet "${name}".`, "Take a name from its manifest.");
      }
      const path = join(folderOf(store, id), name);
      const png = await readFile(path).catch((error) => {
        throw explainFileError(error, path);
      });
      return c.body(png, 200, { "content-type": "image/png", "cache-control": "max-age=31536000, immutable" });
    });
}

async function readRequest(request: Request) {
  const { path, upload, options } = importRequest.parse(await readJson(request));
  const source: DataSource = upload === undefined ? (path ?? "") : { upload };
  return { source, options };
}

async function readJson(request: Request): Promise<unknown> {
  try {
    return await request.json();
  } catch (cause) {
    throw new UserError("bad-json", "The request's body is not JSON.", "Send a JSON object.", { cause });
  }
}

type Failed = Extract<ImportEvent, { type: "failed" }>;

/** Events as lines. Cancelling the body or the request aborts the work; a failure is the last event. */
function streamEvents<E extends ImportEvent | InspectEvent | SurveyEvent>(
  request: Request,
  work: (signal: AbortSignal, send: (event: E | ImportProgress) => void) => Promise<void>,
): Response {
  return streamWork<E | ImportProgress | Failed>(
    request,
    (send, signal) => work(signal, send),
    (failure) => ({ type: "failed", ...failure }),
  );
}

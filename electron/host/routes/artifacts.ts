// Artifacts over HTTP, for stages that a page computes. A write says how many chunks it goes on from: of two pages that make the same
// artifact, the one that is behind is refused, and none needs to be given up on.

import { Hono } from "hono";
import { type ArtifactRoom, artifactBegin, artifactFinish, artifactMetrics } from "../../../shared/api/artifacts.ts";
import { UserError } from "../../../shared/lib/user-error.ts";
import { deleteArtifact, listArtifactFiles, openArtifactStore, readPart } from "../artifacts.ts";
import { badRequest, readBytes, readJson } from "../request.ts";
import type { Store } from "../store.ts";
import { zipResponse } from "../zip-response.ts";

const BINARY = { "content-type": "application/octet-stream" };

/** Mounted at /api/artifacts. */
export function createArtifactRoutes(store: Store) {
  const artifacts = openArtifactStore(store);
  const openFinished = async (id: string) => {
    const artifact = await artifacts.open(id);
    if (!artifact) throw new UserError("artifact-unknown", `There is no artifact "${id}".`, "List them again.");
    return artifact;
  };
  return new Hono()
    .get("/room", async (c) => c.json({ freeBytes: await artifacts.measureRoom() } satisfies ArtifactRoom))
    .get("/:id", async (c) => {
      const { read: _, ...artifact } = await openFinished(c.req.param("id"));
      return c.json(artifact);
    })
    .delete("/:id", async (c) => {
      await deleteArtifact(store, c.req.param("id"));
      return c.body(null, 204);
    })
    .get("/:id/archive", async (c) => {
      const id = c.req.param("id");
      await openFinished(id); // what is not there is said before the zip begins
      return zipResponse(id, listArtifactFiles(store, id));
    })
    .get("/:id/chunks/:name", async (c) => {
      const { id, name } = c.req.param();
      return c.body(await readPart(store, id, name), 200, BINARY);
    })
    .post("/:id", async (c) => {
      const { spec, bytes } = await readJson(c.req.raw, artifactBegin);
      await using writer = await artifacts.write(c.req.param("id"), spec, bytes);
      return c.json({ chunks: writer.chunks });
    })
    .put("/:id/chunks/:name", async (c) => {
      const { id, name } = c.req.param();
      const { spec, at, metrics } = readQuery(c.req.query("write"));
      await using writer = await artifacts.write(id, spec);
      requireAt(id, writer.chunks.length, at);
      await writer.write(name, await readBytes(c.req.raw), metrics);
      return c.body(null, 204);
    })
    .post("/:id/finish", async (c) => {
      const id = c.req.param("id");
      const { spec, at, facts } = await readJson(c.req.raw, artifactFinish);
      await using writer = await artifacts.write(id, spec);
      requireAt(id, writer.chunks.length, at);
      await writer.finish(facts);
      return c.body(null, 204);
    });
}

function readQuery(text: string | undefined) {
  try {
    return artifactMetrics.parse(JSON.parse(text ?? ""));
  } catch (cause) {
    throw badRequest("?write= does not say where the chunk goes", { cause });
  }
}

function requireAt(id: string, has: number, at: number): void {
  if (has === at) return;
  throw new UserError(
    "artifact-locked",
    `Another window makes the artifact ${id}: it has ${has} parts, and this one went on from ${at}.`,
    "Wait for it to end, then start again: what it makes is shared.",
  );
}

// Files as one zip that is made while it is sent, for a browser, which cannot choose a folder on the host's machine.

import { Uint8ArrayReader, ZipWriter } from "@zip.js/zip.js";

export function zipResponse(
  name: string,
  files: AsyncIterable<{ readonly path: string; readonly bytes: Uint8Array }>,
): Response {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const pack = async () => {
    const zip = new ZipWriter(writable);
    for await (const { path, bytes } of files) {
      await zip.add(path, new Uint8ArrayReader(bytes), { useWebWorkers: false });
    }
    await zip.close();
  };
  // A zip that breaks off has no directory, so that no reader takes it for whole.
  pack().catch((error: unknown) => writable.abort(error).catch(() => {}));
  return new Response(readable as ReadableStream<Uint8Array<ArrayBuffer>>, {
    headers: {
      "content-type": "application/zip",
      "content-disposition": `attachment; filename="${name}.zip"`,
      "cache-control": "no-store",
    },
  });
}

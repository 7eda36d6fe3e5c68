// Computing on the CPU leaves nothing behind and reports nothing: the native library's telemetry would keep its log among the temporary files.
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";

let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "stillroom-telemetry-"));
});
afterAll(() => rm(home, { recursive: true }));

const urlOf = (path: string) => JSON.stringify(pathToFileURL(join(import.meta.dirname, "../..", path)).href);

const program = `
import { openBackend } from ${urlOf("electron/compute/open-backend.ts")};
import { defineProgram, Runtime } from ${urlOf("shared/engine/index.ts")};
const runtime = new Runtime(await openBackend({ backend: "onnx" }));
const double = defineProgram("double", ({ x }) => ({ y: x.mul(2) }));
const { y } = await runtime.run(double, { x: { shape: [1], data: Float32Array.of(21) } });
console.log(await runtime.take(y));
`;

test("ONNX Runtime reports no session", async () => {
  const temporary = join(home, "temporary");
  await mkdir(temporary);
  const { ORT_DISABLE_TELEMETRY: _, ...env } = process.env;
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", program], {
    env: { ...env, HOME: home, XDG_CACHE_HOME: join(home, "cache"), TMPDIR: temporary },
  });
  expect(stdout.trim()).toBe("42");
  expect(await readdir(temporary)).toEqual([]);
  expect(await readdir(home)).toEqual(["temporary"]);
});

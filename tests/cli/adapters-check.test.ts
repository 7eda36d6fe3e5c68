// adapters --check in this process, on SwiftShader: the table, the JSON and the file; and with a kernel that is broken on purpose.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { main } from "../../electron/cli/program.ts";
import { listAdapters } from "../../electron/compute/gpu.ts";
import { beginCheck } from "../../electron/host/check-marks.ts";
import packageJson from "../../package.json" with { type: "json" };
import { adapterFile } from "../../shared/api/adapter-notes.ts";
import { swiftshaderMissing, useSwiftshader } from "../support/swiftshader.ts";
import { createTemporaryFolder } from "../tools/make-images.ts";

const TIMEOUT_MS = 120_000;
const broken = vi.hoisted(() => ({ isBroken: false }));
vi.mock("../../shared/engine/webgpu/wgsl/matmul-direct.ts", async (load) => {
  const original = await load<typeof import("../../shared/engine/webgpu/wgsl/matmul-direct.ts")>();
  const directMatmul: typeof original.directMatmul = (...given) => {
    const lowering = original.directMatmul(...given);
    if (!broken.isBroken) return lowering;
    return { ...lowering, kernels: lowering.kernels.map((kernel) => ({ ...kernel, wgsl: `${kernel.wgsl}\nbroken` })) };
  };
  return { ...original, directMatmul };
});

async function run(home: string, ...words: string[]) {
  vi.stubEnv("STILLROOM_HOME", home);
  const [stdout, stderr] = [[], []] as [string[], string[]];
  vi.spyOn(process.stdout, "write").mockImplementation((text) => stdout.push(String(text)) > 0);
  vi.spyOn(process.stderr, "write").mockImplementation((text) => stderr.push(String(text)) > 0);
  // A command stops at a signal; this process, which runs others after it, does not.
  vi.spyOn(process, "on").mockReturnThis();
  const code = await main(words);
  vi.restoreAllMocks();
  return { code, stdout: stdout.join(""), stderr: stderr.join("") };
}

describe.skipIf(swiftshaderMissing)("adapters --check", () => {
  beforeAll(() => useSwiftshader());
  afterEach(() => {
    broken.isBroken = false;
    vi.unstubAllEnvs();
  });

  test(
    "proves every kernel, says so in a table, and remembers it",
    async () => {
      await using folder = await createTemporaryFolder();
      // An earlier check crashed: this one tries again.
      const [{ name: adapter, description, backendType }] = await listAdapters();
      const identity = { place: "process", name: adapter, driver: `${backendType}: ${description}` } as const;
      await beginCheck(folder.path, packageJson.version, identity);
      const { code, stdout, stderr } = await run(folder.path, "adapters", "--check");
      expect(stderr).not.toContain("error:");
      expect(code).toBe(0);
      expect(stdout).toMatch(
        /^SwiftShader Device .* \(software, subgroups of 4\)\nop +variant +worst error +time +shapes +verdict\n/,
      );
      expect(stdout).toMatch(/^conv2d +tiles +\S+ +\S+ ms +\d of 5 +right$/m);
      expect(stdout).toMatch(/all 19 kernels are right/);
      const [name, ...others] = await readdir(join(folder.path, "adapters"));
      expect(others).toEqual([]);
      const file = adapterFile.parse(JSON.parse(await readFile(join(folder.path, "adapters", name), "utf8")));
      expect(file).toMatchObject({ place: "process", memory: {}, check: { disabled: [] } });
    },
    TIMEOUT_MS,
  );

  test(
    "ends with 1 where a kernel fails, names it, and says what becomes of runs and what to do",
    async () => {
      broken.isBroken = true;
      await using folder = await createTemporaryFolder();
      const { code, stdout, stderr } = await run(folder.path, "adapters", "--check", "--adapter", "swift", "--json");
      expect(code).toBe(1);
      const { checks } = JSON.parse(stdout);
      expect(checks).toMatchObject([{ disabled: ["matmul/direct"], unusable: [] }]);
      expect(stderr).toMatch(/error: Not every kernel is right\. SwiftShader Device .*: matmul\/direct\./);
      expect(stderr).toMatch(/Runs use other kernels instead, and are right\. Update the GPU's driver/);
    },
    TIMEOUT_MS,
  );

  test("names what there is where the adapter is not here", async () => {
    await using folder = await createTemporaryFolder();
    const { code, stderr } = await run(folder.path, "adapters", "--check", "--adapter", "RTX");
    expect(code).toBe(1);
    expect(stderr).toMatch(/--adapter RTX fits no adapter.*SwiftShader/s);
  });
});

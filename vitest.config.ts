import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["tests/**/*.test.ts"],
    exclude: ["tests/peers/**", "tests/e2e/**", "**/node_modules/**"],
    testTimeout: 60_000,
    pool: "forks",
    maxWorkers: 2,
    // The tests of the engine load ONNX Runtime themselves.
    env: { ORT_DISABLE_TELEMETRY: "1" },
  },
});

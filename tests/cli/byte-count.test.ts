// Sizes as people write them on the command line.
import { expect, test } from "vitest";
import { byteCount } from "../../electron/cli/cli.ts";

test.each([
  ["2GB", 2e9],
  ["2 GB", 2e9],
  ["1.5G", 1.5e9],
  ["512MiB", 2 ** 29],
  ["700MB", 7e8],
  ["65536", 65536],
])("%s is a size", (written, bytes) => {
  expect(byteCount(written)).toBe(bytes);
});

test.each(["", "0", "-1GB", "GB", "2TB", "2gb or so", "1e99", "NaN"])("'%s' is none", (written) => {
  expect(() => byteCount(written)).toThrow("such as 2GB or 512MiB");
});

// Wrong usage: exit code 2, the nearest known word, nothing on stdout.
import { afterAll, beforeAll, expect, test } from "vitest";
import { createWorkplace, type Workplace } from "./run-cli.ts";

let place: Workplace;
beforeAll(async () => {
  place = await createWorkplace();
}, 60_000);
afterAll(() => place[Symbol.asyncDispose]());

const misuses: { title: string; words: string[]; says: RegExp[] }[] = [
  { title: "an unknown command", words: ["imprt", "x"], says: [/unknown command 'imprt'/, /import/] },
  {
    title: "an unknown option, also where a needed one is missing",
    words: ["distill", "dm", "--dta", "x"],
    says: [/unknown option '--dta'/, /--data/],
  },
  { title: "a missing option", words: ["distill", "dm"], says: [/--data/] },
  { title: "a missing argument", words: ["import"], says: [/missing required argument 'data'/] },
  { title: "too many arguments", words: ["show", "a", "b"], says: [/too many arguments/] },
  { title: "no number", words: ["distill", "dm", "--data", "x", "--ipc", "two"], says: [/--ipc/, /two/] },
  { title: "a number below zero", words: ["runs", "--seed", "-1"], says: [/--seed/, /whole number, 0 or more/] },
  { title: "an empty number", words: ["runs", "--seed", ""], says: [/--seed/, /whole number/] },
  {
    title: "a number too large to be exact",
    words: ["runs", "--seed", "9007199254740993"],
    says: [/9007199254740991/],
  },
  { title: "an unknown backend", words: ["runs", "--backend", "cuda"], says: [/cuda/, /webgpu, onnx, reference/] },
  { title: "an unknown variant", words: ["distill", "dm", "--data", "x", "--variant", "big"], says: [/big/, /small/] },
  {
    title: "changes that are no changes, all at once",
    words: ["distill", "dm", "--data", "x", "--set", "steps", "--set", "=3", "--set", "a..b=1"],
    says: [/--set steps, --set =3, --set a\.\.b=1/, /path=value/],
  },
  { title: "no format", words: ["export", "x", "--out", "y"], says: [/--format/] },
  { title: "no command", words: [], says: [/Usage: stillroom/] },
];

test.concurrent.each(misuses)("$title", async ({ words, says }) => {
  const { code, stdout, stderr } = await place.run(...words);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  for (const each of says) expect(stderr).toMatch(each);
});

test("help and version are results", async () => {
  const [help, version] = await Promise.all([place.run("distill", "--help"), place.run("--version")]);
  expect(help.code).toBe(0);
  expect(help.stdout).toContain("--variant <name>");
  expect(version).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/), stderr: "" });
});

test.concurrent.each([
  { words: ["recipe", "show", "dn"], says: /There is no recipe "dn".*\nDid you mean dm\?/ },
  { words: ["recipe", "show", "2023-dm-zao"], says: /Did you mean 2023-dm-zhao\?/ },
  { words: ["distill", "dm", "--data", "nowhere", "--case", "cifar10-ip10"], says: /Did you mean cifar10-ipc10\?/ },
  { words: ["distill", "dm", "--data", "nowhere"], says: /nowhere does not exist/ },
  { words: ["distill", "dm", "--data", "0123456789abcdef"], says: /No dataset "0123456789abcdef" is stored/ },
  { words: ["show", "nothing"], says: /There is no run "nothing"/ },
])("what does not exist is a failure: $words", async ({ words, says }) => {
  const { code, stdout, stderr } = await place.run(...words);
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr).toMatch(says);
});

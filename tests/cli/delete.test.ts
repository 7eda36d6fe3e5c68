// delete and datasets: what is stored, what goes, and that nothing goes unasked.
import { spawnSync } from "node:child_process";
import { cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { afterAll, beforeAll, expect, test } from "vitest";
import { answerOnTerminal, createWorkplace, exists, set, threeClasses, tiny, type Workplace } from "./run-cli.ts";

const canMakeTerminals = spawnSync("script", ["--version"]).status === 0;

let place: Workplace;
let dataset: string;
/** A finished run folder, outside the store. */
let finished: string;
beforeAll(async () => {
  place = await createWorkplace();
  const data = await place.makeData("animals", threeClasses);
  finished = place.file("finished");
  const words = ["distill", "dm", "--data", data, "--out", finished, "--no-evaluate", ...tiny];
  expect(await place.run(...words, ...set("method.steps=2"))).toMatchObject({ code: 0 });
  dataset = JSON.parse(await readFile(`${finished}/run.json`, "utf8")).dataset.id;
}, 60_000);
afterAll(() => place[Symbol.asyncDispose]());

/** A run of its own id, in the store or beside it. */
async function copyRun(id: string, folder = place.file("home", "runs", id), change = {}): Promise<string> {
  await cp(finished, folder, { recursive: true });
  const record = JSON.parse(await readFile(`${folder}/run.json`, "utf8"));
  await writeFile(`${folder}/run.json`, JSON.stringify({ ...record, ...change, id }));
  return folder;
}

const listIds = async (): Promise<string[]> => {
  const { runs, broken } = JSON.parse((await place.run("runs", "--json")).stdout);
  return [
    ...runs.map(({ record }: { record: { id: string } }) => record.id),
    ...broken.map(({ id }: { id: string }) => id),
  ];
};

test("datasets lists what is stored, and what is damaged with the reason", async () => {
  const damaged = "0123456789abcdef";
  await mkdir(place.file("home", "datasets", damaged));
  const [json, text] = await Promise.all([place.run("datasets", "--json"), place.run("datasets")]);
  await rm(place.file("home", "datasets", damaged), { recursive: true });
  const list = JSON.parse(json.stdout);
  expect(list.datasets).toMatchObject([{ id: dataset, name: "animals", images: 48, size: 8, channels: 1 }]);
  expect(list.datasets[0].classes).toHaveLength(3);
  // 36 and 12 images of 64 bytes, the sheets and the manifest.
  expect(list.datasets[0].bytes).toBeGreaterThan(48 * 64);
  expect(list.damaged).toMatchObject([{ id: damaged, reason: "Its folder has no manifest.json." }]);
  expect(text.stdout).toMatch(new RegExp(`^${dataset} +animals +3 +48 +8 x 8 grey +[0-9.]+ kB$`, "m"));
  expect(text.stdout).toMatch(new RegExp(`^cannot be read: ${damaged} `, "m"));
});

test("where nobody can be asked it refuses without --yes, and tells what would go", async () => {
  const folder = await copyRun("asked");
  const refused = await place.run("delete", "asked");
  expect(refused).toMatchObject({ code: 1, stdout: "" });
  expect(refused.stderr).toMatch(
    /^run asked \(.*\) in .*: [0-9.]+ kB\nerror: Nothing was deleted: .*\nAdd --yes to agree\.\n$/,
  );
  expect(await exists(`${folder}/run.json`)).toBe(true);
  const gone = await place.run("delete", "asked", folder, "--yes", "--json");
  expect(gone).toMatchObject({ code: 0 });
  const { deleted, bytes } = JSON.parse(gone.stdout);
  expect(deleted).toEqual([{ kind: "run", id: "asked", path: folder, bytes, kept: [] }]);
  const [, said] = /: ([0-9.]+) kB/.exec(refused.stderr) ?? [];
  expect(bytes / 1000).toBeCloseTo(Number(said), 0);
  expect(await exists(folder)).toBe(false);
  expect(await listIds()).not.toContain("asked");
});

test("of a folder outside the store only our files go; exports and the user's own stay and are named", async () => {
  const folder = await copyRun("outside", place.file("outside"));
  await mkdir(`${folder}/exports`);
  await writeFile(`${folder}/previews/holiday.png`, "mine");
  const shown = await place.run("show", folder);
  expect(shown.code).toBe(0);
  const { code, stdout, stderr } = await place.run("delete", folder, "--yes");
  expect(code).toBe(0);
  expect(stderr).toContain("only what Stillroom computed there");
  expect(stdout).toMatch(/^Deleted run outside: [0-9.]+ kB freed\nleft in .*outside: exports, previews\n$/);
  expect((await readdir(folder, { recursive: true })).sort()).toEqual(["exports", "previews", "previews/holiday.png"]);
  expect(await listIds()).not.toContain("outside");
});

test("runs that cannot be read go, too: one whose folder is gone, and a damaged one of the store", async () => {
  const elsewhere = await copyRun("gone", place.file("gone"));
  expect((await place.run("show", elsewhere)).code).toBe(0);
  await rm(elsewhere, { recursive: true });
  const damaged = await copyRun("damaged");
  await writeFile(`${damaged}/run.json`, "{");
  expect(await listIds()).toEqual(expect.arrayContaining(["gone", "damaged"]));
  const { code, stderr } = await place.run("delete", "gone", "damaged", "--yes");
  expect(code).toBe(0);
  expect(stderr).toMatch(/^run gone in .*gone\.json \(only its entry in the list; .*\nrun damaged in .*cannot be read/);
  const left = await listIds();
  for (const id of ["gone", "damaged"]) expect(left).not.toContain(id);
});

test("a name that is not there: all such names are told, and nothing goes", async () => {
  const folder = await copyRun("kept");
  const { code, stdout, stderr } = await place.run("delete", "kept", "no-such", "neither", "--yes");
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr).toContain('no run, dataset or artifact "no-such"');
  expect(stderr).toContain('no run, dataset or artifact "neither"');
  expect(await exists(`${folder}/run.json`)).toBe(true);
  expect((await place.run("delete", "--yes")).code).toBe(2);
});

test("a run that is being computed stays, and so does what was named with it", async () => {
  const folder = await copyRun("busy");
  const other = await copyRun("idle");
  const locks = `${folder}/lock`;
  const holder = `${"0".repeat(8)}-1111-2222-3333-444444444444.${process.pid}.0..${hostname()}`;
  await mkdir(locks);
  await writeFile(`${locks}/${holder}`, "");
  const refused = await place.run("delete", "idle", "busy", "--yes");
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining(`computed by process ${process.pid}`) });
  expect([await exists(`${folder}/run.json`), await exists(`${other}/run.json`)]).toEqual([true, true]);
});

test.skipIf(!canMakeTerminals)(
  "on a terminal it asks once (needs the command script)",
  async () => {
    const folder = await copyRun("terminal");
    const question = "Delete this for good";
    for (const keys of ["n\n", "\n", "\u0004", "\u0003"]) {
      const { code, stdout } = await answerOnTerminal(place, { question, keys }, "delete", "terminal", "--quiet").ended;
      expect({ keys, code }).toEqual({ keys, code: 1 });
      expect(stdout).toContain("run terminal");
      expect(stdout).toContain("Nothing was deleted.");
      expect(await exists(`${folder}/run.json`)).toBe(true);
    }
    const { code, stdout } = await answerOnTerminal(place, { question, keys: "y\n" }, "delete", "terminal").ended;
    expect(code).toBe(0);
    expect(stdout.split(question)).toHaveLength(2);
    expect(stdout).toContain("Deleted run terminal");
    expect(await exists(folder)).toBe(false);
  },
  30_000,
);

test("a dataset goes by its id, also damaged; runs that need it are named before", async () => {
  await copyRun("waiting", undefined, { status: "stopped" });
  const manifest = place.file("home", "datasets", dataset, "manifest.json");
  await writeFile(manifest, (await readFile(manifest, "utf8")).slice(0, 99));
  const { code, stdout, stderr } = await place.run("delete", dataset, "--yes");
  expect(code).toBe(0);
  expect(stdout).toMatch(new RegExp(`^Deleted dataset ${dataset}: [0-9.]+ kB freed\n$`));
  expect(stderr).toContain(`dataset ${dataset} (damaged)`);
  expect(stderr).toContain(`Dataset ${dataset} is needed to go on with waiting.`);
  expect(await readdir(place.file("home", "datasets"))).toEqual([]);
});

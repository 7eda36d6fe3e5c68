// Addresses, keys, the palette's search, commands, rows of runs, and numbers as text.
import { expect, test } from "vitest";
import { createCommands } from "../../renderer/stores/commands.ts";
import { formatBytes, formatDuration, formatSpread, formatValue } from "../../renderer/stores/format.ts";
import { matchesKey, showKeys } from "../../renderer/stores/keys.ts";
import { findByPath } from "../../renderer/stores/match-path.ts";
import { rankMatches } from "../../renderer/stores/rank-matches.ts";
import { createRemote } from "../../renderer/stores/remote.ts";
import { parseHash, toHash } from "../../renderer/stores/route.ts";

test("addresses go both ways", () => {
  const hash = toHash(["runs", "a b/c"], { runs: "x,y" });
  expect(parseHash(hash)).toEqual({ segments: ["runs", "a b/c"], query: { runs: "x,y" } });
  expect(parseHash("")).toEqual({ segments: [], query: {} });
  expect(parseHash("#/%E0%A4%A").segments).toEqual(["%E0%A4%A"]);
});

test("an address finds its view, exact words first", () => {
  const places = [{ path: "runs/:id" }, { path: "runs/new" }, { path: "runs" }];
  expect(findByPath(places, ["runs", "new"])?.path).toBe("runs/new");
  expect(findByPath(places, ["runs", "x"])?.path).toBe("runs/:id");
  expect(findByPath(places, ["runs", "x", "y"])).toBeUndefined();
});

const press = (key: string, held: Partial<Record<"ctrlKey" | "metaKey" | "shiftKey" | "altKey", boolean>> = {}) => ({
  key,
  ctrlKey: false,
  metaKey: false,
  shiftKey: false,
  altKey: false,
  ...held,
});

test("keys match on either system, and not with further keys held", () => {
  expect(matchesKey("CmdOrCtrl+K", press("k", { ctrlKey: true }), false)).toBe(true);
  expect(matchesKey("CmdOrCtrl+K", press("k", { metaKey: true }), true)).toBe(true);
  expect(matchesKey("CmdOrCtrl+K", press("k", { metaKey: true }), false)).toBe(false);
  expect(matchesKey("CmdOrCtrl+K", press("K", { ctrlKey: true, shiftKey: true }), false)).toBe(false);
  expect(matchesKey("CmdOrCtrl+Shift+O", press("O", { ctrlKey: true, shiftKey: true }), false)).toBe(true);
  expect(matchesKey("?", press("?", { shiftKey: true }), false)).toBe(true);
  expect(matchesKey(" ", press(" "), false)).toBe(true);
  expect(matchesKey("l", press("l", { ctrlKey: true }), false)).toBe(false);
  expect(showKeys("CmdOrCtrl+Shift+O", true)).toEqual(["⌘", "Shift", "O"]);
  expect(showKeys(" ", false)).toEqual(["Space"]);
});

test("the palette finds beginnings of words before letters in between", () => {
  const labels = ["Import a folder", "Step back", "Export", "New run"];
  expect(rankMatches(labels, "", String)).toEqual(labels);
  expect(rankMatches(labels, "fol", String)).toEqual(["Import a folder"]);
  expect(rankMatches(labels, "port", String)).toEqual(["Import a folder", "Export"]);
  expect(rankMatches(labels, "ex", String)[0]).toBe("Export");
  expect(rankMatches(labels, "zzz", String)).toEqual([]);
});

test("a command does what the newest view bound, and the earlier again after it", () => {
  const commands = createCommands();
  const done: string[] = [];
  const bind = (name: string, isEnabled = true) =>
    commands.getState().bind("pause", { perform: () => done.push(name), isEnabled });
  bind("first");
  const unbind = bind("second");
  commands.getState().run("pause");
  unbind();
  commands.getState().run("pause");
  bind("off", false);
  expect(commands.getState().run("pause")).toBe(false);
  expect(commands.getState().run("unknown")).toBe(false);
  expect(done).toEqual(["second", "first"]);
});

test("of several answers the newest counts", async () => {
  const waiting: ((value: string) => void)[] = [];
  const remote = createRemote(() => new Promise<string>((resolve) => waiting.push(resolve)));
  const [first, second] = [remote.refresh(), remote.refresh()];
  waiting[1]("new");
  await second;
  waiting[0]("old");
  await first;
  expect(remote.store.getState().value).toBe("new");
});

test("a failed answer keeps what was known", async () => {
  let isDown = false;
  const remote = createRemote(async () => {
    if (isDown) throw new Error("down");
    return 1;
  });
  await remote.refresh();
  isDown = true;
  await remote.refresh();
  expect(remote.store.getState()).toMatchObject({ value: 1, error: new Error("down") });
});

test("numbers read as people write them", () => {
  expect([0, 38.123456, 1234567, 0.00001, 5234.5].map(formatValue)).toEqual([
    "0",
    "38.12",
    "1.23e+6",
    "1.00e-5",
    "5,235",
  ]);
  expect([12, 89, 95, 600, 5400, 200_000, Number.POSITIVE_INFINITY].map(formatDuration)).toEqual([
    "12 s",
    "89 s",
    "2 min",
    "10 min",
    "1 h 30 min",
    "2 days",
    "",
  ]);
  expect([0, 999, 1500, 210_000_000].map(formatBytes)).toEqual(["0 B", "999 B", "1.5 kB", "210 MB"]);
  expect(formatSpread(0.654, 0.0092)).toBe("65.4 ± 0.9 %");
});

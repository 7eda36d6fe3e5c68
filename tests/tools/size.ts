// `npm run size`: lines of each folder and the ten largest files, as a mirror and no gate.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname } from "node:path";

const listed = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "*.ts", "*.tsx"], {
  encoding: "utf8",
});
const files = listed
  .split("\n")
  .filter(Boolean)
  .map((path) => ({ path, lines: readFileSync(path, "utf8").split("\n").length - 1 }));
const folders = Map.groupBy(files, ({ path }) => dirname(path));
const sum = (of: typeof files) => of.reduce((total, { lines }) => total + lines, 0);
const row = (lines: number, text: string) => `${String(lines).padStart(7)}  ${text}`;

for (const [folder, own] of [...folders].sort(([a], [b]) => (a < b ? -1 : 1))) {
  console.log(row(sum(own), `${folder} (${own.length})`));
}
console.log(row(sum(files), `all (${files.length})\n`));
for (const { path, lines } of files.sort((a, b) => b.lines - a.lines).slice(0, 10)) console.log(row(lines, path));

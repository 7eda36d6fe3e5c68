// Files that were left out or noted, grouped by reason, most frequent first.
export interface Problem {
  readonly path: string;
  readonly reason: string;
}

export interface ProblemGroup {
  /** What the reasons of the group have in common. */
  readonly reason: string;
  readonly problems: readonly Problem[];
}

/** "huge (9000 x 9000); scale it down" and "damaged: bad CRC" differ from file to file; what matters is alike. */
function kindOf(reason: string): string {
  if (reason.startsWith("damaged: ")) return "damaged";
  if (reason.startsWith("read in spite of: ")) return "read in spite of damage";
  if (reason.startsWith("the same picture as ")) {
    const rest = reason.indexOf(", in another class") >= 0 ? ", in another class" : "";
    const splits = reason.endsWith(", once in train and once in test") ? ", once in train and once in test" : "";
    return `the same picture as another${rest}${splits}`;
  }
  return reason.replace(/ \([^)]*\d[^)]*\)/g, "").replace(/^class "[^"]*" has/, "its class has");
}

export function groupProblems(problems: readonly Problem[], query = ""): ProblemGroup[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const groups = new Map<string, Problem[]>();
  for (const problem of problems) {
    const searched = `${problem.path}\n${problem.reason}`.toLowerCase();
    if (!words.every((word) => searched.includes(word))) continue;
    const kind = kindOf(problem.reason);
    const group = groups.get(kind);
    if (group) group.push(problem);
    else groups.set(kind, [problem]);
  }
  return [...groups]
    .map(([reason, list]) => ({ reason, problems: list }))
    .sort((a, b) => b.problems.length - a.problems.length || (a.reason < b.reason ? -1 : 1));
}

/** For a spreadsheet: one line a file, tab between. */
export const toTable = (problems: readonly Problem[]): string =>
  problems.map(({ path, reason }) => `${path}\t${reason}`).join("\n");

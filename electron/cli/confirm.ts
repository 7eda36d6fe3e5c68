// Asks the person at the terminal once, or says how to do without.
import { createInterface } from "node:readline";
import { UserError } from "../../shared/lib/user-error.ts";
import type { Cli } from "./cli.ts";

/** Resolves when the answer is yes. Throws UserError "not-confirmed" after a no, or where nobody can be asked. */
export async function confirm({ signal }: Cli, question: string): Promise<void> {
  if (!(process.stdin.isTTY && process.stderr.isTTY)) {
    throw new UserError("not-confirmed", "Nothing was deleted: here nobody can be asked first.", "Add --yes to agree.");
  }
  process.stderr.write(`${question} [y/N] `);
  // Not as a terminal: Ctrl-C is then the command line's to handle, as everywhere.
  const lines = createInterface({ input: process.stdin, terminal: false });
  const answer = await new Promise<string>((resolve) => {
    lines.once("line", resolve).once("close", () => resolve(""));
    signal.addEventListener("abort", () => lines.close(), { once: true });
  });
  lines.close();
  if (!/^\s*y(es)?\s*$/i.test(answer)) throw new UserError("not-confirmed", "Nothing was deleted.");
}

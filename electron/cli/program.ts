// The program: parses, runs one command, and turns every failure into one clear message and an exit code.
import { Command, CommanderError } from "commander";
import packageJson from "../../package.json" with { type: "json" };
import { UserError } from "../../shared/lib/user-error.ts";
import { commands } from "./commands/index.ts";

/** Runs one command line; resolves to the exit code: 0, 1 for a failure, 2 for wrong usage. */
export async function main(words: readonly string[]): Promise<number> {
  const program = new Command("stillroom")
    .description("Dataset distillation on your own machine: from an image folder to a few synthetic images per class.")
    .version(packageJson.version)
    .showHelpAfterError("(add --help for what there is)")
    .exitOverride();
  for (const command of commands) command.register(program);
  try {
    await program.parseAsync([...words], { from: "user" });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (error instanceof UserError) {
      process.stderr.write(`error: ${error.message}${error.hint ? `\n${error.hint}` : ""}\n`);
      return error.code === "usage" ? 2 : 1;
    }
    process.stderr.write(`internal error: ${error instanceof Error ? error.stack : String(error)}\n`);
    return 1;
  }
}

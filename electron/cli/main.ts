#!/usr/bin/env node
// The command line's entry: keeps what Node compiles for the next start, which halves it, then runs the program.
import { enableCompileCache } from "node:module";

enableCompileCache();
// Such as `stillroom recipes | head`: nobody reads any more.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(0);
});
const { main } = await import("./program.ts");
process.exitCode = await main(process.argv.slice(2));

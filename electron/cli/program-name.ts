// How a person who reads a hint starts this program again.

/** `npm run cli --` in a checkout, where nothing is installed on the path; else the installed program's name. */
export function programName(npmScript = process.env.npm_lifecycle_event): string {
  return npmScript === "cli" || npmScript === "demo" ? "npm run cli --" : "stillroom";
}

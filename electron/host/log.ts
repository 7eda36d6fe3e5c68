// The last lines of what happened, for whoever has to report a problem.

export interface Log {
  /** Adds a line with the time; `text` of several lines becomes several. */
  write(text: string): void;
  /** Oldest first. */
  lines(): readonly string[];
}

const MOST_CHARACTERS = 2000;

/** Keeps `limit` lines; `onLine` gets each, e.g. to print it. */
export function createLog({ limit = 200, onLine = (_: string) => {} } = {}): Log {
  const kept: string[] = [];
  return {
    write(text) {
      for (const part of text.split("\n").filter((line) => line.trim() !== "")) {
        const line = `${new Date().toISOString()} ${part.slice(0, MOST_CHARACTERS)}`;
        kept.push(line);
        onLine(line);
      }
      kept.splice(0, kept.length - limit);
    },
    lines: () => [...kept],
  };
}

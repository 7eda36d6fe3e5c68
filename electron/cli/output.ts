// What the command line prints: results on stdout, everything else on stderr.
import { styleText } from "node:util";
import type { Progress } from "../../shared/experiment/ports.ts";

export interface OutputOptions {
  readonly json: boolean;
  readonly quiet: boolean;
}

export class Output {
  readonly json: boolean;
  readonly #quiet: boolean;
  readonly #live: boolean;
  #lineShown = false;
  #lastPlain = 0;
  #lastDrawn = 0;

  constructor({ json, quiet }: OutputOptions) {
    this.json = json;
    this.#quiet = quiet;
    this.#live = process.stderr.isTTY === true && !quiet;
  }

  /** A result: one JSON document with --json, else text. */
  result(document: unknown, text: string): void {
    this.clearLine();
    process.stdout.write(this.json ? `${JSON.stringify(document, null, 2)}\n` : `${text}\n`);
  }

  /** One line of a stream: ndjson with --json, else text. */
  line(document: unknown, text: string): void {
    this.clearLine();
    process.stdout.write(this.json ? `${JSON.stringify(document)}\n` : `${text}\n`);
  }

  note(text: string): void {
    if (this.#quiet) return;
    this.clearLine();
    process.stderr.write(`${text}\n`);
  }

  warn(text: string): void {
    this.clearLine();
    process.stderr.write(`${styleText("yellow", "warning")} ${text}\n`);
  }

  /** A bar with time left on a terminal; elsewhere a plain line every ten seconds and at the end. */
  progress(label: string, { done, total, perSecond, secondsLeft, note, unit }: ProgressLine): void {
    if (this.#quiet) return;
    const left = Number.isFinite(secondsLeft) ? `${formatDuration(secondsLeft)} left` : "";
    const speed = perSecond > 0 ? `${formatRate(perSecond)} ${unit}/s` : "";
    const parts = [`${formatCount(done)} of ${formatCount(total)} ${unit}s`, speed, left, note]
      .filter(Boolean)
      .join("  ");
    if (!this.#live) {
      const now = performance.now();
      if (done < total && now - this.#lastPlain < 10_000) return;
      this.#lastPlain = now;
      process.stderr.write(`${label}  ${parts}\n`);
      return;
    }
    const now = performance.now();
    if (done < total && now - this.#lastDrawn < 100) return;
    this.#lastDrawn = now;
    const width = 24;
    const filled = total > 0 ? Math.round((width * Math.min(done, total)) / total) : 0;
    const bar = `${"━".repeat(filled)}${styleText("dim", "━".repeat(width - filled))}`;
    const columns = process.stderr.columns || 100; // 0 where a terminal does not know its width
    const tail = parts.slice(0, Math.max(0, columns - label.length - width - 5));
    process.stderr.write(`\r\x1b[2K${label} ${bar} ${tail}`);
    this.#lineShown = true;
    if (done >= total) this.clearLine();
  }

  clearLine(): void {
    if (!this.#lineShown) return;
    process.stderr.write("\r\x1b[2K");
    this.#lineShown = false;
  }
}

type ProgressLine = Omit<Progress, "stage" | "unit"> & { readonly unit: string };

export const formatCount = (value: number) => value.toLocaleString("en-GB");

const formatRate = (perSecond: number) =>
  perSecond >= 10 ? Math.round(perSecond).toString() : perSecond.toPrecision(2);

/** `52 min`, `3 h 12 min`, `40 s`. */
export function formatDuration(seconds: number): string {
  if (seconds < 90) return `${Math.max(0, Math.round(seconds))} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.round(hours / 24)} days`;
}

/** Columns padded to the same width; the first row is the head. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

// Numbers as people read them: thousands separated, widths kept, units named.

const integer = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 0 });

export const formatCount = (value: number): string => integer.format(value);

/** Four significant figures; powers of ten only where the number is tiny or huge. */
export function formatValue(value: number): string {
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e6 || size < 1e-3) return value.toExponential(2);
  return size >= 1000 ? integer.format(value) : String(Number(value.toPrecision(4)));
}

/** Four significant figures with their zeros, so that a number that changes keeps its width. */
export function formatMeasured(value: number): string {
  const size = Math.abs(value);
  return size !== 0 && size < 1e4 && size >= 1e-3 ? value.toPrecision(4) : formatValue(value);
}

/** Two decimals and a true minus sign, for values around zero. */
export const formatFixed = (value: number): string => value.toFixed(2).replace("-", "\u2212");

/** As it was measured, in float32: seven significant figures. */
export const formatExact = (value: number): string => String(Number(value.toPrecision(7)));

export function formatRate(perSecond: number): string {
  return perSecond >= 100 ? integer.format(perSecond) : perSecond.toFixed(perSecond >= 10 ? 0 : perSecond >= 1 ? 1 : 2);
}

export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds)) return "";
  const whole = Math.round(seconds);
  if (whole < 90) return `${whole} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${String(minutes % 60).padStart(2, "0")} min` : `${Math.round(hours / 24)} days`;
}

const units = ["B", "kB", "MB", "GB", "TB"];

export function formatBytes(bytes: number): string {
  const power = bytes < 1000 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3));
  const value = bytes / 1000 ** power;
  return `${power === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[power]}`;
}

/** A fraction in percent, one decimal as the papers have it. */
export const formatPercent = (fraction: number): string => (100 * fraction).toFixed(1);

export function formatSpread(mean: number, std: number): string {
  return `${formatPercent(mean)} ± ${formatPercent(std)} %`;
}

const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });
const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });

/** The time of day for today, else the date. */
export function formatWhen(iso: string, now = new Date()): string {
  const date = new Date(iso);
  return date.toDateString() === now.toDateString() ? clock.format(date) : day.format(date);
}

const second = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });

/** The time of day to the second; `time` in milliseconds since 1970. */
export const formatClock = (time: number): string => second.format(time);

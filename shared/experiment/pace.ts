// Speed and time left, from the recent past.

/** Counts units of work against a clock in milliseconds. */
export class Pace {
  readonly #clock: () => number;
  readonly #marks: { done: number; at: number }[] = [];

  constructor(clock: () => number) {
    this.#clock = clock;
  }

  /** Notes that `done` units are done, and tells how fast it goes and how long `total` will take. */
  mark(done: number, total: number): { perSecond: number; secondsLeft: number } {
    const at = this.#clock();
    this.#marks.push({ done, at });
    // Half a minute of marks, and never fewer than two.
    while (this.#marks.length > 2 && at - this.#marks[0].at > 30_000) this.#marks.shift();
    const [first] = this.#marks;
    const seconds = (at - first.at) / 1000;
    const perSecond = seconds > 0 ? (done - first.done) / seconds : 0;
    return { perSecond, secondsLeft: perSecond > 0 ? (total - done) / perSecond : Number.POSITIVE_INFINITY };
  }
}

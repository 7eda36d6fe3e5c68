// The fingerprint of a dataset and its exact duplicates, from one digest per image.

import { createHash, hash } from "node:crypto";
import type { Problem, SplitName } from "../../../shared/data/manifest.ts";

const DIGEST_BYTES = 32;

interface Group {
  split: SplitName;
  className: string;
  start: number;
  end: number;
}

/** Collects the digests of stored pixels, class by class. Holds 32 bytes and a path for each image. */
export class Fingerprint {
  #digests = Buffer.alloc(1024 * DIGEST_BYTES);
  readonly #paths: string[] = [];
  readonly #groups: Group[] = [];

  add(split: SplitName, className: string, path: string, pixels: Uint8Array): void {
    const at = this.#paths.length;
    if ((at + 1) * DIGEST_BYTES > this.#digests.length) {
      const larger = Buffer.alloc(2 * this.#digests.length);
      this.#digests.copy(larger);
      this.#digests = larger;
    }
    hash("sha256", pixels, "buffer").copy(this.#digests, at * DIGEST_BYTES);
    this.#paths.push(path);
    const last = this.#groups.at(-1);
    if (last?.split === split && last.className === className) last.end = at + 1;
    else this.#groups.push({ split, className, start: at, end: at + 1 });
  }

  /** The order of images within a class does not count: a folder, a zip and an IDX file name them differently. */
  finish(shape: { channels: number; height: number; width: number }, classNames: readonly string[]): string {
    const { channels, height, width } = shape;
    const total = createHash("sha256").update(`${JSON.stringify([1, channels, height, width, classNames])}\n`);
    for (const { split, className, start, end } of this.#groups) {
      total.update(`${JSON.stringify([split, className, end - start])}\n`);
      for (const at of this.#sort(start, end)) total.update(this.#digestAt(at));
    }
    return total.digest("hex");
  }

  /** One warning for each image that repeats an earlier one; across classes and splits it says so. */
  findDuplicates(): Problem[] {
    const order = this.#sort(0, this.#paths.length);
    const found: Problem[] = [];
    let first = 0;
    for (let i = 1; i < order.length; i++) {
      if (!this.#digestAt(order[i]).equals(this.#digestAt(order[first]))) {
        first = i;
        continue;
      }
      const original = order[first];
      const [a, b] = [this.#groupAt(original), this.#groupAt(order[i])];
      const parts = [`the same picture as ${this.#paths[original]}`];
      if (a.className !== b.className) parts.push("in another class");
      if (a.split !== b.split) parts.push("once in train and once in test");
      found.push({ path: this.#paths[order[i]], reason: parts.join(", ") });
    }
    return found;
  }

  #digestAt(at: number): Buffer {
    return this.#digests.subarray(at * DIGEST_BYTES, (at + 1) * DIGEST_BYTES);
  }

  #groupAt(at: number): Group {
    return this.#groups.find((group) => at < group.end)!;
  }

  /** Image numbers by digest, equal ones in stored order. */
  #sort(start: number, end: number): Int32Array {
    const order = Int32Array.from({ length: end - start }, (_, i) => start + i);
    return order.sort((a, b) => this.#digestAt(a).compare(this.#digestAt(b)) || a - b);
  }
}

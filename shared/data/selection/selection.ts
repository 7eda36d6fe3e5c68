// The contract of a way to choose real images: from the features of one class to the rows chosen, in order.
import type { Key } from "../../lib/random.ts";
import type { Features } from "./features.ts";

export interface Selection {
  readonly id: string;
  /** `count` different rows, or all where there are fewer. Draws come from the key. */
  choose(features: Features, count: number, key: Key): number[];
}

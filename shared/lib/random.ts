// Randomness as data: a keyed counter generator (Threefry-2x32, 20 rounds; Salmon et al., SC 2011).
// A key is derived from its parent by a path of names and numbers, so a draw depends on where it is used,
// never on what was drawn before. The same key gives the same numbers on every machine.

/** A 64-bit key as two unsigned 32-bit words. */
export type Key = readonly [number, number];

const ROTATIONS = [13, 15, 26, 6, 17, 29, 16, 24];

/** Encrypts the counter (c0, c1) under `key`, writing two unsigned words at `out[at]`. */
export function threefry2x32(key: Key, c0: number, c1: number, out: Uint32Array, at: number): void {
  const k0 = key[0] >>> 0;
  const k1 = key[1] >>> 0;
  const ks = [k0, k1, (0x1bd11bda ^ k0 ^ k1) >>> 0];
  let x0 = (c0 + k0) | 0;
  let x1 = (c1 + k1) | 0;
  for (let block = 0; block < 5; block++) {
    const base = (block & 1) * 4;
    for (let r = 0; r < 4; r++) {
      const rotation = ROTATIONS[base + r];
      x0 = (x0 + x1) | 0;
      x1 = (x1 << rotation) | (x1 >>> (32 - rotation));
      x1 ^= x0;
    }
    x0 = (x0 + ks[(block + 1) % 3]) | 0;
    x1 = (x1 + ks[(block + 2) % 3] + block + 1) | 0;
  }
  out[at] = x0;
  out[at + 1] = x1;
}

/** The root key of a seed (any safe integer). */
export function rootKey(seed: number): Key {
  return [seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0];
}

/** Derives a child key by a path, e.g. `deriveKey(key, "init", step, className)`. */
export function deriveKey(key: Key, ...path: (string | number)[]): Key {
  const word = new Uint32Array(2);
  let current = key;
  for (const part of path) {
    const [hi, lo] = typeof part === "number" ? [part >>> 0, Math.floor(part / 2 ** 32) ^ 0x9e3779b9] : hashText(part);
    threefry2x32(current, hi, lo, word, 0);
    current = [word[0], word[1]];
  }
  return current;
}

/** FNV-1a over UTF-16 code units, twice with different offsets. */
function hashText(text: string): [number, number] {
  let a = 0x811c9dc5;
  let b = 0x01000193;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    a = Math.imul(a ^ unit, 0x01000193);
    b = Math.imul(b ^ unit, 0x85ebca6b);
  }
  return [a >>> 0, b >>> 0];
}

function words(key: Key, count: number): Uint32Array {
  const out = new Uint32Array(count + (count & 1));
  for (let i = 0; i < count; i += 2) threefry2x32(key, i >>> 0, 0, out, i);
  return out;
}

/** `count` numbers uniform in [low, high), with 24 bits each, so that float32 holds them exactly before scaling. */
export function uniform(key: Key, count: number, low = 0, high = 1): Float32Array<ArrayBuffer> {
  const bits = words(key, count);
  const out = new Float32Array(count);
  for (let i = 0; i < count; i++) out[i] = low + (high - low) * ((bits[i] >>> 8) / 2 ** 24);
  return out;
}

/** `count` standard normal numbers (Box-Muller). */
export function normal(key: Key, count: number): Float32Array<ArrayBuffer> {
  const pairs = (count + 1) >>> 1;
  const bits = words(key, 2 * pairs);
  const out = new Float32Array(count);
  for (let i = 0; i < pairs; i++) {
    const radius = Math.sqrt(-2 * Math.log(((bits[2 * i] >>> 8) + 1) / 2 ** 24));
    const angle = 2 * Math.PI * ((bits[2 * i + 1] >>> 8) / 2 ** 24);
    out[2 * i] = radius * Math.cos(angle);
    if (2 * i + 1 < count) out[2 * i + 1] = radius * Math.sin(angle);
  }
  return out;
}

/** `count` integers uniform in [0, bound), bound <= 2^31. The bias is below bound / 2^53. */
export function integers(key: Key, count: number, bound: number): Int32Array<ArrayBuffer> {
  const bits = words(key, 2 * count);
  const out = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    const fraction = (bits[2 * i] * 2 ** 21 + (bits[2 * i + 1] >>> 11)) / 2 ** 53;
    out[i] = Math.floor(fraction * bound);
  }
  return out;
}

/** A permutation of 0..count-1 (Fisher-Yates). */
export function permutation(key: Key, count: number): Int32Array<ArrayBuffer> {
  const out = new Int32Array(count);
  for (let i = 0; i < count; i++) out[i] = i;
  const bits = words(key, 2 * count);
  for (let i = count - 1; i > 0; i--) {
    const fraction = (bits[2 * i] * 2 ** 21 + (bits[2 * i + 1] >>> 11)) / 2 ** 53;
    const j = Math.floor(fraction * (i + 1));
    const swap = out[i];
    out[i] = out[j];
    out[j] = swap;
  }
  return out;
}

/** `count` different picks out of 0..bound-1, in random order: the start of a Fisher-Yates shuffle. */
export function sampleWithout(key: Key, count: number, bound: number): Int32Array<ArrayBuffer> {
  const size = Math.min(count, bound);
  const bits = words(key, 2 * size);
  const moved = new Map<number, number>();
  const out = new Int32Array(size);
  for (let i = 0; i < size; i++) {
    const fraction = (bits[2 * i] * 2 ** 21 + (bits[2 * i + 1] >>> 11)) / 2 ** 53;
    const j = i + Math.floor(fraction * (bound - i));
    out[i] = moved.get(j) ?? j;
    moved.set(j, moved.get(i) ?? i);
  }
  return out;
}

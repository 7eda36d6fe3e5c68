// A folder of real PNGs that a network can tell apart: four patterns, each picture of another size and shape.
import { deriveKey, integers, rootKey } from "../../shared/lib/random.ts";
import { toPicture, writeTree } from "../tools/make-images.ts";

type Pattern = (x: number, y: number) => boolean;

/** Of places from 0 to 1. */
const patterns: Readonly<Record<string, Pattern>> = {
  checks: (x, y) => (Math.floor(x * 4) + Math.floor(y * 4)) % 2 === 0,
  columns: (x) => Math.floor(x * 6) % 2 === 0,
  disc: (x, y) => Math.hypot(x - 0.5, y - 0.5) < 0.35,
  rows: (_, y) => Math.floor(y * 6) % 2 === 0,
};

export const classNames = Object.keys(patterns);

/** `count` pictures a class, with noise on them, below `root`. */
export async function writePatterns(root: string, count = 30): Promise<string> {
  const files: Record<string, Buffer> = {};
  for (const [name, pattern] of Object.entries(patterns)) {
    for (let i = 0; i < count; i++) {
      const width = 18 + ((i * 7) % 23);
      const height = 18 + ((i * 5) % 19);
      const noise = integers(deriveKey(rootKey(3), name, i), width * height * 3, 90);
      const pixels = Uint8Array.from(noise, (value, at) => {
        const [x, y] = [(at / 3) % width, Math.floor(at / 3 / width)];
        return value + (pattern(x / width, y / height) ? 150 : 10);
      });
      files[`${name}/${name}-${i}.png`] = await toPicture(pixels, height, width, 3).png().toBuffer();
    }
  }
  await writeTree(root, files);
  return root;
}

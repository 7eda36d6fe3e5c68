// Draws assets/icon/icon.png from icon.svg beside it: node tests/tools/make-icon.ts
import { readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import sharp from "sharp";

const folder = resolve(import.meta.dirname, "../../assets/icon");
const svg = await readFile(join(folder, "icon.svg"));
// The drawing is 512 wide at 72 dots an inch, so nothing is scaled.
await writeFile(join(folder, "icon.png"), await sharp(svg).resize(512, 512).png({ compressionLevel: 9 }).toBuffer());

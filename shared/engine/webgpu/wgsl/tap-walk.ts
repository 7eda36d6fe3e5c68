// The walk of a weight gradient: over every place of the result where one tap of the kernel meets a pixel of the images.
import type { ConvSizes } from "../../ops/conv2d.ts";
import { type Operand, signed, timesStride } from "./conv-operand.ts";

/**
 * WGSL that runs `body` for the tap (`ky`, `kx`) over the rows of all images that are the part's, `rows` of them; it finds the places of
 * its two pixels in `atG` and `atImages`.
 */
export function walkTap(s: ConvSizes, rows: number, g: Operand, images: Operand, body: string): string {
  return `
      let left = i32(kx) - ${signed(s.padding)};
      let stop = min((part + 1u) * ${rows}u, ${s.n * s.oh}u);
      for (var line = part * ${rows}u; line < stop; line++) {
      let image = line / ${s.oh}u;
      let y = line % ${s.oh}u;
      let row = ${timesStride("i32(y)", s.stride)} + i32(ky) - ${signed(s.padding)};
      if (row < 0i || row >= ${signed(s.h)}) { continue; }
      for (var x = 0i; x < ${signed(s.ow)}; x++) {
      let column = ${timesStride("x", s.stride)} + left;
      if (column < 0i || column >= ${signed(s.w)}) { continue; }
      let atG = ${g.place("image", "y", "u32(x)")};
      let atImages = ${images.place("image", "u32(row)", "u32(column)")};
      ${body}
      }
      }`;
}

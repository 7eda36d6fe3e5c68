// The adjoint of convolution to its weights by subgroups. The lanes of a subgroup hold the channels of one operand; the other's
// are read by few lanes and handed round. Along a row a window of as many columns of the images as the kernel has is kept in
// registers, so that every pixel of both operands is read once a row of the kernel, for all taps of that row.
import type { Attrs } from "../../op.ts";
import type { ConvSizes } from "../../ops/conv2d.ts";
import { sizeOf } from "../../shape.ts";
import { sumOf } from "../indexing.ts";
import { defineGroupKernel, type GpuNode, type KernelLowering } from "../kernel.ts";
import { Operand, signed } from "./conv-operand.ts";
import { lowerSplit, splitSum } from "./split-sum.ts";

/** Sums of an invocation, in registers: more of them share what was read. */
const MAX_SUMS = 48;
/** Subgroups that keep a CPU busy, however many cores, and leave none waiting for the last. */
const ENOUGH_SUBGROUPS = 192;
const MIN_ROWS_PER_PART = 32;
const range = (length: number) => Array.from({ length }, (_, index) => index);

/** The share of lanes that hold a channel. */
const use = ({ channels, width }: Operand, subgroupSize: number) =>
  channels / width / (Math.ceil(channels / width / subgroupSize) * subgroupSize);

function castChannels(channels: number, taps: number): number {
  const most = Math.max(4, Math.floor(MAX_SUMS / taps));
  if (channels <= 4) return channels;
  return [16, 8, 4].find((count) => count <= most && count <= Math.ceil(channels / 4) * 4) as number;
}

export function lanesWeightGrad(
  { inputs, output }: GpuNode<Attrs>,
  s: ConvSizes,
  subgroupSize: number,
): KernelLowering {
  const g = new Operand("g", inputs[0], true);
  const images = new Operand("images", inputs[1], true);
  const result = new Operand("result", output);
  // The images' channels lie side by side in the result, so that lanes which hold them write best.
  const byImages = images.width * use(images, subgroupSize) * 2 > g.width * use(g, subgroupSize);
  const [held, cast] = byImages ? [images, g] : [g, images];
  const size = sizeOf(output.shape);
  const count = castChannels(cast.channels, s.kw);
  const castTiles = Math.ceil(cast.channels / count);
  const heldTiles = Math.ceil(held.channels / held.width / subgroupSize);
  const split = splitSum(s.n * s.oh, {
    each: castTiles * heldTiles * s.kh,
    wanted: ENOUGH_SUBGROUPS,
    shortest: MIN_ROWS_PER_PART,
    resultSize: size,
  });
  const { parts, length, slot } = split;
  const [heldType, castType] = [held, cast].map(({ width }) => (width === 4 ? "vec4f" : "f32"));

  // Which of the cast channels a lane reads, and how each is handed round.
  const perRead = cast.width * subgroupSize;
  const reads = Math.ceil(count / perRead);
  const castFirst = (read: number) => {
    const units = Math.ceil(count / cast.width);
    const unit = read === 0 ? "subgroupLane" : `(subgroupLane + ${read * subgroupSize}u)`;
    const channel = `(firstCast + ${unit} % ${units}u${cast.width === 4 ? " * 4u" : ""})`;
    return cast.channels % count === 0 ? channel : `min(${channel}, ${cast.channels - cast.width}u)`;
  };
  const handed = (names: (read: number) => string, c: number) => {
    const name = names(Math.floor(c / perRead));
    const lane = Math.floor((c % perRead) / cast.width);
    return `subgroupBroadcast(${name}${cast.width === 4 ? `.${"xyzw"[c % 4]}` : ""}, ${lane}u)`;
  };

  // The window holds the images' columns that the taps of a row meet: as lanes' own, or as what is handed round.
  const windowReads = byImages ? 1 : reads;
  const windowType = byImages ? heldType : castType;
  const zero = `${windowType}()`;
  const moveWindow = range(windowReads)
    .map((read) => {
      const shift = range(s.kw - 1).map((t) => `x${t}_${read} = x${t + 1}_${read};`);
      const value = images.some("atColumn", byImages ? "firstHeld" : castFirst(read));
      return `${shift.join(" ")}
      x${s.kw - 1}_${read} = select(${zero}, ${value}, inside);`;
    })
    .join("\n");
  const readColumn = `let inside = column >= 0i && column < i32(sizes.columns);
      let atColumn = atRow + u32(clamp(column, 0i, i32(sizes.columns) - 1i)) * ${images.strides[3]}u;
      ${moveWindow}`;
  const fresh = Math.min(s.kw, s.stride);
  const readG = byImages
    ? range(reads).map((read) => `let some${read} = ${g.some("atG", castFirst(read))};`)
    : [`let own = ${g.some("atG", "firstHeld")};`];
  const products = range(count).map((c) =>
    byImages
      ? `let c${c} = ${handed((read) => `some${read}`, c)};
      ${range(s.kw)
        .map((t) => `sum${t}_${c} += c${c} * x${t}_0;`)
        .join("\n")}`
      : range(s.kw)
          .map((t) => `sum${t}_${c} += ${handed((read) => `x${t}_${read}`, c)} * own;`)
          .join("\n"),
  );

  const partOffset: readonly [string, number] = ["part", parts === 1 ? 0 : size];
  const stores = range(s.kw).map((t) => {
    const at = (out: string, input: string) =>
      sumOf([partOffset, [result.place(out, "ky", `${t}u`), 1], [input, result.strides[1]]]);
    if (byImages) {
      return result.width === 4
        ? `result[(${at("castChannel", "firstHeld")}) / 4u] = sum${t}_0;`
        : `result[${at("castChannel", "firstHeld")}] = sum${t}_0;`;
    }
    return range(held.width)
      .map((d) => `result[${at(`(firstHeld + ${d}u)`, "castChannel")}] = sum${t}_0${held.width === 4 ? `[${d}]` : ""};`)
      .join("\n");
  });
  const exists = held.channels % (held.width * subgroupSize) === 0 ? "" : `heldUnit < ${held.channels / held.width}u`;
  const store = exists ? `if (${exists}) {\n${stores.join("\n")}\n}` : stores.join("\n");

  const body = `
    let part = job / ${castTiles * heldTiles * s.kh}u;
    let ky = job / ${castTiles * heldTiles}u % ${s.kh}u;
    let firstCast = job / ${heldTiles}u % ${castTiles}u * ${count}u;
    let heldUnit = job % ${heldTiles}u * ${subgroupSize}u + subgroupLane;
    let firstHeld = ${exists ? `min(heldUnit, ${held.channels / held.width - 1}u)` : "heldUnit"} * ${held.width}u;
    let offset = ${signed(s.padding)} - i32(ky);
    let top = u32(max(offset + ${signed(s.stride - 1)}, 0i)) / ${s.stride}u;
    let bottom = min(u32(max(offset + i32(sizes.rows) + ${signed(s.stride - 1)}, 0i)) / ${s.stride}u, sizes.resultRows);
    let rows = bottom - min(top, bottom);
    ${range(s.kw)
      .map((t) =>
        range(count)
          .map((c) => `var sum${t}_${c} = ${heldType}();`)
          .join(" "),
      )
      .join("\n")}
    ${range(s.kw)
      .map((t) =>
        range(windowReads)
          .map((read) => `var x${t}_${read} = ${zero};`)
          .join(" "),
      )
      .join("\n")}
    let stop = min((part + 1u) * sizes.length, sizes.images * rows);
    for (var line = part * sizes.length; line < stop; line++) {
      let image = line / rows;
      let y = line % rows + top;
      let atRow = ${images.place("image", `u32(i32(y * ${s.stride}u) - offset)`, "0u")};
      let atLine = ${g.place("image", "y", "0u")};
      ${
        s.kw > s.stride
          ? `for (var column = ${signed(-s.padding)}; column < ${signed(s.kw - s.stride - s.padding)}; column++) {
        ${readColumn}
      }`
          : ""
      }
      for (var x = 0u; x < sizes.resultColumns; x++) {
        let atG = atLine + x * ${g.strides[3]}u;
        ${range(fresh)
          .map(
            (index) => `{
        let column = i32(x * ${s.stride}u) + ${signed(s.kw - fresh + index - s.padding)};
        ${readColumn}
        }`,
          )
          .join("\n")}
        ${readG.join("\n")}
        ${products.join("\n")}
      }
    }
    let channels = min(${count}u, ${cast.channels}u - firstCast);
    for (var castChannel = firstCast; castChannel < firstCast + channels; castChannel++) {
      ${store}
      ${range(count - 1)
        .map((c) =>
          range(s.kw)
            .map((t) => `sum${t}_${c} = sum${t}_${c + 1};`)
            .join(" "),
        )
        .join("\n")}
    }`;
  const kernel = defineGroupKernel({
    reads: [
      { slot: 0, ...g.buffer },
      { slot: 1, ...images.buffer },
    ],
    writes: { slot, name: "result", type: byImages && result.width === 4 ? "vec4f" : "f32" },
    sizes: {
      ...g.sizes,
      ...images.sizes,
      images: s.n,
      rows: s.h,
      columns: s.w,
      resultRows: s.oh,
      resultColumns: s.ow,
      length,
    },
    groups: parts * s.kh * castTiles * heldTiles,
    workgroupSize: subgroupSize,
    subgroups: true,
    body,
  });
  return lowerSplit(kernel, split, size);
}

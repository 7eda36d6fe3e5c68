// Convolution, and its adjoint to the images, by subgroups. Each invocation makes a few neighbouring pixels of a row x up to 16
// channels; all of a subgroup make the same channels, so that the weights are read once for it, each lane a few, and handed round.
// Along a row the invocation keeps a window of the source in registers and moves it by one column a tap: a pixel of the source is
// read once a row of the kernel and not once a tap, and padding costs one select a pixel read. Loops stay loops: on
// software adapters a read in the source costs more to compile than a hundred multiply-adds.
import { sumOf } from "../indexing.ts";
import { defineGroupKernel, type KernelLowering } from "../kernel.ts";
import { type Operand, signed } from "./conv-operand.ts";

const WORKGROUP = 32;
const COMPONENTS = ["x", "y", "z", "w"];
const range = (length: number) => Array.from({ length }, (_, index) => index);
const vectorOf = (length: number) => (length === 1 ? "f32" : `vec${length}f`);

export interface LanesConv {
  readonly source: Operand;
  readonly weights: Operand;
  readonly result: Operand;
  /** The axis of the weights that is summed over: 1 for the convolution, 0 for its adjoint. */
  readonly summedAxis: 0 | 1;
  readonly images: number;
  /** Rows and columns of the source and of the result. */
  readonly from: readonly [rows: number, columns: number];
  readonly to: readonly [rows: number, columns: number];
  readonly kernel: readonly [rows: number, columns: number];
  readonly stride: number;
  readonly padding: number;
  readonly subgroupSize: number;
}

/** Pixels of a row for one invocation: those of whole rows with few left over, and with few columns read twice. */
function tileColumns(columns: number): number {
  const cost = (tile: number) => Math.ceil(columns / tile) * (tile + 1);
  return range(8)
    .map((index) => index + 1)
    .reduce((best, tile) => (cost(tile) <= cost(best) ? tile : best));
}

function tileChannels(channels: number): number {
  if (channels <= 4) return channels;
  return Math.ceil(channels / 16) * 16 <= Math.ceil(channels / 8) * 8 ? 16 : 8;
}

export function lanesConv(conv: LanesConv): KernelLowering {
  const { source, weights, result, stride, padding, from, to, kernel, images, subgroupSize } = conv;
  const isAdjoint = conv.summedAxis === 0;
  // The adjoint of a strided convolution is one convolution for each of the stride's phases, of the taps that meet there.
  const phases = isAdjoint ? stride : 1;
  const step = isAdjoint ? 1 : stride;
  const [rows, columns] = to.map((side) => Math.ceil(side / phases));
  const tile = tileColumns(columns);
  const tiles = Math.ceil(columns / tile);
  const channels = tileChannels(result.channels);
  const blockWidth = Math.min(4, channels);
  const blocks = channels / blockWidth;
  const channelTiles = Math.ceil(result.channels / channels);
  const lanes = images * rows * tiles;
  const sizes = {
    ...source.sizes,
    ...result.sizes,
    lanes,
    tiles,
    rows,
    fromRows: from[0],
    fromColumns: from[1],
    toRows: to[0],
    toColumns: to[1],
  };
  const window = (tile - 1) * step + 1;
  const type = vectorOf(blockWidth);
  const read = handRound(conv, channels, blockWidth);

  const moveWindow = `${range(window - 1)
    .map((p) => `x${p} = x${p + 1};`)
    .join(" ")}
    x${window - 1} = select(${source.width === 4 ? "vec4f()" : "0.0"}, ${source.some(
      `(atRow + u32(clamp(column, 0i, i32(sizes.fromColumns) - 1i)) * ${source.strides[3]}u)`,
      "k",
    )}, inRow && column >= 0i && column < i32(sizes.fromColumns));`;
  const products = range(blocks).map((b) =>
    range(tile)
      .map((p) => {
        const terms = range(source.width).map(
          (q) => `x${p * step}${source.width === 4 ? `.${COMPONENTS[q]}` : ""} * ${read.block(b, q)}`,
        );
        return `sum${p}_${b} += ${terms.join(" + ")};`;
      })
      .join("\n"),
  );
  /** WGSL of the taps along an axis that meet a phase: how many, the kernel's index of the first, and the source's place there. */
  const taps = (axis: 0 | 1, name: string, first: string) => {
    const size = kernel[axis];
    if (!isAdjoint) {
      return `let ${name}Taps = ${size}u;
      let ${name}First = i32(${first}) * ${signed(step)} - ${signed(padding)};`;
    }
    return `let ${name}Rest = (${name}Phase + ${padding}u) % ${stride}u;
      let ${name}Taps = (${size + stride - 1}u - min(${name}Rest, ${size + stride - 1}u)) / ${stride}u;
      let ${name}Last = ${name}Rest + ${name}Taps * ${stride}u - ${stride}u;
      let ${name}First = i32(${first}) + (i32(${name}Phase) + ${signed(padding)} - i32(${name}Last)) / ${signed(stride)};`;
  };
  const tapOf = (name: string) => (isAdjoint ? `(${name}Last - ${name}Tap * ${stride}u)` : `${name}Tap`);
  const spread = (name: string) => (phases === 1 ? name : `(${name} * ${phases}u + ${name}Phase)`);

  const body = `
    let channelTile = job % ${channelTiles}u;
    ${phases > 1 ? `let phase = job / ${channelTiles}u % ${phases * phases}u;` : ""}
    let columnPhase = ${phases > 1 ? `phase % ${phases}u` : "0u"};
    let rowPhase = ${phases > 1 ? `phase / ${phases}u` : "0u"};
    let wanted = job / ${channelTiles * phases * phases}u * ${WORKGROUP}u + lane;
    let at = min(wanted, sizes.lanes - 1u);
    let line = at / sizes.tiles;
    let start = (at - line * sizes.tiles) * ${tile}u;
    let image = line / sizes.rows;
    let row = line - image * sizes.rows;
    let first = channelTile * ${channels}u;
    let member = subgroupLane % ${subgroupSize}u;
    ${taps(0, "row", "row")}
    ${taps(1, "column", "start")}
    ${range(tile)
      .map((p) =>
        range(blocks)
          .map((b) => `var sum${p}_${b} = ${type}();`)
          .join(" "),
      )
      .join("\n")}
    ${range(window)
      .map((p) => `var x${p} = ${source.width === 4 ? "vec4f()" : "0.0"};`)
      .join("\n")}
    for (var rowTap = 0u; rowTap < rowTaps; rowTap++) {
      let y = rowFirst + i32(rowTap);
      let inRow = y >= 0i && y < i32(sizes.fromRows);
      let atRow = ${source.place("image", "u32(clamp(y, 0i, i32(sizes.fromRows) - 1i))", "0u")};
      let ky = ${tapOf("row")};
      for (var k = 0u; k < ${source.channels}u; k += ${source.width}u) {
        for (var column = columnFirst; column < columnFirst + ${signed(window - 1)}; column++) {
          ${moveWindow}
        }
        for (var columnTap = 0u; columnTap < columnTaps; columnTap++) {
          let column = columnFirst + ${signed(window - 1)} + i32(columnTap);
          let kx = ${tapOf("column")};
          ${moveWindow}
          ${read.code}
          ${products.join("\n")}
        }
      }
    }
    let columns = ${phases > 1 ? `(sizes.toColumns + ${phases - 1}u - columnPhase) / ${phases}u` : "sizes.toColumns"};
    let exists = wanted < sizes.lanes${phases > 1 ? ` && ${spread("row")} < sizes.toRows` : ""};
    let stop = select(start, min(start + ${tile}u, columns), exists);
    for (var column = start; column < stop; column++) {
      let place = ${result.place("image", spread("row"), spread("column"))};
      ${storeBlocks(result, channels, blockWidth)}
      ${range(tile - 1)
        .map((p) =>
          range(blocks)
            .map((b) => `sum${p}_${b} = sum${p + 1}_${b};`)
            .join(" "),
        )
        .join("\n")}
    }`;
  const made = defineGroupKernel({
    reads: [
      { slot: 0, ...source.buffer },
      { slot: 1, ...weights.buffer },
    ],
    writes: { slot: "output", ...result.buffer },
    sizes,
    groups: Math.ceil(lanes / WORKGROUP) * channelTiles * phases * phases,
    workgroupSize: WORKGROUP,
    subgroups: true,
    body,
  });
  return { kernels: [made] };
}

/** WGSL that writes the sums of one pixel, a block at a time: one store in the source, however many blocks. */
function storeBlocks(result: Operand, channels: number, blockWidth: number): string {
  const blocks = channels / blockWidth;
  if (result.width === 4) {
    if (blocks === 1) return result.write("place", "first", "sum0_0");
    return `for (var channel = first; channel < first + ${channels}u; channel += 4u) {
      ${result.channels % channels === 0 ? "" : `if (channel >= ${result.channels}u) { break; }`}
      ${result.write("place", "channel", "sum0_0")}
      ${range(blocks - 1)
        .map((b) => `sum0_${b} = sum0_${b + 1};`)
        .join(" ")}
    }`;
  }
  return range(channels)
    .map((c) => {
      const place = sumOf([
        ["place", 1],
        [`(first + ${c}u)`, result.strides[1]],
      ]);
      const value = blockWidth === 1 ? "sum0_0" : `sum0_${Math.floor(c / blockWidth)}[${c % blockWidth}]`;
      const store = `${result.name}[${place}] = ${value};`;
      return result.channels % channels === 0 ? store : `if (first + ${c}u < ${result.channels}u) {\n${store}\n}`;
    })
    .join("\n");
}

/**
 * WGSL that reads the weights of a tap for `channels` results and the channels summed at once, each lane of a subgroup some of them,
 * and that hands them round; `block(b, q)` are those of block `b` for the `q`-th summed channel.
 */
function handRound(
  { source, weights, result, summedAxis, subgroupSize }: LanesConv,
  channels: number,
  blockWidth: number,
) {
  const place = (summed: string, channel: string) =>
    summedAxis === 1
      ? sumOf([
          [weights.place(channel, "ky", "kx"), 1],
          [summed, weights.strides[1]],
        ])
      : sumOf([
          [weights.place(summed, "ky", "kx"), 1],
          [channel, weights.strides[1]],
        ]);
  const inRange = (channel: string) =>
    result.channels % channels === 0 ? channel : `min(${channel}, ${result.channels - 1}u)`;
  const lines: string[] = [];
  const blockOf = (elements: readonly string[]) =>
    elements.length === 1 ? elements[0] : `${vectorOf(elements.length)}(${elements.join(", ")})`;
  const member = (index: number) => (index === 0 ? "member" : `(member + ${index * subgroupSize}u)`);
  const whole = weights.width === 4 && source.width === 4;

  if (summedAxis === 1 && whole) {
    // Each lane reads four summed channels for one channel of the result.
    for (let v = 0; v * subgroupSize < channels; v++) {
      const channel = inRange(`(first + ${member(v)}${channels < subgroupSize ? ` % ${channels}u` : ""})`);
      lines.push(`let some${v} = weights[(${place("k", channel)}) / 4u];`);
    }
    for (const c of range(channels)) {
      lines.push(`let w${c} = subgroupBroadcast(some${Math.floor(c / subgroupSize)}, ${c % subgroupSize}u);`);
    }
    const block = (b: number, q: number) =>
      blockOf(range(blockWidth).map((d) => `w${b * blockWidth + d}.${COMPONENTS[q]}`));
    return { code: lines.join("\n"), block };
  }
  if (summedAxis === 0 && weights.width === 4) {
    // Each lane reads four channels of the result for one summed channel.
    const blocks = channels / 4;
    const total = blocks * source.width;
    for (let v = 0; v * subgroupSize < total; v++) {
      const index = total < subgroupSize ? `(member % ${total}u)` : member(v);
      const channel = inRange4(`(first + ${index} % ${blocks}u * 4u)`, result.channels, channels);
      lines.push(`let some${v} = weights[(${place(`(k + ${index} / ${blocks}u)`, channel)}) / 4u];`);
    }
    for (const f of range(total)) {
      lines.push(`let w${f} = subgroupBroadcast(some${Math.floor(f / subgroupSize)}, ${f % subgroupSize}u);`);
    }
    return { code: lines.join("\n"), block: (b: number, q: number) => `w${q * blocks + b}` };
  }
  // Each lane reads single weights.
  const total = channels * source.width;
  for (let v = 0; v * subgroupSize < total; v++) {
    const index = `(${member(v)} % ${total}u)`;
    const summed = source.width === 1 ? "k" : `(k + ${index} / ${channels}u)`;
    lines.push(`let some${v} = weights[${place(summed, inRange(`(first + ${index} % ${channels}u)`))}];`);
  }
  for (const f of range(total)) {
    lines.push(`let w${f} = subgroupBroadcast(some${Math.floor(f / subgroupSize)}, ${f % subgroupSize}u);`);
  }
  const block = (b: number, q: number) =>
    blockOf(range(blockWidth).map((d) => `w${q * channels + b * blockWidth + d}`));
  return { code: lines.join("\n"), block };
}

/** The last whole four channels where a tile reaches behind them. */
const inRange4 = (channel: string, all: number, channels: number) =>
  all % channels === 0 ? channel : `min(${channel}, ${all - 4}u)`;

// Index arithmetic of kernels: from a number of an invocation to coordinates, from coordinates to places in buffers.

/** WGSL that splits `index` into named coordinates, innermost last. */
export function splitInto(index: string, axes: readonly (readonly [name: string, length: number])[]): string {
  const lines: string[] = [];
  let rest = index;
  axes.toReversed().forEach(([name, length], fromLast) => {
    if (fromLast === axes.length - 1) {
      lines.push(`let ${name} = ${rest};`);
    } else if (length === 1) {
      lines.push(`let ${name} = 0u;`);
    } else {
      lines.push(`let ${name} = ${rest} % ${length}u;`, `let ${name}Rest = ${rest} / ${length}u;`);
      rest = `${name}Rest`;
    }
  });
  return lines.join("\n");
}

interface Strided {
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

/**
 * WGSL of the logical coordinates `${name}<axis>` of the `index`-th element in the order of memory;
 * with width 4, of the `index`-th four neighbours, and the innermost coordinate counts fours.
 */
export function coordinatesOf(index: string, { shape, strides }: Strided, name: string, width: 1 | 4 = 1): string {
  const order = memoryOrder(strides);
  return splitInto(
    index,
    order.map((axis, at) => [`${name}${axis}`, at === order.length - 1 ? shape[axis] / width : shape[axis]]),
  );
}

/** Logical axes from outermost to innermost in memory. */
export function memoryOrder(strides: readonly number[]): number[] {
  return strides.map((_, axis) => axis).sort((a, b) => strides[b] - strides[a] || a - b);
}

/** Four where the axis lies innermost in every buffer and divides by four, else one. */
export function vectorWidth(axis: number, length: number, buffers: readonly (readonly number[])[]): 1 | 4 {
  const fits = buffers.every((strides) =>
    strides.every((stride, at) => (at === axis ? stride === 1 : stride % 4 === 0)),
  );
  return fits && length % 4 === 0 ? 4 : 1;
}

/** Strides in units of `width` elements, the innermost axis's coordinate counting such units. */
export function inVectors(strides: readonly number[], axis: number, width: 1 | 4): number[] {
  return strides.map((stride, at) => (at === axis ? stride : stride / width));
}

/** WGSL of `offset + sum(coordinate * stride)`. Unsigned sums wrap, so that negative strides come out right. */
export function placeOf(name: string, strides: readonly number[], offset = 0): string {
  return sumOf(
    strides.map((stride, axis) => [`${name}${axis}`, stride]),
    offset,
  );
}

/** A number, or WGSL of one that is not negative. */
export type Factor = number | string;
const signOf = (factor: Factor) => (typeof factor === "string" ? 1 : Math.sign(factor));

/** WGSL of `offset + sum(factor * term)` in unsigned numbers. */
export function sumOf(terms: readonly (readonly [term: string, factor: Factor])[], offset = 0): string {
  let text = offset === 0 ? "" : `${offset}u`;
  const ordered = [...terms].sort(([, a], [, b]) => signOf(b) - signOf(a));
  for (const [term, factor] of ordered) {
    if (factor === 0) continue;
    if (typeof factor === "string") {
      text += `${text === "" ? "" : " + "}${term} * ${factor}`;
      continue;
    }
    const size = Math.abs(factor);
    const product = size === 1 ? term : `${term} * ${size}u`;
    if (text === "") text = factor < 0 ? `0u - ${product}` : product;
    else text += ` ${factor < 0 ? "-" : "+"} ${product}`;
  }
  return text || "0u";
}

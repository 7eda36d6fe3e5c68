// The one matrix product of plain JavaScript: the reference backend spends nearly all its time in it.

type Numbers = Float64Array | Float32Array | Int32Array;

/** out [m, n] += a [m, k] b [k, n]. Four inner terms are added at a time, which a processor does twice as fast as one. */
export function addProduct(
  { m, n, k }: { readonly m: number; readonly n: number; readonly k: number },
  a: Numbers,
  b: Numbers,
  out: Numbers,
): void {
  const whole = k - (k % 4);
  for (let row = 0; row < m; row++) {
    const to = row * n;
    for (let inner = 0; inner < whole; inner += 4) {
      const from = row * k + inner;
      const [a0, a1, a2, a3] = [a[from], a[from + 1], a[from + 2], a[from + 3]];
      const [b0, b1, b2, b3] = [inner * n, (inner + 1) * n, (inner + 2) * n, (inner + 3) * n];
      for (let x = 0; x < n; x++) out[to + x] += a0 * b[b0 + x] + a1 * b[b1 + x] + (a2 * b[b2 + x] + a3 * b[b3 + x]);
    }
    for (let inner = whole; inner < k; inner++) {
      const factor = a[row * k + inner];
      for (let x = 0; x < n; x++) out[to + x] += factor * b[inner * n + x];
    }
  }
}

// Mean and standard deviation per channel, exact and in any order, from histograms of bytes.

export class PixelStatistics {
  readonly #counts: Float64Array[];
  readonly #plane: number;

  constructor(channels: number, plane: number) {
    this.#counts = Array.from({ length: channels }, () => new Float64Array(256));
    this.#plane = plane;
  }

  /** Adds one image, [channels][plane]. */
  add(pixels: Uint8Array): void {
    const plane = this.#plane;
    for (let channel = 0; channel < this.#counts.length; channel++) {
      const counts = this.#counts[channel];
      const end = (channel + 1) * plane;
      for (let i = channel * plane; i < end; i++) counts[pixels[i]]++;
    }
  }

  /** In units of [0, 1]; the deviation is the population's. */
  finish(): { mean: number[]; std: number[] } {
    const mean: number[] = [];
    const std: number[] = [];
    for (const counts of this.#counts) {
      const total = counts.reduce((sum, each) => sum + each, 0);
      const centre = counts.reduce((sum, each, value) => sum + each * value, 0) / total;
      const spread = counts.reduce((sum, each, value) => sum + each * (value - centre) ** 2, 0) / total;
      mean.push(centre / 255);
      std.push(Math.sqrt(spread) / 255);
    }
    return { mean, std };
  }
}

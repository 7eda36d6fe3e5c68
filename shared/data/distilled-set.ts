// The distilled set: synthetic images in normalised space with their labels, and what makes them meaningful.
import { readSafetensors, type TypedTensor, writeSafetensors } from "../formats/index.ts";
import { invariant } from "../lib/invariant.ts";
import { UserError } from "../lib/user-error.ts";
import { denormalise, type SetNormaliser } from "./normaliser.ts";

export type DistilledLabels =
  | { readonly kind: "hard" /** [n], class indices */; readonly values: Int32Array }
  | { readonly kind: "soft" /** [n][classes] */; readonly values: Float32Array };

export type DistilledSet = {
  /** [n][channels][height][width], class-major: all images of class 0, then of class 1; normalised. */
  readonly images: Float32Array;
  readonly shape: readonly [n: number, channels: number, height: number, width: number];
  readonly labels: DistilledLabels;
  readonly normaliser: SetNormaliser;
  readonly classNames: readonly string[];
  /** Images per class; n = ipc x classes. */
  readonly ipc: number;
  /** The resolved recipe, as JSON. */
  readonly recipe: unknown;
  /** Of the dataset that it was distilled from. */
  readonly fingerprint: string;
  /** What else the method learned, by name, e.g. its learning rate. */
  readonly extra: Readonly<Record<string, TypedTensor>>;
};

/** The pictures as people look at them. */
export type PixelSet = {
  /** [n][height][width][channels], 0..255. */
  readonly pixels: Uint8Array;
  readonly count: number;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  /** Values that clipping to [0, 1] moved by more than rounding to 8 bits does (half a level). */
  readonly clipped: number;
};

const FORMAT = "stillroom.distilled-set";
const VERSION = "1";
const OWN_TENSORS = ["images", "labels", "mean", "std"];

const isReserved = (name: string) => OWN_TENSORS.includes(name) || name.startsWith("zca.");

/** The bytes of `distilled.safetensors`. The same set gives the same bytes; the normaliser is stored as float32. */
export function toSafetensors(set: DistilledSet): Uint8Array<ArrayBuffer> {
  const { labels, normaliser, shape, classNames } = set;
  for (const name of Object.keys(set.extra))
    invariant(!isReserved(name), `"${name}" is a name of the set's own tensors`);
  const [n] = shape;
  const labelTensor: TypedTensor =
    labels.kind === "hard"
      ? { dtype: "I64", shape: [n], data: BigInt64Array.from(labels.values, BigInt) }
      : { dtype: "F32", shape: [n, classNames.length], data: labels.values };
  return writeSafetensors(
    {
      images: { dtype: "F32", shape, data: set.images },
      labels: labelTensor,
      ...normaliserTensors(normaliser),
      ...set.extra,
    },
    {
      format: FORMAT,
      version: VERSION,
      classNames: JSON.stringify(classNames),
      ipc: String(set.ipc),
      normaliser: normaliser.kind,
      recipe: JSON.stringify(set.recipe ?? null),
      fingerprint: set.fingerprint,
    },
  );
}

/** By the names that the file gives them: of float32 vectors and matrices. */
export function normaliserTensors(normaliser: SetNormaliser): Record<string, TypedTensor<"F32">> {
  const tensor = (data: Float32Array, ...shape: number[]) => ({ dtype: "F32" as const, shape, data });
  if (normaliser.kind === "standard") {
    const perChannel = (values: readonly number[]) => tensor(Float32Array.from(values), values.length);
    return { mean: perChannel(normaliser.mean), std: perChannel(normaliser.std) };
  }
  const { mean, transform, inverse } = normaliser;
  const size = mean.length;
  return {
    "zca.mean": tensor(mean, size),
    "zca.transform": tensor(transform, size, size),
    "zca.inverse": tensor(inverse, size, size),
  };
}

/**
 * Reads `distilled.safetensors`, which may come from anywhere. `source` names the file in errors.
 * Throws UserError "bad-distilled-set" listing all that is wrong with its contents.
 */
export function fromSafetensors(bytes: Uint8Array, source = "The distilled set"): DistilledSet {
  const { tensors, metadata } = readSafetensors(bytes, source);
  const problems: string[] = [];
  const complain = (problem: string) => {
    problems.push(problem);
  };
  if (metadata.format !== FORMAT || metadata.version !== VERSION) {
    const found = metadata.format === FORMAT ? `version ${metadata.version} of ${FORMAT}` : "another kind of file";
    throw unreadable(source, [`it is ${found}, not version ${VERSION} of ${FORMAT}`]);
  }

  const classNames = readJson(metadata.classNames);
  if (!isTextList(classNames) || classNames.length === 0) complain("classNames is not a list of names");
  const classes = isTextList(classNames) ? classNames.length : 0;
  const recipe = readJson(metadata.recipe);
  if (recipe === undefined) complain("recipe is not JSON");
  const fingerprint = metadata.fingerprint;
  if (fingerprint === undefined) complain("fingerprint is missing");

  const float = (name: string, shape: string, fits: (sides: readonly number[]) => boolean) => {
    const tensor = Object.hasOwn(tensors, name) ? tensors[name] : undefined;
    if (tensor?.dtype !== "F32" || !fits(tensor.shape)) {
      complain(`tensor "${name}" is not F32 ${shape}`);
      return undefined;
    }
    if (!tensor.data.every(Number.isFinite)) complain(`tensor "${name}" holds values that are not finite`);
    return tensor;
  };
  const images = float("images", "[n][channels][height][width]", (s) => s.length === 4 && s.every((side) => side > 0));
  const [n = 0, channels = 0, height = 0, width = 0] = images?.shape ?? [];
  const readNormaliser = (): SetNormaliser | undefined => {
    const sized = (name: string, shape: string, ...sides: number[]) =>
      float(
        name,
        shape,
        (s) => s.length === sides.length && (!images || s.every((side, axis) => side === sides[axis])),
      );
    if (metadata.normaliser === "zca") {
      const size = channels * height * width;
      const mean = sized("zca.mean", "[D]", size);
      const transform = sized("zca.transform", "[D][D]", size, size);
      const inverse = sized("zca.inverse", "[D][D]", size, size);
      if (!mean || !transform || !inverse) return undefined;
      return { kind: "zca", mean: mean.data, transform: transform.data, inverse: inverse.data };
    }
    if (metadata.normaliser !== "standard")
      complain(`normaliser is "${metadata.normaliser}", and only "standard" and "zca" are known`);
    const mean = sized("mean", "[channels]", channels);
    const std = sized("std", "[channels]", channels);
    if (std?.data.some((value) => value <= 0)) complain('tensor "std" holds values that are not above zero');
    return mean && std && { kind: "standard", mean: [...mean.data], std: [...std.data] };
  };
  const normaliser = readNormaliser();
  const ipc = Number(metadata.ipc);
  if (!Number.isSafeInteger(ipc) || ipc < 1) complain(`ipc is "${metadata.ipc}", not a whole number above zero`);
  else if (images !== undefined && classes > 0 && n !== ipc * classes) {
    complain(`it holds ${n} images, but ${classes} classes of ${ipc} images make ${ipc * classes}`);
  }
  const labels = readLabels(Object.hasOwn(tensors, "labels") ? tensors.labels : undefined, n, classes, complain);
  if (problems.length > 0 || !images || !normaliser || !labels || fingerprint === undefined) {
    throw unreadable(source, problems);
  }
  return {
    images: images.data,
    shape: [n, channels, height, width],
    labels,
    normaliser,
    classNames: classNames as string[],
    ipc,
    recipe,
    fingerprint,
    extra: Object.fromEntries(Object.entries(tensors).filter(([name]) => !isReserved(name))),
  };
}

/** De-normalises, clips to [0, 1] and rounds to 8 bits, counting what was clipped. */
export function toPixels({ images, shape, normaliser }: DistilledSet): PixelSet {
  const [count, channels, height, width] = shape;
  const area = height * width;
  const values = denormalise(images, shape, normaliser);
  const pixels = new Uint8Array(values.length);
  let clipped = 0;
  for (let i = 0; i < count; i++) {
    for (let c = 0; c < channels; c++) {
      const plane = (i * channels + c) * area;
      for (let p = 0; p < area; p++) {
        const level = values[plane + p] * 255;
        if (!(level >= -0.5 && level <= 255.5)) clipped++;
        pixels[(i * area + p) * channels + c] = Math.round(Math.min(255, Math.max(0, level)));
      }
    }
  }
  return { pixels, count, width, height, channels, clipped };
}

function readLabels(
  tensor: TypedTensor | undefined,
  n: number,
  classes: number,
  complain: (problem: string) => void,
): DistilledLabels | undefined {
  if (tensor?.dtype === "I64" && tensor.shape.length === 1 && tensor.shape[0] === n) {
    const values = Int32Array.from(tensor.data, Number);
    if (tensor.data.some((label) => label < 0n || label >= classes))
      complain(`tensor "labels" names no class of 0 to ${classes - 1}`);
    if (values.some((label, i) => i > 0 && label < (values[i - 1] ?? 0)))
      complain('tensor "labels" is not in the order of the classes');
    return { kind: "hard", values };
  }
  if (tensor?.dtype === "F32" && tensor.shape.length === 2 && tensor.shape[0] === n && tensor.shape[1] === classes) {
    if (!tensor.data.every(Number.isFinite)) complain('tensor "labels" holds values that are not finite');
    return { kind: "soft", values: tensor.data };
  }
  complain('tensor "labels" is neither I64 [n] nor F32 [n][classes]');
  return undefined;
}

function readJson(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined; // the caller names the field
  }
}

function isTextList(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}

function unreadable(source: string, problems: string[]): UserError {
  return new UserError(
    "bad-distilled-set",
    `${source} is not a distilled set that can be read: ${problems.join("; ")}.`,
    "Use the distilled.safetensors of a run folder, or distil it again.",
  );
}

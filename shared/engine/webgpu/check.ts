// Proves an adapter's kernels against `reference`: every variant of the heavy ones and a few fused programs, in seconds.
import { BackendError, DeviceLostError } from "../errors.ts";
import type { Op } from "../op.ts";
import { ops as allOps } from "../ops/index.ts";
import { traceProgram } from "../program.ts";
import { createReferenceBackend } from "../reference/backend.ts";
import { createWebgpuBackend, type WebgpuBackend } from "./backend.ts";
import { type CheckCase, listCases } from "./check-cases.ts";
import type { AdapterTraits } from "./kernel.ts";
import { traitsOf } from "./variants.ts";

/** What was found of a variant of an op, or of a fused program; plain JSON, as is the whole report. */
export interface CheckedKernel {
  readonly op: string;
  readonly variant?: string | undefined;
  /** `wrong`: it computes other numbers than it should; `fails`: it does not compile or run; `untried`: the device was lost too often before. */
  readonly verdict: "right" | "wrong" | "fails" | "untried";
  /** The largest |a - b| / (1 + |b|) against float64; missing where there are no numbers to compare. */
  readonly error?: number | undefined;
  /** Of running all its cases. */
  readonly milliseconds: number;
  /** Shapes that it was tried on, of those that there are: a slow adapter tries each variant, but not on every shape. */
  readonly cases: number;
  readonly casesInAll: number;
  /** Why it is not right. */
  readonly problem?: string | undefined;
}

export interface CheckReport {
  readonly adapter: string;
  readonly software: boolean;
  readonly subgroupSize?: number | undefined;
  readonly tolerance: number;
  readonly milliseconds: number;
  readonly kernels: readonly CheckedKernel[];
  /** Variants to switch off, as "op/variant". */
  readonly disabled: readonly string[];
  /** Why the adapter must not be used: an op without a right variant for some shapes, or a fused program that is wrong. */
  readonly unusable: readonly string[];
}

export interface CheckTarget {
  /** The adapter's name for people. */
  readonly adapter: string;
  readonly software: boolean;
  /** Called once, and again where the device was lost. The check disposes of what it is given. */
  openDevice(): Promise<GPUDevice>;
}

export interface CheckOptions {
  readonly ops?: readonly Op[];
  readonly onProgress?: (done: number, total: number) => void;
  /** Once every variant was tried, no further shape is begun after this time. */
  readonly budgetMs?: number;
}

/** As of the contract test of the ops. */
const TOLERANCE = 1e-4;
const BUDGET_MS = 7000;
/** Devices that cases are tried on side by side: software adapters compile with one thread a device, or as they run. */
const DEVICES = 2;
const MOST_LOSSES = 3;

interface Found {
  readonly verdict: CheckedKernel["verdict"];
  readonly error?: number;
  readonly milliseconds: number;
  readonly problem?: string;
}

export async function checkAdapter(target: CheckTarget, options: CheckOptions = {}): Promise<CheckReport> {
  const { ops = allOps, onProgress, budgetMs = BUDGET_MS } = options;
  const start = performance.now();
  const open = () => openBench(target, ops);
  const first = await open();
  const { traits } = first;
  const cases = listCases(ops, traits);
  const byName = Map.groupBy(cases, nameOf);
  const firsts = new Set([...byName.values()].map(([each]) => each));
  const found = new Map<string, Found[]>([...byName.keys()].map((name) => [name, []]));
  const findings = (each: CheckCase) => found.get(nameOf(each)) as Found[];
  const waiting = [...cases];
  /** Tried when the device was lost, perhaps for another one's sake. */
  const suspects: CheckCase[] = [];
  let losses = 0;
  let done = 0;

  const isWorthIt = (each: CheckCase): boolean => {
    // What was once seen to be wrong needs no second proof.
    if (findings(each).some(({ verdict }) => verdict !== "right")) return false;
    return firsts.has(each) || performance.now() - start <= budgetMs;
  };
  const note = (each: CheckCase, result: Found): void => {
    findings(each).push(result);
    onProgress?.(++done, cases.length);
  };
  const workThrough = async (given: Promise<Bench>): Promise<void> => {
    let bench = await given;
    for (let each = waiting.shift(); each; each = waiting.shift()) {
      if (!isWorthIt(each)) {
        done++;
        continue;
      }
      const result = losses > MOST_LOSSES ? untried : await tryCase(bench, each);
      if (result !== lost) {
        note(each, result);
        continue;
      }
      losses++;
      suspects.push(each);
      await bench.dispose();
      bench = await open();
    }
    await bench.dispose();
  };
  const others = Array.from({ length: DEVICES - 1 }, open);
  await Promise.all([Promise.resolve(first), ...others].map(workThrough));
  for (const each of suspects) {
    const alone = await open();
    note(each, await tryCase(alone, each));
    await alone.dispose();
  }
  onProgress?.(cases.length, cases.length);

  const kernels = [...byName].map(([name, [{ op, variant }, ...others]]): CheckedKernel => {
    const known = variant === undefined ? { op } : { op, variant };
    return { ...known, ...sumUp(found.get(name) ?? []), casesInAll: 1 + others.length };
  });
  return {
    adapter: target.adapter,
    software: target.software,
    ...(traits.subgroupSize === undefined ? {} : { subgroupSize: traits.subgroupSize }),
    tolerance: TOLERANCE,
    milliseconds: Math.round(performance.now() - start),
    kernels,
    disabled: kernels.filter(({ variant, verdict }) => variant !== undefined && verdict !== "right").map(nameOf),
    unusable: listUnusable(cases, kernels),
  };
}

const nameOf = ({ op, variant }: Pick<CheckCase, "op" | "variant">) =>
  variant === undefined ? op : `${op}/${variant}`;

const lost: Found = { verdict: "fails", milliseconds: 0, problem: "the device is lost when it runs" };
const untried: Found = { verdict: "untried", milliseconds: 0, problem: "the device was lost too often before" };

function sumUp(list: readonly Found[]): Omit<CheckedKernel, "op" | "variant" | "casesInAll"> {
  const bad = list.find(({ verdict }) => verdict !== "right");
  const errors = list.flatMap(({ error }) => (error === undefined ? [] : [error]));
  return {
    verdict: bad?.verdict ?? "right",
    ...(errors.length > 0 ? { error: Math.max(...errors) } : {}),
    milliseconds: list.reduce((sum, { milliseconds }) => sum + milliseconds, 0),
    cases: list.length,
    ...(bad?.problem === undefined ? {} : { problem: bad.problem }),
  };
}

function listUnusable(cases: readonly CheckCase[], kernels: readonly CheckedKernel[]): string[] {
  const needed = new Set(cases.filter(({ isOptional }) => !isOptional).map(({ op }) => op));
  const isRight = (op: string) => kernels.some((kernel) => kernel.op === op && kernel.verdict === "right");
  const onlyWays = new Set(cases.filter(({ isOnlyWay }) => isOnlyWay).map(nameOf));
  const broken = kernels.filter((kernel) => onlyWays.has(nameOf(kernel)) && kernel.verdict !== "right");
  return [...[...needed].filter((op) => !isRight(op)), ...broken.filter(({ op }) => isRight(op)).map(nameOf)];
}

interface Bench {
  readonly traits: AdapterTraits;
  /** A backend that computes the case's variant. */
  backendFor(each: CheckCase): WebgpuBackend;
  /** After a failure, which a backend does not survive. */
  renew(each: CheckCase): void;
  dispose(): Promise<void>;
}

async function openBench({ adapter, software, openDevice }: CheckTarget, ops: readonly Op[]): Promise<Bench> {
  const device = await openDevice();
  /** By the name of the variant that each forces. */
  const backends = new Map<string | undefined, WebgpuBackend>();
  const open = (variant: string | undefined): WebgpuBackend => {
    const forced = Object.fromEntries(variant === undefined ? [] : ops.map(({ name }) => [name, variant]));
    return createWebgpuBackend(device, { adapter, software, choice: { forced } });
  };
  return {
    traits: traitsOf(device, software),
    backendFor: ({ variant }) => {
      const backend = backends.get(variant) ?? open(variant);
      backends.set(variant, backend);
      return backend;
    },
    renew: ({ variant }) => void backends.delete(variant),
    dispose: async () => {
      await Promise.all([...backends.values()].map((backend) => backend.dispose()));
      device.destroy();
    },
  };
}

async function tryCase(bench: Bench, each: CheckCase): Promise<Found> {
  const inputs = Object.values(each.inputs);
  try {
    const backend = bench.backendFor(each);
    const compiling = backend.compile(traceProgram(each.program, each.inputs, backend).traced);
    const [executable, expected] = await Promise.all([compiling, computeReference(each)]);
    const once = async () => {
      const values = await backend.run(
        executable,
        inputs.map((input) => backend.upload(input)),
        inputs.map(() => true),
      );
      const results = await Promise.all(values.map((value) => backend.read(value)));
      for (const value of values) backend.free(value);
      return results;
    };
    const first = await once();
    const start = performance.now();
    const second = await once();
    const milliseconds = performance.now() - start;
    const error = Math.max(...first.map((result, at) => worstError(result, expected[at])));
    const isSteady = first.every((result, at) => result.every((value, i) => Object.is(value, second[at][i])));
    if (error <= TOLERANCE && isSteady) return { verdict: "right", error, milliseconds };
    const problem = error <= TOLERANCE ? "it gives other numbers when it runs again" : describe(each, error);
    return { verdict: "wrong", milliseconds, problem, ...(Number.isFinite(error) ? { error } : {}) };
  } catch (error) {
    if (error instanceof DeviceLostError) return lost;
    if (!(error instanceof BackendError)) throw error;
    bench.renew(each);
    return { verdict: "fails", milliseconds: 0, problem: error.message };
  }
}

function describe({ inputs }: CheckCase, error: number): string {
  const shapes = Object.values(inputs).map(({ shape }) => `[${shape.join(",")}]`);
  const size = Number.isFinite(error) ? `an error of ${error.toExponential(1)}` : "NaN or infinity where there is none";
  return `it has ${size} on ${shapes.join(" ")}`;
}

async function computeReference({ program, inputs }: CheckCase) {
  const backend = createReferenceBackend();
  const { traced } = traceProgram(program, inputs, backend);
  const list = Object.values(inputs);
  const values = await backend.run(
    await backend.compile(traced),
    list.map((input) => backend.upload(input)),
    list.map(() => true),
  );
  return Promise.all(values.map((value) => backend.read(value)));
}

/** The largest |a - b| / (1 + |b|); infinity where one is not finite and the other is not the same. */
function worstError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  let worst = 0;
  for (let i = 0; i < expected.length; i++) {
    if (Object.is(actual[i], expected[i])) continue;
    const error = Math.abs(actual[i] - expected[i]) / (1 + Math.abs(expected[i]));
    worst = Math.max(worst, Number.isNaN(error) ? Number.POSITIVE_INFINITY : error);
  }
  return worst;
}

// An unroll of any length in the memory of one step: a student takes K steps of gradient descent, a loss judges where it ends,
// and the gradient of that loss to whatever the student learnt from, and to its learning rate, comes exactly by walking back.
// Programs for one step ahead and one step back, and two loops: the parameters at every step are kept, never the graph of two steps.
import {
  type Arguments,
  defineProgram,
  grad,
  isValue,
  opaque,
  type Runtime,
  sizeOf,
  type Tensor,
  type TensorTree,
  tensorsOf,
  type Value,
  type ValueTree,
  withTensors,
} from "../engine/index.ts";
import { invariant } from "../lib/invariant.ts";
import { mapTree, type Tree } from "../lib/tree.ts";
import { squaredDistance } from "./losses.ts";

export interface UnrollOptions<Outer extends object, Step extends object, Goal extends object> {
  readonly name: string;
  /** The student's loss in one step. `outer` is what a gradient is wanted for, such as images; `step` is this step's own data. */
  readonly loss: (theta: TensorTree, outer: Outer, step: Step) => Tensor;
  /** The loss of where the student ends. */
  readonly judge: (end: TensorTree, goal: Goal) => Tensor;
  /** Of the student: v <- momentum v + g, theta <- theta - rate v, from v = 0. */
  readonly momentum?: number;
  /** TESLA's approximation: leaves out that a step's images move the parameters that later steps start from. */
  readonly frozen?: boolean;
}

export interface UnrollArguments<Outer extends object, Step extends object, Goal extends object> {
  /** Where the student starts. */
  readonly theta: ValueTree;
  readonly outer: Arguments<Outer>;
  /** As many as the student takes; an array is one. */
  readonly steps: UnrollSteps<Step>;
  readonly rate: Value;
  readonly goal: Arguments<Goal>;
  /** Looked at between two programs; what was computed is then freed, and its reason thrown. */
  readonly signal?: AbortSignal | undefined;
  /** Is shown the student's parameters after each step (from 1) on the way out; they stay the unroll's. */
  readonly watch?: (theta: ValueTree, steps: number) => Promise<void>;
}

/** The data of each step, asked for when its turn comes: once on the way out, and once, the same, on the way back. */
export interface UnrollSteps<Step extends object> {
  readonly length: number;
  /** Only the way back differentiates through the step's data. */
  at(k: number, way: "out" | "back"): Arguments<Step> | undefined;
}

/** Values on the backend, the caller's to free. */
export interface UnrollResult {
  readonly loss: Value;
  /** dL/douter, of its form. */
  readonly outer: ValueTree;
  readonly rate: Value;
}

/** The student at one step: its parameters, and its velocity where there is momentum. */
interface Student<T> {
  readonly theta: T;
  readonly velocity?: T;
}

/** What is carried from step to step on the way back, with the gradients so far. */
interface Carried<T, Scalar> {
  /** dL/dtheta_{k+1} */
  readonly lambda: T;
  /** dL/dv_{k+2}, where there is momentum. */
  readonly mu?: T;
  readonly sums: { readonly outer: T; readonly rate: Scalar };
}

export function createUnroll<Outer extends object, Step extends object, Goal extends object>(
  options: UnrollOptions<Outer, Step, Goal>,
): (runtime: Runtime, given: UnrollArguments<Outer, Step, Goal>) => Promise<UnrollResult> {
  const { advance, finish, retreat } = createPrograms(
    options as unknown as UnrollOptions<TensorTree, TensorTree, TensorTree>,
  );
  const hasMomentum = (options.momentum ?? 0) !== 0;

  return async (runtime, { theta, rate, steps, signal, watch, ...given }) => {
    const outer = opaque<Value>(given.outer);
    const stepAt = (k: number, towards: "out" | "back") => {
      const step = steps.at(k, towards);
      invariant(step, `an unroll of ${steps.length} steps has a step ${k}`);
      return opaque<Value>(step);
    };
    const start: Student<ValueTree> = hasMomentum ? { theta, velocity: zerosOf(runtime, theta) } : { theta };
    const way = [start];
    const leaveIfStopped = (...computed: unknown[]) => {
      if (!signal?.aborted) return;
      runtime.free([way.slice(1), start.velocity ?? [], computed]);
      signal.throwIfAborted();
    };

    for (let k = 0; k < steps.length; k++) {
      leaveIfStopped();
      way.push(await runtime.run(advance, { student: way[k], outer, step: stepAt(k, "out"), rate }));
      await watch?.(way[k + 1].theta, k + 1);
    }
    const { loss, lambda } = await runtime.run(finish, {
      end: way[steps.length].theta,
      goal: opaque<Value>(given.goal),
    });
    let carried: Carried<ValueTree, Value> = {
      lambda,
      ...(hasMomentum ? { mu: zerosOf(runtime, theta) } : {}),
      sums: { outer: zerosOf(runtime, outer), rate: runtime.backend.upload(zeros([])) },
    };
    for (let k = steps.length - 1; k >= 0; k--) {
      runtime.free(way.pop());
      leaveIfStopped(loss, carried);
      const next = await runtime.run(retreat, { student: way[k], outer, step: stepAt(k, "back"), rate, ...carried });
      carried = { lambda: carried.lambda, ...next };
    }
    if (start.velocity) runtime.free(start.velocity);
    runtime.free([carried.lambda, carried.mu ?? []]);
    return { loss, ...carried.sums };
  };
}

function createPrograms(options: UnrollOptions<TensorTree, TensorTree, TensorTree>) {
  const { name, loss, judge, momentum = 0, frozen = false } = options;
  const gradientOf = ({ theta }: Student<TensorTree>, outer: TensorTree, step: TensorTree) =>
    grad(loss(theta, outer, step), tensorsOf(theta));
  const velocityOf = ({ velocity }: Student<TensorTree>, gradient: readonly Tensor[]) =>
    velocity ? tensorsOf(velocity).map((v, at) => v.mul(momentum).add(gradient[at])) : gradient;
  type StepTensors = { student: Student<TensorTree>; outer: TensorTree; step: TensorTree; rate: Tensor };

  const advance = defineProgram(
    `${name}-student`,
    ({ student, outer, step, rate }: StepTensors): Student<TensorTree> => {
      const velocity = velocityOf(student, gradientOf(student, outer, step));
      const theta = withTensors(
        student.theta,
        tensorsOf(student.theta).map((parameter, at) => parameter.sub(velocity[at].mul(rate))),
      );
      return student.velocity ? { theta, velocity: withTensors(student.velocity, velocity) } : { theta };
    },
  );

  const finish = defineProgram(`${name}-end`, ({ end, goal }: { end: TensorTree; goal: TensorTree }) => {
    const total = judge(end, goal);
    return { loss: total, lambda: withTensors(end, grad(total, tensorsOf(end))) };
  });

  // mu_k = momentum mu_{k+1} - rate lambda_{k+1};  phi = <g_k(theta_k, outer), mu_k>, mu_k constant;
  // lambda_k = lambda_{k+1} + dphi/dtheta_k;  dL/douter += dphi/douter;  dL/drate -= <v_{k+1}, lambda_{k+1}>.
  const retreat = defineProgram(
    `${name}-adjoint`,
    ({ student, outer, step, rate, ...carried }: StepTensors & Carried<TensorTree, Tensor>) => {
      const gradient = gradientOf(student, outer, step);
      const lambda = tensorsOf(carried.lambda);
      const before = carried.mu && tensorsOf(carried.mu);
      const mu = lambda.map((each, at) => {
        const pull = each.mul(rate).neg();
        return before ? before[at].mul(momentum).add(pull) : pull;
      });
      const learnt = tensorsOf(outer);
      const derived = grad(innerProduct(gradient, mu), [...learnt, ...(frozen ? [] : tensorsOf(student.theta))]);
      const sums = tensorsOf(carried.sums.outer).map((sum, at) => sum.add(derived[at]));
      return {
        ...(frozen
          ? {}
          : {
              lambda: withTensors(
                carried.lambda,
                lambda.map((each, at) => each.add(derived[learnt.length + at])),
              ),
            }),
        ...(carried.mu ? { mu: withTensors(carried.mu, mu) } : {}),
        sums: {
          outer: withTensors(carried.sums.outer, sums),
          rate: carried.sums.rate.sub(innerProduct(velocityOf(student, gradient), lambda)),
        },
      };
    },
    { donate: frozen ? ["mu", "sums"] : ["lambda", "mu", "sums"] },
  );

  return { advance, finish, retreat };
}

/** MTT's loss: |end - target|^2 / |start - target|^2 over all parameters. */
export function trajectoryLoss(end: TensorTree, { start, target }: { start: TensorTree; target: TensorTree }): Tensor {
  return treeDistance(end, target).div(treeDistance(start, target));
}

function treeDistance(a: TensorTree, b: TensorTree): Tensor {
  const other = tensorsOf(b);
  return tensorsOf(a)
    .map((tensor, at) => squaredDistance(tensor, other[at]))
    .reduce((sum, each) => sum.add(each));
}

function innerProduct(a: readonly Tensor[], b: readonly Tensor[]): Tensor {
  return a.map((tensor, at) => tensor.mul(b[at]).sum()).reduce((sum, each) => sum.add(each));
}

const zeros = (shape: readonly number[]) => ({ shape, data: new Float32Array(sizeOf(shape)) });

function zerosOf(runtime: Runtime, tree: ValueTree): ValueTree {
  const made = mapTree(tree as unknown as Tree<Value>, isValue, ({ shape }) => runtime.backend.upload(zeros(shape)));
  return opaque(made);
}

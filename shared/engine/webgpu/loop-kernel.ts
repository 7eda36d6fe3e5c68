// Writes one kernel for several nodes over the same elements: rows of elements are walked once for each step of
// dependence between their sums, and whatever else the nodes need is computed where it is read.
import { invariant } from "../../lib/invariant.ts";
import type { DType, Node } from "../graph.ts";
import type { Attrs } from "../op.ts";
import { type Shape, sameShape, sizeOf } from "../shape.ts";
import { memoryOrder } from "./indexing.ts";
import type { InlineContext, Place } from "./inline.ts";
import { defineGroupKernel, elementType, floatLiteral, type Kernel, unforeseen } from "./kernel.ts";
import {
  combine,
  difference,
  digitsOf,
  fixed,
  type Index,
  indexKey,
  isMultiple,
  type Loop,
  named,
  quarter,
  shift,
  writeIndex,
} from "./linear-index.ts";
import { inlineOf, isReduction, reductionOf } from "./lower.ts";

/** What a kernel goes over: every element of `shape`, those along `reduced` axes together as one row. */
export interface Space {
  readonly shape: Shape;
  /** Of memory that is laid out like the space: gives the order of its axes. */
  readonly strides: readonly number[];
  readonly reduced: readonly number[];
  /** Into how many parts each row is cut; each part is a row of its own, and its sums are told apart. */
  readonly parts: number;
}

/** Where a tensor lies. */
export interface Stored {
  readonly memory: number;
  readonly strides: readonly number[];
}

export interface LoopRequest {
  readonly space: Space;
  /** In the order of their dependence. */
  readonly members: readonly Node[];
  /** Where the kernel finds a node that was computed before. */
  readonly find: (node: Node) => Stored | undefined;
  /** Where the kernel leaves a member. */
  readonly store: (member: Node) => Stored;
  /** Whether anything but this kernel needs a member. */
  readonly isKept: (member: Node) => boolean;
  /** Invocations that keep the device busy. */
  readonly busy: number;
}

export interface LoopKernel {
  readonly kernel: Kernel;
  /** Memory behind each binding; those from `firstWritten` on are written. */
  readonly memory: readonly number[];
}

/** The nodes cannot be computed together: some element needs sums of other rows. */
export class Unfusable extends Error {}

const MAX_LANES = 32;
/** Invocations of a workgroup that walk rows: on a CPU, which `busy` tells, no more than fill a core, so that all cores have some. */
const groupOf = (busy: number) => Math.min(64, Math.max(8, busy / 8));
const ELEMENTWISE_GROUP = 64; /** Steps of a row that an invocation takes at least: fewer are not worth a barrier, with which a software adapter compiles three times as long. */
const stepsPerLane = (busy: number) => Math.max(16, 2 ** 14 / busy);

/** A constant that WGSL can write down. */
export const isLiteral = (node: Node): boolean =>
  node.op.name === "constant" && Number.isFinite(Math.fround(node.attrs.value as number));

const powerOfTwo = (most: number) => 2 ** Math.max(0, Math.floor(Math.log2(most)));

/** How a kernel's invocations share its elements. */
interface Walk {
  /** Rows side by side, fours counted once; and all parts of them. */
  readonly rows: number;
  readonly parts: number;
  readonly total: number;
  /** Steps of a row, and of a part of it. */
  readonly length: number;
  readonly chunk: number;
  /** Whether a step takes four neighbours of the row. */
  readonly loopStep: 1 | 4;
  /** Invocations that share a row, and rows that a workgroup takes. */
  readonly lanes: number;
  readonly columns: number;
  /** Invocations of a workgroup. */
  readonly group: number;
  /** Whether neighbouring invocations take neighbouring rows, which lie side by side in memory. */
  readonly sideBySide: boolean;
}

interface Access {
  readonly name: string;
  readonly dtype: DType;
  scalar: boolean;
  vector: boolean;
}

/** Elements that are computed in no time either way: one by one, with a quarter of what a driver has to compile. */
const FEW = 4096;

/** The kernel of the members, four neighbours at a time where there are many and all of them can. Throws Unfusable. */
export function writeLoopKernel(request: LoopRequest): LoopKernel {
  if (sizeOf(request.space.shape) <= FEW) return write(request, false);
  try {
    return write(request, true);
  } catch (error) {
    if (!(error instanceof Unfusable)) throw error;
    return write(request, false);
  }
}

function write(request: LoopRequest, byFours: boolean): LoopKernel {
  const first = new Writer(request, byFours, new Set());
  const kernel = first.write();
  const mixed = first.mixed();
  return mixed.size === 0 ? kernel : new Writer(request, byFours, mixed).write();
}

class Writer {
  readonly #request: LoopRequest;
  /** Memory that is read by ones and by fours: bound as single elements. */
  readonly #byOnes: ReadonlySet<number>;
  readonly #accesses = new Map<number, Access>();
  readonly #written = new Set<number>();
  /** The sums of the row at hand. */
  readonly #registers = new Map<Node, string>();
  readonly #walk: Walk;
  readonly #rowLines: string[] = [];
  #loopLines: string[] | undefined;
  readonly #rowNames = new Map<string, string>();
  readonly #loopNames = new Map<string, string>();
  readonly #rowMemo = new Map<string, string>();
  readonly #loopMemo = new Map<string, string>();
  readonly #declarations = new Set<string>();
  #names = 0;
  /** Reads of memory that the text has so far. */
  #loads = 0;
  readonly #rows: Loop;
  /** Coordinates along each axis of the space. */
  readonly #at: Index[];
  /** The axis that goes four at a time. */
  readonly #vector: number | undefined;
  readonly #part: Index;

  constructor(request: LoopRequest, byFours: boolean, byOnes: ReadonlySet<number>) {
    this.#request = request;
    this.#byOnes = byOnes;
    const { shape, strides, reduced, parts } = request.space;
    const order = memoryOrder(strides);
    const inner = order.filter((axis) => shape[axis] > 1).at(-1);
    this.#vector = inner !== undefined && byFours && shape[inner] % 4 === 0 && this.#isFloat() ? inner : undefined;
    const kept = order.filter((axis) => !reduced.includes(axis));
    const folded = order.filter((axis) => reduced.includes(axis));
    const loop = (name: string, axes: readonly number[]): Loop => ({
      name,
      step: this.#vector !== undefined && axes.includes(this.#vector) ? 4 : 1,
      length: axes.reduce((product, axis) => product * shape[axis], 1),
    });
    const rows = loop(parts > 1 ? "rowAt" : "row", kept);
    this.#rows = rows;
    const elements = loop("eAt", folded);
    const place = (axes: readonly number[], of: Loop) =>
      digitsOf(
        of,
        axes.map((axis) => shape[axis]),
      ).map((index, each) => [axes[each], index] as const);
    const at = new Map([...place(kept, rows), ...place(folded, elements)]);
    this.#at = shape.map((_, axis) => at.get(axis) as Index);
    this.#part = parts > 1 ? named("part", parts) : fixed(0);
    const total = (rows.length / rows.step) * parts;
    const length = elements.length / elements.step;
    const chunk = Math.ceil(length / parts);
    const lanes =
      reduced.length === 0
        ? 1
        : powerOfTwo(Math.min(chunk / stepsPerLane(request.busy), request.busy / total, MAX_LANES));
    const group = reduced.length === 0 ? ELEMENTWISE_GROUP : Math.max(lanes, groupOf(request.busy));
    const columns = group / lanes;
    this.#walk = {
      rows: rows.length / rows.step,
      parts,
      total,
      length,
      chunk,
      loopStep: elements.step,
      lanes,
      columns,
      group,
      sideBySide: rows.step === 4,
    };
  }

  #isFloat(): boolean {
    return this.#request.members.every(({ dtype }) => dtype === "f32");
  }

  mixed(): Set<number> {
    return new Set([...this.#accesses].filter(([, { scalar, vector }]) => scalar && vector).map(([memory]) => memory));
  }

  write(): LoopKernel {
    const { members } = this.#request;
    const { lanes, columns, group, rows, parts, total, sideBySide } = this.#walk;
    const phases = this.#phases();
    const last = Math.max(...phases.values());
    for (let phase = 0; phase <= last; phase++) this.#writePhase(phase, phases);

    const head = [
      lanes === 1
        ? `let at = job * ${group}u + lane;`
        : `let at = job * ${columns}u + ${sideBySide ? `lane % ${columns}u` : `lane / ${lanes}u`};`,
      ...(lanes === 1 ? [] : [`let turn = ${sideBySide ? `lane / ${columns}u` : `lane % ${lanes}u`};`]),
      lanes === 1 ? "if (at >= sizes.rows) { return; }" : "",
      lanes === 1 ? "let row = at;" : "let row = min(at, sizes.rows - 1u);",
      ...(parts > 1 ? [`let part = row / ${rows}u;`, `let rowAt = row % ${rows}u;`] : []),
    ];
    // What is written is bound last.
    const isWritten = (memory: number) => this.#written.has(memory);
    const ordered = [...this.#accesses].sort(([a], [b]) => Number(isWritten(a)) - Number(isWritten(b)));
    const names = new Map(ordered.map(([, { name }], index) => [name, `b${index}`]));
    const buffers = ordered.map(([, { name, dtype, scalar }], index) => ({
      slot: index,
      name: names.get(name) as string,
      type: elementType(dtype, scalar ? 1 : 4),
    }));
    const written = ordered.filter(([memory]) => isWritten(memory)).length;
    invariant(written > 0, `a kernel of ${members.length} nodes leaves nothing`);
    const kernel = defineGroupKernel({
      reads: buffers.slice(0, -written),
      writes: buffers.slice(-written),
      // How often all is repeated, as for another batch, does not matter to the text.
      sizes: { rows: total },
      groups: Math.ceil(total / columns),
      workgroupSize: group,
      declarations: [...this.#declarations].join("\n"),
      body: [...head, ...this.#rowLines].join("\n").replace(/\bmem\d+\b/g, (name) => names.get(name) as string),
    });
    return { kernel, memory: ordered.map(([memory]) => memory) };
  }

  /** The pass over the rows in which each member is computed: after the sums that it needs. */
  #phases(): Map<Node, number> {
    const { members, find } = this.#request;
    const inside = new Set(members);
    const phases = new Map<Node, number>();
    const seen = new Map<Node, number>();
    const ready = (node: Node): number => {
      const known = seen.get(node);
      if (known !== undefined) return known;
      let phase = 0;
      if (!find(node)) {
        for (const input of node.inputs) {
          phase = Math.max(phase, ready(input));
        }
        // A sum is there for whoever needs it only when its own pass has ended.
        if (inside.has(node) && isReduction(node)) phase += 1;
      }
      seen.set(node, phase);
      return phase;
    };
    for (const member of members) phases.set(member, isReduction(member) ? ready(member) - 1 : ready(member));
    return phases;
  }

  #writePhase(phase: number, phases: ReadonlyMap<Node, number>): void {
    const { members } = this.#request;
    const { lanes, columns, group, sideBySide, chunk, length, loopStep, parts } = this.#walk;
    const now = members.filter((member) => phases.get(member) === phase);
    const sums = now.filter(isReduction);
    const walked = now.filter((member) => !isReduction(member) && this.#isElementwise(member));

    for (const member of now) {
      if (!isReduction(member) && !this.#isElementwise(member)) this.#storeMember(member);
    }
    if (sums.length === 0 && walked.length === 0) return;

    const lines: string[] = [];
    this.#loopLines = lines;
    this.#loopNames.clear();
    this.#loopMemo.clear();
    const accumulators = sums.map((node) => ({ node, name: `t${this.#names++}` }));
    for (const { node, name } of accumulators) {
      const value = this.#value(node.inputs[0], { at: this.#at, vector: this.#vector });
      lines.push(`${name} = ${this.#fold(node, name, value, this.#type())};`);
    }
    for (const member of walked) this.#storeMember(member);
    this.#loopLines = undefined;

    const from = [parts > 1 ? `part * ${chunk}u` : "", lanes > 1 ? "turn" : ""].filter(Boolean).join(" + ") || "0u";
    const to = parts > 1 ? `min((part + 1u) * ${chunk}u, ${length}u)` : unforeseen(length);
    this.#rowLines.push(
      ...accumulators.map(({ node, name }) => {
        // Minus infinity, which WGSL refuses where it can tell beforehand.
        const start = reductionOf(node)?.reduce === "max" ? "bitcast<f32>(0xff800000u | min(lane, 0u))" : "0.0f";
        return `var ${name} = ${this.#type()}(${start});`;
      }),
      ...(parts > 1 ? [`let stop${phase} = ${to};`] : []),
      ...(lanes === 1 ? [] : ["if (at < sizes.rows) {"]),
      `for (var eAt = ${from}; eAt < ${parts > 1 ? `stop${phase}` : to}; eAt += ${lanes}u) {`,
      ...lines,
      "}",
      ...(lanes === 1 ? [] : ["}"]),
    );

    // Four neighbours of one row are one sum.
    const type = loopStep === 4 ? "f32" : this.#type();
    const inOne = (name: string) => (loopStep === 4 ? `${name}_one` : name);
    if (loopStep === 4) {
      for (const { node, name } of accumulators) {
        const half = (a: string, b: string) => this.#fold(node, `${name}.${a}`, `${name}.${b}`, "f32");
        this.#rowLines.push(
          `let ${name}_xy = ${half("x", "y")};`,
          `let ${name}_zw = ${half("z", "w")};`,
          `let ${name}_one = ${this.#fold(node, `${name}_xy`, `${name}_zw`, "f32")};`,
        );
      }
    }
    if (lanes > 1 && accumulators.length > 0) {
      for (const { name } of accumulators) {
        this.#declarations.add(`var<workgroup> ${name}_lanes: array<${type}, ${group}>;`);
        this.#rowLines.push(`${name}_lanes[lane] = ${inOne(name)};`);
      }
      this.#rowLines.push("workgroupBarrier();");
      const [first, step] = sideBySide ? [`lane % ${columns}u`, columns] : ["lane - turn", 1];
      for (const { node, name } of accumulators) {
        const other = `${name}_lanes[${first} + other * ${step}u]`;
        this.#rowLines.push(
          `var ${name}_row = ${name}_lanes[${first}];`,
          `for (var other = 1u; other < ${unforeseen(lanes)}; other++) {`,
          `${name}_row = ${this.#fold(node, `${name}_row`, other, type)};`,
          "}",
        );
      }
    }
    for (const { node, name } of accumulators) this.#registers.set(node, lanes > 1 ? `${name}_row` : inOne(name));
    for (const { node } of accumulators) this.#storeMember(node);
  }

  #type(): "f32" | "vec4f" {
    return this.#vector === undefined ? "f32" : "vec4f";
  }

  #fold(node: Node, a: string, b: string, type: "f32" | "vec4f"): string {
    if (reductionOf(node)?.reduce === "sum") return `${a} + ${b}`;
    // `max` may drop a NaN, which must reach the host: where either operand is one, so is the sum.
    return `select(max(${a}, ${b}), ${a} + ${b}, ${this.#isNan(a, type)} | ${this.#isNan(b, type)})`;
  }

  #isNan(x: string, type: string): string {
    if (type === "f32") {
      this.#declarations.add("fn isNan(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u; }");
      return `isNan(${x})`;
    }
    this.#declarations.add(
      "fn isNan4(x: vec4f) -> vec4<bool> { return (bitcast<vec4u>(x) & vec4u(0x7fffffffu)) > vec4u(0x7f800000u); }",
    );
    return `isNan4(${x})`;
  }

  /** Whether a member has an element for each of the space's. */
  #isElementwise(member: Node): boolean {
    const { shape, reduced } = this.#request.space;
    return reduced.length > 0 && sameShape(member.shape, shape);
  }

  /** Coordinates of a member's element for the row or element at hand. */
  #placeOf(member: Node): Place {
    const { shape, reduced, parts } = this.#request.space;
    if (this.#isElementwise(member)) return { at: this.#at, vector: this.#vector };
    if (!isReduction(member)) return this.#placeInRows(member);
    const all = shape.map((_, axis) => axis);
    const isKept = (axis: number) => !reduced.includes(axis);
    const own = member.shape.length === shape.length && parts === 1 ? all : all.filter(isKept);
    const at = own.map((axis) => (isKept(axis) ? this.#at[axis] : fixed(0)));
    const vector = own.findIndex((axis) => axis === this.#vector && isKept(axis));
    const before = parts > 1 ? [this.#part] : [];
    return { at: [...before, ...at], vector: vector < 0 ? undefined : vector + before.length };
  }

  /** The element of a member that lies in its memory where the row lies among the rows. */
  #placeInRows(member: Node): Place {
    const order = memoryOrder(this.#request.store(member).strides);
    const inner = order.filter((axis) => member.shape[axis] > 1).at(-1);
    if (this.#rows.step === 4 && (inner === undefined || member.shape[inner] % 4 !== 0)) {
      throw new Unfusable(`${member.op.name} does not go four at a time`);
    }
    const digits = digitsOf(
      this.#rows,
      order.map((axis) => member.shape[axis]),
    );
    return {
      at: member.shape.map((_, axis) => digits[order.indexOf(axis)]),
      vector: this.#rows.step === 4 ? inner : undefined,
    };
  }

  #storeMember(member: Node): void {
    if (!this.#request.isKept(member)) return;
    const stored = this.#request.store(member);
    const place = this.#placeOf(member);
    const register = this.#registers.get(member);
    const value = register ?? this.#value(member, place);
    const lines = this.#loopLines ?? this.#rowLines;
    const index = combine(place.at.map((each, axis) => [each, stored.strides[axis]]));
    this.#written.add(stored.memory);
    const isByFours = place.vector !== undefined && stored.strides[place.vector] === 1 && isMultiple(index, 4);
    const stores: string[] = [];
    if (place.vector === undefined) {
      stores.push(`${this.#buffer(stored.memory, member.dtype, 1)}[${writeIndex(index)}] = ${value};`);
    } else if (isByFours && !this.#byOnes.has(stored.memory)) {
      stores.push(`${this.#buffer(stored.memory, member.dtype, 4)}[${writeIndex(quarter(index))}] = ${value};`);
    } else {
      const buffer = this.#buffer(stored.memory, member.dtype, 1);
      const step = stored.strides[place.vector];
      for (let at = 0; at < 4; at++)
        stores.push(`${buffer}[${writeIndex(shift(index, at * step))}] = ${value}[${at}u];`);
    }
    const { lanes } = this.#walk;
    if (this.#loopLines || lanes === 1) lines.push(...stores);
    else lines.push("if (turn == 0u && at < sizes.rows) {", ...stores, "}");
  }

  #buffer(memory: number, dtype: DType, width: 1 | 4): string {
    let access = this.#accesses.get(memory);
    if (!access) {
      access = { name: `mem${memory}`, dtype, scalar: false, vector: false };
      this.#accesses.set(memory, access);
    }
    if (width === 4) access.vector = true;
    else access.scalar = true;
    return access.name;
  }

  /** WGSL of a node's element or elements at a place. */
  #value(node: Node, place: Place): string {
    const width = place.vector === undefined ? 1 : 4;
    if (isLiteral(node)) {
      const literal = floatLiteral(node.attrs.value as number);
      // Held by a name: WGSL refuses what it can compute beforehand and finds not finite.
      return this.#bind(width === 4 ? `vec4f(${literal})` : literal);
    }
    const register = this.#registers.get(node);
    if (register) return this.#readRegister(node, register, place);
    const stored = this.#request.find(node);
    if (stored) return this.#load(node, stored, place);
    if (isReduction(node)) throw new Unfusable(`${node.op.name} is needed before its row has been walked`);
    const key = `${node.id}@${place.at.map(indexKey).join(",")}/${place.vector ?? ""}`;
    const known = this.#loopMemo.get(key) ?? this.#rowMemo.get(key);
    if (known) return known;
    const text = this.#inline(node, place) ?? this.#fourOnes(node, place);
    const name = this.#bind(text);
    (this.#isLoopText(name) ? this.#loopMemo : this.#rowMemo).set(key, name);
    return name;
  }

  #fourOnes(node: Node, { at, vector }: Place): string {
    const before = this.#loads;
    const ones = [0, 1, 2, 3].map((by) => {
      // Each of the four is computed from several elements: by ones there is a quarter of the text, and nothing is read twice.
      if (by === 1 && this.#loads > before + 1) throw new Unfusable(`${node.op.name} does not go four at a time`);
      return this.#value(node, {
        at: at.map((index, axis) => (axis === vector ? shift(index, by) : index)),
        vector: undefined,
      });
    });
    return `${node.dtype === "f32" ? "vec4f" : "vec4i"}(${ones.join(", ")})`;
  }

  #inline(node: Node, place: Place): string | undefined {
    const inline = inlineOf(node);
    invariant(inline, `${node.op.name} is neither in memory nor computed where it is read`);
    const type = place.vector === undefined ? "f32" : "vec4f";
    const context: InlineContext = {
      type,
      number: (value) => `${type}(${floatLiteral(value)})`,
      isNan: (x) => this.#isNan(x, type),
      bits: (x) => `bitcast<${type === "f32" ? "u32" : "vec4u"}>(${x})`,
      unsigned: (value) => (type === "f32" ? `${value}u` : `vec4u(${value}u)`),
      inputs: node.inputs,
      output: node,
      attrs: node.attrs,
      place,
      read: (input, from) => {
        const value = this.#value(node.inputs[input], from);
        return type === "vec4f" && from.vector === undefined ? this.#bind(`vec4f(${value})`) : value;
      },
      integer: (input, from) => this.#value(node.inputs[input], from),
      index: (index) => writeIndex(index),
      bind: (wgsl) => this.#bind(wgsl),
    };
    return inline.inline(context as InlineContext<Attrs>);
  }

  #load(node: Node, stored: Stored, { at, vector }: Place): string {
    const index = combine(at.map((each, axis) => [each, stored.strides[axis]]));
    const { memory } = stored;
    this.#loads++;
    if (vector === undefined) return this.#bind(`${this.#buffer(memory, node.dtype, 1)}[${writeIndex(index)}]`);
    const step = stored.strides[vector];
    if (step === 1 && isMultiple(index, 4) && !this.#byOnes.has(memory)) {
      return this.#bind(`${this.#buffer(memory, node.dtype, 4)}[${writeIndex(quarter(index))}]`);
    }
    const buffer = this.#buffer(memory, node.dtype, 1);
    const ones = [0, 1, 2, 3].map((by) => `${buffer}[${writeIndex(shift(index, by * step))}]`);
    return this.#bind(`${node.dtype === "f32" ? "vec4f" : "vec4i"}(${ones.join(", ")})`);
  }

  /** A sum of the row at hand: of other rows there is none. */
  #readRegister(node: Node, name: string, { at, vector }: Place): string {
    const own = this.#placeOf(node);
    if (own.at.length !== at.length) throw new Unfusable(`${node.op.name} is read along other axes`);
    let neighbour = 0;
    at.forEach((index, axis) => {
      if (node.shape[axis] === 1) return;
      const by = difference(index, own.at[axis]);
      if (by === 0) return;
      const isNeighbour = axis === own.vector && vector === undefined && by !== undefined && by > 0 && by < 4;
      if (!isNeighbour) throw new Unfusable(`${node.op.name} of other rows is read`);
      neighbour = by;
    });
    if (vector !== undefined && vector !== own.vector) throw new Unfusable(`${node.op.name} of other rows is read`);
    return own.vector === undefined || vector !== undefined ? name : `${name}[${neighbour}u]`;
  }

  #isLoopText(text: string): boolean {
    return /\be(\d+|At)\b/.test(text);
  }

  /** The name of an expression, computed once a row where no element has part in it. */
  #bind(text: string): string {
    if (/^[a-z]\w*$/.test(text)) return text;
    const inLoop = this.#isLoopText(text);
    const names = inLoop ? this.#loopNames : this.#rowNames;
    let name = names.get(text);
    if (!name) {
      name = `${inLoop ? "e" : "a"}${this.#names++}`;
      names.set(text, name);
      const lines = inLoop ? this.#loopLines : this.#rowLines;
      invariant(lines, "an element is read outside the walk over its row");
      lines.push(`let ${name} = ${text};`);
    }
    return name;
  }
}

/** What a member or a reduction goes over. */
export function spaceOf(node: Node, stridesOf: (node: Node) => readonly number[]): Space {
  const reduction = reductionOf(node);
  if (!reduction) return { shape: node.shape, strides: stridesOf(node), reduced: [], parts: 1 };
  const [input] = node.inputs;
  return {
    shape: input.shape,
    strides: stridesOf(input),
    reduced: node.attrs.axes as readonly number[],
    parts: (node.attrs.parts as number | undefined) ?? 1,
  };
}

/** Whether a space has a row for each element of a node. */
export function fitsRows(node: Node, { shape, reduced, parts }: Space): boolean {
  const rows = shape.reduce((product, length, axis) => (reduced.includes(axis) ? product : product * length), 1);
  return reduced.length > 0 && parts === 1 && sizeOf(node.shape) === rows;
}

export const sameSpace = (a: Space, b: Space): boolean =>
  sameShape(a.shape, b.shape) &&
  sameShape(a.strides, b.strides) &&
  sameShape(a.reduced, b.reduced) &&
  a.parts === b.parts;

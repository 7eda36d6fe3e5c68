// Indices of generated kernels as linear forms: constant + sum of factor * atom, where an atom is one digit of a loop's number
// ((number / weight) % length) or a number that WGSL holds under a name. Places in memory are sums of such forms, and
// digits that memory joins again are written as the number that they came from.

/** The number of a loop: WGSL holds `number / step` under `name`. */
export interface Loop {
  readonly name: string;
  /** How many elements a round takes: 4 where the innermost digit counts four neighbours at once. */
  readonly step: 1 | 4;
  /** Elements in all. */
  readonly length: number;
}

interface Digit {
  readonly loop: Loop;
  readonly weight: number;
  readonly length: number;
}

interface Named {
  readonly name: string;
  /** It is below this. */
  readonly length: number;
}

type Atom = Digit | Named;

interface Term {
  readonly atom: Atom;
  readonly factor: number;
}

export interface Index {
  readonly constant: number;
  readonly terms: readonly Term[];
}

const isDigit = (atom: Atom): atom is Digit => "loop" in atom;
const keyOf = (atom: Atom): string =>
  isDigit(atom) ? `${atom.loop.name}/${atom.weight}%${atom.length}` : `${atom.name}<${atom.length}`;

export const fixed = (constant: number): Index => ({ constant, terms: [] });

/** An index that WGSL holds under `name`, below `length`. */
export const named = (name: string, length: number): Index => ({
  constant: 0,
  terms: length === 1 ? [] : [{ atom: { name, length }, factor: 1 }],
});

/** The digits of a loop's number, one for each length, innermost last. */
export function digitsOf(loop: Loop, lengths: readonly number[]): Index[] {
  let weight = 1;
  return lengths
    .toReversed()
    .map((length): Index => {
      const index = length === 1 ? fixed(0) : { constant: 0, terms: [{ atom: { loop, weight, length }, factor: 1 }] };
      weight *= length;
      return index;
    })
    .reverse();
}

/** constant + sum of factor * index. */
export function combine(parts: readonly (readonly [index: Index, factor: number])[], constant = 0): Index {
  const terms = new Map<string, Term>();
  let sum = constant;
  for (const [index, factor] of parts) {
    sum += index.constant * factor;
    for (const term of index.terms) {
      const key = keyOf(term.atom);
      const before = terms.get(key)?.factor ?? 0;
      terms.set(key, { atom: term.atom, factor: before + term.factor * factor });
    }
  }
  return { constant: sum, terms: [...terms.values()].filter(({ factor }) => factor !== 0) };
}

export const shift = (index: Index, by: number): Index => combine([[index, 1]], by);

/** Two indices with the same key are equal. */
export function indexKey(index: Index): string {
  const { constant, terms } = joined(index);
  const parts = terms.map(({ atom, factor }) => `${factor}*${keyOf(atom)}`).sort();
  return [constant, ...parts].join("+");
}

/** a - b, if that is the same everywhere. */
export function difference(a: Index, b: Index): number | undefined {
  const { constant, terms } = combine([
    [joined(a), 1],
    [joined(b), -1],
  ]);
  return terms.length === 0 ? constant : undefined;
}

/** The same index with neighbouring digits of a loop that belong together as one digit. */
function joined({ constant, terms }: Index): Index {
  const digits = terms.filter((term): term is Term & { atom: Digit } => isDigit(term.atom));
  digits.sort((a, b) => a.atom.loop.name.localeCompare(b.atom.loop.name) || b.atom.weight - a.atom.weight);
  const runs: (Term & { atom: Digit })[] = [];
  for (const term of digits) {
    const last = runs.at(-1);
    const { loop, weight, length } = term.atom;
    const follows =
      last?.atom.loop === loop && last.atom.weight === weight * length && last.factor === term.factor * length;
    if (last && follows) {
      runs[runs.length - 1] = { atom: { loop, weight, length: last.atom.length * length }, factor: term.factor };
    } else runs.push(term);
  }
  return { constant, terms: [...runs, ...terms.filter(({ atom }) => !isDigit(atom))] };
}

/** The largest number that is known to divide an atom. */
const unitOf = (atom: Atom): number => (isDigit(atom) && atom.weight === 1 ? atom.loop.step : 1);

/** Whether the index is always a multiple of `by`. */
export const isMultiple = ({ constant, terms }: Index, by: number): boolean =>
  constant % by === 0 && terms.every(({ atom, factor }) => (factor * unitOf(atom)) % by === 0);

function rangeOf({ constant, terms }: Index): [least: number, most: number] {
  let [least, most] = [constant, constant];
  for (const { atom, factor } of terms) {
    const reach = (atom.length - unitOf(atom)) * factor;
    if (reach > 0) most += reach;
    else least += reach;
  }
  return [least, most];
}

/** Quotient and remainder of an index that is not negative; `bind` names a WGSL expression. */
export function divide(index: Index, by: number, bind: (wgsl: string) => string): { quotient: Index; rest: Index } {
  if (by === 1) return { quotient: index, rest: fixed(0) };
  const [least] = rangeOf(index);
  const whole = least < 0 ? [] : index.terms.filter(({ factor }) => factor % by === 0);
  const wholeConstant = least < 0 ? 0 : Math.floor(index.constant / by) * by;
  const quotient: Index = {
    constant: wholeConstant / by,
    terms: whole.map(({ atom, factor }) => ({ atom, factor: factor / by })),
  };
  const remainder: Index = {
    constant: index.constant - wholeConstant,
    terms: index.terms.filter((term) => !whole.includes(term)),
  };
  const [low, high] = rangeOf(remainder);
  if (low >= 0 && high < by) return { quotient, rest: remainder };
  const [only] = remainder.terms;
  if (remainder.terms.length === 1 && only.factor === 1 && remainder.constant === 0 && isDigit(only.atom)) {
    const { loop, weight, length } = only.atom;
    if (length % by === 0 && by % unitOf(only.atom) === 0) {
      const upper: Index = {
        constant: 0,
        terms: [{ atom: { loop, weight: weight * by, length: length / by }, factor: 1 }],
      };
      const lower: Index = { constant: 0, terms: [{ atom: { loop, weight, length: by }, factor: 1 }] };
      return {
        quotient: combine([
          [quotient, 1],
          [length === by ? fixed(0) : upper, 1],
        ]),
        rest: lower,
      };
    }
  }
  const text = bind(writeIndex(remainder));
  const upper = named(bind(`${text} / ${by}u`), Math.max(2, Math.floor(Math.max(high, 0) / by) + 1));
  return {
    quotient: combine([
      [quotient, 1],
      [upper, 1],
    ]),
    rest: named(bind(`${text} % ${by}u`), by),
  };
}

/** A quarter of an index that is a multiple of four. */
export function quarter({ constant, terms }: Index): Index {
  const quarters = terms.map(({ atom, factor }): Term => {
    if (factor % 4 === 0) return { atom, factor: factor / 4 };
    // What is left is the innermost digit of a loop that goes four at a time: a quarter of it is a digit too.
    const { loop, length } = atom as Digit;
    return { atom: { loop, weight: 4, length: length / 4 }, factor };
  });
  return { constant: constant / 4, terms: quarters.filter(({ atom }) => atom.length > 1) };
}

/** WGSL of an index. */
export function writeIndex(index: Index): string {
  const parts = joined(index).terms.map(({ atom, factor }) =>
    isDigit(atom) ? writeDigit(atom, factor) : times(atom.name, factor),
  );
  const positive = parts.filter(({ sign }) => sign > 0).map(({ text }) => text);
  const negative = parts.filter(({ sign }) => sign < 0).map(({ text }) => text);
  // Unsigned sums wrap, so that a difference that is not negative comes out right in any order.
  if (index.constant > 0 || (positive.length === 0 && index.constant >= 0)) {
    if (index.constant !== 0 || positive.length === 0) positive.push(`${index.constant}u`);
  } else if (index.constant < 0) {
    negative.push(`${-index.constant}u`);
  }
  if (positive.length === 0) positive.push("0u");
  return [positive.join(" + "), ...negative].join(" - ");
}

interface Written {
  readonly text: string;
  readonly sign: 1 | -1;
}

function times(text: string, factor: number): Written {
  const size = Math.abs(factor);
  return { text: size === 1 ? text : `${text} * ${size}u`, sign: factor < 0 ? -1 : 1 };
}

function writeDigit({ loop, weight, length }: Digit, factor: number): Written {
  const isOutermost = weight * length >= loop.length;
  const [per, modulus, scale] =
    weight % loop.step === 0 ? [weight / loop.step, length, factor] : [1, length / loop.step, factor * loop.step];
  const shifted = per === 1 ? loop.name : `${loop.name} / ${per}u`;
  const text = isOutermost ? shifted : `${per === 1 ? shifted : `(${shifted})`} % ${modulus}u`;
  const isName = text === loop.name;
  return times(isName || scale === 1 || scale === -1 ? (isName ? text : `(${text})`) : `(${text})`, scale);
}

// Curves of the schedules: the learning rate at a given step and epoch.
// Twin: native/solver/curve.h.
import { maxParameters } from '../../backend/plan.js';
import { cosPi, power } from '../kernels/math.js';
import { type Archive, mostCounted, ranges } from '../objective/archive.js';

/** The larger, as std::fmax has it. */
export const larger = (a: number, b: number): number => (a > b ? a : b);

/** Half a cosine from one value to another; x in [0, 1]. */
function between(from: number, to: number, x: number): number {
  // By rounding the cosine can be less than -1, and a rate then less than its least.
  return to + (from - to) * 0.5 * larger(1 + cosPi(x), 0);
}

interface At {
  p: Float64Array;
  /** what has no slot among the parameters: milestones, a table, parts */
  list: Float64Array;
  /** η, what the rate begins with */
  initial: number;
  /** counted from 1 after the warm-up, over all fits that go on from each other */
  step: number;
  /** the same, in this fit */
  own: number;
  /** steps after the warm-up in this fit */
  total: number;
  /** epochs done since the warm-up, a fraction */
  done: number;
  /** what waiting for plateaus has left of η */
  reduced: number;
  perEpoch: number;
  /** epochs */
  cycleStart: number;
  /** epochs; 0: not begun */
  cycleLength: number;
}

/** How much of the fit is still to come, in (0, 1]. */
function rest({ own, total }: At): number {
  return larger((total - (own - 1)) / total, 1e-300);
}

/** Cycles that a step passes one by one. */
const mostCycles = 2 ** 16;

/** Whether a cycle can be so long: 0 where none has begun; no shorter than a step, however many an epoch has. */
export const isCycleLength = (x: number): boolean => x === 0 || (ranges.size(x) && x >= 1 / mostCounted);

/** Where in its cycle a step lies, in [0, 1). */
function cycle(at: At): number {
  const { p } = at;
  if (p[2] === 0) return 1 - rest(at);
  if (p[3] === 1) return at.done / p[2] - Math.floor(at.done / p[2]);
  // Steps only go on, so the cycle is looked for from the last one; none is shorter than a step.
  if (!(at.cycleLength > 0)) at.cycleLength = p[2];
  // One of a file, or of epochs of more steps, may be, and each step would pass many of those.
  at.cycleLength = larger(at.cycleLength, 1 / at.perEpoch);
  for (let i = 0; at.done - at.cycleStart >= at.cycleLength && i < mostCycles; i++) {
    const next = at.cycleStart + at.cycleLength;
    if (next === at.cycleStart) break; // too far from 0 for such cycles
    at.cycleStart = next;
    at.cycleLength *= p[3];
  }
  // A fit that begins so far behind has cycles that hardly grow: those that are left count as alike.
  if (at.done - at.cycleStart >= at.cycleLength) {
    at.cycleStart += Math.floor((at.done - at.cycleStart) / at.cycleLength) * at.cycleLength;
  }
  return (at.done - at.cycleStart) / at.cycleLength;
}

/** Of Bottou's heuristic, the rate that `optimal` begins with. */
function typicalWeight(p: Float64Array): number {
  return Math.sqrt(1 / Math.sqrt(p[1]));
}

/** Up to η in the first part `start` of the steps, then down; PyTorch's OneCycleLR. Of too few steps the first has η. */
function oneCycle({ p, initial, own, total }: At): number {
  const low = initial / p[2];
  const lowest = low / p[3];
  const peak = larger(p[1] * total - 1, 0);
  const last = total - 1;
  const done = own - 1;
  if (done <= peak) return between(low, initial, peak > 0 ? done / peak : 1);
  const x = (done - peak) / (last - peak);
  return between(initial, lowest, x < 1 ? x : 1);
}

/** Up and down between η over a divisor and η, each cycle less high than the one before; PyTorch's CyclicLR. */
function triangle({ p, initial, done }: At): number {
  const low = initial / p[3];
  const length = p[1] + p[2];
  const cycle = Math.floor(done / length);
  const x = done / length - cycle;
  const turn = p[1] / length;
  const height = x <= turn ? x / turn : (1 - x) / (1 - turn);
  return low + (initial - low) * (height * power(p[4], cycle));
}

/** By name, in the order of lib/catalog/schedules.ts; parameters begin with warmup. */
export const schedules: readonly {
  name: string;
  parameters: string;
  rate(at: At): number;
  largest?(at: At): number;
}[] = [
  { name: 'constant', parameters: 'warmup', rate: ({ initial }) => initial },
  {
    name: 'invscaling',
    parameters: 'warmup power',
    rate: ({ p, initial, step }) => initial / power(step, p[1]),
  },
  {
    name: 'exponential',
    parameters: 'warmup gamma',
    rate: ({ p, initial, done }) => initial * power(p[1], Math.floor(done)),
  },
  {
    name: 'step',
    parameters: 'warmup stepSize gamma',
    rate: ({ p, initial, done }) => initial * power(p[2], Math.floor(Math.floor(done) / p[1])),
  },
  {
    name: 'polynomial',
    parameters: 'warmup power minimum',
    rate: (at) => at.p[2] + (at.initial - at.p[2]) * power(rest(at), at.p[1]),
    largest: ({ p, initial }) => larger(initial, p[2]),
  },
  {
    name: 'cosine',
    parameters: 'warmup minimum restart restartFactor',
    rate: (at) => between(at.initial, at.p[1], cycle(at)),
    largest: ({ p, initial }) => larger(initial, p[1]),
  },
  { name: 'onecycle', parameters: 'warmup start divisor finalDivisor', rate: oneCycle },
  {
    name: 'plateau',
    parameters: 'warmup factor patience threshold minimum',
    rate: ({ p, initial, reduced }) => larger(initial * reduced, p[4]),
    largest: ({ p, initial }) => larger(initial, p[4]),
  },
  {
    name: 'optimal',
    parameters: 'warmup alpha',
    rate: ({ p, step }) => 1 / (p[1] * (1 / (typicalWeight(p) * p[1]) + step - 1)),
    largest: ({ p }) => typicalWeight(p),
  },
  {
    name: 'multistep',
    parameters: 'warmup gamma',
    rate: ({ p, initial, done, list }) => {
      let passed = 0;
      while (passed < list.length && list[passed] <= Math.floor(done)) passed++;
      return initial * power(p[1], passed);
    },
  },
  { name: 'cyclic', parameters: 'warmup rise fall divisor gamma', rate: triangle },
  {
    name: 'sequential',
    parameters: 'warmup',
    rate: ({ initial }) => initial, // that of its parts
  },
  {
    name: 'lambda',
    parameters: 'warmup',
    rate: ({ initial, done, list }) => initial * list[Math.min(Math.floor(done), list.length - 1)],
    largest: ({ initial, list }) => initial * list.reduce(larger, 0),
  },
];

const plateau = schedules.findIndex(({ name }) => name === 'plateau');
const sequential = schedules.findIndex(({ name }) => name === 'sequential');

/** A part of `sequential`. */
interface Part {
  /** epochs from the beginning */
  from: number;
  /** 0: all that follow */
  epochs: number;
  curve: Curve;
}

export class Curve {
  readonly #kind: number;
  readonly #at: At;
  readonly #parts: Part[] = [];
  #current: Curve = this; // part of the last step
  #best = Number.MAX_VALUE; // not infinite, which has no relative threshold
  #waited = 0;

  constructor(kind: number, p: Float64Array, list: Float64Array, initial: number, perEpoch: number) {
    this.#kind = kind;
    this.#at = {
      p,
      list,
      initial,
      step: 1,
      own: 1,
      total: 0,
      done: 0,
      reduced: 1,
      perEpoch,
      cycleStart: 0,
      cycleLength: 0,
    };
    let from = 0;
    for (let at = 0; kind === sequential && at < list.length; ) {
      const [epochs, factor, kind] = list.subarray(at, at + 3);
      const parameters = list.subarray(at + 3, at + 3 + maxParameters);
      const begin = at + 4 + maxParameters;
      at = begin + list[begin - 1];
      const curve = new Curve(kind, parameters, list.subarray(begin, at), initial * factor, perEpoch);
      this.#parts.push({ from, epochs, curve });
      from += epochs;
    }
  }

  /**
   * `step` counts from 1 over all fits that go on from each other, `own` in this one, of `total`; `done` are epochs, a
   * fraction.
   */
  rate(step: number, own: number, total: number, done: number): number {
    if (this.#parts.length > 0) return this.#rateOfPart(own, total, done);
    const at = this.#at;
    at.step = step;
    at.own = own;
    at.total = total;
    at.done = done;
    return schedules[this.#kind].rate(at);
  }

  /** A part counts its own steps and epochs, warm-up among them. The last one may run over what is left of the fit. */
  #rateOfPart(own: number, total: number, done: number): number {
    const { perEpoch } = this.#at;
    const parts = this.#parts;
    let i = parts.length - 1;
    while (i > 0 && done < parts[i].from) i--;
    const { from, epochs, curve } = parts[i];
    this.#current = curve;
    const warmup = curve.#at.p[0] * perEpoch;
    const step = Math.floor((done - from) * perEpoch + 0.5) + 1;
    if (step <= warmup) return curve.#at.initial * (step / warmup);
    const since = step - Math.floor(warmup);
    const before = larger(own - step, 0); // steps of this fit before the part
    const isNew = own >= step;
    const [ofPart, all] = isNew ? [since, total - before - warmup] : [own, total];
    const isOpen = epochs === 0;
    return curve.rate(
      since,
      isOpen ? ofPart : since,
      isOpen ? all : epochs * perEpoch - warmup,
      (since - 1) / perEpoch,
    );
  }

  /** The largest rate that it has, all told. */
  get largest(): number {
    const { largest } = schedules[this.#kind];
    if (this.#parts.length > 0) return this.#parts.reduce((most, { curve }) => larger(most, curve.largest), 0);
    return largest ? largest(this.#at) : this.#at.initial;
  }

  /** Tells the loss of an epoch, for the schedule that waits for a plateau. */
  epochEnded(loss: number): void {
    if (this.#current !== this) this.#current.epochEnded(loss);
    if (this.#kind !== plateau) return;
    const { p } = this.#at;
    if (loss < this.#best - p[3] * Math.abs(this.#best)) {
      this.#best = loss;
      this.#waited = 0;
    } else if (++this.#waited > p[2]) {
      this.#at.reduced *= p[1];
      this.#waited = 0;
    }
  }

  /** What it knows of the steps before, and its parts likewise: five numbers each. */
  serialize(archive: Archive): void {
    const at = this.#at;
    this.#best = archive.number(this.#best, 'notNaN');
    this.#waited = archive.count(this.#waited);
    at.cycleStart = archive.number(at.cycleStart, 'size');
    at.cycleLength = archive.number(at.cycleLength, 'size');
    archive.require(isCycleLength(at.cycleLength));
    at.reduced = archive.number(at.reduced, 'part');
    for (const { curve } of this.#parts) curve.serialize(archive);
  }

  get stateLength(): number {
    return this.#parts.reduce((length, { curve }) => length + curve.stateLength, 5);
  }
}

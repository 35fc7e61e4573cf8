// The learning rate at a step. Twin: native/solver/schedule.h.
import type { Plan } from '../../plan.js';
import { cosPi, power } from '../kernels/math.js';
import type { Archive } from './archive.js';

/** The larger, as std::fmax has it. */
const larger = (a: number, b: number): number => (a > b ? a : b);

/** Half a cosine from one value to another; x in [0, 1]. */
function between(from: number, to: number, x: number): number {
  return to + (from - to) * 0.5 * (1 + cosPi(x));
}

interface At {
  p: Float64Array;
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

/** Where in its cycle a step lies, in [0, 1). */
function cycle(at: At): number {
  const { p } = at;
  if (p[2] === 0) return 1 - rest(at);
  if (p[3] === 1) return at.done / p[2] - Math.floor(at.done / p[2]);
  // Steps only go on, so the cycle is looked for from the last one; none is shorter than a step.
  if (at.cycleLength === 0) at.cycleLength = larger(p[2], 1 / at.perEpoch);
  while (at.done - at.cycleStart >= at.cycleLength) {
    at.cycleStart += at.cycleLength;
    at.cycleLength *= p[3];
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

/** By name, in the order of catalog.ts; parameters begin with warmup. */
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
];

const plateau = schedules.findIndex(({ name }) => name === 'plateau');

export class Schedule {
  readonly #kind: number;
  readonly #warmup: number; // epochs
  readonly #epochs: number;
  readonly #at: At;
  #best = Number.MAX_VALUE; // not infinite, which has no relative threshold
  #waited = 0;
  // Where this fit takes over: steps before it; how many of them since the warm-up; epochs of other lengths, and steps of
  // epochs of this one's.
  #begun = 0;
  #counted = 0;
  #otherEpochs = 0;
  #alike = 0;

  constructor(plan: Plan, stepsPerEpoch: number) {
    const p = plan.scheduleParameters;
    this.#kind = plan.schedule;
    this.#warmup = p[0];
    this.#epochs = plan.epochs;
    this.#at = {
      p,
      initial: plan.ruleParameters[0],
      step: 1,
      own: 1,
      total: 0,
      done: 0,
      reduced: 1,
      perEpoch: stepsPerEpoch,
      cycleStart: 0,
      cycleLength: 0,
    };
  }

  /** Of the warm-up, how many steps are left when this fit begins; 0 or less: none. */
  get #warmupLeft(): number {
    const { perEpoch } = this.#at;
    return this.#warmup * perEpoch - (this.#otherEpochs * perEpoch + this.#alike);
  }

  /** `step` counts from 1. During the warm-up the rate rises linearly; then the schedule begins. */
  rate(step: number): number {
    const at = this.#at;
    const { perEpoch } = at;
    const here = step - this.#begun;
    const steps = this.#otherEpochs * perEpoch + this.#alike + here;
    const warmup = this.#warmup * perEpoch;
    if (steps <= warmup) return at.initial * (steps / warmup);
    const left = larger(this.#warmupLeft, 0);
    at.own = here - Math.floor(left);
    at.total = this.#epochs * perEpoch - left;
    at.step = this.#counted + at.own;
    at.done = (steps - Math.floor(warmup) - 1) / perEpoch;
    return schedules[this.#kind].rate(at);
  }

  /** The largest rate that it has, all told. */
  get largest(): number {
    const { largest } = schedules[this.#kind];
    return largest ? largest(this.#at) : this.#at.initial;
  }

  /** What goes on in the next fit, after so many steps; another schedule begins anew. */
  carry(archive: Archive, steps: number): void {
    const kind = archive.number(this.#kind);
    const here = steps - this.#begun;
    const since = here - Math.floor(larger(this.#warmupLeft, 0));
    const carried = [this.#counted + larger(since, 0), this.#otherEpochs, this.#alike + here, this.#at.perEpoch];
    const [counted, otherEpochs, alike, perEpoch] = carried.map((value) => archive.number(value));
    const state = new Float64Array(this.#state);
    archive.array(state);
    if (!archive.isRead) return;
    this.#begun = steps;
    if (kind !== this.#kind) return;
    const isAlike = perEpoch === this.#at.perEpoch;
    this.#counted = counted;
    this.#otherEpochs = isAlike ? otherEpochs : otherEpochs + alike / perEpoch;
    this.#alike = isAlike ? alike : 0;
    this.#state = state;
  }

  get #state(): ArrayLike<number> {
    const { cycleStart, cycleLength, reduced } = this.#at;
    return [this.#best, this.#waited, cycleStart, cycleLength, reduced];
  }

  set #state(state: ArrayLike<number>) {
    const at = this.#at;
    [this.#best, this.#waited, at.cycleStart, at.cycleLength, at.reduced] = Array.from(state);
  }

  /** Tells the loss of an epoch, for the schedule that waits for a plateau. */
  epochEnded(loss: number): void {
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

  exchange(archive: Archive): void {
    const state = new Float64Array(this.#state);
    archive.array(state);
    this.#state = state;
  }
}

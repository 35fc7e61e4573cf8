// Schedule: the learning rate at a step, with warm-up and continuation over successive fits.
// Twin: native/solver/schedule.h.
import type { Plan } from '../../backend/plan.js';
import { type Archive, mostCounted } from '../objective/archive.js';
import { Curve, larger, schedules } from './curve.js';

export class Schedule {
  /** The largest rate that it has, all told. */
  readonly largest: number;
  readonly #kind: number;
  readonly #curve: Curve;
  readonly #initial: number;
  readonly #epochs: number;
  readonly #perEpoch: number;
  readonly #warmup: number; // steps
  // Where this fit takes over: steps before it; how many of them since the warm-up; epochs of other lengths, and steps of
  // epochs of this one's.
  #begun = 0;
  #counted = 0;
  #otherEpochs = 0;
  #alike = 0;

  constructor(plan: Plan, stepsPerEpoch: number) {
    const p = plan.scheduleParameters;
    this.#kind = plan.schedule;
    this.#initial = plan.ruleParameters[0];
    this.#epochs = plan.epochs;
    this.#perEpoch = stepsPerEpoch;
    this.#warmup = p[0] * stepsPerEpoch;
    this.#curve = new Curve(plan.schedule, p, plan.scheduleList, this.#initial, stepsPerEpoch);
    this.largest = this.#curve.largest;
  }

  /** Steps of the warm-up that are left when this fit begins. */
  get #warmupLeft(): number {
    return Math.max(this.#warmup - (this.#otherEpochs * this.#perEpoch + this.#alike), 0);
  }

  /** `step` counts from 1. During the warm-up the rate rises linearly; then the schedule begins. */
  rate(step: number): number {
    const perEpoch = this.#perEpoch;
    const here = step - this.#begun;
    // Epochs of other lengths may be a fraction off, by rounding, and in a file they may be anything.
    const steps = larger(this.#otherEpochs * perEpoch + this.#alike + here, 1);
    if (steps <= this.#warmup) return this.#initial * (steps / this.#warmup);
    const left = this.#warmupLeft;
    const own = here - Math.floor(left);
    const done = larger((steps - Math.floor(this.#warmup) - 1) / perEpoch, 0);
    return this.#curve.rate(this.#counted + own, own, this.#epochs * perEpoch - left, done);
  }

  epochEnded(loss: number): void {
    this.#curve.epochEnded(loss);
  }

  /** What goes on in the next fit, after so many steps; another schedule begins anew. */
  carry(archive: Archive, steps: number): void {
    const kind = archive.count(this.#kind, schedules.length - 1);
    const here = steps - this.#begun;
    const since = Math.max(here - Math.floor(this.#warmupLeft), 0);
    const carried = [this.#counted + since, this.#otherEpochs, this.#alike + here, this.#perEpoch];
    const [counted, otherEpochs, alike, perEpoch] = carried.map((value) => archive.number(value, 'size'));
    archive.require(perEpoch >= 1 && [counted, otherEpochs, alike].every((value) => value <= mostCounted));
    const own = this.#curve.stateLength;
    const length = archive.count(own, archive.left);
    const isSame = kind === this.#kind;
    if (isSame && length === own) this.#curve.serialize(archive);
    else archive.array(new Float64Array(length), 'any');
    if (!archive.isRead) return;
    this.#begun = steps;
    if (!isSame) return;
    const isAlike = perEpoch === this.#perEpoch;
    this.#counted = counted;
    this.#otherEpochs = isAlike ? otherEpochs : otherEpochs + alike / perEpoch;
    this.#alike = isAlike ? alike : 0;
  }

  serialize(archive: Archive): void {
    this.#curve.serialize(archive);
  }
}

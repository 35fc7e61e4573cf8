// Descent method: steps of an update rule along the gradients of batches.
// Twin: native/solver/descent.h.

import type { FitJob } from '../../backend/interface.js';
import { coefficientCount, weightCount } from '../../backend/plan.js';
import { axpy, divide } from '../kernels/dense.js';
import { isActive, type Penalty, penaltyValue, stationarity } from '../kernels/penalties.js';
import type { Archive } from '../objective/archive.js';
import type { Batch, Evaluator } from '../objective/objective.js';
import { Averaging } from './averaging.js';
import { Method } from './method.js';
import { Optimizer } from './optimizer.js';
import { Pace } from './pace.js';
import { Sampler } from './sampler.js';
import { Schedule } from './schedule.js';

export class Descent extends Method {
  readonly #job: FitJob;
  readonly #penalty: Penalty;
  readonly #objective: Evaluator;
  readonly #direct: Evaluator; // the same over the rows, where the objective is an expansion
  readonly #sampler: Sampler;
  readonly #optimizer: Optimizer;
  readonly #schedule: Schedule;
  readonly #averaging: Averaging;
  readonly #coefficients: number;
  readonly #w: Float64Array;
  readonly #g: Float64Array;
  readonly #mean: Float64Array; // gradient, of an epoch's batches; 0 between epochs
  readonly #pace = new Pace();
  readonly #batch: Batch = { start: 0, count: 0, index: null };
  #ruleBegan = 0; // steps before the rule's first
  #known = false; // `after` and the gradient belong to the weights: the last loss was a full pass
  #after = 0;
  #previous = Infinity;

  /** `weights`: where it starts; changed in place. */
  constructor(
    job: FitJob,
    objective: Evaluator,
    penalty: Penalty,
    weights: Float64Array,
    direct: Evaluator = objective,
  ) {
    super();
    const { plan, train, indices } = job;
    const size = weightCount(plan);
    this.#job = job;
    this.#penalty = penalty;
    this.#objective = objective;
    this.#direct = direct;
    this.#sampler = new Sampler(plan, train, indices);
    this.#coefficients = coefficientCount(plan);
    const { clipNorm, clipValue } = plan;
    const options = { clipNorm, clipValue, penalty, isNoisy: !this.#sampler.isFull };
    this.#optimizer = new Optimizer(plan.rule, plan.ruleParameters, options, size, this.#coefficients);
    this.#schedule = new Schedule(plan, this.#sampler.steps);
    this.#averaging = new Averaging(plan);
    this.#w = weights;
    this.#g = new Float64Array(size);
    this.#mean = new Float64Array(plan.gradientTolerance > 0 ? size : 0);
  }

  /** Returns the epoch's mean objective: over its batches, each before its update. */
  epoch(epoch: number): number {
    const { plan, train } = this.#job;
    const w = this.#w;
    const g = this.#g;
    const batch = this.#batch;
    let loss = 0;
    let isCut = false;
    let largest = 0; // rate
    this.#sampler.beginEpoch(epoch);
    while (!this.#sampler.atEnd) {
      this.#sampler.next(batch);
      const sum = this.#known ? this.#after : this.#objective.evaluate(batch, w, g);
      this.#known = false;
      const penalty = this.#penaltyAt(w);
      loss += sum + batch.count * penalty;
      if (!Number.isFinite(loss)) break;
      if (plan.stepHistory) this.stepLosses.push(sum / batch.count + penalty);
      this.#watchGradient(batch.count);
      const t = ++this.steps;
      this.rate = this.#schedule.rate(t);
      if (this.rate > largest) largest = this.rate;
      isCut = this.#optimizer.step(w, g, this.rate, t - this.#ruleBegan);
      this.#averaging.add(w, t);
    }
    if (plan.lossAfterUpdate) {
      this.#after = this.#objective.evaluate(this.#objective.everything, w, g);
      this.#known = this.#sampler.isFull;
      loss = this.#after / train.count;
    } else {
      loss /= this.#sampler.perEpoch;
    }
    const change = this.#pace.change(largest, this.#schedule.largest, loss, Math.abs(loss - this.#previous));
    this.change = isCut ? Infinity : change;
    this.#previous = loss;
    return loss;
  }

  get result(): Float64Array {
    return this.#averaging.of(this.#w);
  }

  /** Costs a pass over the rows, but where the next epoch begins with the same one. */
  override objectiveAtResult(): number {
    const rows = this.#sampler.everything;
    const { result } = this;
    let sum: number;
    if (this.#sampler.isFull && result === this.#w) {
      if (!this.#known) this.#after = this.#objective.evaluate(rows, result, this.#g);
      this.#known = true;
      sum = this.#after;
    } else {
      sum = this.#direct.evaluate(rows, result, null);
    }
    return (sum + rows.count * this.#penaltyAt(result)) / rows.count;
  }

  #penaltyAt(weights: Float64Array): number {
    return isActive(this.#penalty) ? penaltyValue(weights, this.#coefficients, this.#penalty) : 0;
  }

  override get rises(): boolean {
    return this.#pace.rises;
  }

  /** An average lags behind the weights whose loss stands still. */
  override confirmsChange(loss: number, tolerance: number): boolean {
    return !this.#averaging.hasBegun || this.objectiveAtResult() <= loss + tolerance;
  }

  /** What batches and an average have is checked against the gradient of all rows. */
  override confirmsGradient(tolerance: number): boolean {
    if (this.#sampler.isFull && !this.#averaging.hasBegun) return true;
    const { result } = this;
    this.#direct.evaluate(this.#sampler.everything, result, this.#mean);
    const norm = this.#norm(result, this.#mean);
    this.#mean.fill(0);
    return norm < tolerance;
  }

  override epochEnded(loss: number): void {
    this.#schedule.epochEnded(loss);
  }

  override get hidesWeights(): boolean {
    return this.#averaging.hasBegun || this.#job.plan.standardize;
  }

  override carry(archive: Archive): void {
    this.steps = archive.count(this.steps);
    // Of a rule that begins anew there are the counts alone.
    if (archive.flag(true)) {
      this.#ruleBegan = archive.count(this.#ruleBegan, this.steps);
      this.#optimizer.serialize(archive);
    } else {
      this.#ruleBegan = this.steps;
    }
    this.#averaging.carry(archive, this.#w.length);
    archive.require(this.#averaging.first <= this.steps);
    this.#schedule.carry(archive, this.steps);
  }

  override serialize(archive: Archive): void {
    super.serialize(archive);
    archive.array(this.#w);
    this.#optimizer.serialize(archive);
    this.#schedule.serialize(archive);
    this.#averaging.serialize(archive);
    archive.require(this.#averaging.first <= this.steps && this.#ruleBegan <= this.steps);
    this.#pace.serialize(archive);
    this.#known = archive.flag(this.#known);
    this.#after = archive.number(this.#after, 'any');
    this.#previous = archive.number(this.#previous, 'notNaN');
    if (this.#known) archive.array(this.#g, 'any');
    this.#objective.serialize?.(archive);
  }

  /**
   * At a batch's gradient: that of an epoch is the mean over its rows, each where it was taken; the last batch's, where it
   * is no more than written down.
   */
  #watchGradient(count: number): void {
    const isOne = this.#sampler.steps === 1 || this.#job.plan.gradientTolerance === 0;
    if (!isOne) axpy(count, this.#g, this.#mean);
    if (!this.#sampler.atEnd) return;
    if (!isOne) divide(this.#sampler.perEpoch, this.#mean, this.#mean.length);
    this.gradientNorm = this.#norm(this.#w, isOne ? this.#g : this.#mean);
    this.#mean.fill(0);
  }

  #norm(weights: Float64Array, g: Float64Array): number {
    let squares = stationarity(weights, g, this.#coefficients, this.#penalty);
    for (let i = this.#coefficients; i < g.length; i++) squares += g[i] * g[i];
    return Math.sqrt(squares);
  }
}

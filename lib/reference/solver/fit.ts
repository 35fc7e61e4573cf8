// The solver loop. Twin: native/solver/fit.cc.
import type { FitJob, Outcome } from '../../backend.js';
import { coefficientCount, type Status, statuses, weightCount } from '../../plan.js';
import { asum } from '../kernels/dense.js';
import { isActive, type Penalty, penaltyValue, stationarity } from '../kernels/penalties.js';
import { Averaging } from './averaging.js';
import { type Batch, Objective } from './objective.js';
import { Optimizer } from './optimizer.js';
import { Sampler } from './sampler.js';
import { Scaling } from './scaling.js';
import { Schedule } from './schedule.js';
import { Stopping } from './stopping.js';

/** One fit, to be run epoch by epoch. */
export class Run {
  readonly #job: FitJob;
  readonly #penalty: Penalty;
  readonly #scaling: Scaling | null;
  readonly #sampler: Sampler;
  readonly #objective: Objective;
  readonly #validation: Objective | null;
  readonly #optimizer: Optimizer;
  readonly #schedule: Schedule;
  readonly #averaging: Averaging;
  readonly #stopping: Stopping;
  readonly #coefficients: number;
  readonly #w: Float64Array;
  readonly #g: Float64Array;
  readonly #batch: Batch = { start: 0, count: 0, index: null };

  // The outcome so far: of completed epochs.
  readonly #kept: Float64Array; // to return if nothing better follows
  readonly #original: Float64Array;
  readonly #loss: number[] = [];
  readonly #validationLoss: number[] = [];
  readonly #learningRate: number[] = [];
  readonly #gradientNorm: number[] = [];
  #epochs = 0;
  #steps = 0;

  #known = false; // `after` and the gradient belong to the weights: the last loss was a full pass
  #after = 0;
  #step = 0;
  #rate = 0;
  #norm = 0;

  constructor(job: FitJob) {
    const { plan, train, validation, indices, penaltyFactors, weights } = job;
    this.#job = job;
    this.#penalty = { l1: plan.l1, l2: plan.l2, nonNegative: plan.nonNegative, factors: penaltyFactors };
    this.#scaling = plan.standardize ? new Scaling(plan, train) : null;
    this.#sampler = new Sampler(plan, train, indices);
    this.#objective = new Objective(plan, train, this.#scaling);
    this.#validation = validation && new Objective(plan, validation, this.#scaling);
    this.#coefficients = coefficientCount(plan);
    const size = weightCount(plan);
    const options = { clipNorm: plan.clipNorm, clipValue: plan.clipValue, penalty: this.#penalty };
    this.#optimizer = new Optimizer(plan.rule, plan.ruleParameters, options, size, this.#coefficients);
    this.#schedule = new Schedule(plan, this.#sampler.steps);
    this.#averaging = new Averaging(plan);
    this.#stopping = new Stopping(plan);
    this.#w = new Float64Array(weights);
    this.#g = new Float64Array(size);
    this.#kept = new Float64Array(size);
    this.#original = new Float64Array(size);
    this.#kept.set(this.#ofX(this.#w));
  }

  /** Runs, pausing after each epoch so that a caller may give the event loop a turn. */
  *epochs(): Generator<void, Outcome> {
    const { plan } = this.#job;
    for (let epoch = 0; epoch < plan.epochs; epoch++) {
      const loss = this.#runEpoch(epoch);
      const result = this.#averaging.of(this.#w);
      const returned = this.#ofX(result);
      if (!Number.isFinite(loss) || !Number.isFinite(asum(returned))) return this.#outcome('diverged');
      let watched = loss;
      if (this.#validation) {
        watched = this.#validation.evaluate(this.#validation.everything, result, null) / this.#validation.table.count;
        this.#validationLoss.push(watched);
      }
      this.#epochs = epoch + 1;
      this.#steps = this.#step;
      if (!plan.stepHistory) this.#loss.push(loss);
      this.#learningRate.push(this.#rate);
      this.#gradientNorm.push(this.#norm);
      this.#schedule.epochEnded(watched);
      if (this.#stopping.improved(watched) || !plan.restoreBest) this.#kept.set(returned);
      if (this.#stopping.converged(loss, this.#norm)) return this.#outcome('converged');
      if (this.#stopping.outOfPatience) return this.#outcome('earlyStopped');
      if (this.#stopping.outOfTime) return this.#outcome('timeLimit');
      yield;
    }
    return this.#outcome('maxEpochs');
  }

  /** Returns the epoch's mean objective: over its batches, each before its update. */
  #runEpoch(epoch: number): number {
    const { plan, train } = this.#job;
    const w = this.#w;
    const g = this.#g;
    const batch = this.#batch;
    let loss = 0;
    this.#sampler.beginEpoch(epoch);
    while (!this.#sampler.atEnd) {
      this.#sampler.next(batch);
      const sum = this.#known ? this.#after : this.#objective.evaluate(batch, w, g);
      const penalty = isActive(this.#penalty) ? penaltyValue(w, this.#coefficients, this.#penalty) : 0;
      loss += sum + batch.count * penalty;
      if (!Number.isFinite(loss)) break;
      if (plan.stepHistory) this.#loss.push(sum / batch.count + penalty);
      if (this.#sampler.atEnd) this.#norm = this.#gradientNormNow();
      const t = ++this.#step;
      this.#rate = this.#schedule.rate(t);
      this.#optimizer.step(w, g, this.#rate, t);
      this.#averaging.add(w, t);
    }
    if (!plan.lossAfterUpdate) return loss / this.#sampler.perEpoch;
    this.#after = this.#objective.evaluate(this.#objective.everything, w, g);
    this.#known = this.#sampler.isFull;
    return this.#after / train.count;
  }

  #gradientNormNow(): number {
    const g = this.#g;
    let squares = stationarity(this.#w, g, this.#coefficients, this.#penalty);
    for (let i = this.#coefficients; i < g.length; i++) squares += g[i] * g[i];
    return Math.sqrt(squares);
  }

  /** The weights of X's own columns. */
  #ofX(weights: Float64Array): Float64Array {
    return this.#scaling ? this.#scaling.toOriginal(weights, this.#original) : weights;
  }

  #outcome(status: Status): Outcome {
    if (this.#job.plan.stepHistory) this.#loss.length = this.#steps;
    return {
      status: statuses.indexOf(status),
      epochs: this.#epochs,
      steps: this.#steps,
      weights: this.#kept,
      loss: new Float64Array(this.#loss),
      validationLoss: new Float64Array(this.#validationLoss),
      learningRate: new Float64Array(this.#learningRate),
      gradientNorm: new Float64Array(this.#gradientNorm),
    };
  }
}

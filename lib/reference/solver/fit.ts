// Fit loop: epochs, stopping, the best epoch, histories, pauses; all methods share it.
// Twin: native/solver/fit.cc.

import { usesGram } from '../../backend/gram.js';
import type { Bounds, EpochEnd, FitJob, Outcome } from '../../backend/interface.js';
import {
  coefficientCount,
  knownPlaces,
  type LoopStatus,
  loopStatuses,
  piecewiseLinearLosses,
  softmaxLoss,
  solverKind,
  squaredLoss,
  weightCount,
} from '../../backend/plan.js';
import { asum } from '../kernels/dense.js';
import type { Penalty } from '../kernels/penalties.js';
import { Archive, stateOf } from '../objective/archive.js';
import { project, projectOriginal, scaledBounds } from '../objective/bounds.js';
import { centreClasses } from '../objective/centre.js';
import { GramObjective } from '../objective/gramobjective.js';
import { type Evaluator, Objective } from '../objective/objective.js';
import { PenalizedObjective } from '../objective/penalizedobjective.js';
import { Scaling } from '../objective/scaling.js';
import { Descent } from './descent.js';
import { Exact } from './exact.js';
import { Interior } from './interior.js';
import { Lbfgs } from './lbfgs.js';
import type { Method } from './method.js';
import { Multipliers } from './multipliers.js';
import { Newton } from './newton.js';
import { RowEquations } from './rowequations.js';
import { RowNewton } from './rownewton.js';
import { shorten } from './shortest.js';
import { Stopping } from './stopping.js';
import { fallAlongWeak } from './weakdescent.js';

/** Of an objective, by how much it falls beyond a minimum that rounding hides. */
const leastFall = 2 ** -22;

/** One fit, to be run epoch by epoch. */
export class Run {
  readonly #job: FitJob;
  readonly #scaling: Scaling | null;
  readonly #weights: Float64Array; // as the method changes them
  readonly #bounds: Bounds | null; // in the units of the fit's own columns
  readonly #penalty: Penalty;
  readonly #method: Method;
  readonly #validation: Objective | null;
  readonly #stopping: Stopping;
  readonly #firstEpoch: number = 0; // with what was carried from another fit
  readonly #carriedScaling: Float64Array | null = null; // of standardized columns, as Scaling keeps it
  readonly #begun: number; // epochs and steps of this fit that were done before
  readonly #stepsBefore: number;

  // The outcome so far: of completed epochs.
  readonly #kept: Float64Array; // to return if nothing better follows
  readonly #original: Float64Array;
  readonly #loss: number[] = [];
  readonly #validationLoss: number[] = [];
  readonly #learningRate: number[] = [];
  readonly #gradientNorm: number[] = [];
  #keptCarry: Float64Array | null = null; // what goes with them, where others than the last may be returned
  #meanLoss = NaN;
  #gap = NaN;
  #remainingDecrease = NaN;
  #lastDecrease = NaN;
  #epochs = 0;
  #steps = 0;
  #status: LoopStatus | null = null; // null: there is more to do
  #last: EpochEnd | null = null;

  /** `objective`: of the caller's, in place of the loss over the rows of the job. */
  constructor(job: FitJob, objective?: Evaluator) {
    const { plan, train, validation, weights, state, carried, known } = job;
    this.#job = job;
    const archive = carried && carried.length > 0 ? new Archive(carried) : null;
    if (carried && plan.standardize) this.#carriedScaling = new Float64Array(1 + 3 * plan.cols);
    if (archive) {
      this.#firstEpoch = archive.count(0);
      this.#exchangeScaling(archive);
    }
    const kept = this.#carriedScaling ?? known?.subarray(knownPlaces(plan).scaling);
    this.#scaling = plan.standardize || (plan.solver > 0 && !objective) ? new Scaling(plan, train, kept) : null;
    this.#validation = validation && new Objective(plan, validation, this.#scaling);
    this.#stopping = new Stopping(plan);
    this.#original = new Float64Array(weightCount(plan));
    this.#kept = weights.slice();
    if (job.bounds) projectOriginal(job.bounds, plan, this.#scaling, this.#kept, null);
    this.#bounds = job.bounds && this.#scaling ? scaledBounds(job.bounds, plan, this.#scaling) : job.bounds;
    this.#weights = this.#kept.slice();
    this.#scaling?.fromOriginal(this.#weights);
    if (archive) this.#exchangeWeights(archive, false);
    if (this.#bounds) project(this.#bounds, this.#weights, coefficientCount(plan));
    this.#penalty = { l1: plan.l1, l2: plan.l2, factors: job.penaltyFactors, bounds: this.#bounds };
    this.#method = this.#methodOf(objective ?? new Objective(plan, train, this.#scaling), this.#weights);
    if (archive) {
      this.#method.carry(archive);
      archive.requireEnd();
    }
    if (state) {
      const paused = new Archive(state);
      this.#serialize(paused);
      paused.requireEnd();
    }
    this.#begun = this.#epochs;
    this.#steps = this.#stepsBefore = this.#method.steps;
  }

  #methodOf(objective: Evaluator, weights: Float64Array): Method {
    const { plan } = this.#job;
    const penalty = this.#penalty;
    const smooth = new PenalizedObjective(objective, penalty, coefficientCount(plan));
    if (plan.solver === solverKind.lbfgs) {
      if (this.#scaling && piecewiseLinearLosses.includes(plan.loss)) {
        return new Multipliers(plan, this.#job.train, this.#scaling, smooth, weights);
      }
      const rows = this.#scaling && { table: this.#job.train, scaling: this.#scaling };
      return new Lbfgs(plan, smooth, weights, rows);
    }
    if (plan.solver === solverKind.exact && this.#scaling) {
      const { train, known } = this.#job;
      return new Exact(plan, train, this.#scaling, smooth, objective as Objective, weights, known);
    }
    if (plan.solver === solverKind.newton && this.#scaling && piecewiseLinearLosses.includes(plan.loss)) {
      return new Interior(plan, this.#job.train, smooth, this.#scaling, weights);
    }
    if (plan.solver === solverKind.newton && this.#scaling) {
      const { train, known } = this.#job;
      const isSmooth = plan.loss !== squaredLoss && plan.loss !== softmaxLoss;
      if (isSmooth && RowEquations.suit(plan, train, penalty)) {
        return new RowNewton(plan, train, smooth, objective as Objective, this.#scaling, weights);
      }
      return new Newton(plan, train, smooth, objective as Objective, this.#scaling, weights, known);
    }
    const { train } = this.#job;
    const evaluator = usesGram(plan, train.count)
      ? new GramObjective(plan, train, this.#scaling, objective as Objective, 'sums')
      : objective;
    return new Descent(this.#job, evaluator, penalty, weights, objective);
  }

  /** Whether the weights to return are those of the least objective over the training rows, the start among them. */
  get #watchesTraining(): boolean {
    return this.#job.plan.restoreBest && !this.#validation;
  }

  #end(status: LoopStatus): false {
    this.#status = status;
    return false;
  }

  /** Runs the next epoch. False: none has completed, the fit is at its end. */
  advance(): boolean {
    if (this.#status) return false;
    const { plan } = this.#job;
    const method = this.#method;
    const epoch = this.#epochs;
    if (epoch >= plan.epochs) {
      this.#shortenWeights();
      return this.#end('maxEpochs');
    }
    if (plan.pauseAfter > 0 && epoch - this.#begun === plan.pauseAfter) return this.#end('paused');
    if (epoch === 0) this.#keep(this.#kept);
    if (epoch === 0 && this.#watchesTraining) this.#stopping.isBest(method.objectiveAtResult(Infinity));
    const loss = method.epoch(this.#firstEpoch + epoch);
    const returned = this.#returned();
    if (!Number.isFinite(loss) || !Number.isFinite(asum(returned))) return this.#end('diverged');
    let watched = loss;
    if (this.#validation) {
      const rows = this.#validation.everything;
      watched = this.#validation.evaluate(rows, method.result, null) / rows.count;
      this.#validationLoss.push(watched);
    }
    this.#epochs = epoch + 1;
    this.#steps = method.steps;
    this.#lastDecrease = method.lastDecrease;
    if (!plan.stepHistory) this.#loss.push(loss);
    this.#learningRate.push(method.rate);
    this.#gradientNorm.push(method.gradientNorm);
    this.#last = {
      epoch: this.#firstEpoch + this.#epochs,
      step: this.#steps,
      loss,
      validationLoss: this.#validation ? watched : NaN,
      learningRate: method.rate,
    };
    method.epochEnded(watched);
    const improved = this.#stopping.improved(watched, method.rises);
    const isBest = this.#watchesTraining ? this.#stopping.isBest(method.objectiveAtResult(loss)) : improved;
    if (isBest || !plan.restoreBest) {
      this.#keep(returned);
      this.#meanLoss = method.meanLoss;
      this.#gap = method.gap;
      this.#remainingDecrease = method.remainingDecrease;
    }
    this.#status = this.#verdict();
    if (this.#status === 'converged' || this.#status === 'stalled') this.#doubt(loss);
    if (this.#status) this.#shortenWeights();
    return true;
  }

  /** Whether the epoch was the last one. */
  #verdict(): LoopStatus | null {
    const method = this.#method;
    if (method.ended) return method.ended;
    if (this.#hasConverged()) return 'converged';
    if (this.#stopping.outOfPatience) return 'earlyStopped';
    return this.#stopping.outOfTime ? 'timeLimit' : null;
  }

  /** A solver's fit that rounding has ended has stalled, where the objective still falls along nearly equal columns. */
  #doubt(value: number): void {
    const { plan, train } = this.#job;
    const method = this.#method;
    if (!this.#scaling || plan.solver === solverKind.none || !method.mayBeCollinear) return;
    const fall = fallAlongWeak(plan, train, this.#scaling, this.#penalty, method.result, value);
    if (!(fall > leastFall * Math.abs(value)) || fall < this.#stopping.toleranceAt(value)) return;
    this.#status = 'stalled';
    if (!(this.#remainingDecrease > fall)) this.#remainingDecrease = fall;
    if (this.#gap < fall) this.#gap = fall;
  }

  /** Where other weights predict the same: at the end, so that no step has other digits for it. */
  #shortenWeights(): void {
    const { plan, train } = this.#job;
    if (!this.#scaling || this.#epochs === 0 || !this.#method.mayBeCollinear) return;
    const isShorter = shorten(plan, train, this.#scaling, this.#penalty, this.#kept);
    if (isShorter && plan.loss === softmaxLoss) centreClasses(this.#job, this.#kept);
  }

  #hasConverged(): boolean {
    const method = this.#method;
    const { gradientTolerance } = this.#job.plan;
    const { loss } = this.last;
    const tolerance = this.#stopping.toleranceAt(loss);
    if (method.change < tolerance && method.confirmsChange(loss, tolerance)) return true;
    return method.gradientNorm < gradientTolerance && method.confirmsGradient(gradientTolerance);
  }

  /** The epoch that `advance` has run. */
  get last(): EpochEnd {
    return this.#last as EpochEnd;
  }

  /** The weights of X's own columns. */
  #returned(): Float64Array {
    const { original, result } = this.#method;
    const { bounds, plan } = this.#job;
    if (original || (!this.#scaling && !bounds)) return original ?? result;
    if (this.#scaling) this.#scaling.toOriginal(result, this.#original);
    else this.#original.set(result);
    const scaled = this.#bounds && { weights: result, bounds: this.#bounds };
    if (bounds) projectOriginal(bounds, plan, this.#scaling, this.#original, scaled);
    if (plan.loss !== softmaxLoss || plan.solver === solverKind.none) return this.#original;
    centreClasses(this.#job, this.#original);
    if (bounds) projectOriginal(bounds, plan, this.#scaling, this.#original, null);
    return this.#original;
  }

  #serialize(archive: Archive): void {
    this.#epochs = archive.count(this.#epochs);
    archive.array(this.#kept);
    this.#exchangeKeptCarry(archive);
    this.#gap = archive.number(this.#gap, 'measured');
    this.#remainingDecrease = archive.number(this.#remainingDecrease, 'measured');
    this.#lastDecrease = archive.number(this.#lastDecrease, 'any');
    this.#stopping.serialize(archive);
    this.#method.serialize(archive);
  }

  /** What has come of it: to be asked for once. A fit that is left before its end has stopped early. */
  outcome(): Outcome {
    const { plan } = this.#job;
    const status = this.#status ?? 'earlyStopped';
    const loss = plan.stepHistory ? this.#method.stepLosses.slice(0, this.#steps - this.#stepsBefore) : this.#loss;
    return {
      status: loopStatuses.indexOf(status),
      epochs: this.#firstEpoch + this.#epochs,
      steps: this.#steps,
      weights: this.#kept,
      meanLoss: this.#meanLoss,
      gap: this.#gap,
      remainingDecrease: this.#remainingDecrease,
      lastDecrease: this.#lastDecrease,
      loss: new Float64Array(loss),
      validationLoss: new Float64Array(this.#validationLoss),
      learningRate: new Float64Array(this.#learningRate),
      gradientNorm: new Float64Array(this.#gradientNorm),
      state: status === 'paused' ? stateOf({ serialize: (archive) => this.#serialize(archive) }) : null,
      carried: this.#job.carried && this.#carry(status),
    };
  }

  #exchangeKeptCarry(archive: Archive): void {
    const own = this.#keptCarry;
    const length = archive.count(own?.length ?? 0, archive.left);
    const numbers = own?.length === length ? own : new Float64Array(length);
    archive.array(numbers, 'any'); // lib/fitting/online knows what it holds
    this.#keptCarry = length > 0 ? numbers : null;
  }

  /** Columns that the first fit has standardized stay so. */
  #exchangeScaling(archive: Archive): void {
    const numbers = this.#carriedScaling;
    const isThere = archive.flag(numbers !== null);
    archive.require(!isThere || numbers !== null);
    if (isThere && numbers) archive.array(numbers, 'any');
  }

  #exchangeWeights(archive: Archive, areThere: boolean): void {
    if (archive.flag(areThere)) archive.array(this.#weights);
  }

  /** What is carried to the next fit: of the weights that are returned. What has diverged leaves nothing. */
  #carry(status: LoopStatus): Float64Array | null {
    if (this.#keptCarry) return this.#keptCarry;
    return status === 'diverged' ? this.#job.carried : this.#carriedNow();
  }

  #carriedNow(): Float64Array {
    return stateOf({
      serialize: (archive) => {
        archive.count(this.#firstEpoch + this.#epochs);
        this.#exchangeScaling(archive);
        this.#exchangeWeights(archive, this.#method.hidesWeights);
        this.#method.carry(archive);
      },
    });
  }

  /** Keeps weights to return if nothing better follows. */
  #keep(weights: Float64Array): void {
    this.#kept.set(weights);
    if (this.#job.plan.restoreBest && this.#job.carried) this.#keptCarry = this.#carriedNow();
  }
}

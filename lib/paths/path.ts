// fitPath on a backend: the sequence of λ, and where it ends.
import type { Backend, Outcome } from '../backend/interface.js';
import { invalid, NablaError, viewName } from '../base/errors.js';
import { guarded } from '../base/memory.js';
import type { losses } from '../catalog/losses.js';
import { pathOptions } from '../catalog/options.js';
import { type FitGenerator, run, runSync } from '../fitting/course.js';
import { fittedOf } from '../fitting/fit.js';
import { distanceFound } from '../fitting/judge.js';
import { takeOwnership } from '../fitting/own.js';
import { type Call, prepare } from '../fitting/prepare.js';
import { withUnits } from '../fitting/units.js';
import { checkFinite, type FitData } from '../input/data.js';
import type { Label } from '../input/labels.js';
import { elsewhere, type FitOptions, fitOptionNames } from '../input/options.js';
import { readBoolean, readNumber, readObject } from '../input/read.js';
import { leastLoss } from '../metrics/means.js';
import type { Model } from '../model/model.js';
import { power } from '../reference/kernels/math.js';
import { Path } from './lambdapath.js';
import { rowsOf } from './measure.js';
import { lossAt, type NullModel, nullModel } from './nullmodel.js';
import { fitSequence, type PenaltySize } from './sequence.js';

type OfOneFit = 'l1' | 'l2' | 'warmStart' | 'keepState' | 'checkpoint' | 'onProgress';

/**
 * How to fit along λ: the options of a fit but for the penalty and where to start, and these. The default optimizer is
 * `'auto'`; `epochs`, `maxSeconds` and their kin are of the fit at each λ.
 */
export interface PathOptions extends Omit<FitOptions, OfOneFit> {
  /** λ to fit at, from 0, in any order. Default: `count` of them, from the least that leaves no coefficient. */
  lambdas?: ArrayLike<number>;
  /** How many λ, evenly spaced by their logarithms. Default 100. */
  count?: number;
  /** The smallest λ over the largest. Default 1e-4, or 1e-2 for fewer rows than columns. */
  minRatio?: number;
  /** l1 = λ·l1Ratio, l2 = λ·(1 - l1Ratio): glmnet's alpha. Default 1, the lasso. */
  l1Ratio?: number;
  /**
   * Go on to the last λ when smaller ones explain no more, which glmnet's rules tell by family. Default false. A y that is
   * constant to rounding has one λ, 0, in any case.
   */
  full?: boolean;
}

/** Fits along λ on the calling thread. */
export type FitPathSync = <L extends Label = number>(data: FitData<L>, options?: PathOptions) => Path<L>;
/** Fits along λ off the calling thread. */
export type FitPath = <L extends Label = number>(data: FitData<L>, options?: PathOptions) => Promise<Path<L>>;

/** What is asked of a path. */
interface PathRequest {
  /** Falling; null: `count` of them. */
  lambdas: Float64Array | null;
  count: number;
  minRatio: number;
  l1Ratio: number;
  full: boolean;
}

/** A path about to be fitted. */
export interface PathCall {
  call: Call;
  request: PathRequest;
}

const ownNames = ['lambdas', ...Object.keys(pathOptions)];
const ofOneFit: string[] = ['l1', 'l2', 'warmStart', 'keepState', 'checkpoint', 'onProgress'] satisfies OfOneFit[];
const shared = fitOptionNames.filter((name) => !ofOneFit.includes(name));
const places = new Map(elsewhere);
for (const name of ['l1', 'l2']) places.set(name, 'lambdas and l1Ratio: l1 = λ·l1Ratio, l2 = λ·(1 - l1Ratio)');

/** `more`: names of options that the caller reads itself, from `rest`. */
export function preparePath(data: unknown, options: unknown, more: readonly string[] = []) {
  const names = [...shared, ...ownNames, ...more];
  const given = readObject('options', options === undefined ? {} : options, names, places);
  const number = (name: 'count' | 'minRatio' | 'l1Ratio', usual: number): number =>
    given[name] === undefined ? usual : readNumber(name, given[name], pathOptions[name]);
  const forFit = Object.fromEntries(Object.entries(given).filter(([name]) => shared.includes(name)));
  const lambdas = given.lambdas === undefined ? null : readLambdas(given.lambdas);
  if (lambdas && (given.count ?? given.minRatio) !== undefined) {
    throw new NablaError('ERR_UNKNOWN_OPTION', 'lambdas says which λ there are: leave out count and minRatio');
  }
  const full = given.full === undefined ? pathOptions.full.default : readBoolean('full', given.full);
  const l1Ratio = number('l1Ratio', pathOptions.l1Ratio.default);
  // Any penalty of this kind, so that a solver is picked that can do it.
  const call = prepare(data, { optimizer: 'auto', ...forFit, l1: l1Ratio, l2: 1 - l1Ratio });
  const { plan, train } = call.job;
  const request: PathRequest = {
    lambdas,
    count: number('count', pathOptions.count.default),
    minRatio: number('minRatio', train.count < plan.cols ? 1e-2 : pathOptions.minRatio.default),
    l1Ratio,
    full,
  };
  return { call, request, given };
}

/** Numbers from 0, the largest first. */
function readLambdas(value: unknown): Float64Array {
  if (!Array.isArray(value) && viewName(value) !== 'Float64Array') {
    throw invalid('ERR_INVALID_ARG_TYPE', 'lambdas', 'an array of numbers', value);
  }
  const list = value as ArrayLike<unknown>;
  if (list.length === 0) throw invalid('ERR_OUT_OF_RANGE', 'lambdas', 'at least one number', value);
  const option = { kind: 'number', default: 0, range: '[0, ∞)', help: '' } as const;
  const lambdas = Float64Array.from(list, (lambda, i) => readNumber(`lambdas[${i}]`, lambda, option));
  return lambdas.sort().reverse();
}

/** Evenly spaced by their logarithms, from the least that holds all coefficients at 0. */
function spread({ steepest }: NullModel, { count, minRatio, l1Ratio }: PathRequest): Float64Array {
  // With next to no l1 nothing would hold them; glmnet begins there as for a thousandth.
  const largest = steepest / (l1Ratio > 1e-3 ? l1Ratio : 1e-3);
  if (largest === 0) return Float64Array.of(0); // no column bears on y
  return Float64Array.from({ length: count }, (_, i) => largest * power(minRatio, i === 0 ? 0 : i / (count - 1)));
}

export function penaltiesOf(lambdas: Float64Array, l1Ratio: number): PenaltySize[] {
  return Array.from(lambdas, (lambda) => ({ l1: lambda * l1Ratio, l2: lambda * (1 - l1Ratio) }));
}

/**
 * Where a path of λ of its own may end: glmnet's `mnlam`, `devmax` and `fdev` (its glmnet.control, and what its engine
 * makes of them by family).
 */
const stop = { fewest: 5, most: 0.999, leastGain: 1e-5 };

/**
 * Whether smaller λ explain no more, by the parts of the deviance that models explain: of the squared loss the last gain is
 * held against what is explained, of poisson ten times as much over four λ; of other losses (binomial, multinomial and any
 * other family of glmnet) it is taken as it is.
 */
export function explainsNoMore(loss: keyof typeof losses, ratios: readonly number[]): boolean {
  const { fewest, most, leastGain } = stop;
  if (ratios.length < fewest) return false;
  const now = ratios[ratios.length - 1];
  if (now > most) return true;
  if (!(now > 0)) return false; // nothing has come in yet
  const gain = now - ratios[ratios.length - (loss === 'poisson' ? fewest : 2)];
  if (loss === 'poisson') return gain < 10 * leastGain * now;
  return gain < (loss === 'squared' ? leastGain * now : leastGain);
}

export function* pathCourse<L extends Label>(
  model: typeof Model,
  { call, request }: PathCall,
): FitGenerator<{ path: Path<L>; from: NullModel }> {
  const { job } = call;
  const from = yield* nullModel(job);
  if (!Number.isFinite(from.loss)) checkFinite('data', call.raw.data);
  const lambdas = request.lambdas ?? spread(from, request);
  const least = leastLoss(rowsOf(job, job.train, new Float64Array(0)));
  const ratioOf = (loss: number) => (from.loss > least ? 1 - (loss - least) / (from.loss - least) : 0);
  const models: Model<L>[] = [];
  const meanLosses: number[] = [];
  const ratios: number[] = [];
  const penalties = penaltiesOf(lambdas, request.l1Ratio);
  function* each(outcome: Outcome, i: number): FitGenerator<boolean> {
    const penalized = { ...job, plan: { ...job.plan, ...penalties[i] } };
    models.push(model.fromFitted(fittedOf<L>(call, outcome, yield* distanceFound(penalized, outcome, false))));
    const { meanLoss } = outcome;
    const loss = Number.isNaN(meanLoss) ? yield* lossAt(job, job.train, outcome.weights) : meanLoss;
    meanLosses.push(loss);
    ratios.push(ratioOf(loss));
    return !request.full && !request.lambdas && explainsNoMore(call.loss, ratios);
  }
  yield* fitSequence(job, penalties, from, each);
  const path = new Path<L>({
    l1Ratio: request.l1Ratio,
    lambdas: lambdas.slice(0, models.length),
    losses: Float64Array.from(meanLosses),
    devianceRatio: Float64Array.from(ratios),
    models,
  });
  return { path, from };
}

export function createFitPath(computing: Backend, model: typeof Model): { fitPathSync: FitPathSync; fitPath: FitPath } {
  const backend = withUnits(computing);
  return guarded({
    fitPathSync<L extends Label>(data: FitData<L>, options?: PathOptions): Path<L> {
      const { call, request } = preparePath(data, options);
      call.control.check();
      return runSync(backend, pathCourse<L>(model, { call, request })).path;
    },
    async fitPath<L extends Label>(data: FitData<L>, options?: PathOptions): Promise<Path<L>> {
      const { call: given, request } = preparePath(data, options);
      const call = takeOwnership(given);
      const course = pathCourse<L>(model, { call, request });
      return (await call.control.run((watch) => run(backend, course, watch))).path;
    },
  });
}

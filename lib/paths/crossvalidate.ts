// crossValidate on a backend: models along λ on every fold, and the measure on the rows held out.
import type { Backend, FitJob } from '../backend/interface.js';
import type { Table } from '../backend/plan.js';
import { invalid, NablaError } from '../base/errors.js';
import { guarded } from '../base/memory.js';
import { losses } from '../catalog/losses.js';
import { measures } from '../catalog/measures.js';
import { crossValidationOptions } from '../catalog/options.js';
import { type FitGenerator, run, runSync } from '../fitting/course.js';
import { takeOwnership } from '../fitting/own.js';
import { type Call, checkAgain } from '../fitting/prepare.js';
import { withUnits } from '../fitting/units.js';
import type { FitData } from '../input/data.js';
import type { Label } from '../input/labels.js';
import { readChoice, readNumber } from '../input/read.js';
import { classCodes, type RowWeights, rowWeights } from '../input/targets.js';
import type { Model } from '../model/model.js';
import { CrossValidation, type LeftOut } from './crossvalidation.js';
import { dealRows, partition, readFoldIds } from './folds.js';
import type { Path } from './lambdapath.js';
import { type Measure, measured } from './measure.js';
import type { NullModel } from './nullmodel.js';
import { type PathCall, type PathOptions, pathCourse, penaltiesOf, preparePath } from './path.js';
import { fitSequence } from './sequence.js';

/** How to cross-validate: the options of a path but for `validation`, and these. */
export interface CrossValidationOptions extends Omit<PathOptions, 'validation' | 'validationFraction'> {
  /**
   * Parts that the rows of a weight above 0 are dealt into, by `seed`, each with its share of every class. At most as many
   * as such rows; default 10, or that many.
   */
  folds?: number;
  /** Or the part of each row. What a row of weight 0 has is not looked at. */
  foldIds?: ArrayLike<number>;
  /** What models are compared by, on the rows held out. Default `'deviance'`; `'mse'` is the same for least squares. */
  measure?: Measure;
}

/** Cross-validates on the calling thread. */
export type CrossValidateSync = <L extends Label = number>(
  data: FitData<L>,
  options?: CrossValidationOptions,
) => CrossValidation<L>;
/** Cross-validates off the calling thread, the folds side by side. */
export type CrossValidate = <L extends Label = number>(
  data: FitData<L>,
  options?: CrossValidationOptions,
) => Promise<CrossValidation<L>>;

/** A fold: its rows are held out, the others fitted to. */
interface Fold {
  job: FitJob;
  held: Table & RowWeights;
}

/** Folds to measure on, and those that cannot be. */
interface Folds {
  used: Fold[];
  leftOut: LeftOut[];
}

interface Request extends PathCall {
  measure: Measure;
  foldIds: Uint32Array;
}

function prepare(data: unknown, options: unknown): Request {
  const path = preparePath(data, options, ['folds', 'foldIds', 'measure']);
  const { call, given } = path;
  for (const name of ['validation', 'validationFraction']) {
    if (given[name] === undefined) continue;
    throw new NablaError(
      'ERR_UNKNOWN_OPTION',
      `${name} is no option here: every fold holds out rows of its takeOwnership`,
    );
  }
  if (call.job.indices) {
    throw new NablaError('ERR_UNKNOWN_OPTION', 'the sampler "indices" names the rows itself, which a fold must');
  }
  const { rows, seed } = call.job.plan;
  const { used } = call.raw.data;
  const most = used ? used.length : rows;
  const { folds: option } = crossValidationOptions;
  if (given.foldIds !== undefined && given.folds !== undefined) {
    throw new NablaError('ERR_UNKNOWN_OPTION', 'give folds or foldIds, not both');
  }
  const folds = given.folds === undefined ? Math.min(option.default, most) : readNumber('folds', given.folds, option);
  if (most < 2) throw new NablaError('ERR_SHAPE', 'cross-validation needs two rows of a weight above 0; got one');
  if (given.foldIds === undefined && folds > most) {
    throw invalid('ERR_OUT_OF_RANGE', 'folds', `at most ${most} (rows${used ? ' of a weight above 0' : ''})`, folds);
  }
  const foldIds =
    given.foldIds === undefined ? dealRows(rows, folds, seed, codesOf(call), used) : readFoldIds(given.foldIds, rows);
  const measure = readMeasure(given.measure, call);
  checkAgain(call.raw.data); // a getter of a fold may have detached or shrunk the arrays
  return { ...path, foldIds, measure };
}

function readMeasure(value: unknown, { loss, targets }: Call): Measure {
  const measure = readChoice('measure', value === undefined ? 'deviance' : value, measures).name as Measure;
  const kind = losses[loss].predicts === 'class' ? 'classes' : 'numbers';
  const { of } = measures[measure];
  if ((of !== 'all' && of !== kind) || (measure === 'auc' && targets.labels.length > 2)) {
    const what = measure === 'auc' ? 'losses of two classes' : `losses of ${of}`;
    throw new NablaError('ERR_UNKNOWN_OPTION', `measure "${measure}" goes with ${what}; got the loss ${loss}`);
  }
  return measure;
}

/** The class of each row; null where there are none, or rows of a part of each. */
function codesOf({ job, loss, targets, raw }: Call): Float64Array | null {
  const { y } = job.train;
  const { used } = raw.data;
  const areWhole = () => (used ? used.every((row) => Number.isInteger(y[row])) : y.every(Number.isInteger));
  const isOfClasses = losses[loss].predicts === 'class' && (loss !== 'logistic' || areWhole());
  return isOfClasses ? classCodes({ ...targets, y }) : null;
}

function foldsOf({ call, foldIds, measure }: Request): Folds {
  const { job, loss, targets, raw, classWeight } = call;
  const { y } = job.train;
  const tableOf = (index: Uint32Array, classWeight?: unknown) => ({
    ...job.train,
    ...rowWeights(loss, raw.data, { ...targets, y }, index, classWeight),
  });
  const codes = codesOf(call);
  const classesOf = (rows: Uint32Array) => {
    const found = new Set<number>();
    for (const row of rows) found.add((codes ?? y)[row]);
    return found;
  };
  const { index: all } = job.train;
  const classes = codes ? classesOf(all ?? Uint32Array.from(codes, (_, row) => row)) : new Set<number>();
  const count = foldIds.reduce((most, id) => (id > most ? id : most), 0) + 1;
  const folds: Folds = { used: [], leftOut: [] };
  for (let fold = 0; fold < count; fold++) {
    const { held, rest } = partition(foldIds, fold, raw.data.used);
    const reason = whyNot(held, rest, classesOf, classes, measure);
    if (reason) folds.leftOut.push({ fold, reason });
    else folds.used.push({ job: { ...job, train: tableOf(rest, classWeight) }, held: tableOf(held) });
  }
  if (folds.used.length === 0) {
    const [{ fold, reason }] = folds.leftOut;
    throw new NablaError('ERR_OUT_OF_RANGE', `there is no fold to measure on; fold ${fold}: ${reason}`);
  }
  return folds;
}

/** Why the measure of a fold is not defined, or no model of the other rows is; nothing where both are. */
function whyNot(
  held: Uint32Array,
  rest: Uint32Array,
  classesOf: (rows: Uint32Array) => Set<number>,
  classes: Set<number>,
  measure: Measure,
): string {
  if (held.length === 0) return 'it has no row of a weight above 0';
  if (rest.length === 0) return 'the other folds have no row of a weight above 0';
  if (classes.size > 1) {
    const left = classesOf(rest);
    if ([...classes].some((code) => !left.has(code))) return 'the other folds have no row of one of the classes';
  }
  if (measure === 'auc' && classes.size > 0 && classesOf(held).size < 2)
    return 'it has rows of one class only, for which there is no auc';
  return '';
}

/** The measure at each λ on the rows held out, of models fitted to the others. */
function* foldCourse(
  backend: Backend,
  measure: Measure,
  { job, held }: Fold,
  { lambdas, l1Ratio }: Path<Label>,
  { weights }: NullModel,
): FitGenerator<(number | null)[]> {
  const models: Float64Array[] = [];
  // The null model of all rows is a place to start from, but no solution for these.
  const from = { weights, loss: NaN, steepest: NaN, certain: false };
  yield* fitSequence(job, penaltiesOf(lambdas, l1Ratio), from, function* (outcome) {
    models.push(outcome.weights);
    yield null;
    return false;
  });
  return yield* measured(backend, measure, job, held, models);
}

/** What the folds say of a path. */
function resultOf<L extends Label>(
  { measure, foldIds }: Request,
  { used, leftOut }: Folds,
  path: Path<L>,
  values: readonly (readonly (number | null)[])[],
): CrossValidation<L> {
  const weights = used.map(({ held }) => held.weight);
  return new CrossValidation(path, measure, foldIds, leftOut, weights, values);
}

export function createCrossValidate(
  computing: Backend,
  model: typeof Model,
): { crossValidateSync: CrossValidateSync; crossValidate: CrossValidate } {
  const backend = withUnits(computing);
  return guarded({
    crossValidateSync<L extends Label>(data: FitData<L>, options?: CrossValidationOptions): CrossValidation<L> {
      const request = prepare(data, options);
      request.call.control.check();
      const folds = foldsOf(request);
      const { path, from } = runSync(backend, pathCourse<L>(model, request));
      const values = folds.used.map((fold) => runSync(backend, foldCourse(backend, request.measure, fold, path, from)));
      return resultOf(request, folds, path, values);
    },
    async crossValidate<L extends Label>(
      data: FitData<L>,
      options?: CrossValidationOptions,
    ): Promise<CrossValidation<L>> {
      const prepared = prepare(data, options);
      const request = { ...prepared, call: takeOwnership(prepared.call) };
      const folds = foldsOf(request);
      return request.call.control.run(async (watch) => {
        const { path, from } = await run(backend, pathCourse<L>(model, request), watch);
        const values = await Promise.all(
          folds.used.map((fold) => run(backend, foldCourse(backend, request.measure, fold, path, from), watch)),
        );
        return resultOf(request, folds, path, values);
      });
    },
  });
}

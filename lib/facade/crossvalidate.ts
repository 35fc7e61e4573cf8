import type { Backend, FitJob } from '../backend.js';
import { crossValidationOptions, losses, measures } from '../catalog.js';
import { CrossValidation } from '../crossvalidation.js';
import type { FitData } from '../data.js';
import { invalid, NablaError } from '../errors.js';
import { dealRows, partition, readFoldIds } from '../folds.js';
import type { Label } from '../labels.js';
import type { Path } from '../lambdapath.js';
import type { Model } from '../model.js';
import type { Table } from '../plan.js';
import { readChoice, readNumber } from '../read.js';
import { type RowWeights, rowWeights } from '../targets.js';
import { type Course, run, runSync } from './course.js';
import type { Call } from './fit.js';
import { type Measure, measured } from './measure.js';
import type { NullModel } from './nullmodel.js';
import { own } from './own.js';
import { type PathCall, type PathOptions, pathCourse, penaltiesOf, preparePath } from './path.js';
import { fitSequence } from './sequence.js';

/** How to cross-validate: the options of a path but for `validation`, and these. */
export interface CrossValidationOptions extends Omit<PathOptions, 'validation' | 'validationFraction'> {
  /** Parts that the rows are dealt into, by `seed`, each with its share of every class. Default 10. */
  folds?: number;
  /** Or the part of each row. */
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

interface Request extends PathCall {
  measure: Measure;
  foldIds: Uint32Array;
}

function prepare(data: unknown, options: unknown): Request {
  const path = preparePath(data, options, ['folds', 'foldIds', 'measure']);
  const { call, given } = path;
  for (const name of ['validation', 'validationFraction']) {
    if (given[name] === undefined) continue;
    throw new NablaError('ERR_UNKNOWN_OPTION', `${name} is no option here: every fold holds out rows of its own`);
  }
  if (call.job.indices) {
    throw new NablaError('ERR_UNKNOWN_OPTION', 'the sampler "indices" names the rows itself, which a fold must');
  }
  const { rows, seed } = call.job.plan;
  const isClass = losses[call.loss].predicts === 'class';
  const { folds: option } = crossValidationOptions;
  const folds = given.folds === undefined ? option.default : readNumber('folds', given.folds, option);
  if (given.foldIds !== undefined && given.folds !== undefined) {
    throw new NablaError('ERR_UNKNOWN_OPTION', 'give folds or foldIds, not both');
  }
  if (given.foldIds === undefined && folds > rows)
    throw invalid('ERR_OUT_OF_RANGE', 'folds', `at most ${rows} (rows)`, folds);
  const foldIds =
    given.foldIds === undefined
      ? dealRows(rows, folds, seed, isClass ? call.job.train.y : null)
      : readFoldIds(given.foldIds, rows);
  return { ...path, foldIds, measure: readMeasure(given.measure, call) };
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

function foldsOf({ call, foldIds }: Request): Fold[] {
  const { job, loss, targets, raw, classWeight } = call;
  const { y } = job.train;
  const tableOf = (index: Uint32Array) => ({
    ...job.train,
    ...rowWeights(loss, raw.data, { y, labels: targets.labels }, index, classWeight),
    index,
    count: index.length,
  });
  const count = foldIds.reduce((most, id) => (id > most ? id : most), 0) + 1;
  return Array.from({ length: count }, (_, part) => {
    const { held, rest } = partition(foldIds, part);
    return { job: { ...job, train: tableOf(rest) }, held: tableOf(held) };
  });
}

/** The measure at each λ on the rows held out, of models fitted to the others. */
function* foldCourse(
  backend: Backend,
  measure: Measure,
  { job, held }: Fold,
  { lambdas, l1Ratio }: Path<Label>,
  { weights }: NullModel,
): Course<(number | null)[]> {
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
  folds: readonly Fold[],
  path: Path<L>,
  values: readonly (readonly (number | null)[])[],
): CrossValidation<L> {
  const weights = folds.map(({ held }) => held.weight);
  return new CrossValidation(path, measure, foldIds, weights, values);
}

export function createCrossValidate(
  backend: Backend,
  model: typeof Model,
): { crossValidateSync: CrossValidateSync; crossValidate: CrossValidate } {
  return {
    crossValidateSync<L extends Label>(data: FitData<L>, options?: CrossValidationOptions): CrossValidation<L> {
      const request = prepare(data, options);
      request.call.control.check();
      const folds = foldsOf(request);
      const { path, from } = runSync(backend, pathCourse<L>(model, request));
      const values = folds.map((fold) => runSync(backend, foldCourse(backend, request.measure, fold, path, from)));
      return resultOf(request, folds, path, values);
    },
    async crossValidate<L extends Label>(
      data: FitData<L>,
      options?: CrossValidationOptions,
    ): Promise<CrossValidation<L>> {
      const prepared = prepare(data, options);
      const request = { ...prepared, call: own(prepared.call) };
      const folds = foldsOf(request);
      return request.call.control.run(async (watch) => {
        const { path, from } = await run(backend, pathCourse<L>(model, request), watch);
        const values = await Promise.all(
          folds.map((fold) => run(backend, foldCourse(backend, request.measure, fold, path, from), watch)),
        );
        return resultOf(request, folds, path, values);
      });
    },
  };
}

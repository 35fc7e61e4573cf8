// Bad input to many fits: the call fails before anything is fitted, and tells which problem it is.
import { describe, expect, it } from 'vitest';
import { samplerKind } from '../../lib/backend/plan.js';
import { encodePlan } from '../../lib/backend/wire.js';
import type { ErrorCode, FitMany, FitManySync } from '../../lib/index.js';
import { loadAddon, manyArgumentsOf } from '../../lib/native/addon.js';
import { faces, native } from '../support/backends.js';
import { jobOf } from '../support/jobs.js';
import { detach, expectRefusal, expectRejection, normals, problem, resizable, thrown } from '../support/support.js';

const type = 'ERR_INVALID_ARG_TYPE';
const range = 'ERR_OUT_OF_RANGE';
const shape = 'ERR_SHAPE';
const unknown = 'ERR_UNKNOWN_OPTION';
type Row = [name: string, value: unknown, code: ErrorCode, message?: RegExp];

const good = problem(9, 3, 1);
const { X, y } = problem(12, 3, 2);
const offsets = [0, 5, 12];
const listed = (third: unknown) => [good, { X, y }, third];
const gone = normals(12, 3);
detach(gone);
const holed = [good, good, good];
delete holed[1];

const badProblems: Row[] = [
  ['null', null, type, /^problems must be an object/],
  ['undefined', undefined, type],
  ['a number', 5, type],
  ['X itself', X, type],
  ['a hole', holed, type, /^problems\[1\] must be an object; got undefined/],
  ['null among them', listed(null), type, /^problems\[2\] /],
  ['arrays', [[X, y]], type, /^problems\[0\] /],
  ['no y', listed({ X }), type, /^problems\[2\]\.y must be a Float64Array; got undefined/],
  ['X an Int32Array', listed({ X: new Int32Array(36), y }), type, /^problems\[2\]\.X .*Int32Array/],
  ['labels', listed({ X, y: [...y] }), type, /^problems\[2\]\.y .*got an array/],
  ['a misspelt name', listed({ X, y, weight: y }), unknown, /^problems\[2\]\.weight/],
  ['other columns', listed({ X: normals(24, 1), y }), shape, /^problems\[2\]\.X must have 3 columns.*got 2/],
  ['X too short', listed({ X: X.subarray(1), y }), shape, /^problems\[2\]\.X /],
  ['no rows', listed({ X: new Float64Array(0), y: new Float64Array(0) }), shape, /problems\[2\] has none/],
  ['other targets', listed({ X, y: normals(24, 1), rows: 12 }), shape, /^problems\[2\]\.y must have 12 elements/],
  ['rows -1', listed({ X, y, rows: -1 }), range, /^problems\[2\]\.rows/],
  ['weights for one', listed({ X, y, sampleWeight: y }), shape, /^problems\[2\]\.sampleWeight must be left out/],
  ['weights too short', [{ X, y, sampleWeight: y.subarray(1) }], shape, /^problems\[0\]\.sampleWeight /],
  [
    'an offset for one',
    [
      { X, y, offset: y },
      { X, y },
    ],
    shape,
    /^problems\[1\]\.offset must be given/,
  ],
  ['an offset too short', [{ X, y, offset: y.subarray(1) }], shape, /^problems\[0\]\.offset /],
  ['two offsets a row', [{ X, y, offset: normals(24, 1) }], shape, /^offset must have 12/],
  ['detached', listed({ X: normals(36, 1), y: gone }), 'ERR_DETACHED_BUFFER', /^problems\[2\]\.y /],
  ['packed without offsets', { X, y }, type, /^offsets must be an array of row numbers; got undefined/],
  ['no borders', { X, y, offsets: [] }, shape, /^offsets must begin with 0/],
  ['borders not from 0', { X, y, offsets: [1, 5, 12] }, shape, /^offsets\[0\] must be 0; got 1/],
  ['no rows between borders', { X, y, offsets: [0, 5, 5, 12] }, shape, /^offsets\[2\] must be above 5, for problem 1/],
  ['falling borders', { X, y, offsets: [0, 12, 5] }, shape, /problem 1/],
  ['rows behind the last border', { X, y, offsets: [0, 5, 11] }, shape, /^X /],
  ['a border behind the rows', { X, y, offsets: [0, 5, 13] }, shape, /^X /],
  ['a half row', { X, y, offsets: [0, 5.5, 12] }, range, /^offsets\[1\] /],
  ['a border NaN', { X, y, offsets: [0, NaN, 12] }, range],
  ['a border as text', { X, y, offsets: [0, '5', 12] }, type],
  ['more than 2^32 rows', { X, y, offsets: [0, 2 ** 33] }, range],
  ['wrong cols', { X, y, offsets, cols: 4 }, shape, /^X .*12 rows × 4 cols/],
  ['y too short', { X, y: y.subarray(1), offsets }, shape, /^y /],
  ['no y for rows', { X, y: new Float64Array(0), offsets }, shape, /^y /],
  ['weights too short for rows', { X, y, offsets, sampleWeight: y.subarray(1) }, shape, /^sampleWeight /],
  ['an offset too short for rows', { X, y, offsets, offset: y.subarray(1) }, shape, /^offset /],
  ['data without problems', { X, y: y.subarray(0, 0), offsets: [0] }, shape, /^X /],
  ['4 × 0', { X: new Float64Array(0), y, offsets }, shape, /^X must have at least one column/],
];

const badOptions: Row[] = [
  ['a misspelt option', { epoch: 3 }, unknown, /did you mean "epochs"/],
  ['epochs 0', { epochs: 0 }, range],
  ['a warm start', { warmStart: {} }, unknown, /^warmStart is no option of many fits: /],
  ['a checkpoint', { checkpoint: 'x' }, unknown, /^checkpoint /],
  ['a state', { keepState: true }, unknown, /^keepState /],
  ['validation', { validation: good }, unknown, /^validation /],
  ['rows held out', { validationFraction: 0.5 }, unknown, /^validationFraction /],
  ['a history', { history: 'step' }, unknown, /^history /],
  ['weights', { sampleWeight: y }, unknown, /^sampleWeight .*beside X and y/],
  ['indices', { sampler: { name: 'indices', indices: [0] } }, unknown, /^the sampler "indices"/],
  ['batches of all rows', { sampler: 'full', batchSize: 6 }, range, /^batchSize .*at least 7/],
  ['softmax of any classes', { loss: 'softmax' }, type, /^classes must be the number of classes/],
  ['hinge of any classes', { loss: 'hinge' }, type, /^classes must be \[-1, 1\] or \[0, 1\]/],
  ['three classes', { loss: 'logistic', classes: [0, 1, 2] }, 'ERR_INVALID_LABELS', /^classes /],
  ['classes of numbers', { classes: [0, 1] }, unknown, /^classes goes with losses of classes/],
  ['a class of no weight', { loss: 'logistic', classes: [0, 1], classWeight: { 2: 1 } }, unknown, /^classWeight\.2/],
  ['a weight -1', { loss: 'logistic', classes: [0, 1], classWeight: { 0: -1 } }, range, /^classWeight\.0/],
  ['too few penalty factors', { penaltyFactors: [1] }, shape],
  ['exact with l1', { optimizer: 'exact', l1: 1 }, unknown],
];

describe.each(faces)('bad input to many fits: $name', ({ fitMany, fitManySync }) => {
  const both = async (args: unknown[], code: ErrorCode, message?: RegExp) => {
    expectRefusal(fitManySync as FitManySync, args, code, message);
    await expectRejection(fitMany as FitMany, args, code, message);
  };
  it.each(badProblems)('%s', async (_name, problems, code, message) => {
    await both([problems], code, message);
  });

  it.each(badOptions)('options: %s', async (_name, options, code, message) => {
    await both([{ X, y, offsets }, options], code, message);
  });

  it('arrays that another problem, or an option, has detached', async () => {
    const trap = (victim: Float64Array, value: unknown) => ({
      enumerable: true,
      get() {
        detach(victim);
        return value;
      },
    });
    for (const call of [fitManySync, fitMany]) {
      const own = { X: X.slice(), y: y.slice() };
      const later = Object.defineProperty({ X }, 'y', trap(own.X, y));
      const failure = async (run: () => unknown) =>
        Promise.resolve()
          .then(run)
          .then(
            () => null,
            (error) => error,
          );
      expect(await failure(() => call([own, later as never]))).toMatchObject({ code: 'ERR_DETACHED_BUFFER' });
      const packed = { X: X.slice(), y: y.slice(), offsets };
      const classWeight = Object.defineProperty({}, '0', trap(packed.X, 1)) as Record<string, number>;
      packed.y.fill(1);
      const options = { loss: 'logistic', classWeight } as const;
      expect(await failure(() => call(packed, options))).toMatchObject({ code: 'ERR_DETACHED_BUFFER' });
    }
  });

  it('buffers that may shrink are refused off the thread', async () => {
    for (const key of ['X', 'y', 'offset'] as const) {
      const given = { X, y, offset: y, offsets };
      await expectRejection(fitMany, [{ ...given, [key]: resizable(given[key]) }], 'ERR_RESIZABLE_BUFFER');
    }
  });
});

describe.runIf(native)('the addon, of many fits', () => {
  const addon = native ? loadAddon() : null;
  const { plan } = jobOf(good, {});
  const empty = () => new Float64Array(2);
  const results = {
    coefficients: normals(6, 1),
    intercepts: empty(),
    losses: empty(),
    remaining: empty(),
    epochs: empty(),
    steps: empty(),
  };
  const none = { sampleWeight: null, offset: null, penaltyFactors: null, bounds: null };
  const job = { plan, X, y, ...none, borders: Float64Array.from(offsets), ...results, status: new Uint8Array(2) };
  const short = new Float64Array(1);

  it('checks what memory safety needs', () => {
    expect(addon?.fitManySync(...manyArgumentsOf(job))).toBeUndefined();
    expect(addon?.fitManySync(...manyArgumentsOf({ ...job, X: new Float32Array(X) }))).toBeUndefined();
    const wrong: [object, string][] = [
      ...['X', 'y', 'sampleWeight', 'offset', 'penaltyFactors', 'borders', ...Object.keys(results)].map(
        (key): [object, string] => [{ [key]: short }, shape],
      ),
      [{ borders: Float64Array.of(0, 5, 13) }, shape],
      [{ borders: Float64Array.of(0, 5, 5) }, shape],
      [{ borders: Float64Array.of(0, NaN, 12) }, shape],
      [{ borders: Float64Array.of(-1, 5, 12) }, shape],
      [{ borders: Float64Array.of(0, 5.5, 12) }, shape],
      [{ status: short }, type],
      [{ X: null }, type],
      [{ X: new Float32Array(35) }, shape],
      [{ y: new Float32Array(12) }, type],
      [{ plan: { ...plan, sampler: samplerKind.indices } }, range],
      [{ plan: { ...plan, pauseAfter: 1 } }, range],
      [{ plan: { ...plan, loss: 99 } }, range],
      [{ plan: { ...plan, bounded: true } }, shape],
      [{ bounds: { lower: short, upper: short }, plan: { ...plan, bounded: true } }, shape],
    ];
    for (const [change, code] of wrong) {
      const args = manyArgumentsOf({ ...job, ...change } as typeof job);
      expect(
        thrown(() => addon?.fitManySync(...args)),
        JSON.stringify(change),
      ).toMatchObject({ code });
      expect(
        thrown(() => addon?.fitMany(...args, () => {})),
        JSON.stringify(change),
      ).toMatchObject({ code });
    }
    expect(thrown(() => addon?.fitManySync(encodePlan(plan), []))).toMatchObject({ code: type });
    expect(thrown(() => addon?.fitManySync(new Float64Array(3), []))).toMatchObject({ code: shape });
  });
});

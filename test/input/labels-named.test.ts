// Classes by the caller's own labels: strings, numbers, booleans.
import fc from 'fast-check';
import { describe, expect, expectTypeOf, it } from 'vitest';
import type { ErrorCode, FitOptions, Label, Model } from '../../lib/index.js';
import { sgd } from '../../lib/index.js';
import { faces } from '../support/backends.js';
import { detach, expectBits, expectRefusal, expectRejection, problem, runs } from '../support/support.js';

const rows = 60;
const { X, y: first } = problem(rows, 3, 1, 1);
const three = Float64Array.from(first, (y) => (y > 1.5 ? 2 : y > -1 ? 1 : 0));
const two = three.map((place) => (place > 0 ? 1 : 0));
const options = { epochs: 40, optimizer: sgd({ learningRate: 0.2 }) };

const orders: [string, Label[]][] = [
  ['strings by code unit', ['', 'B', 'a', 'é', '￼']],
  ['numbers by value', [-1e300, -2, 0, 0.5, 1, 2, 10, 5e300]],
  ['booleans, false first', [false, true]],
];
const sets: [string, Label[]][] = [...orders, ['names of the prototype', ['__proto__', 'constructor', 'toString']]];

describe.each(faces)('labels: $name', ({ fitSync, fit: fitAsync, Model }) => {
  it.each(sets)('%s are sorted, and stand for the numbers of the loss', async (_name, labels) => {
    const some = labels.slice(0, 3);
    const places = some.length === 3 ? three : two;
    const y = Array.from(places, (place) => some[place]);
    const fitting: FitOptions = { ...options, loss: 'softmax' };
    const expected = fitSync({ X, y: places }, fitting);
    const model = fitSync({ X, y }, fitting);
    expect(model.labels).toEqual(some);
    expectBits(model.coefficients, expected.coefficients);
    expectBits(model.predictProba(X), expected.predictProba(X));
    expect(Array.from<Label>(model.predict(X))).toEqual(Array.from(expected.predict(X), (place) => some[place]));
    expect(await fitAsync({ X, y }, fitting)).toEqual(model);
    const back = Model.fromJSON(JSON.parse(JSON.stringify(model)));
    expect(back).toEqual(model);
    expect(back.predict(X)).toEqual(model.predict(X));
  });

  it.each(orders)('are in order: %s', (_name, labels) => {
    const y = Array.from({ length: rows }, (_, i) => labels[(7 * i) % labels.length]);
    expect(fitSync({ X, y }, { epochs: 1, loss: 'softmax' }).labels).toEqual(labels);
  });

  it.each(['logistic', 'hinge', 'squared_hinge'] as const)('two of %s', (loss) => {
    const fitting: FitOptions = { ...options, loss, classWeight: { no: 3 } };
    const model = fitSync({ X, y: Array.from(two, (place) => (place ? 'yes' : 'no')) }, fitting);
    const expected = fitSync({ X, y: two }, { ...fitting, classWeight: { 0: 3 } });
    expect(model).toMatchObject({ labels: ['no', 'yes'], outputs: 1, loss });
    expectBits(model.coefficients, expected.coefficients);
    expect(model.predict(X)).toEqual(Array.from(expected.predict(X), (place) => (place ? 'yes' : 'no')));
  });

  it('a Float64Array comes from numbers, an array from the rest', async () => {
    const numbers = fitSync({ X, y: Array.from(two, (place) => 3 * place + 1) }, { ...options, loss: 'logistic' });
    expectTypeOf(numbers).toEqualTypeOf<Model<number>>();
    expectTypeOf(numbers.predict(X)).toEqualTypeOf<Float64Array>();
    expect(numbers.predict(X)).toBeInstanceOf(Float64Array);
    expect(new Set(numbers.predict(X))).toEqual(new Set([1, 4]));

    const texts = fitSync({ X, y: Array.from(two, String) }, { ...options, loss: 'logistic' });
    expectTypeOf(texts).toEqualTypeOf<Model<string>>();
    expectTypeOf(texts.predict(X)).toEqualTypeOf<string[]>();
    expectTypeOf(texts.labels).toEqualTypeOf<readonly string[]>();
    expect(Array.isArray(texts.predict(X))).toBe(true);

    const flags = fitSync({ X, y: Array.from(two, Boolean) }, { ...options, loss: 'logistic' });
    expectTypeOf(flags.predict(X)).toEqualTypeOf<boolean[]>();
    expectTypeOf(fitSync({ X, y: two })).toEqualTypeOf<Model<number>>();
    const y = Array.from(two, (place) => (place ? 'b' : 'a'));
    expectTypeOf(await fitAsync({ X, y }, { loss: 'logistic' })).toEqualTypeOf<Model<'a' | 'b'>>();
    expectTypeOf<ReturnType<Model<Label>['predict']>>().toEqualTypeOf<Float64Array | Label[]>();
  });

  it('classes gives the order, and such as no row has', () => {
    const y = Array.from(two, (place) => (place ? 'mid' : 'low'));
    const model = fitSync({ X, y }, { ...options, loss: 'softmax', classes: ['low', 'mid', 'high'] });
    expect(model).toMatchObject({ labels: ['low', 'mid', 'high'], outputs: 3 });
    expectBits(model.coefficients, fitSync({ X, y: two }, { ...options, loss: 'softmax', classes: 3 }).coefficients);
    const swapped = fitSync({ X, y }, { ...options, loss: 'logistic', classes: ['mid', 'low'] });
    expectBits(
      swapped.coefficients,
      fitSync({ X, y: two.map((place) => 1 - place) }, { ...options, loss: 'logistic' }).coefficients,
    );
    const alone = fitSync({ X, y: y.map(() => 'low') }, { ...options, loss: 'logistic', classes: ['low', 'mid'] });
    expect(new Set(alone.predict(X))).toEqual(new Set(['low']));
  });

  it.each(['logistic', 'hinge', 'softmax'] as const)('classes lets a Float64Array hold any numbers: %s', (loss) => {
    const y = two.map((place) => place + 1);
    const model = fitSync({ X, y }, { ...options, loss, classes: [1, 2] });
    expect(model.labels).toEqual([1, 2]);
    const expected = fitSync({ X, y: two }, { ...options, loss });
    expectBits(model.coefficients, expected.coefficients);
    expectBits(
      model.predict(X),
      expected.predict(X).map((place) => place + 1),
    );
    expectBits(
      y,
      two.map((place) => place + 1),
      'y',
    );
    expect(fitSync({ X, y: [...y] }, { ...options, loss })).toEqual(model);
  });

  it('validation goes by the labels of the training rows', () => {
    const y = Array.from(three, (place) => 'abc'[place]);
    const half = { X: X.slice(0, 90), y: y.slice(0, 30) };
    const fitting: FitOptions = { ...options, loss: 'softmax' };
    const model = fitSync({ X, y }, { ...fitting, validation: half });
    const expected = fitSync({ X, y: three }, { ...fitting, validation: { X: half.X, y: three.slice(0, 30) } });
    expectBits(model.history.validationLoss, expected.history.validationLoss);
    const only = fitSync({ X, y }, { ...fitting, validation: { X: half.X, y: y.slice(0, 30).map(() => 'c') } });
    const numbers = three.slice(0, 30).fill(2);
    expectBits(
      only.history.validationLoss,
      fitSync({ X, y: three }, { ...fitting, validation: { X: half.X, y: numbers } }).history.validationLoss,
    );
    const coded: FitOptions = { ...fitting, classes: [5, 6, 7] };
    const held = { X, y: three.map((place) => place + 5) };
    expectBits(
      fitSync(held, { ...coded, validation: held }).history.validationLoss,
      fitSync({ X, y: three }, { ...fitting, validation: { X, y: three } }).history.validationLoss,
    );
  });

  it('classWeight goes by labels of any kind', () => {
    const model = (labels: Label[], classWeight: FitOptions['classWeight']) =>
      fitSync({ X, y: Array.from(two, (place) => labels[place]) }, { ...options, loss: 'logistic', classWeight });
    const expected = fitSync({ X, y: two }, { ...options, loss: 'logistic', classWeight: { 1: 4 } });
    expectBits(model(['__proto__', 'b'], { b: 4 }).coefficients, expected.coefficients);
    expectBits(model(['A', '__proto__'], { ['__proto__']: 4 }).coefficients, expected.coefficients);
    expectBits(model([false, true], { true: 4 }).coefficients, expected.coefficients);
    expectBits(model([0.5, 1.5], { 1.5: 4 }).coefficients, expected.coefficients);
    const balanced = fitSync({ X, y: two }, { ...options, loss: 'logistic', classWeight: 'balanced' });
    expectBits(model(['no', 'yes'], 'balanced').coefficients, balanced.coefficients);
  });

  it('any labels give what their places give', () => {
    const anyLabels = fc.oneof(
      fc.uniqueArray(fc.string({ unit: 'binary' }), { minLength: 2, maxLength: 5 }),
      fc.uniqueArray(fc.double({ noNaN: true, noDefaultInfinity: true }), {
        minLength: 2,
        maxLength: 5,
        comparator: (a, b) => a === b,
      }),
    ) as fc.Arbitrary<Label[]>;
    fc.assert(
      fc.property(anyLabels, fc.array(fc.nat(4), { minLength: 5, maxLength: 30 }), (labels, draws) => {
        const sorted = [...labels].sort((a, b) => (a < b ? -1 : 1));
        const places = Float64Array.from(draws, (draw, i) => (i < labels.length ? i : draw % labels.length));
        const own = X.subarray(0, 3 * places.length);
        const model = fitSync(
          { X: own, y: Array.from(places, (place) => sorted[place]) },
          { loss: 'softmax', epochs: 2 },
        );
        expect(model.labels.map((label) => label === sorted[model.labels.indexOf(label)])).not.toContain(false);
        const expected = fitSync({ X: own, y: places }, { loss: 'softmax', epochs: 2 });
        expectBits(model.coefficients, expected.coefficients);
        const back = Model.fromJSON(JSON.parse(JSON.stringify(model)));
        expect(Array.from<Label>(back.predict(own))).toEqual(
          Array.from(expected.predict(own), (place) => sorted[place] || (sorted[place] === 0 ? 0 : sorted[place])),
        );
      }),
      { numRuns: runs(100) },
    );
  });

  const names: string[] = Array.from(two, (place) => (place ? 'b' : 'a'));
  const put = (at: number, value: unknown) => Object.assign([...names], { [at]: value });
  const bad: [string, unknown, FitOptions, ErrorCode, RegExp][] = [
    ['a number among strings', put(7, 1), {}, 'ERR_INVALID_LABELS', /^y\[7\] must be a string, .*; got 1$/],
    ['a string among numbers', [...two.subarray(1), '1'], {}, 'ERR_INVALID_LABELS', /^y\[59\] must be a number/],
    ['null', put(3, null), {}, 'ERR_INVALID_LABELS', /^y\[3\] must be .*; got null$/],
    ['undefined', put(0, undefined), {}, 'ERR_INVALID_LABELS', /^y\[0\]/],
    ['an object', put(3, {}), {}, 'ERR_INVALID_LABELS', /^y\[3\]/],
    ['a bigint', put(0, 1n), {}, 'ERR_INVALID_LABELS', /^y\[0\]/],
    ['NaN', [NaN, ...two.subarray(1)], {}, 'ERR_INVALID_LABELS', /^y\[0\] .*got NaN$/],
    ['an infinite number', [...two.subarray(1), Infinity], {}, 'ERR_INVALID_LABELS', /^y\[59\]/],
    ['a hole', Object.assign([...names], { length: 61 }), { classes: ['a', 'b'] }, 'ERR_INVALID_LABELS', /^y\[60\]/],
    ['one class', names.map(() => 'a'), {}, 'ERR_INVALID_LABELS', /^y must hold two classes .*; got 1: "a"$/],
    ['one class of softmax', names.map(() => 'a'), { loss: 'softmax' }, 'ERR_INVALID_LABELS', /^y must hold 2 to/],
    ['three classes of a loss for two', [...three].map(String), {}, 'ERR_INVALID_LABELS', /got 3: "0", "1", "2"$/],
    ['too few rows', names.slice(1), {}, 'ERR_SHAPE', /^X /],
    [
      'a label beside the classes',
      names,
      { classes: ['a', 'c'] },
      'ERR_INVALID_LABELS',
      /^y\[\d+\] .*"a", "c"; got "b"/,
    ],
    ['classes by number', names, { loss: 'softmax', classes: 2 }, 'ERR_INVALID_ARG_TYPE', /^classes .*array/],
    ['a class twice', names, { classes: ['a', 'a'] }, 'ERR_INVALID_LABELS', /^classes\[1\] must be another/],
    ['one class named', names, { classes: ['a'] }, 'ERR_INVALID_LABELS', /^classes must hold two/],
    ['three named for two', names, { classes: ['a', 'b', 'c'] }, 'ERR_INVALID_LABELS', /^classes must hold two/],
    ['classes of two kinds', names, { classes: ['a', 1] }, 'ERR_INVALID_LABELS', /^classes\[1\]/],
    ['a class of null', names, { classes: ['a', null] as never }, 'ERR_INVALID_LABELS', /^classes\[1\]/],
    ['no classes', names, { classes: [] }, 'ERR_INVALID_LABELS', /^classes /],
    ['numbers beside the classes', two, { classes: [1, 2] }, 'ERR_INVALID_LABELS', /^y\[\d+\] .*1, 2; got 0$/],
    ['numbers for strings', two, { classes: ['0', '1'] }, 'ERR_INVALID_LABELS', /^y\[0\]/],
    ['NaN in a Float64Array', two.map(() => NaN), { classes: [1, 2] }, 'ERR_NOT_FINITE', /^y\[0\]/],
    ['labels for a loss of numbers', names, { loss: 'squared' }, 'ERR_INVALID_ARG_TYPE', /^y must be a Float64Array/],
    ['classes for a loss of numbers', two, { loss: 'squared', classes: [0, 1] }, 'ERR_UNKNOWN_OPTION', /^classes /],
    ['how many of a loss of numbers', two, { loss: 'poisson', classes: 2 }, 'ERR_UNKNOWN_OPTION', /^classes /],
    ['an array-like', { ...names, length: rows }, {}, 'ERR_INVALID_ARG_TYPE', /^y must be/],
    ['the weight of no label', names, { classWeight: { c: 1 } }, 'ERR_UNKNOWN_OPTION', /^classWeight.c/],
    [
      'an unknown label of validation',
      names,
      { validation: { X, y: names.map(() => 'c') } },
      'ERR_INVALID_LABELS',
      /^validation.y\[0\] must be one of the classes "a", "b"; got "c"$/,
    ],
    [
      'other labels of validation',
      names,
      { validation: { X, y: [...two] } },
      'ERR_INVALID_LABELS',
      /^validation.y\[0\]/,
    ],
  ];
  it.each(bad)('refuses %s', async (_name, y, more, code, message) => {
    const args = [{ X, y }, { loss: 'logistic', ...more } as FitOptions];
    expectRefusal(fitSync, args, code, message);
    await expectRejection(fitAsync, args, code, message);
  });

  it('a label whose getter detaches X is found out', () => {
    const data = { X: X.slice(), y: [...names] };
    Object.defineProperty(data.y, '5', {
      get() {
        detach(data.X);
        return 'a';
      },
    });
    expectRefusal(() => fitSync(data, { loss: 'logistic' }), [], 'ERR_DETACHED_BUFFER');
  });

  it('leaves the array of labels as it was, and does not keep it', () => {
    const y = [...names];
    const model = fitSync({ X, y }, { ...options, loss: 'logistic' });
    const classes = ['a', 'b'];
    const other = fitSync({ X, y }, { ...options, loss: 'logistic', classes });
    expect(y).toEqual(names);
    y.fill('z');
    classes.fill('z');
    expect([model.labels, other.labels]).toEqual([
      ['a', 'b'],
      ['a', 'b'],
    ]);
  });
});

// Targets that do not go with their loss: labels, counts, amounts, shapes.
import { describe, it } from 'vitest';
import type { ErrorCode, FitData, FitOptions } from '../../lib/index.js';
import { faces } from '../support/backends.js';
import { expectRefusal, expectRejection, problem } from '../support/support.js';

const rows = 60;
const { X, y: first } = problem(rows, 3, 1, 1);
const third = first.map((y) => Math.abs(y));

const bad: [string, Partial<FitData>, FitOptions, ErrorCode, RegExp][] = [
  [
    'a label of 2 for logistic',
    { y: first.map((_, i) => (i === 7 ? 2 : 1)) },
    { loss: 'logistic' },
    'ERR_INVALID_LABELS',
    /^y\[7\] must be 0 or 1, or a fraction between them; got 2$/,
  ],
  [
    'half a label for softmax',
    { y: first.map((_, i) => i / 2) },
    { loss: 'softmax' },
    'ERR_INVALID_LABELS',
    /^y\[1\] .*got 0.5$/,
  ],
  [
    'a negative label for softmax',
    { y: first.map((_, i) => -i) },
    { loss: 'softmax' },
    'ERR_INVALID_LABELS',
    /^y\[1\] .*got -1$/,
  ],
  ['one class for softmax', { y: first.map(() => 0) }, { loss: 'softmax' }, 'ERR_INVALID_LABELS', /two classes/],
  [
    'a label beyond the classes',
    { y: first.map((_, i) => i % 3) },
    { loss: 'softmax', classes: 2 },
    'ERR_INVALID_LABELS',
    /^y\[2\] .*below 2; got 2$/,
  ],
  ['a label of 70000', { y: first.map((_, i) => 70000 * (i % 2)) }, { loss: 'softmax' }, 'ERR_INVALID_LABELS', /65535/],
  [
    '-1, 0 and 1 for hinge',
    { y: first.map((_, i) => (i % 3) - 1) },
    { loss: 'hinge' },
    'ERR_INVALID_LABELS',
    /as other labels are/,
  ],
  ['a label of 0.5 for hinge', { y: first.map(() => 0.5) }, { loss: 'hinge' }, 'ERR_INVALID_LABELS', /^y\[0\]/],
  [
    'a label of NaN',
    { y: first.map((_, i) => (i === 3 ? NaN : 1)) },
    { loss: 'logistic' },
    'ERR_NOT_FINITE',
    /^y\[3\]/,
  ],
  [
    'a negative count',
    { y: third.map((y, i) => (i === 5 ? -1 : y)) },
    { loss: 'poisson' },
    'ERR_OUT_OF_RANGE',
    /^y\[5\] must be a number from 0; got -1$/,
  ],
  [
    'an infinite count',
    { y: third.map((y, i) => (i === 5 ? Infinity : y)) },
    { loss: 'poisson' },
    'ERR_NOT_FINITE',
    /^y/,
  ],
  [
    'an amount of 0 for gamma',
    { y: third.map((y, i) => (i === 5 ? 0 : y + 1)) },
    { loss: 'gamma' },
    'ERR_OUT_OF_RANGE',
    /^y\[5\] must be a number above 0; got 0$/,
  ],
  ['a negative amount for tweedie', { y: first }, { loss: 'tweedie' }, 'ERR_OUT_OF_RANGE', /^y\[/],
  [
    'two targets of a loss of classes',
    { y: new Float64Array(2 * rows), rows },
    { loss: 'logistic' },
    'ERR_SHAPE',
    /^y /,
  ],
  [
    'targets that do not fill the rows',
    { y: new Float64Array(2 * rows + 1), rows },
    {},
    'ERR_SHAPE',
    /^y must have a multiple of 60/,
  ],
  ['no target', { y: new Float64Array(0), rows }, {}, 'ERR_SHAPE', /^y /],
  ['one class', {}, { loss: 'softmax', classes: 1 }, 'ERR_OUT_OF_RANGE', /^classes/],
  [
    'a label unknown to the training rows',
    { y: first.map((_, i) => i % 2) },
    { loss: 'softmax', validation: { X, y: first.map((_, i) => i % 3) } },
    'ERR_INVALID_LABELS',
    /^validation.y\[2\]/,
  ],
  [
    'other labels than the training rows',
    { y: first.map((_, i) => i % 2) },
    { loss: 'hinge', validation: { X, y: first.map(() => -1) } },
    'ERR_INVALID_LABELS',
    /^validation.y\[0\]/,
  ],
  [
    'another number of targets for validation',
    { y: new Float64Array(2 * rows), rows },
    { validation: { X, y: first } },
    'ERR_SHAPE',
    /^validation.y/,
  ],
];

describe.each(faces)('targets that are none: $name', ({ fitSync, fit: fitAsync }) => {
  it.each(bad)('%s', async (_name, change, options, code, message) => {
    const data = { X, y: first, ...change };
    expectRefusal(fitSync, [data, options], code, message);
    await expectRejection(fitAsync, [data, options], code, message);
  });
});

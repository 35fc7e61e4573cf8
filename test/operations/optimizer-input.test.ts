// Bad input to createOptimizer, step and restoreOptimizer: an error with its code, and nothing changed.
import { describe, expect, it } from 'vitest';
import { adam, type ErrorCode, type OptimizerJSON, type OptimizerOptions } from '../../lib/index.js';
import { faces } from '../support/backends.js';
import { detach, expectBits, expectRefusal, normals, thrown } from '../support/support.js';

const type = 'ERR_INVALID_ARG_TYPE';
const range = 'ERR_OUT_OF_RANGE';
const unknown = 'ERR_UNKNOWN_OPTION';
type Row = [name: string, options: unknown, size: unknown, code: ErrorCode, message?: RegExp];
const grouped = (...groups: unknown[]) => ({ name: 'adam', groups });

const bad: Row[] = [
  ['nothing', undefined, 5, type],
  ['null', null, 5, type],
  ['a number', 3, 5, type],
  ['an array', ['adam'], 5, type],
  ['no name', { learningRate: 0.1 }, 5, type, /^optimizer must be one of sgd/],
  ['an unknown rule', 'adamm', 5, unknown, /did you mean "adam"/],
  ['a misspelt rule in an object', { name: 'momentun' }, 5, unknown, /did you mean "momentum"/],
  ['a misspelt option', { name: 'adam', learningrate: 0.1 }, 5, unknown, /did you mean "learningRate"/],
  ['a misspelt extra', { name: 'adam', clipNrm: 0.1 }, 5, unknown, /did you mean "clipNorm"/],
  ['another rule’s option', { name: 'sgd', beta1: 0.5 }, 5, unknown, /option of sgd/],
  ['a fit’s option', { name: 'sgd', epochs: 5 }, 5, unknown, /epochs/],
  ['learningRate -1', adam({ learningRate: -1 }), 5, range, /^optimizer.learningRate/],
  ['learningRate 0', adam({ learningRate: 0 }), 5, range],
  ['learningRate NaN', adam({ learningRate: NaN }), 5, range],
  ['learningRate as text', { name: 'adam', learningRate: '1' }, 5, type],
  ['beta1 1', adam({ beta1: 1 }), 5, range, /^optimizer.beta1 must be a number in \[0, 1\); got 1$/],
  ['amsgrad 1', { name: 'adam', amsgrad: 1 }, 5, type],
  ['clipNorm -1', { name: 'adam', clipNorm: -1 }, 5, range, /^optimizer.clipNorm/],
  ['clipValue ∞', { name: 'adam', clipValue: Infinity }, 5, range],
  ['l1 NaN', { name: 'adam', l1: NaN }, 5, range],
  ['l2 as text', { name: 'adam', l2: '0' }, 5, type],
  ['nonNegative 1', { name: 'adam', nonNegative: 1 }, 5, type],
  ...[-1, 1.5, NaN, Infinity, 2 ** 53].map((size): Row => [`size ${size}`, 'adam', size, range, /^size/]),
  ...['5', undefined, null, 5n].map(
    (size): Row => [`size ${String(size)} (${typeof size})`, 'adam', size, type, /^size/],
  ),
  ['groups that are no array', { name: 'adam', groups: {} }, 5, type, /^groups/],
  ['a group that is none', grouped(3), 5, type, /^groups\[0\]/],
  ['a group without a start', grouped({ end: 3 }), 5, type, /^groups\[0\].start/],
  ['a group without an end', grouped({ start: 3 }), 5, type, /^groups\[0\].end/],
  ['an empty group', grouped({ start: 3, end: 3 }), 5, range, /^groups\[0\]/],
  ['a group backwards', grouped({ start: 3, end: 1 }), 5, range],
  ['a group beyond the end', grouped({ start: 3, end: 6 }), 5, range, /within 0 … 5/],
  ['a group before the start', grouped({ start: -1, end: 2 }), 5, range],
  ['half a group', grouped({ start: 0.5, end: 2 }), 5, range],
  ['groups that overlap', grouped({ start: 2, end: 4 }, { start: 0, end: 3 }), 5, range, /overlap at weight 2/],
  ['a group twice', grouped({ start: 2, end: 4 }, { start: 2, end: 4 }), 5, range, /overlap/],
  ['another rule in a group', grouped({ start: 2, end: 4, name: 'sgd' }), 5, unknown],
  ['another rule’s option in a group', grouped({ start: 2, end: 4, momentum: 0.5 }), 5, unknown],
  ['a bad rate in a group', grouped({ start: 2, end: 4, learningRate: -1 }), 5, range],
];

describe.each(faces)('bad input to optimizers: $name', ({ createOptimizer, restoreOptimizer }) => {
  it.each(bad)('%s', (_name, options, size, code, message) => {
    expectRefusal(createOptimizer, [options, size], code, message);
  });

  /** A refused step leaves weights, state, running products and the count as they were. */
  function refusedStep(n: number, args: (weights: Float64Array) => unknown[], code: ErrorCode, message?: RegExp): void {
    const optimizer = createOptimizer(adam({ amsgrad: true }), n);
    const weights = normals(n, 1);
    optimizer.step(weights, normals(n, 2));
    const before = JSON.stringify(optimizer);
    expectRefusal(optimizer.step.bind(optimizer), args(weights), code, message);
    expect(JSON.stringify(optimizer)).toBe(before);
  }

  it.each([3, 100])('a step of %i weights with what is no gradient', (n) => {
    for (const value of [NaN, Infinity, -Infinity]) {
      for (const at of [0, n - 1]) {
        const gradient = normals(n, 3);
        gradient[at] = value;
        const message = new RegExp(`^gradient\\[${at}\\] must be finite; got ${value}`);
        refusedStep(n, (weights) => [weights, gradient], 'ERR_NOT_FINITE', message);
      }
    }
    const gone = normals(n, 1);
    detach(gone);
    refusedStep(n, (weights) => [weights, gone], 'ERR_DETACHED_BUFFER', /^gradient/);
    refusedStep(n, () => [gone, normals(n, 1)], 'ERR_DETACHED_BUFFER', /^weights/);
    refusedStep(n, (weights) => [weights, normals(n + 1, 1)], 'ERR_SHAPE', /^gradient/);
    refusedStep(n, () => [normals(n - 1, 1), normals(n, 1)], 'ERR_SHAPE', /^weights/);
    refusedStep(n, (weights) => [weights, [...normals(n, 1)]], type);
    refusedStep(n, (weights) => [weights, new Float32Array(n)], type);
    refusedStep(n, (weights) => [weights], type);
    refusedStep(n, (weights) => [weights, weights], 'ERR_ALIAS');
    refusedStep(n, (weights) => [weights, new Float64Array(weights.buffer)], 'ERR_ALIAS');
    const memory = normals(2 * n, 1);
    refusedStep(n, () => [memory.subarray(0, n), memory.subarray(n - 1, 2 * n - 1)], 'ERR_ALIAS');
    refusedStep(n, () => [memory.subarray(1, n + 1), memory.subarray(0, n)], 'ERR_ALIAS');
  });

  it('finite elements whose sum is not are a gradient', () => {
    for (const n of [3, 100]) {
      const optimizer = createOptimizer({ name: 'sgd', learningRate: 1 }, n);
      const weights = new Float64Array(n);
      optimizer.step(weights, new Float64Array(n).fill(1.5e308));
      expectBits(weights, new Float64Array(n).fill(-1.5e308));
    }
  });

  it('learning rates that are none', () => {
    const optimizer = createOptimizer({ name: 'adam', groups: [{ start: 1, end: 2 }] }, 3);
    for (const rate of [-1, 0, NaN, Infinity, '1', null]) {
      for (const target of [optimizer, optimizer.groups[1]]) {
        expect(thrown(() => Object.assign(target, { learningRate: rate }))).toHaveProperty('code');
        expect(optimizer.groups.map(({ learningRate }) => learningRate)).toEqual([0.001, 0.001, 0.001]);
      }
    }
  });

  const good = JSON.stringify(createOptimizer({ ...adam(), groups: [{ start: 1, end: 2 }] } as OptimizerOptions, 3));
  const changed = (change: (json: OptimizerJSON & Record<string, unknown>) => void) => {
    const json = JSON.parse(good);
    change(json);
    return json;
  };
  const set = (key: keyof OptimizerJSON, value: unknown) => changed((json) => Object.assign(json, { [key]: value }));
  const inGroup = (change: object, at = 1) => changed((json) => Object.assign(json.groups[at], change));
  const damaged: [string, unknown][] = [
    ['nothing', undefined],
    ['null', null],
    ['text', good],
    ['an array', [JSON.parse(good)]],
    ['an empty object', {}],
    ['a model', set('format', 'nabla-model')],
    ['no size', set('size', undefined)],
    ['a size that is not that of its arrays', set('size', 4)],
    ['half a step', set('steps', 1.5)],
    ['steps below 0', set('steps', -1)],
    ['no groups', set('groups', [])],
    ['groups that are none', set('groups', 'abc')],
    ['a group of null', set('groups', [null])],
    ['a hole between groups', inGroup({ start: 2 })],
    ['an end before its start', inGroup({ end: 0 })],
    ['an end that is text', inGroup({ end: '2' })],
    ['groups that end early', changed((json) => json.groups.pop())],
    ['no options', inGroup({ options: undefined })],
    ['running products that are none', inGroup({ running: [1, null, 1, 1] })],
    ['too few running products', inGroup({ running: [1] })],
    ['no state', set('state', [])],
    ['too much state', changed((json) => json.state.push([0, 0, 0]))],
    ['a short state', changed((json) => json.state[0].pop())],
    ['a state with null, which NaN becomes', changed((json) => Object.assign(json.state[0], { 1: null }))],
    ['a state that is no array', changed((json) => Object.assign(json.state, { 0: { length: 3 } }))],
    ['a state with holes', changed((json) => Object.assign(json.state, { 0: new Array(3) }))],
    ['different rules in its groups', inGroup({ options: { name: 'sgd' } })],
  ];
  it.each(damaged)('does not go on from %s', (_name, json) => {
    expectRefusal(restoreOptimizer, [json], 'ERR_MODEL_FORMAT');
  });

  it('nor from another version, nor with options that are none', () => {
    expectRefusal(restoreOptimizer, [set('version', 3)], 'ERR_MODEL_VERSION');
    for (const options of [{ name: 'adamm' }, { name: 'adam', learningRate: -1 }, { name: 'adam', epochs: 1 }, {}]) {
      expect(thrown(() => restoreOptimizer(inGroup({ options })))).toHaveProperty('code');
    }
  });

  it('Object.prototype does not count', () => {
    const properties = Object.prototype as unknown as Record<string, unknown>;
    const pollution = { learningRate: 5, clipNorm: 0.001, l1: 3, groups: [{ start: 0, end: 1 }], nonNegative: true };
    Object.assign(properties, pollution);
    try {
      const optimizer = createOptimizer({ name: 'sgd' }, 2);
      const weights = Float64Array.of(0, 0);
      optimizer.step(weights, Float64Array.of(1, -1));
      expectBits(weights, [-0.01, 0.01]);
      expect(optimizer.groups.length).toBe(1);
    } finally {
      for (const key of Object.keys(pollution)) delete properties[key];
    }
  });
});

// Every allocation of the addon fails once, and from one on: a call ends with ERR_OUT_OF_MEMORY or the right bits, the
// next one is right, and nothing is lost.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildFaults, canFault } from './shim.js';

const sync = [
  'fitSync adam',
  'fitSync batches',
  'fitSync history',
  'fitSync validation',
  'fitSync averaging',
  'fitSync newton',
  'fitSync newton l1',
  'fitSync newton rows',
  'fitSync newton softmax',
  'fitSync interior',
  'fitSync interior rows',
  'fitSync exact',
  'fitSync exact rows',
  'fitSync exact singular',
  'fitSync lbfgs',
  'fitSync lbfgs l1',
  'fitSync onProgress',
  'fitManySync exact',
  'fitManySync newton',
  'fitManySync adam',
  'fitPathSync',
  'crossValidateSync',
  'gram',
  'gemv',
  'gemvT',
  'valueAndGradient',
  'Optimizer.step',
];
const async = [
  'fit adam',
  'fit newton',
  'fit onProgress',
  'fit keepState',
  'fit signal',
  'partialFit',
  'fitMany',
  'fitPath',
  'crossValidate',
  'fitIterator',
  'eight fits at once',
];
const allocatesNothing = ['gemv', 'Optimizer.step'];

describe.runIf(canFault)('a call whose allocations fail', () => {
  let faults: ReturnType<typeof buildFaults>;
  beforeAll(() => {
    faults = buildFaults();
  });
  afterAll(() => faults?.remove());

  it.each([...sync, ...async])('ends with ERR_OUT_OF_MEMORY or the right bits, and loses nothing: %s', async (name) => {
    const { ended, lines } = await faults.play('allocations', name);
    const { code, signal, stderr } = ended;
    expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' });
    const { results, kept } = JSON.parse(lines.at(-1) ?? '');
    const expected = allocatesNothing.includes(name) ? [] : ['ERR_OUT_OF_MEMORY'];
    expect(Object.keys(results).filter((result) => result !== 'right')).toEqual(expected);
    expect(kept).toBeLessThanOrEqual(0);
  });
});

// Allocations of the addon fail once, and from one on (NABLA_SWEEP: each of them): a call ends with ERR_OUT_OF_MEMORY or the right bits, the
// next one is right, and nothing is lost.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { patience } from '../support/support.js';
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
  'fitSync bounds',
  'fitSync newton bounds',
  'fitSync lbfgs bounds',
  'fitSync interior bounds',
  'fitSync multipliers',
  'fitSync weak directions',
  'fitSync shortest',
  'fitSync units',
  'fitSync huber start',
  'fitSync sequential',
  'fitSync lambda',
  'fitSync one against the rest',
  'fitSync restoreBest',
  'fitSync onProgress',
  'fitManySync exact',
  'fitManySync newton',
  'fitManySync adam',
  'fitPathSync',
  'crossValidateSync',
  'gram',
  'gemm',
  'matmul',
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
  'fit multipliers',
  'fit of an estimator',
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

  const limit = patience(process.env.NABLA_SWEEP ? 1_200_000 : 60_000);
  it.each([
    ['on the calling thread', sync],
    ['on the pool', async],
  ])(
    'ends with ERR_OUT_OF_MEMORY or the right bits, and loses nothing: %s',
    { timeout: limit },
    async (_where, names) => {
      const { ended, lines } = await faults.play('allocations', ...names);
      const { code, signal, stderr } = ended;
      const said = lines.map((line) => JSON.parse(line));
      expect({ code, signal, stderr, said: said.length }).toEqual({
        code: 0,
        signal: null,
        stderr: '',
        said: names.length,
      });
      for (const { name, results, kept } of said) {
        const expected = allocatesNothing.includes(name) ? [] : ['ERR_OUT_OF_MEMORY'];
        expect(
          Object.keys(results).filter((result) => result !== 'right'),
          name,
        ).toEqual(expected);
        expect(kept, name).toBeLessThanOrEqual(0);
      }
    },
  );
});

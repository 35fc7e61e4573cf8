// What errors say, whatever callers put into names, and where in the data they are.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NablaError } from '../../lib/base/errors.js';
import { faces } from '../support/backends.js';
import { runs } from '../support/support.js';

const caught = (call: () => unknown): NablaError => {
  try {
    call();
  } catch (error) {
    return error as NablaError;
  }
  throw new Error('nothing was thrown');
};
const data = () => ({
  X: Float64Array.from({ length: 12 }, (_, i) => (i * 7) % 5),
  y: Float64Array.of(0, 1, 1, 0, 1, 0),
  sampleWeight: new Float64Array(6).fill(1),
  offset: new Float64Array(6),
});

describe.each(faces)('errors ($name)', (nabla) => {
  it('are one short line without control characters, whatever a name holds', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 3000 }), fc.integer({ min: 0, max: 4 }), (text, kind) => {
        const name = `${text}?`;
        const call = [
          () => nabla.fitSync(data(), { [name]: 1 } as never),
          () => nabla.fitSync(data(), { optimizer: name } as never),
          () => nabla.fitSync(data(), { optimizer: { name: 'sgd', [name]: 1 } } as never),
          () => nabla.fitSync({ ...data(), [name]: 1 } as never),
          () => nabla.fitSync({ ...data(), y: ['a', 'b', 'a', 'b', 'a', name] }, { loss: 'logistic' }),
        ][kind];
        const error = caught(call);
        expect(error).toBeInstanceOf(NablaError);
        expect(error.message.length).toBeLessThan(6100); // 1,000 characters, each escaped at the most
        // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
        expect(error.message).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/);
      }),
      { numRuns: runs(100) },
    );
  });

  it('takes no long time over a long name', () => {
    const before = performance.now();
    const { code, message } = caught(() => nabla.fitSync(data(), { ['a'.repeat(1e6)]: 1 } as never));
    expect(code).toBe('ERR_UNKNOWN_OPTION');
    expect(message).toContain('Known: loss');
    expect(performance.now() - before).toBeLessThan(5000);
  });

  it.each([
    ['X', 2],
    ['y', 1],
    ['sampleWeight', 1],
    ['offset', 1],
  ] as const)('ERR_NOT_FINITE has the row and the column in %s', (name, width) => {
    for (const optimizer of ['auto', 'sgd', 'lbfgs'] as const) {
      for (const at of [0, 2 * width - 1, 6 * width - 1]) {
        const broken = data();
        broken[name][at] = NaN;
        const place = { code: 'ERR_NOT_FINITE', row: Math.floor(at / width), column: at % width };
        expect(caught(() => nabla.fitSync(broken, { optimizer }))).toMatchObject(place);
        const model = nabla.fitSync(data(), { optimizer });
        const { X, y, ...options } = broken;
        expect(caught(() => model.evaluate(X, y, options))).toMatchObject(place);
        if (name === 'X' || name === 'offset') {
          expect(caught(() => model.predict(X, options.offset))).toMatchObject(place);
        }
      }
    }
  });
});

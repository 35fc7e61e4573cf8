// Arrays that JavaScript allocates for a call fail once: the call ends with ERR_OUT_OF_MEMORY, the next one is right.
// NABLA_SWEEP: every array.
import { afterEach, describe, expect, it } from 'vitest';
import { NablaError } from '../../lib/base/errors.js';
import * as nabla from '../../lib/index.js';
import { allocate } from '../../lib/kernels.js';
import { type Face, faces } from '../support/backends.js';
import { problem } from '../support/support.js';

const arrays = { Float64Array, Float32Array, Uint32Array, Uint8Array };
/** Lets the k-th construction of an array fail; returns how many there were. */
function failing(k: number): () => number {
  let made = 0;
  for (const [name, original] of Object.entries(arrays)) {
    const construct = (target: typeof Float64Array, args: [number], of: typeof Float64Array) => {
      if (++made === k) throw new RangeError('Array buffer allocation failed');
      return Reflect.construct(target, args, of === globalThis[name as 'Float64Array'] ? target : of);
    };
    globalThis[name as 'Float64Array'] = new Proxy(original, { construct } as never) as typeof Float64Array;
  }
  return () => made;
}
const restore = () => Object.assign(globalThis, arrays);
afterEach(restore);

/** Each array, or at growing distances. */
const every = Boolean(process.env.NABLA_SWEEP);

const data = problem(12, 2, 1);
const single = { ...data, X: Float32Array.from(data.X) };
const packed = { ...data, offsets: [0, 4, 8, 12] };
const labels = Array.from(data.y, (_, i) => 'abc'[i % 3]);
const hinge = { loss: 'hinge', optimizer: 'adam', epochs: 2 } as const;

const square: nabla.Differentiable = (x, gradient) => {
  gradient[0] = 2 * x[0];
  return x[0] ** 2;
};

const calls = ({ ...face }: Face): Record<string, () => unknown> => {
  const model = face.fitSync(data, { optimizer: 'adam', epochs: 2, keepState: true });
  const classes = face.fitSync({ X: data.X, y: labels }, hinge);
  const many = face.fitManySync(packed);
  const json = JSON.stringify(model);
  return {
    fitSync: () => face.fitSync(data, { optimizer: 'adam', epochs: 2, l1: 0.1, penaltyFactors: [1, 2] }).toJSON(),
    'fitSync auto': () => face.fitSync(single, { lowerBounds: [0, 1] }).toJSON(),
    'fitSync of classes': () => face.fitSync({ X: data.X, y: labels }, { ...hinge, validationFraction: 0.3 }).toJSON(),
    fit: async () => (await face.fit(data, { optimizer: 'adam', epochs: 200, batchSize: 3 })).toJSON(),
    fitIterator: async () => {
      const epochs = face.fitIterator(data, { optimizer: 'adam', epochs: 2 });
      for await (const _ of epochs);
      return (await epochs.model).toJSON();
    },
    fitManySync: () => face.fitManySync(packed, { epochs: 2 }).coefficients,
    fitMany: async () => (await face.fitMany(packed, { epochs: 2 })).coefficients,
    fitPathSync: () => face.fitPathSync(data, { count: 3 }).coefficients,
    crossValidateSync: () => face.crossValidateSync(data, { count: 3, folds: 3 }).path.coefficients,
    'Models.at': () => many.at(1).toJSON(),
    'Models.predict': () => many.predict(1, data.X),
    predict: () => model.predict(data.X),
    'predict of singles': () => model.predict(single.X),
    'predict of classes': () => classes.predict(data.X),
    evaluate: () => model.evaluate(data.X, data.y),
    'evaluate of classes': () => classes.evaluate(data.X, labels),
    partialFitSync: () => model.partialFitSync(data).toJSON(),
    partialFit: async () => (await model.partialFit(data)).toJSON(),
    fromJSON: () => face.Model.fromJSON(JSON.parse(json)).toJSON(),
    createOptimizer: () => face.createOptimizer({ name: 'adam', lowerBounds: 0 }, 3).toJSON(),
    minimize: () => nabla.minimize(square, arrays.Float64Array.of(3)).x,
  };
};

describe.each(faces)('arrays that cannot be allocated: $name', (face) => {
  it.each(Object.keys(calls(face)))('%s ends with ERR_OUT_OF_MEMORY, and then is right', async (name) => {
    const call = calls(face)[name];
    const right = JSON.stringify(await call());
    for (let k = 1; ; k += every ? 1 : 1 + (k >> 1)) {
      let code = '';
      const made = failing(k);
      try {
        const value = await call();
        if (made() < k) {
          expect(k).toBeGreaterThan(1);
          break;
        }
        code = JSON.stringify(value) === right ? 'right' : 'wrong';
      } catch (error) {
        code = error instanceof NablaError ? error.code : String((error as Error).stack);
      } finally {
        restore();
      }
      expect(code, `array ${k}`).toMatch(/^(ERR_OUT_OF_MEMORY|right)$/);
      expect(JSON.stringify(await call()), `after array ${k}`).toBe(right);
    }
  });

  it('sizes that no machine has are ERR_OUT_OF_MEMORY', () => {
    const senseless: (() => unknown)[] = [
      () => allocate(2 ** 52),
      () => face.createOptimizer('adam', 2 ** 40),
      () => face.createOptimizer({ name: 'sgd', lowerBounds: 0 }, 2 ** 52),
      () =>
        face.fitManySync(
          { ...packed, offsets: [0], X: new Float64Array(0), y: new Float64Array(0), cols: 2 ** 50 },
          { lowerBounds: 0 },
        ),
    ];
    for (const call of senseless) {
      expect(call, String(call)).toThrow(expect.objectContaining({ name: 'NablaError', code: 'ERR_OUT_OF_MEMORY' }));
    }
    expect(face.createOptimizer('adam', 2).size).toBe(2);
  });
});

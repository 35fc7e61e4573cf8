// transfer: the caller's buffers are moved in, all or none.
import { describe, expect, it } from 'vitest';
import type { FitData } from '../../lib/index.js';
import { faces } from '../support/backends.js';
import { expectRejection, problem, resizable, shared } from '../support/support.js';

const data = problem(60, 4, 1);
const options = { epochs: 20, transfer: true };
const copy = () => ({ X: data.X.slice(), y: data.y.slice() });
const lengths = (...arrays: Float64Array[]) => arrays.map((array) => array.length);

describe.each(faces)('transfer: $name', ({ fit: fitAsync, fitSync, fitIterator, fitPath, crossValidate }) => {
  const expected = fitSync(data, { epochs: 20 });

  it('detaches X, y and offset, of the validation too, and changes no bit', async () => {
    const own = { ...copy(), offset: new Float64Array(60), sampleWeight: new Float64Array(60).fill(2) };
    const validation = { ...copy(), offset: new Float64Array(60) };
    const same = { epochs: 20, validation: { ...validation, X: data.X.slice(), y: data.y.slice() } };
    const plain = await fitAsync({ ...own, ...copy() }, { ...same, transfer: false });
    const promise = fitAsync(own, { ...options, validation });
    expect(lengths(own.X, own.y, own.offset, own.sampleWeight)).toEqual([0, 0, 0, 60]);
    expect(lengths(validation.X, validation.y, validation.offset)).toEqual([0, 0, 0]);
    expect(await promise).toEqual(plain);
    await expectRejection(fitAsync, [own, options], 'ERR_DETACHED_BUFFER', /^X /);
  });

  it('moves a buffer once, however many views are on it', async () => {
    const buffer = new Float64Array(1 + 60 * 5);
    const X = buffer.subarray(1, 241);
    const y = buffer.subarray(241);
    X.set(data.X);
    y.set(data.y);
    const validation = { X: X.subarray(0, 40), y: y.subarray(0, 10) };
    const promise = fitAsync({ X, y }, { ...options, validation });
    expect(lengths(buffer, X, y, validation.X)).toEqual([0, 0, 0, 0]);
    const model = await promise;
    const [some, few] = [data.X.slice(0, 40), data.y.slice(0, 10)];
    expect(model).toEqual(fitSync(data, { epochs: 20, validation: { X: some, y: few } }));
  });

  it('leaves shared memory where it is, and a fraction for validation shares X', async () => {
    const own = { X: shared(data.X), y: data.y.slice() };
    expect(await fitAsync(own, options)).toEqual(expected);
    expect(lengths(own.X, own.y)).toEqual([240, 0]);
    const other = copy();
    const model = await fitAsync(other, { ...options, validationFraction: 0.5 });
    expect(model).toEqual(fitSync(data, { epochs: 20, validationFraction: 0.5 }));
  });

  it('gives away a y that is rewritten, and labels stay the caller’s', async () => {
    const y = data.y.map((value) => Number(value > 0));
    const expected = fitSync({ X: data.X, y }, { loss: 'hinge', epochs: 20 });
    const own = { X: data.X.slice(), y: y.slice() };
    expect(await fitAsync(own, { ...options, loss: 'hinge' })).toEqual(expected);
    expect(lengths(own.X, own.y)).toEqual([0, 0]);
    const names = Array.from(y, (value) => (value === 1 ? 'b' : 'a'));
    const model = await fitAsync<string>({ X: data.X.slice(), y: names }, { ...options, loss: 'logistic' });
    expect(model.labels).toEqual(['a', 'b']);
    expect(names.length).toBe(60);
  });

  it('copies what cannot be transferred', async () => {
    const { Memory } = (globalThis as never as { WebAssembly: { Memory: new (size: object) => DataView } }).WebAssembly;
    const memory = new Float64Array(new Memory({ initial: 1 }).buffer, 0, 60);
    const pooled = new Float64Array(Buffer.allocUnsafe(8).buffer, 0, 60);
    for (const y of [memory, pooled]) {
      y.set(data.y);
      expect(await fitAsync({ X: data.X.slice(), y }, options)).toEqual(expected);
      expect(y.length).toBe(60);
    }
  });

  it('takes nothing when the call is wrong', async () => {
    for (const [change, more, code] of [
      [{}, { epochs: -1 }, 'ERR_OUT_OF_RANGE'],
      [{ rows: 7 }, {}, 'ERR_SHAPE'],
      [{}, { warmStart: {} }, 'ERR_INVALID_ARG_TYPE'],
      [{ y: resizable(data.y) }, {}, 'ERR_RESIZABLE_BUFFER'],
      [{}, { transfer: 1 }, 'ERR_INVALID_ARG_TYPE'],
      [{}, { transfer: null }, 'ERR_INVALID_ARG_TYPE'],
    ] as const) {
      const own: FitData = { ...copy(), ...change };
      await expectRejection(fitAsync, [own, { ...options, ...more }], code);
      expect(lengths(own.X as Float64Array, own.y as Float64Array)).toEqual([240, 60]);
    }
  });

  it('holds for whatever is made of fits; fitSync takes nothing', async () => {
    const own = copy();
    expect(fitSync(own, options)).toEqual(expected);
    expect(lengths(own.X, own.y)).toEqual([240, 60]);
    const inSteps = copy();
    const iterator = fitIterator(inSteps, options);
    expect(lengths(inSteps.X, inSteps.y)).toEqual([0, 0]);
    for await (const _ of iterator);
    expect(await iterator.model).toEqual(expected);
    for (const work of [fitPath, crossValidate]) {
      const other = copy();
      const promise = work(other, { transfer: true, lambdas: [1, 0.1] });
      expect(lengths(other.X, other.y)).toEqual([0, 0]);
      expect(await promise).toEqual(await work(data, { lambdas: [1, 0.1] }));
    }
  });

  it('works on memory that no getter or signal has a say in', async () => {
    const own = copy();
    const tricky = {
      get epochs() {
        structuredClone(null, { transfer: [own.X.buffer as ArrayBuffer] });
        return 5;
      },
      transfer: true,
    };
    await expect(fitAsync(own, tricky)).rejects.toMatchObject({ code: 'ERR_DETACHED_BUFFER' });
    expect(own.y.length).toBe(60);
    const mine = new Error('mine');
    const throwing = {
      get signal(): AbortSignal {
        throw mine;
      },
    };
    await expect(fitAsync(data, throwing)).rejects.toBe(mine);
  });
});

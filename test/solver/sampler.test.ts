// Which rows each step takes. Rows are told apart by their loss: row i is the only one with column i, and y is an odd
// number that each visit halves, so that ½r² names the row.
import { describe, expect, it } from 'vitest';
import { samplerKind } from '../../lib/backend/plan.js';
import { type FitOptions, type Sampler, sgd } from '../../lib/index.js';
import { Philox } from '../../lib/reference/solver/philox.js';
import { type Face, faces } from '../support/backends.js';
import { expectBits, problem } from '../support/support.js';

/** The rows of every step, by epoch. */
function visits(face: Face, rows: number, options: FitOptions): number[][] {
  const X = new Float64Array(rows * rows);
  for (let i = 0; i < rows; i++) X[i * rows + i] = 1;
  const y = Float64Array.from({ length: rows }, (_, i) => 2 * i + 1);
  const { history, epochs, steps } = face.fitSync(
    { X, y },
    { optimizer: sgd({ learningRate: 0.5 }), batchSize: 1, epochs: 3, intercept: false, history: 'step', ...options },
  );
  const order = Array.from(history, (loss) => {
    let odd = Math.sqrt(2 * loss);
    if (!(odd > 0)) throw new Error(`a row was visited too often to be told by its loss: ${loss}`);
    while (odd % 1 !== 0) odd *= 2;
    while (odd % 2 === 0) odd /= 2;
    return (odd - 1) / 2;
  });
  const perEpoch = steps / epochs;
  return Array.from({ length: epochs }, (_, epoch) => order.slice(epoch * perEpoch, (epoch + 1) * perEpoch));
}

const upTo = (n: number) => [...Array(n).keys()];

/** Fisher and Yates, from the last row down. */
function shuffle(rows: number, seed: number, epoch: number): number[] {
  const philox = new Philox(seed, samplerKind.shuffled);
  philox.setEpoch(epoch);
  const order = upTo(rows);
  for (const i of upTo(rows).slice(1).reverse()) {
    const j = philox.below(i + 1, i);
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

function draws(rows: number, seed: number, epoch: number): number[] {
  const philox = new Philox(seed, samplerKind.replacement);
  philox.setEpoch(epoch);
  return upTo(rows).map((i) => philox.below(rows, i));
}

describe.each(faces)('samplers: $name', (face) => {
  it('sequential takes every row in order, in every epoch', () => {
    expect(visits(face, 9, { sampler: 'sequential', epochs: 3 })).toEqual([upTo(9), upTo(9), upTo(9)]);
  });

  it('shuffled takes every row once in an epoch, in a new order each', () => {
    const orders = visits(face, 20, { sampler: 'shuffled', epochs: 5 });
    for (const order of orders) expect([...order].sort((a, b) => a - b)).toEqual(upTo(20));
    expect(new Set(orders.map(String)).size).toBe(5);
    expect(orders.map(String)).not.toContain(String(upTo(20)));
    expect(visits(face, 20, { sampler: 'shuffled', epochs: 5, seed: 1 }).map(String)).not.toEqual(orders.map(String));
    expect(visits(face, 20, { sampler: 'shuffled', epochs: 5, seed: 0 })).toEqual(orders);
  });

  it.each([0, 1, 12345, 2 ** 32, Number.MAX_SAFE_INTEGER])('shuffled with seed %d is Philox’s order', (seed) => {
    const expected = [0, 1, 2].map((epoch) => shuffle(33, seed, epoch));
    expect(visits(face, 33, { sampler: 'shuffled', epochs: 3, seed })).toEqual(expected);
  });

  it.each([0, 7, 2 ** 32 + 1])('replacement with seed %d is Philox’s draws', (seed) => {
    const expected = [0, 1, 2].map((epoch) => draws(24, seed, epoch));
    expect(visits(face, 24, { sampler: 'replacement', epochs: 3, seed })).toEqual(expected);
    expect(expected.some((rows) => new Set(rows).size < 24)).toBe(true);
  });

  it('indices are taken as they are, the same in every epoch', () => {
    const indices = [3, 3, 0, 7, 1];
    expect(visits(face, 8, { sampler: { name: 'indices', indices }, epochs: 2 })).toEqual([indices, indices]);
    for (const list of [Uint32Array.from(indices), Int32Array.from(indices)]) {
      expect(visits(face, 8, { sampler: { name: 'indices', indices: list }, epochs: 2 })).toEqual([indices, indices]);
    }
  });

  it('the loss of an epoch is the mean over the rows that it took', () => {
    const X = Float64Array.of(1, 1, 1, 1);
    const y = Float64Array.of(1, 2, 3, 4);
    const sampler = { name: 'indices' as const, indices: [3, 3, 1] };
    const { history } = face.fitSync({ X, y }, { sampler, batchSize: 3, epochs: 1 });
    expectBits(history, [(8 + 8 + 2) / 3]);
  });

  it('a sampler by name or as an object with it is the same', () => {
    for (const name of ['sequential', 'shuffled', 'replacement'] as const) {
      expect(visits(face, 8, { sampler: { name } })).toEqual(visits(face, 8, { sampler: name }));
    }
  });

  it.each([1, 3, 10, 50, 64])('batches of %i are the named rows in that order', (batchSize) => {
    // Blocks of 256 rows at most: 700 rows of 3 columns are several.
    const rows = 700;
    const data = problem(rows, 3, 5);
    const fitWith = (sampler: Sampler, epochs: number) =>
      face.fitSync(data, { sampler, batchSize, epochs, seed: 9, optimizer: sgd({ learningRate: 0.01 }) });
    for (const [name, order] of [
      ['sequential', upTo(rows)],
      ['shuffled', shuffle(rows, 9, 0)],
      ['replacement', draws(rows, 9, 0)],
    ] as const) {
      const model = fitWith(name, 1);
      const named = fitWith({ name: 'indices', indices: order }, 1);
      expectBits(model.coefficients, named.coefficients);
      expectBits(model.history, named.history);
      expect(model.steps).toBe(Math.ceil(rows / batchSize));
    }
  });

  it('a batch larger than the data, and larger than a block', () => {
    const data = problem(700, 3, 5);
    const indices = upTo(3000).map((i) => (7 * i) % 700);
    for (const batchSize of [257, 700, 2999, 2 ** 32 - 1]) {
      for (const sampler of ['sequential', 'shuffled', 'replacement', { name: 'indices', indices }] as Sampler[]) {
        const { status, steps, epochs } = face.fitSync(data, { sampler, batchSize, epochs: 2 });
        const perEpoch = typeof sampler === 'string' ? 700 : 3000;
        expect({ status, steps, epochs }).toEqual({
          status: 'maxEpochs',
          steps: 2 * Math.ceil(perEpoch / batchSize),
          epochs: 2,
        });
      }
    }
  });
});

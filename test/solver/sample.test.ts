// L-BFGS begins where a fit of a sample of the rows ends, with the sample's Hessian: the same bits everywhere, the same
// minimum as without, and soon.
import { describe, expect, it } from 'vitest';
import type { Backend, FitJob, Outcome } from '../../lib/backend/interface.js';
import { loopStatuses, type Table } from '../../lib/backend/plan.js';
import type { FitData, FitOptions } from '../../lib/index.js';
import { fewestSampled, sampleOf } from '../../lib/reference/solver/sample.js';
import { faces, native, reference } from '../support/backends.js';
import { expectOutcome, jobOf } from '../support/jobs.js';
import { expectBits, expectClose, normal, normals, random, thrown } from '../support/support.js';

const smoothLosses = ['squared', 'logistic', 'squared_hinge', 'huber', 'poisson', 'gamma', 'softmax'] as const;

/** Targets that a loss can have, from X w and noise. */
function targets(loss: string, X: Float64Array, cols: number, seed: number): Float64Array {
  const uniform = random(seed);
  return Float64Array.from({ length: X.length / cols }, (_, i) => {
    let z = 0.3;
    for (let j = 0; j < cols; j++) z += Math.sin(j + 1) * X[i * cols + j];
    if (loss === 'softmax') return Math.min(2, Math.floor(3 * uniform() * (1 + Math.tanh(z))));
    if (loss === 'logistic') return Number(uniform() < 1 / (1 + Math.exp(-z)));
    if (loss === 'squared_hinge') return uniform() < 1 / (1 + Math.exp(-z)) ? 1 : -1;
    if (loss === 'poisson') return Math.floor(3 * uniform() * Math.exp(Math.min(z, 3)));
    if (loss === 'gamma') return Math.exp(Math.min(z, 3)) * (0.1 + uniform());
    return z + normal(uniform);
  });
}

function made(loss: string, rows: number, cols: number, seed = 1): FitData & { X: Float64Array; y: Float64Array } {
  const X = normals(rows * cols, seed);
  return { X, y: targets(loss, X, cols, seed + 1) };
}

/** The same in pieces, each on the next of the backends. */
function inPieces(job: FitJob, pauseAfter: number, backends: Backend[]): Outcome {
  let state: Float64Array | null = null;
  for (let piece = 0; ; piece++) {
    const outcome = backends[piece % backends.length].fitSync({ ...job, plan: { ...job.plan, pauseAfter }, state });
    if (loopStatuses[outcome.status] !== 'paused') return outcome;
    state = outcome.state;
  }
}

describe('a sample', () => {
  const tableOf = (count: number, index: Uint32Array | null = null): Table => ({
    X: new Float64Array(0),
    y: new Float64Array(0),
    sampleWeight: null,
    offset: null,
    index,
    count,
  });

  it.each([1, 16, 17, 100, 128, 200, 600])('of %i columns is one run of eight rows out of every few', (cols) => {
    const fewest = fewestSampled(cols);
    for (const rows of [2 * fewest - 1, 2 * fewest, 3 * fewest - 1, 3 * fewest, 10 * fewest + 7, 25 * fewest]) {
      const all = tableOf(rows);
      const sample = sampleOf(all, cols);
      if (rows < 2 * fewest) {
        expect(sample).toBe(all);
        continue;
      }
      const stride = Math.min(10, Math.floor(rows / fewest));
      const index = sample.index as Uint32Array;
      expect(sample.count).toBe(index.length);
      expect(index.length).toBe(8 * Math.floor(Math.floor(rows / 8) / stride));
      for (const [i, row] of index.entries()) {
        if (i % 8 > 0) expect(row).toBe(index[i - 1] + 1);
        else expect([row % 8, Math.floor(row / 8 / stride)]).toEqual([0, i / 8]);
      }
      const places = new Set(Array.from(index, (row) => Math.floor(row / 8) % stride));
      expect(places.size).toBe(stride); // drawn, not the same of each
    }
  });

  it('is of the rows that a table has', () => {
    const index = Uint32Array.from({ length: 3000 }, (_, i) => 5 * i + 2);
    const own = sampleOf(tableOf(3000), 1).index as Uint32Array;
    expectBits(
      sampleOf(tableOf(3000, index), 1).index as Uint32Array,
      own.map((i) => index[i]),
    );
  });
});

describe.each(faces)('lbfgs with a sample: $name', ({ backend, fitSync }) => {
  it('has the bits of the reference on both sides of each border', () => {
    for (const rows of [15, 16, 17, 1023, 1024, 1025, 1535, 1536, 5119, 5120, 5121, 10_247]) {
      for (const [cols, intercept] of [
        [1, true],
        [3, false],
        [8, true],
        [15, true],
        [9, false],
      ] as const) {
        if (rows > 6000 && cols > 3) continue;
        const job = jobOf(made('logistic', rows, cols), {
          loss: 'logistic',
          optimizer: 'lbfgs',
          intercept,
          epochs: 30,
        });
        expectOutcome(backend.fitSync(job), reference.fitSync(job), `${rows} × ${cols}, `);
      }
    }
  });

  it('has them for every loss, with weights, offsets, factors and rows held out', () => {
    const [rows, cols] = [1500, 4];
    const uniform = random(5);
    for (const loss of [...smoothLosses, 'hinge', 'quantile'] as const) {
      const data = made(loss === 'hinge' ? 'squared_hinge' : loss, rows, cols);
      const outputs = loss === 'softmax' ? 3 : 1;
      const more = {
        sampleWeight: Float64Array.from({ length: rows }, () => Math.max(0, uniform() - 0.2)),
        offset: normals(rows * outputs, 9).map((x) => x / 4),
      };
      const options: FitOptions[] = [
        { standardize: true },
        { l2: 0.1, penaltyFactors: Float64Array.of(0, 1, 2, 1), validationFraction: 0.2 },
        { l1: 0.05 },
        { nonNegative: true, l2: 0.01 },
      ];
      for (const given of options) {
        const job = jobOf({ ...data, ...more }, { ...given, loss, optimizer: 'lbfgs', epochs: 20 });
        expectOutcome(backend.fitSync(job), reference.fitSync(job), `${loss} ${JSON.stringify(given)}, `);
      }
    }
    const two = { X: normals(rows * cols, 1), y: normals(rows * 2, 2), rows };
    const job = jobOf(two, { loss: 'huber', optimizer: 'lbfgs', epochs: 20 });
    expectOutcome(backend.fitSync(job), reference.fitSync(job), 'two outputs, ');
  });

  it('pauses and goes on to the same bits, before and after its metric is taken anew', () => {
    const X = normals(1400 * 5, 1).map((x) => x ** 5); // heavy tails, of which a sample says little
    const y = targets('logistic', X, 5, 2);
    const job = jobOf({ X, y }, { loss: 'logistic', optimizer: 'lbfgs', l2: 1e-4, epochs: 60 });
    const whole = reference.fitSync(job);
    expect(whole.epochs).toBeGreaterThan(25);
    for (const pauseAfter of [1, 5, 12, 13]) {
      for (const backends of [[backend], [backend, reference]]) {
        const { weights, epochs, status } = inPieces(job, pauseAfter, backends);
        expect({ epochs, status }).toEqual({ epochs: whole.epochs, status: whole.status });
        expectBits(weights, whole.weights, 'weight');
      }
    }
  });

  it.each(smoothLosses)('finds the minimum of %s that newton finds', (loss) => {
    const data = made(loss, 2500, 5);
    const given: FitOptions = { loss, l2: 1e-3, epochs: 200 };
    const model = fitSync(data, { ...given, optimizer: 'lbfgs' });
    const other = fitSync(data, { ...given, optimizer: 'newton' });
    expect(model.status).toBe('converged');
    expectClose([model.history.at(-1)!], [other.history.at(-1)!], 1e-12);
    expectClose(model.coefficients, other.coefficients, 1e-6, 1);
  });

  it('is soon where columns go together, are rare, or where rows are in some order', () => {
    const [rows, cols] = [4096, 8];
    const mixed = made('logistic', rows, cols);
    for (let i = 0; i < rows; i++) {
      for (let j = 1; j < cols; j++) mixed.X[i * cols + j] = mixed.X[i * cols + j - 1] + 0.03 * mixed.X[i * cols + j];
    }
    const rare = made('logistic', rows, cols);
    for (let i = 0; i < rows; i++) rare.X[i * cols] = Number(i === 77 || i === 3001);
    const uniform = made('logistic', rows, cols);
    const order = Array.from({ length: rows }, (_, i) => i).sort((a, b) => uniform.y[a] - uniform.y[b]);
    const sorted = {
      X: Float64Array.from(order.flatMap((i) => [...uniform.X.subarray(i * cols, (i + 1) * cols)])),
      y: Float64Array.from(order, (i) => uniform.y[i]),
    };
    const periodic = made('logistic', rows, cols);
    for (let i = 0; i < rows; i++) if (i % 8 > 0) periodic.X.fill(0, i * cols, (i + 1) * cols);
    for (const [what, data] of Object.entries({ mixed, rare, sorted, periodic })) {
      const given: FitOptions = { loss: 'logistic', l2: 1e-4 };
      const model = fitSync(data, { ...given, optimizer: 'lbfgs', tolerance: 1e-9 });
      const least = fitSync(data, { ...given, optimizer: 'newton' }).history.at(-1)!;
      expect(model.history.at(-1)! - least, what).toBeLessThan(1e-8);
      expect(model.epochs, what).toBeLessThan(16);
    }
  });

  it('gives up a start that other rows make worse than none', () => {
    const [rows, cols] = [2000, 2];
    const data = made('poisson', rows, cols);
    const sampled = new Set(sampleOf(jobOf(data, { loss: 'poisson', optimizer: 'lbfgs' }).train, cols).index);
    const other = Array.from({ length: rows }, (_, i) => i).find((i) => !sampled.has(i))!;
    data.X[other * cols] = 2000;
    data.y[other] = 0;
    const model = fitSync(data, { loss: 'poisson', optimizer: 'lbfgs', epochs: 300 });
    expect(model.status).toBe('converged');
    const newton = fitSync(data, { loss: 'poisson', optimizer: 'newton', epochs: 300 });
    expectClose([model.history.at(-1)!], [newton.history.at(-1)!], 1e-9, 1);
  });

  it('keeps a start of the caller’s', () => {
    const data = made('logistic', 3000, 4);
    const options: FitOptions = { loss: 'logistic', optimizer: 'lbfgs', l2: 0.01 };
    const model = fitSync(data, options);
    const again = fitSync(data, { ...options, warmStart: model });
    expect(again.epochs).toBeLessThan(3);
    expectClose(again.coefficients, model.coefficients, 1e-9, 1);
  });

  it('tells what is no number, in the sample or not', () => {
    for (const row of [0, 1, 50, 1999]) {
      const data = made('logistic', 2000, 3);
      data.X[row * 3 + 1] = NaN;
      const error = thrown(() => fitSync(data, { loss: 'logistic', optimizer: 'lbfgs' }));
      expect(error).toMatchObject({ code: 'ERR_NOT_FINITE' });
    }
  });
});

describe.runIf(native)('lbfgs with a sample: threads', () => {
  it('change nothing', () => {
    const data = made('logistic', 40_000, 20);
    const fits = [1, 2, 3].map((threads) =>
      (native as Backend).fitSync(jobOf(data, { loss: 'logistic', optimizer: 'lbfgs', l2: 1e-4, epochs: 20, threads })),
    );
    expectOutcome(fits[1], fits[0], 'two threads, ');
    expectOutcome(fits[2], fits[0], 'three threads, ');
  });
});

describe.each(faces)('auto: $name', ({ fitSync }) => {
  it('picks by shape, loss and penalty', () => {
    const picked = (loss: string, rows: number, cols: number, options: FitOptions = {}) => {
      const data = made(loss, rows, cols);
      return fitSync(data, { loss: loss as 'logistic', optimizer: 'auto', epochs: 1, ...options }).optimizer;
    };
    // 2^20 multiplications: 1,024 rows of 31 columns and an intercept.
    expect(picked('logistic', 1023, 31)).toBe('newton');
    expect(picked('logistic', 1024, 31)).toBe('lbfgs');
    expect(picked('logistic', 1024, 31, { l1: 0.1 })).toBe('newton');
    expect(picked('logistic', 1024, 31, { nonNegative: true })).toBe('newton');
    expect(picked('squared', 1024, 31)).toBe('exact');
    expect(picked('squared', 3, 3999)).toBe('exact');
    expect(picked('squared', 3, 4000)).toBe('lbfgs');
    expect(picked('squared', 3, 4000, { l2: 0.1 }), 'as many equations as rows').toBe('exact');
    expect(picked('squared', 3, 2100, { l1: 0.1 })).toBe('newton');
    expect(picked('squared', 3, 1999, { nonNegative: true })).toBe('newton');
    expect(picked('squared', 3, 2000, { nonNegative: true })).toBe('lbfgs');
    expect(picked('poisson', 9, 2100, { l1: 0.1 })).toBe('newton');
    expect(picked('logistic', 30, 499, { nonNegative: true })).toBe('newton');
    expect(picked('logistic', 30, 500, { nonNegative: true })).toBe('lbfgs');
    expect(picked('huber', 30, 499, { l1: 0.1 })).toBe('newton');
    expect(picked('huber', 30, 500, { l1: 0.1 })).toBe('lbfgs');
    expect(picked('softmax', 30, 166, { l1: 0.1 }), 'of three classes').toBe('lbfgs');
    expect(picked('quantile', 9, 499)).toBe('newton');
    expect(picked('quantile', 30, 500, { l1: 0.1 })).toBe('newton');
    expect(picked('quantile', 500, 500, { l2: 0.1 })).toBe('newton');
    expect(picked('quantile', 9, 2000)).toBe('lbfgs');
    expect(picked('quantile', 9, 2000, { l1: 0.1, l2: 0.1 })).toBe('lbfgs');
    expect(picked('quantile', 9, 2000, { l2: 0.1 }), 'as many equations as rows').toBe('newton');
    expect(picked('huber', 499, 500, { l2: 0.1 })).toBe('newton');
    expect(picked('poisson', 500, 500, { l2: 0.1 })).toBe('lbfgs');
    expect(picked('logistic', 30, 500, { l2: 0.1 })).toBe('lbfgs');
    // Fewer rows than four for a column and the intercept.
    expect(picked('huber', 319, 79)).toBe('newton');
    expect(picked('huber', 320, 79)).toBe('lbfgs');
    // Three classes of five columns are 18 weights.
    expect(picked('softmax', 3236, 5)).toBe('newton');
    expect(picked('softmax', 3237, 5)).toBe('lbfgs');
    // Sixteen weights in a system are few.
    expect(picked('logistic', 5000, 15)).toBe('newton');
    expect(picked('logistic', 5000, 16)).toBe('lbfgs');
  });
});

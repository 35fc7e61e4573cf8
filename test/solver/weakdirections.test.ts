// Columns that are nearly equal: what only their difference tells is found, however small it is, or the status says that it
// is not. The minimum is that of a fit of one of them and of the difference, which are well conditioned.
import { describe, expect, it } from 'vitest';
import { faces } from '../support/backends.js';
import { smoothLosses as allSmooth } from '../support/optimum.js';
import { lossOf, named } from '../support/rowloss.js';
import { expectBits, normals, random, runs } from '../support/support.js';

const rows = 120;
const smoothLosses = allSmooth.filter((loss) => loss !== 'modified_huber' && loss !== 'tweedie_identity');
type SmoothLoss = (typeof smoothLosses)[number];

/** How columns of a problem are made of those that are far from dependent: x, x + e·q, by turns x + e·r, and s. */
interface Made {
  X: Float64Array;
  apart: Float64Array;
  y: Float64Array;
  sampleWeight?: Float64Array;
  cols: number;
}

/** The signal is in q and r. */
function makeProblem(loss: SmoothLoss, seed: number, e: number): Made {
  const cols = 2 + (seed % 3);
  const parts = normals(4 * rows, 3 * seed);
  const noise = normals(rows, 3 * seed + 2);
  const X = new Float64Array(cols * rows);
  const apart = new Float64Array(cols * rows);
  const y = new Float64Array(rows);
  const sampleWeight = seed % 2 ? Float64Array.from(noise, (v, i) => (i % 7 ? 1 + v * v : 0)) : undefined;
  for (let i = 0; i < rows; i++) {
    const [x, q, r, s] = parts.subarray(4 * i, 4 * i + 4);
    // A column that leans on the others follows the pair, or one between them.
    const made = [x, x + e * q, 0.7 * x + 0.5 * q + s, x + 0.5 * e * (q + r)];
    for (let j = 0; j < cols; j++) {
      X[i * cols + j] = made[j];
      // What the difference has kept of q, and of r, is exact.
      apart[i * cols + j] = j % 2 ? (made[j] - x) / e : made[j];
    }
    const z = 0.5 * x + q + noise[i] + (cols > 2 ? 0.5 * s : 0) + (cols > 3 ? r : 0);
    if (loss === 'logistic') y[i] = Number(z > 0);
    else if (loss === 'squared_hinge') y[i] = z > 0 ? 1 : -1;
    else if (loss === 'softmax') y[i] = z < -0.7 ? 0 : z < 0.7 ? 1 : 2;
    else if (loss === 'poisson') y[i] = Math.floor(Math.exp(0.7 * z));
    else y[i] = loss === 'gamma' || loss === 'tweedie' ? Math.exp(0.7 * z) : 2 * z;
  }
  return { X, apart, y, sampleWeight, cols };
}

function objectiveOf(loss: SmoothLoss, { apart, y, sampleWeight, cols }: Made, e: number, model: Fitted): number {
  const { coefficients: w, intercepts } = model;
  let sum = 0;
  let total = 0;
  for (let i = 0; i < rows; i++) {
    const x = apart.subarray(i * cols, (i + 1) * cols);
    const z = Float64Array.from(intercepts, (b, k) => {
      const own = w.subarray(k * cols, (k + 1) * cols);
      let whole = own[0];
      let z = b;
      for (let j = 1; j < cols; j++) {
        z += (j % 2 ? e : 1) * own[j] * x[j];
        if (j % 2) whole += own[j];
      }
      return z + whole * x[0];
    });
    const weight = sampleWeight ? sampleWeight[i] : 1;
    total += weight;
    sum += weight * lossOf(loss, y[i], z);
  }
  return sum / total;
}

/** The weights of X's columns that make of them what those of the columns apart do. */
function together(model: Fitted, cols: number, e: number): Fitted {
  const w = model.coefficients.slice();
  for (let at = 0; at < w.length; at += cols) {
    for (let j = 1; j < cols; j += 2) {
      w[at + j] /= e;
      w[at] -= w[at + j];
    }
  }
  return { coefficients: w, intercepts: model.intercepts };
}

interface Fitted {
  coefficients: Float64Array;
  intercepts: Float64Array;
}

describe.each(faces)('nearly equal columns: $name', ({ fitSync }) => {
  const pairs = smoothLosses.flatMap((loss) =>
    (['newton', 'auto'] as const).map((optimizer) => [loss, optimizer] as const),
  );
  it.each(pairs)('%s by %s is at its minimum where it says converged', (loss, optimizer) => {
    let converged = 0;
    const count = runs(12);
    for (let seed = 0; seed < count; seed++) {
      const e = 10 ** -(3 + 6 * random(seed)());
      const made = makeProblem(loss, seed, e);
      const { X, apart, y, sampleWeight, cols } = made;
      const best = fitSync({ X: apart, y, sampleWeight }, { loss: named(loss), optimizer: 'newton', tolerance: 0 });
      const least = objectiveOf(loss, made, e, together(best, cols, e));
      const model = fitSync({ X, y, sampleWeight }, { loss: named(loss), optimizer });
      if (model.status !== 'converged') continue;
      converged++;
      const off = objectiveOf(loss, made, e, model) - least;
      expect(off, `problem ${seed}, e = ${e}`).toBeLessThan(1e-6 * Math.abs(least));
    }
    expect(converged).toBeGreaterThanOrEqual(0.75 * count);
  });

  it('finds what the powers of years tell', () => {
    const years = Array.from({ length: 50 }, (_, i) => 1975 + i);
    const noise = normals(50, 4);
    const shape = (t: number) => ((t - 1999.5) / 25) ** 3 - 0.6 * ((t - 1999.5) / 25);
    const y = Float64Array.from(years, (t, i) => 5 * shape(t) + 0.5 * noise[i]);
    const powers = Float64Array.from(years.flatMap((t) => [t, t ** 2, t ** 3, t ** 4]));
    const centred = Float64Array.from(years.map((t) => (t - 1999.5) / 25).flatMap((t) => [t, t ** 2, t ** 3, t ** 4]));
    for (const loss of ['huber', 'logistic', 'softmax'] as const) {
      const target =
        loss === 'huber' ? y : y.map((v) => (loss === 'logistic' ? Number(v > 0.2) : v < -0.4 ? 0 : v < 0.4 ? 1 : 2));
      const best = fitSync({ X: centred, y: target }, { loss, optimizer: 'newton', tolerance: 0 });
      const model = fitSync({ X: powers, y: target }, { loss });
      const [value, least] = [model, best].map(({ history }) => history[history.length - 1]);
      if (model.status === 'converged') expect(value / least - 1, loss).toBeLessThan(1e-5);
      else expect(model.optimality.relative, loss).not.toBe(0);
    }
  });
});

it.skipIf(faces.length < 2)('fits to the same bits on both backends', () => {
  for (const loss of smoothLosses) {
    for (const e of [1e-5, 1e-7]) {
      for (const seed of [3, 4, 5]) {
        const { X, y, sampleWeight } = makeProblem(loss, seed, e);
        const [one, other] = faces.map(({ fitSync }) =>
          fitSync({ X, y, sampleWeight }, { loss: named(loss), optimizer: 'newton' }),
        );
        expectBits(one.coefficients, other.coefficients, `${loss}, ${e}`);
        expectBits(one.history, other.history, `${loss}, ${e}`);
        expect(one.status).toBe(other.status);
      }
    }
  }
});

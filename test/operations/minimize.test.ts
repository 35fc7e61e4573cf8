// minimize: a caller's own function, on the loop of the fits.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rules } from '../../lib/catalog/rules.js';
import { type Differentiable, fitSync, type MinimizeOptions, minimize } from '../../lib/index.js';
import { minimize as ofReference } from '../../lib/reference.js';
import scipy from '../fixtures/scipy-lbfgsb.json' with { type: 'json' };
import { mgh } from '../support/mgh.js';
import { expectBits, expectClose, expectRefusal, normals, problem, runs, thrown } from '../support/support.js';

/** Rosenbrock's valley in pairs of variables, with its minimum 0 at all ones. */
const rosenbrock: Differentiable = (x, gradient) => {
  let value = 0;
  gradient.fill(0);
  for (let i = 0; i + 1 < x.length; i += 2) {
    const [a, b] = [1 - x[i], x[i + 1] - x[i] * x[i]];
    value += a * a + 100 * b * b;
    gradient[i] = -2 * a - 400 * x[i] * b;
    gradient[i + 1] = 200 * b;
  }
  return value;
};

/** ½Σ c_i (x_i - i)². */
const bowl: Differentiable = (x, gradient) => {
  let value = 0;
  for (let i = 0; i < x.length; i++) {
    const r = x[i] - i;
    value += 0.5 * (i + 1) * r * r;
    gradient[i] = (i + 1) * r;
  }
  return value;
};

describe('minimize', () => {
  it('is the same function everywhere', () => expect(ofReference).toBe(minimize));

  it('finds the minimum by lbfgs, unless told otherwise', () => {
    for (const n of [2, 10, 100]) {
      const x0 = Float64Array.from({ length: n }, (_, i) => (i % 2 ? 1 : -1.2));
      const start = x0.slice();
      const found = minimize(rosenbrock, x0);
      expect(found).toMatchObject({ status: 'converged', optimizer: 'lbfgs' });
      expectClose([...found.x], new Array(n).fill(1), 1e-8, 1);
      expect(found.value).toBeLessThan(1e-18);
      expect(found.evaluations).toBeLessThan(80);
      expect(found.history.length - found.steps).toBeOneOf([0, 1]); // a last search may gain nothing
      expect(x0).toEqual(start);
      const gradient = new Float64Array(n);
      expect([found.value, found.gradient]).toEqual([rosenbrock(found.x, gradient), gradient]);
    }
  });

  it('ends at a minimum of 0 of a least-squares function, whatever the start and the scales', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 8 }), fc.integer({ min: -20, max: 20 }), (seed, n, exponent) => {
        // Residuals a·(x + c·x³) - those at `centre`, of a well-conditioned a.
        const a = normals(n * n, seed).map((value, at) => 2 ** exponent * (value / n + (at % (n + 1) === 0 ? 2 : 0)));
        const centre = normals(n, seed + 1);
        const inner = (x: number) => x + 0.1 * x * x * x;
        let calls = 0;
        const squares: Differentiable = (x, gradient) => {
          calls++;
          let value = 0;
          gradient.fill(0);
          for (let i = 0; i < n; i++) {
            let r = 0;
            for (let j = 0; j < n; j++) r += a[i * n + j] * (inner(x[j]) - inner(centre[j]));
            value += r * r;
            for (let j = 0; j < n; j++) gradient[j] += 2 * r * a[i * n + j] * (1 + 0.3 * x[j] * x[j]);
          }
          return value;
        };
        const x0 = normals(n, seed + 2).map((value) => 3 * value);
        for (const sumOfSquares of [false, true]) {
          calls = 0;
          const found = minimize(squares, x0, { sumOfSquares });
          expect(found.status).toBe('converged');
          expect(found.evaluations).toBe(calls);
          expect(found.evaluations).toBeLessThan(40 + 10 * n);
          expectClose([...found.x], [...centre], 1e-11, 1);
        }
      }),
      { numRuns: runs(200) },
    );
  });

  it('ends at once where it starts at a minimum', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 8 }), fc.constantFrom(0, 1, -1e6), (seed, n, floor) => {
        const centre = normals(n, seed);
        const bottom: Differentiable = (x, gradient) => {
          let value = floor;
          for (let i = 0; i < n; i++) {
            value += (x[i] - centre[i]) ** 2;
            gradient[i] = 2 * (x[i] - centre[i]);
          }
          return value;
        };
        const perfect = minimize(bottom, centre);
        expect(perfect).toMatchObject({ status: 'converged', value: floor, evaluations: 1 });
        // A few units in the last place beside it.
        const beside = minimize(
          bottom,
          centre.map((value, i) => value * (1 + (i % 3) * 2 ** -52)),
        );
        expect(beside.status).toBe('converged');
        expect(beside.evaluations).toBeLessThan(12);
      }),
      { numRuns: runs(100) },
    );
  });

  it('takes the same steps whatever power of two the function is multiplied by', () => {
    for (const { name, x0, fun } of mgh) {
      for (const more of [{}, { lowerBounds: x0.map((x, i) => (i % 2 ? x - 0.1 : -Infinity)) }] as MinimizeOptions[]) {
        const found = minimize(fun, x0, { ...more, epochs: 60 });
        for (const power of [-240, -170, -3, 5, 100]) {
          const unit = 2 ** power;
          const times: Differentiable = (x, gradient) => {
            const value = fun(x, gradient);
            for (let i = 0; i < gradient.length; i++) gradient[i] *= unit;
            return unit * value;
          };
          const scaled = minimize(times, x0, { ...more, epochs: 60 });
          const what = `${name}, ${power}, ${Object.keys(more)}`;
          expect(scaled.status, what).toBe(found.status);
          expect(scaled.evaluations, what).toBe(found.evaluations);
          expectBits(scaled.x, found.x, what);
        }
      }
    }
  });

  it('finds a minimum of large numbers, and of small ones', () => {
    for (const unit of [1e30, 1e12, 1e-12, 1e-30]) {
      for (const start of [0, 3, -40]) {
        const inUnits: Differentiable = (x, gradient) => {
          const value = bowl(
            x.map((own) => own / unit),
            gradient,
          );
          for (let i = 0; i < x.length; i++) gradient[i] /= unit;
          return value;
        };
        const found = minimize(inUnits, new Float64Array(5).fill(start * unit));
        expect(found.status, `${unit}, ${start}`).toBe('converged');
        expectClose(
          found.x.map((x) => x / unit),
          [0, 1, 2, 3, 4],
          1e-5,
          1,
        );
      }
    }
  });

  it('finds the minimum of functions that are no quadratic, in whatever unit x is', () => {
    const ofOne =
      (value: (z: number) => number, slope: (z: number) => number): Differentiable =>
      ([z], gradient) => {
        gradient[0] = slope(z);
        return value(z);
      };
    const quartic = ofOne(
      (z) => z ** 4 - z,
      (z) => 4 * z ** 3 - 1,
    );
    const sextic = ofOne(
      (z) => z ** 6 + z * z - z + 10,
      (z) => 6 * z ** 5 + 2 * z - 1,
    );
    const flat = ofOne(
      (z) => (z - 3) ** 8 + 5,
      (z) => 8 * (z - 3) ** 7,
    );
    const polynomials: [string, Differentiable, number[], number][] = [
      ['z⁴ − z', quartic, [0], -0.75 * 0.25 ** (1 / 3)],
      ['z⁶ + z² − z + 10', sextic, [0], 9.760785921053039],
      ['(z − 3)⁸ + 5', flat, [0], 5],
      ['Rosenbrock', rosenbrock, [-1.2, 1], 0],
    ];
    for (const [name, f, start, least] of polynomials) {
      const at1 = minimize(f, Float64Array.from(start));
      for (let exponent = -40; exponent <= 20; exponent += runs(3) > 3 ? 1 : 4) {
        const unit = 2 ** exponent;
        const inUnit: Differentiable = (x, gradient) => {
          const value = f(
            x.map((xj) => xj / unit),
            gradient,
          );
          for (let j = 0; j < x.length; j++) gradient[j] /= unit;
          return value;
        };
        const found = minimize(
          inUnit,
          Float64Array.from(start, (z) => z * unit),
        );
        const what = `${name}, unit 2^${exponent}`;
        expect(found.status, what).toBe('converged');
        expect(Math.abs(found.value - least), what).toBeLessThan(1e-10);
        expect(found.evaluations, what).toBeLessThanOrEqual(1.5 * at1.evaluations + 20);
      }
    }
  });

  it('takes a known sum of squares as found at the square of a double’s precision', () => {
    const { x0, fun } = mgh.find(({ name }) => name === 'Powell singular')!;
    const first = fun(x0, new Float64Array(4));
    const found = minimize(fun, x0, { sumOfSquares: true });
    expect(found.status).toBe('converged');
    expect(found.value).toBeLessThanOrEqual(2 ** -104 * first);
    expect(found.history.at(-2)).toBeGreaterThan(2 ** -104 * first);
  });

  it('finds the minima of Moré, Garbow and Hillstrom with about as many evaluations as SciPy', () => {
    // Singular: convergence there is linear, and SciPy ends at |g| ≤ 1e-8, 4 digits of x, where nabla goes on to all of them.
    const singular = ['Powell singular', 'Extended Powell singular'];
    const ends: Record<string, { options: MinimizeOptions; of: typeof mgh }> = {
      default: { options: {}, of: mgh.filter(({ name }) => !singular.includes(name)) },
      'by gradient': { options: { gradientTolerance: 1e-8 }, of: mgh },
      'sum of squares': { options: { sumOfSquares: true }, of: mgh },
    };
    for (const [how, { options, of }] of Object.entries(ends)) {
      const ratios = of.map(({ name, x0, minimum, fun }) => {
        const found = minimize(fun, x0, options);
        expect(found.status, name).toBe('converged');
        expectClose([found.value], [minimum], 1e-7, options.gradientTolerance ? 1e-6 : 1e-8);
        return found.evaluations / scipy.evaluations[name as keyof typeof scipy.evaluations];
      });
      ratios.sort((a, b) => a - b);
      expect(ratios[ratios.length >> 1], `median, ${how}`).toBeLessThan(1.1);
      expect(ratios.reduce((sum, ratio) => sum + ratio) / ratios.length, `mean, ${how}`).toBeLessThan(1.2);
    }
  });

  it('goes on at a singular minimum to the last digit of x, unless a tolerance ends it', () => {
    for (const name of ['Powell singular', 'Extended Powell singular']) {
      const { x0, fun } = mgh.find((one) => one.name === name)!;
      const evaluations = scipy.evaluations[name as keyof typeof scipy.evaluations];
      const largest = (options: MinimizeOptions) => Math.max(...minimize(fun, x0, options).x.map(Math.abs)); // the minimum is at 0
      expect(largest({})).toBeLessThan(1e-11);
      expect(minimize(fun, x0).evaluations).toBeLessThan(8 * evaluations);
      expect(minimize(fun, x0, { gradientTolerance: 1e-8 }).evaluations).toBeLessThan(1.2 * evaluations);
      expect(largest({ gradientTolerance: 1e-8 })).toBeGreaterThan(1e-5);
    }
  });

  it.each(Object.keys(rules) as (keyof typeof rules)[])('goes downhill by %s', (name) => {
    const learningRate = ['adadelta', 'adagrad', 'ftrl', 'ftrlProximal'].includes(name) ? 1 : 0.02;
    const found = minimize(bowl, new Float64Array(7), { optimizer: { name, learningRate }, epochs: 400 });
    expect(found.optimizer).toBe(name);
    expect(found.steps).toBe(400);
    expect(found.value).toBeLessThan(0.5 * bowl(new Float64Array(7), new Float64Array(7)));
    expect(found.history[0]).toBeGreaterThan(found.history[399]);
  });

  it('takes the steps of a fit of the same objective, with penalties and without', () => {
    const { X, y } = problem(40, 5, 3);
    const mean: Differentiable = (w, gradient) => {
      let sum = 0;
      gradient.fill(0);
      for (let i = 0; i < 40; i++) {
        let r = -y[i];
        for (let j = 0; j < 5; j++) r += X[5 * i + j] * w[j];
        sum += 0.5 * r * r;
        for (let j = 0; j < 5; j++) gradient[j] += (r * X[5 * i + j]) / 40;
      }
      return sum / 40;
    };
    const cases: MinimizeOptions[] = [
      { optimizer: 'lbfgs' },
      { optimizer: 'lbfgs', l1: 0.2 },
      { optimizer: 'lbfgs', l1: 0.01, l2: 0.1, nonNegative: true },
      { optimizer: 'lbfgs', lowerBounds: [1.5, -Infinity, 0, 1, -1], upperBounds: [Infinity, 1.25, 2, 1, 7] },
      { optimizer: { name: 'momentum', learningRate: 0.05 }, epochs: 500, lowerBounds: 2, upperBounds: 4 },
      { optimizer: { name: 'adam', learningRate: 0.05 }, schedule: 'cosine', epochs: 500, l2: 0.1 },
      { optimizer: { name: 'momentum', learningRate: 0.05 }, epochs: 500, l1: 0.1 },
    ];
    for (const options of cases) {
      const model = fitSync({ X, y }, { ...options, intercept: false });
      const found = minimize(mean, new Float64Array(5), options);
      expectClose([...found.x], [...model.coefficients], 1e-6, 1);
      expect([...found.x].map((w) => w === 0)).toEqual([...model.coefficients].map((w) => w === 0));
      expect(Math.abs(found.value - model.history.at(-1)!)).toBeLessThan(1e-9);
    }
  });

  it('by lbfgs never ends higher than it began, whatever the function', () => {
    fc.assert(
      fc.property(
        fc.nat(),
        fc.integer({ min: 1, max: 8 }),
        fc.double({ min: 0.5, max: 4, noNaN: true }),
        (seed, n, power) => {
          const centre = normals(n, seed);
          const rough: Differentiable = (x, gradient) => {
            let value = 0;
            for (let i = 0; i < n; i++) {
              const r = x[i] - centre[i];
              value += Math.abs(r) ** power + Math.cos(3 * x[i]);
              gradient[i] = power * Math.sign(r) * Math.abs(r) ** (power - 1) - 3 * Math.sin(3 * x[i]);
            }
            return value;
          };
          const x0 = normals(n, seed + 1);
          const first = rough(x0, new Float64Array(n));
          const { value, status, history } = minimize(rough, x0, { epochs: 50 });
          expect(['converged', 'stalled', 'maxEpochs', 'diverged']).toContain(status);
          expect(value).toBeLessThanOrEqual(first);
          for (let k = 1; k < history.length; k++) expect(history[k]).toBeLessThanOrEqual(history[k - 1] + 1e-11);
        },
      ),
      { numRuns: runs(200) },
    );
  });

  it('survives values that are not finite on the way', () => {
    const log: Differentiable = (x, gradient) => {
      gradient[0] = 1 - 1 / x[0];
      return x[0] - Math.log(x[0]);
    };
    expectClose([...minimize(log, Float64Array.of(0.01)).x], [1], 1e-8, 1);
    const steep = minimize(bowl, new Float64Array(5), { optimizer: { name: 'sgd', learningRate: 1e9 } });
    expect(steep.status).toBe('diverged');
    expect([...steep.x].every(Number.isFinite)).toBe(true);
  });

  it('stops where it is told to', () => {
    const x0 = new Float64Array(6);
    expect(minimize(rosenbrock, x0, { epochs: 3 })).toMatchObject({ steps: 3, status: 'maxEpochs' });
    const near = minimize(rosenbrock, x0, { gradientTolerance: 1e-3 });
    expect(near.status).toBe('converged');
    expect(Math.hypot(...near.gradient)).toBeLessThan(1e-3);
    expect(minimize(rosenbrock, x0, { tolerance: 1e-3 }).steps).toBeLessThan(minimize(rosenbrock, x0).steps);
    const adam = { name: 'adam', learningRate: 0.1 } as const;
    expect(minimize(bowl, x0, { optimizer: adam, patience: 5, epochs: 5000 }).status).toBe('earlyStopped');
    expect(minimize(bowl, x0, { optimizer: adam, maxSeconds: 1e-9 })).toMatchObject({ steps: 1, status: 'timeLimit' });
  });

  it('throws what the function throws', () => {
    const error = new Error('mine');
    const throwing = () => {
      throw error;
    };
    expect(thrown(() => minimize(throwing, Float64Array.of(1)))).toBe(error);
  });

  it('refuses what it cannot use', () => {
    const x0 = Float64Array.of(1, 2);
    expectRefusal(minimize, [null, x0], 'ERR_INVALID_ARG_TYPE', /^fun must be a function/);
    expectRefusal(minimize, [bowl, [1, 2]], 'ERR_INVALID_ARG_TYPE', /^x0 must be a Float64Array/);
    expectRefusal(minimize, [bowl, new Float64Array(0)], 'ERR_SHAPE', /^x0 must have/);
    expectRefusal(minimize, [bowl, Float64Array.of(1, NaN)], 'ERR_NOT_FINITE', /^x0\[1\]/);
    expectRefusal(minimize, [() => '1', x0], 'ERR_INVALID_ARG_TYPE', /^the value of fun must be a number/);
    expectRefusal(minimize, [async () => 1, x0], 'ERR_INVALID_ARG_TYPE', /^the value of fun must be a number/);
    expectRefusal(minimize, [() => 1, x0], 'ERR_NOT_FINITE', /^gradient\[0\] of fun/);
    for (const bad of [NaN, Infinity, -Infinity]) {
      const at = (value: number, slope: number) => (_x: Float64Array, gradient: Float64Array) => {
        gradient.fill(0)[1] = slope;
        return value;
      };
      for (const optimizer of ['lbfgs', 'adam']) {
        expectRefusal(minimize, [at(bad, 0), x0, { optimizer }], 'ERR_NOT_FINITE', /^the value of fun at x0/);
        expectRefusal(minimize, [at(1, bad), x0, { optimizer }], 'ERR_NOT_FINITE', /^gradient\[1\] of fun at x0/);
      }
    }
    expectRefusal(minimize, [bowl, x0, { sumOfSquares: 1 }], 'ERR_INVALID_ARG_TYPE', /^options\.sumOfSquares/);
    const byRule = { sumOfSquares: true, optimizer: 'adam' };
    expectRefusal(minimize, [bowl, x0, byRule], 'ERR_UNKNOWN_OPTION', /^sumOfSquares goes with .* lbfgs/);
    const below = (x: Float64Array, gradient: Float64Array) => bowl(x, gradient) - 1e3;
    const negative = /^the value of fun must be a number from 0, as sumOfSquares says/;
    expectRefusal(minimize, [below, x0, { sumOfSquares: true }], 'ERR_OUT_OF_RANGE', negative);
    expectRefusal(minimize, [bowl, x0, { optimizer: null }], 'ERR_INVALID_ARG_TYPE', /^optimizer must be one of/);
    expectRefusal(minimize, [bowl, x0, { optimizer: 'newton' }], 'ERR_UNKNOWN_OPTION', /second derivatives/);
    expectRefusal(minimize, [bowl, x0, { optimizer: 'exact' }], 'ERR_UNKNOWN_OPTION', /second derivatives/);
    expectRefusal(minimize, [bowl, x0, { batchSize: 3 }], 'ERR_UNKNOWN_OPTION', /^options\.batchSize/);
    expectRefusal(minimize, [bowl, x0, { epochs: 0 }], 'ERR_OUT_OF_RANGE', /^epochs/);
    expectRefusal(minimize, [bowl, x0, null], 'ERR_INVALID_ARG_TYPE', /^options must be/);
  });
});

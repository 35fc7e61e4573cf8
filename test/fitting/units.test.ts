// Columns and targets whose squares are no doubles: a fit of X·2ˢ has the coefficients of X times 2⁻ˢ, one of y·2ᵏ those
// of y times 2ᵏ, or says that it has not.
import { describe, expect, it } from 'vitest';
import type { FitOptions } from '../../lib/index.js';
import { faces } from '../support/backends.js';
import { expectBits, expectClose, normals, random, runs } from '../support/support.js';

const rows = 24;
const cols = 3;

/** x·2ᵏ, of normal doubles exactly. */
const times = (x: number, k: number): number => x * 2 ** Math.trunc(k / 2) * 2 ** (k - Math.trunc(k / 2));

/** Each column by a power of two of its own. */
const scale = (X: Float64Array, powers: readonly number[]) => X.map((x, i) => times(x, powers[i % cols]));

function problem(seed: number) {
  const X = normals(rows * cols, seed);
  const noise = normals(rows, 1000 + seed);
  const z = noise.map((e, i) => 0.5 + X[i * cols] - 2 * X[i * cols + 1] + 0.3 * X[i * cols + 2] + 0.5 * e);
  const uniform = random(seed);
  const power = (most: number) => Math.floor((2 * uniform() - 1) * most);
  const powers = [power(1000), uniform() < 0.5 ? power(1000) : 0, 0];
  return { X, z, powers, power };
}

const targets: Record<string, (z: Float64Array) => Float64Array> = {
  logistic: (z) => z.map((v) => Number(v > 0)),
  squared_hinge: (z) => z.map((v) => (v > 0 ? 1 : -1)),
  poisson: (z) => z.map((v) => Math.floor(Math.exp(v / 2))),
  gamma: (z) => z.map((v) => Math.exp(v / 2)),
  huber: (z) => z,
  quantile: (z) => z,
};

describe.each(faces)(
  'units: $name',
  ({ fit: fitOff, fitSync, fitIterator, fitMany, fitManySync, fitPathSync, crossValidateSync }) => {
    it('of columns and of y do not matter to least squares', () => {
      for (let seed = 0; seed < runs(12); seed++) {
        const { X, z: y, powers, power } = problem(seed);
        const k = power(400);
        for (const optimizer of ['exact', 'newton', 'lbfgs', 'auto'] as const) {
          for (const options of [{}, { standardize: true }, { intercept: false }, { standardize: true, l2: 0.1 }]) {
            if (optimizer === 'lbfgs' && seed % 3) continue;
            const given: FitOptions = { ...options, optimizer };
            const one = fitSync({ X, y }, given);
            const other = fitSync({ X: scale(X, powers), y }, given);
            const label = `seed ${seed}, ${optimizer} ${JSON.stringify(options)}`;
            expect(other.status, label).toBe(one.status);
            const found = other.coefficients.map((w, j) => times(w, powers[j]));
            expectClose(found, one.coefficients, 1e-6, 1, label);
            expectClose(other.intercepts, one.intercepts, 1e-6, 1, label);
            for (const far of [k, 1000, -1000]) {
              const moved = fitSync({ X, y: y.map((v) => times(v, far)) }, given);
              expect(moved.status, `${label}, y·2^${far}`).toBe(one.status);
              const back = moved.coefficients.map((w) => times(w, -far));
              expectClose(back, one.coefficients, 1e-6, 1, `${label}, y·2^${far}`);
            }
          }
        }
      }
    });

    it('of columns do not matter to other losses', () => {
      for (let seed = 0; seed < runs(6); seed++) {
        const { X, z, powers } = problem(seed);
        for (const [loss, of] of Object.entries(targets)) {
          for (const optimizer of ['newton', 'lbfgs', 'auto'] as const) {
            // Classes that are told apart have no minimum without a penalty.
            const given = { loss, optimizer, standardize: true, l2: 0.05 } as FitOptions;
            const y = of(z);
            const one = fitSync({ X, y }, given);
            const other = fitSync({ X: scale(X, powers), y }, given);
            const label = `seed ${seed}, ${loss} by ${optimizer}`;
            expect(other.status, label).toBe(one.status);
            expectClose(
              other.coefficients.map((w, j) => times(w, powers[j])),
              one.coefficients,
              1e-5,
              1,
              label,
            );
          }
        }
      }
    });

    it('of y do not matter to losses that are squares', () => {
      for (let seed = 0; seed < runs(6); seed++) {
        const { X, z: y, power } = problem(seed);
        for (const optimizer of ['newton', 'lbfgs', 'auto'] as const) {
          for (const k of [power(1000), 900, -900]) {
            const huber = (delta: number): FitOptions => ({
              loss: { name: 'huber', delta },
              optimizer,
              l1: delta / 50,
            });
            const tube = (epsilon: number): FitOptions => ({
              loss: { name: 'squared_epsilon_insensitive', epsilon },
              optimizer,
            });
            for (const options of [huber, tube]) {
              const one = fitSync({ X, y }, options(0.5));
              const other = fitSync({ X, y: y.map((v) => times(v, k)) }, options(times(0.5, k)));
              const label = `seed ${seed}, ${JSON.stringify(options(0.5))}, 2^${k}`;
              expect(other.status, label).toBe(one.status);
              expectClose(
                other.coefficients.map((w) => times(w, -k)),
                one.coefficients,
                1e-6,
                1,
                label,
              );
            }
          }
        }
      }
    });

    it('are found in every way to fit', async () => {
      const { X: from, z: y } = problem(3);
      const X = scale(from, [-700, 0, 900]);
      for (const optimizer of ['newton', 'exact'] as const) {
        const one = fitSync({ X, y }, { optimizer });
        expect(one.status).toBe('converged');
        const others = [await fitOff({ X, y }, { optimizer })];
        const epochs = fitIterator({ X, y }, { optimizer });
        for await (const _ of epochs);
        others.push(await epochs.model);
        const problems = [
          { X: from, y },
          { X, y },
          { X: from, y: y.map((v) => times(v, 800)) },
        ];
        const many = fitManySync(problems, { optimizer });
        others.push(many.at(1), (await fitMany(problems, { optimizer })).at(1));
        for (const other of others) {
          expect(other.status).toBe('converged');
          expectBits(other.coefficients, one.coefficients);
          expectBits(other.intercepts, one.intercepts);
        }
        expectBits(many.at(0).coefficients, fitSync({ X: from, y }, { optimizer }).coefficients);
        expectBits(many.at(2).coefficients, fitSync(problems[2], { optimizer }).coefficients);
      }
    });

    it('are of no help to a penalty, which is in the units of the columns: no such fit is at its minimum', () => {
      const { X: from, z: y } = problem(4);
      for (const power of [-700, 700]) {
        const X = scale(from, [0, power, 0]);
        for (const optimizer of ['exact', 'newton', 'lbfgs'] as const) {
          expect(fitSync({ X, y }, { optimizer, l2: 1 }).status).not.toBe('converged');
          expect(fitSync({ X, y }, { optimizer, l2: 1, penaltyFactors: [1, 0, 1] }).status).toBe('converged');
        }
        const carried = fitSync({ X, y }, { optimizer: 'adam', standardize: true, keepState: true, tolerance: 1e-3 });
        expect(carried.status).not.toBe('converged');
        const many = fitManySync(
          [
            { X, y },
            { X: from, y },
          ],
          { optimizer: 'exact', l2: 1 },
        );
        expect(many.at(0).status).not.toBe('converged');
        expect(many.at(1).status).toBe('converged');
        for (const optimizer of ['exact', 'newton', 'lbfgs'] as const) {
          expect(fitSync({ X, y }, { optimizer, l2: 1, standardize: true }).status).toBe('converged');
        }
        const says = new RegExp(
          `^column 1 of X .* multiply it by 2\\^${power > 0 ? '-7' : '(69|70)'}\\d* .*standardize`,
        );
        const tooFar = expect.objectContaining({
          code: 'ERR_OUT_OF_RANGE',
          column: 1,
          message: expect.stringMatching(says),
        });
        expect(() => fitPathSync({ X, y })).toThrow(tooFar);
        expect(() => crossValidateSync({ X, y })).toThrow(tooFar);
      }
    });

    it('leave columns of ordinary numbers and of others no fit that claims to be at its minimum', () => {
      const { X: from, z: y } = problem(5);
      const X = from.map((x, i) => (i % cols === 1 && i > cols ? times(x, 700) : x));
      for (const optimizer of ['exact', 'newton', 'lbfgs'] as const) {
        for (const loss of optimizer === 'exact'
          ? (['squared'] as const)
          : (['squared', 'huber', 'quantile'] as const)) {
          expect(fitSync({ X, y }, { loss, optimizer }).status, `${loss} by ${optimizer}`).not.toBe('converged');
        }
      }
    });

    it('take the weights of a warm start, bounds and a validation along', () => {
      const { X: from, z: y } = problem(6);
      const X = scale(from, [-800, 0, 800]);
      const bounds = { lowerBounds: [-Infinity, -1, 0], upperBounds: [times(0.25, 800), Infinity, Infinity] };
      const held = fitSync({ X, y }, { optimizer: 'newton', ...bounds });
      const plain = fitSync(
        { X: from, y },
        { optimizer: 'newton', ...bounds, upperBounds: [0.25, Infinity, Infinity] },
      );
      expect(held.status).toBe('converged');
      expectClose([times(held.coefficients[0], -800), held.coefficients[1]], plain.coefficients.subarray(0, 2), 1e-7);
      const options: FitOptions = { optimizer: 'newton', validation: { X, y } };
      const one = fitSync({ X, y }, options);
      const other = fitSync({ X: from, y }, { optimizer: 'newton', validation: { X: from, y } });
      expectClose(one.history.validationLoss, other.history.validationLoss, 1e-9);
      const again = fitSync({ X, y }, { optimizer: 'newton', warmStart: one });
      expect(again.status).toBe('converged');
      expectClose(
        again.coefficients.map((w) => w),
        one.coefficients,
        1e-9,
      );
    });
  },
);

// Losses of counts and amounts: powers 0, 1 … 2 and above, both links, digits near powers 1 and 2 and near the mean.
import { describe, expect, it } from 'vitest';
import type { Loss, MeanMetrics } from '../../lib/index.js';
import { linear } from '../support/algebra.js';
import { faces } from '../support/backends.js';
import { expectClose, normals, random } from '../support/support.js';

const [rows, cols] = [120, 3];
const uniform = random(2);
const X = normals(rows * cols, 1).map((x) => x / 2);
const noise = Float64Array.from({ length: rows }, () => 0.3 + 1.4 * uniform());
const amounts = linear(X, [0.8, -0.4, 0.1], 1).map((z, i) => Math.exp(z) * noise[i]);
const counts = amounts.map(Math.round);
/** Means that are a line, far from 0. */
const lines = linear(X, [1, -0.5, 0.2], 6).map((mean, i) => mean * noise[i]);

const tweedie = (power: number): Loss => ({ name: 'tweedie', power });
const identity = (power: number): Loss => ({ name: 'tweedie_identity', power });

/** Half the deviance's slope in the weights, of the mean m and its slope in z. */
function slopes(y: Float64Array, power: number, z: Float64Array, isIdentity: boolean): number[] {
  const inZ = z.map((value, i) => {
    const mean = isIdentity ? value : Math.exp(value);
    return ((mean - y[i]) / mean ** power) * (isIdentity ? 1 : mean);
  });
  const sum = (of: (i: number) => number) => inZ.reduce((total, slope, i) => total + slope * of(i), 0) / rows;
  return [sum(() => 1), ...[0, 1, 2].map((j) => sum((i) => X[i * cols + j]))];
}

describe.each(faces)('tweedie: $name', ({ fitSync, fitManySync, fitPathSync, crossValidateSync, Model }) => {
  it.each(['newton', 'lbfgs'] as const)('by %s near power 1 is poisson, near 2 gamma', (optimizer) => {
    const options = { optimizer, tolerance: 0, l2: 0.01 } as const;
    for (const [limit, y] of [
      ['poisson', counts],
      ['gamma', amounts],
    ] as const) {
      const expected = fitSync({ X, y }, { ...options, loss: limit });
      for (const delta of [0, 1e-15, 1e-12, 1e-9, 1e-7]) {
        const power = limit === 'poisson' ? 1 + delta : 2 - delta;
        const model = fitSync({ X, y: limit === 'poisson' ? y : amounts }, { ...options, loss: tweedie(power) });
        expectClose(model.coefficients, expected.coefficients, 1e-8 + 10 * delta, 1, `${power}`);
        const [own, other] = [model, expected].map((one) => one.evaluate(X, y) as MeanMetrics);
        expectClose([own.deviance, own.d2 as number], [other.deviance, other.d2 as number], 1e-8 + 10 * delta, 1);
      }
    }
  });

  it.each<[string, Loss, number, Float64Array, boolean]>([
    ['power 0', tweedie(0), 0, amounts, false],
    ['power 1', tweedie(1), 1, counts, false],
    ['power 2', tweedie(2), 2, amounts, false],
    ['power 2.5', tweedie(2.5), 2.5, amounts, false],
    ['power 3', tweedie(3), 3, amounts, false],
    ['power 1, identity', identity(1), 1, lines, true],
    ['power 1.5, identity', identity(1.5), 1.5, lines, true],
    ['power 2, identity', identity(2), 2, lines, true],
    ['power 3, identity', identity(3), 3, lines, true],
  ])('of %s ends where its slopes are 0, in any unit of y', (_name, loss, power, y, isIdentity) => {
    for (const optimizer of ['newton', 'lbfgs', 'auto'] as const) {
      const first = fitSync({ X, y }, { loss, optimizer, tolerance: 1e-14 });
      expect(first.status, optimizer).toBe('converged');
      const z = first.decision(X);
      if (isIdentity) expect(first.predict(X)).toEqual(z);
      expectClose(slopes(y, power, z, isIdentity), [0, 0, 0, 0], 2e-6, 1, optimizer);
      for (const unit of [1e-3, 1e3]) {
        const model = fitSync({ X, y: y.map((value) => unit * value) }, { loss, optimizer, tolerance: 0 });
        const own = model.coefficients.map((w) => (isIdentity ? w / unit : w));
        expectClose(own, first.coefficients, 2e-4, 1, `${optimizer}, ${unit}`);
      }
    }
  });

  it('deviance has its digits where means are nearly y', () => {
    const all: Loss[] = ['poisson', 'gamma', tweedie(1.5), tweedie(1 + 1e-9), tweedie(3), identity(2), identity(3)];
    for (const loss of all) {
      const power = loss === 'poisson' ? 1 : loss === 'gamma' ? 2 : (loss as { power: number }).power;
      const isIdentity = typeof loss === 'object' && loss.name === 'tweedie_identity';
      const means = Float64Array.of(2, 3, 5);
      const at = isIdentity ? means : means.map(Math.log);
      const model = fitSync({ X: at, y: means }, { loss, epochs: 1 });
      const itself = Model.fromJSON({ ...model.toJSON(), coefficients: [1], intercepts: [0] }); // z is the column
      for (const part of [1e-3, 1e-6, 1e-9]) {
        const y = means.map((mean) => mean * (1 + part));
        const { deviance } = itself.evaluate(at, y) as MeanMetrics;
        // (y - m)²/m^p, to first order in the part.
        const expected = means.reduce((sum, m) => sum + (m * part) ** 2 / m ** power, 0) / 3;
        expectClose([deviance], [expected], 3 * part + 1e-6, 0, `${JSON.stringify(loss)} ${part}`);
      }
    }
  });

  it('begins in the domain of an identity link, in all fits', () => {
    const loss = identity(2);
    const alone = fitSync({ X, y: lines }, { loss, optimizer: 'newton', tolerance: 0 });
    const many = fitManySync([{ X, y: lines }], { loss, optimizer: 'newton', tolerance: 0 });
    expect(many.at(0).coefficients).toEqual(alone.coefficients);
    const path = fitPathSync({ X, y: lines }, { loss, count: 20 });
    expect(path.devianceRatio.every((ratio) => ratio >= -1e-9 && ratio < 1)).toBe(true);
    expectClose([path.devianceRatio.at(-1) as number], [(alone.evaluate(X, lines) as MeanMetrics).d2 as number], 1e-3);
    expect(crossValidateSync({ X, y: lines }, { loss, count: 10 }).lambdaMin).toBeGreaterThan(0);
    const offset = new Float64Array(rows).fill(-20);
    const moved = fitSync({ X, y: lines, offset }, { loss, optimizer: 'newton', tolerance: 0 });
    expectClose(moved.coefficients, alone.coefficients, 1e-6);
    expectClose([moved.intercept], [alone.intercept + 20], 1e-6);
    expect(fitSync({ X, y: lines }, { loss, intercept: false }).status).toBe('diverged');
    expect(
      alone.score(
        X.map((x) => 1e6 * x),
        lines,
      ),
    ).toBe(-Infinity);
  });

  it('takes what a power allows as y', () => {
    const signed = amounts.map((value, i) => (i % 2 ? value : -value));
    expect(() => fitSync({ X, y: signed }, { loss: tweedie(0), epochs: 3 })).not.toThrow();
    expect(() => fitSync({ X, y: signed }, { loss: tweedie(1) })).toThrow(/a number from 0/);
    expect(() => fitSync({ X, y: amounts.map((value, i) => (i ? value : 0)) }, { loss: tweedie(2) })).toThrow(
      /above 0/,
    );
    expect(() => fitSync({ X, y: amounts }, { loss: tweedie(0.5) })).toThrow(/\[0, ∞\) but not in \(0, 1\)/);
  });
});

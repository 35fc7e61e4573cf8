// NIST's nonlinear regression problems by minimize(differentiable(…)), from start 2, against certified parameters.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { differentiable, type Operand, ops as o, type Tensor } from '../../lib/autodiff.js';
import { minimize } from '../../lib/index.js';

interface Problem {
  name: string;
  start: number[];
  certified: number[];
  residualSumOfSquares: number;
  y: number[];
  x: number[] | number[][];
}
const file = new URL('../fixtures/nist-nonlinear.json', import.meta.url);
const { problems }: { problems: Problem[] } = JSON.parse(readFileSync(file, 'utf8'));

const { add, atan, div, exp, log, mul, neg, pow, sub } = o;
const poly = (x: Operand, ...b: Operand[]): Tensor =>
  b.reduceRight<Tensor>((sum, coefficient) => add(coefficient, mul(sum, x)), add(0, 0));

const bell = (x: Operand, height: Operand, centre: Operand, width: Operand): Tensor =>
  mul(height, exp(neg(pow(div(sub(x, centre), width), 2))));
/** Of a period: cosine and sine. */
const wave = (x: Operand, period: Operand, c: Operand, s: Operand): Tensor => {
  const angle = div(mul(2 * Math.PI, x), period);
  return add(mul(c, o.cos(angle)), mul(s, o.sin(angle)));
};
const decays = (x: Operand, [b1, b2, b3, b4, b5, b6]: Tensor[]): Tensor =>
  add(mul(b1, exp(neg(mul(b2, x)))), add(mul(b3, exp(neg(mul(b4, x)))), mul(b5, exp(neg(mul(b6, x))))));
const ultrasonic = (x: Operand, [b1, b2, b3]: Tensor[]): Tensor => div(exp(neg(mul(b1, x))), add(b2, mul(b3, x)));
const peaks = (x: Operand, [b1, b2, b3, b4, b5, b6, b7, b8]: Tensor[]): Tensor =>
  add(mul(b1, exp(neg(mul(b2, x)))), add(bell(x, b3, b4, b5), bell(x, b6, b7, b8)));

/** The models in NIST's own parameters b. */
const models: Record<string, (x: Operand, b: Tensor[]) => Tensor> = {
  Misra1a: (x, [b1, b2]) => mul(b1, sub(1, exp(neg(mul(b2, x))))),
  Misra1b: (x, [b1, b2]) => mul(b1, sub(1, pow(add(1, div(mul(b2, x), 2)), -2))),
  Misra1c: (x, [b1, b2]) => mul(b1, sub(1, pow(add(1, mul(2, mul(b2, x))), -0.5))),
  Misra1d: (x, [b1, b2]) => div(mul(b1, mul(b2, x)), add(1, mul(b2, x))),
  DanWood: (x, [b1, b2]) => mul(b1, pow(x, b2)),
  BoxBOD: (x, [b1, b2]) => mul(b1, sub(1, exp(neg(mul(b2, x))))),
  Rat42: (x, [b1, b2, b3]) => div(b1, add(1, exp(sub(b2, mul(b3, x))))),
  Rat43: (x, [b1, b2, b3, b4]) => div(b1, pow(add(1, exp(sub(b2, mul(b3, x)))), div(1, b4))),
  MGH09: (x, [b1, b2, b3, b4]) => div(mul(b1, add(mul(x, x), mul(x, b2))), add(add(mul(x, x), mul(x, b3)), b4)),
  MGH10: (x, [b1, b2, b3]) => mul(b1, exp(div(b2, add(x, b3)))),
  MGH17: (x, [b1, b2, b3, b4, b5]) => add(b1, add(mul(b2, exp(neg(mul(x, b4)))), mul(b3, exp(neg(mul(x, b5)))))),
  Roszman1: (x, [b1, b2, b3, b4]) => sub(sub(b1, mul(b2, x)), div(atan(div(b3, sub(x, b4))), Math.PI)),
  Eckerle4: (x, [b1, b2, b3]) => mul(div(b1, b2), exp(mul(-0.5, pow(div(sub(x, b3), b2), 2)))),
  Thurber: (x, [b1, b2, b3, b4, b5, b6, b7]) => div(poly(x, b1, b2, b3, b4), poly(x, 1, b5, b6, b7)),
  Lanczos1: decays,
  Lanczos2: decays,
  Lanczos3: decays,
  Chwirut1: ultrasonic,
  Chwirut2: ultrasonic,
  Kirby2: (x, [b1, b2, b3, b4, b5]) => div(poly(x, b1, b2, b3), poly(x, 1, b4, b5)),
  Hahn1: (x, [b1, b2, b3, b4, b5, b6, b7]) => div(poly(x, b1, b2, b3, b4), poly(x, 1, b5, b6, b7)),
  Gauss1: peaks,
  Gauss2: peaks,
  Gauss3: peaks,
  Bennett5: (x, [b1, b2, b3]) => mul(b1, pow(add(b2, x), div(-1, b3))),
  ENSO: (x, [b1, b2, b3, b4, b5, b6, b7, b8, b9]) =>
    add(add(b1, wave(x, 12, b2, b3)), add(wave(x, b4, b5, b6), wave(x, b7, b8, b9))),
  Nelson: (x, [b1, b2, b3]) =>
    sub(b1, mul(mul(b2, o.slice(x, [0, 0], [128, 1])), exp(neg(mul(b3, o.slice(x, [0, 1])))))),
};

describe('NIST nonlinear regression from start 2', () => {
  it.each(problems.map((problem) => [problem.name, problem] as const))('%s: has six digits', (name, problem) => {
    const { start, certified, y, residualSumOfSquares } = problem;
    const x = problem.x as number[];
    const observed = name === 'Nelson' ? o.reshape(log(y), [128, 1]) : Float64Array.from(y);
    const units = name === 'ENSO' ? start.map(() => 1) : start;
    // In units of the start all parameters are of the order of 1. Those of ENSO are so already, and one changes its sign.
    const f = (scaled: Tensor) => {
      const b = units.map((unit, j) => mul(unit, o.take(scaled, j)));
      const residual = sub(models[name](x, b), observed);
      return o.sum(mul(residual, residual));
    };
    const run = minimize(
      differentiable(f),
      Float64Array.from(start, (value, j) => value / units[j]),
      { epochs: 20_000 },
    );
    // Residuals of Lanczos2 and Lanczos1 are 1e-6 and 1e-13 of y: rounding hides the last decrease, and the sum's digits.
    expect(run.status).toBe(name === 'Lanczos2' ? 'stalled' : 'converged');
    if (name !== 'Lanczos1') expect(Math.abs(run.value / residualSumOfSquares - 1)).toBeLessThan(1e-6);
    certified.forEach((value, j) => {
      expect(Math.abs((run.x[j] * units[j]) / value - 1), `b${j + 1}`).toBeLessThan(1e-6);
    });
  });
});

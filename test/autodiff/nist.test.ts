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
  Lanczos3: (x, [b1, b2, b3, b4, b5, b6]) =>
    add(mul(b1, exp(neg(mul(b2, x)))), add(mul(b3, exp(neg(mul(b4, x)))), mul(b5, exp(neg(mul(b6, x)))))),
  Chwirut2: (x, [b1, b2, b3]) => div(exp(neg(mul(b1, x))), add(b2, mul(b3, x))),
  Nelson: (x, [b1, b2, b3]) =>
    sub(b1, mul(mul(b2, o.slice(x, [0, 0], [128, 1])), exp(neg(mul(b3, o.slice(x, [0, 1])))))),
};

describe('NIST nonlinear regression from start 2', () => {
  it.each(problems.map((problem) => [problem.name, problem] as const))('%s: has six digits', (name, problem) => {
    const { start, certified, y, residualSumOfSquares } = problem;
    const x = problem.x as number[];
    const observed = name === 'Nelson' ? o.reshape(log(y), [128, 1]) : Float64Array.from(y);
    // Parameters in units of the start, so that all are of the order of 1.
    const f = (scaled: Tensor) => {
      const b = start.map((unit, j) => mul(unit, o.take(scaled, j)));
      const residual = sub(models[name](x, b), observed);
      return o.sum(mul(residual, residual));
    };
    const run = minimize(differentiable(f), new Float64Array(start.length).fill(1), { epochs: 20_000 });
    expect(run.status).toBe('converged');
    expect(Math.abs(run.value / residualSumOfSquares - 1)).toBeLessThan(1e-6);
    certified.forEach((value, j) => {
      expect(Math.abs((run.x[j] * start[j]) / value - 1), `b${j + 1}`).toBeLessThan(1e-6);
    });
  });
});

// Penalties: exact zeros, the conditions of an optimum, and closed forms.
import { describe, expect, it } from 'vitest';
import { type FitOptions, type Loss, type Model, nesterov, sgd } from '../../lib/index.js';
import { mean, solve, withOnes } from '../support/algebra.js';
import { type Face, faces } from '../support/backends.js';
import { expectBits, expectClose, problem, random } from '../support/support.js';

const rows = 120;
const cols = 6;
const data = problem(rows, cols, 1);

/** The gradient of the loss alone at the model's weights; the intercept's last. */
function gradientAt({ kernels }: Face, model: Model, { X, y }: typeof data, loss: Loss = 'squared'): Float64Array {
  const gradient = new Float64Array(cols + 1);
  const weights = Float64Array.of(...model.coefficients, model.intercept);
  kernels.valueAndGradient(loss, { X: withOnes(X, cols), y }, weights, gradient);
  return gradient;
}

/** The conditions of Karush, Kuhn and Tucker for loss + Σ f (l1|w| + ½ l2 w²). */
function expectOptimum(face: Face, model: Model, options: FitOptions, from = data): void {
  const gradient = gradientAt(face, model, from, options.loss);
  const { l1 = 0, l2 = 0, penaltyFactors, nonNegative } = options;
  model.coefficients.forEach((w, j) => {
    const f = penaltyFactors ? penaltyFactors[j] : 1;
    const smooth = gradient[j] + f * l2 * w;
    const what = `coefficient ${j}, ${w}, slope ${smooth}`;
    if (w !== 0) expect(Math.abs(smooth + f * l1 * Math.sign(w)), what).toBeLessThan(1e-8);
    else if (nonNegative) expect(smooth + f * l1, what).toBeGreaterThan(-1e-8);
    else expect(Math.abs(smooth), what).toBeLessThan(f * l1 + 1e-8);
    if (nonNegative) expect(w, what).toBeGreaterThanOrEqual(0);
  });
  expect(Math.abs(gradient[cols])).toBeLessThan(1e-8);
  expect(model.history.gradientNorm.at(-1)).toBeLessThan(1e-8);
}

const zeros = (model: Model) => [...model.coefficients].flatMap((w, j) => (w === 0 ? [j] : []));
/** Some coefficients are 0, and some are not: a convex problem has no other solution than the conditions name. */
function expectSome(model: Model): void {
  expect(zeros(model).length).toBeGreaterThan(0);
  expect(zeros(model).length).toBeLessThan(cols);
}
const long = { epochs: 2000, optimizer: nesterov({ learningRate: 0.05 }) };

describe.each(faces)('penalties: $name', (face) => {
  const { fitSync } = face;

  it.each([
    ['sgd', sgd({ learningRate: 0.2 })],
    ['sgd with momentum', sgd({ learningRate: 0.05, momentum: 0.9 })],
    ['nesterov', nesterov({ learningRate: 0.05 })],
  ])('l1 ends at its optimum, with exact zeros: %s', (_name, optimizer) => {
    const options: FitOptions = { epochs: 2000, optimizer, l1: 2.5 };
    const model = fitSync(data, options);
    expectOptimum(face, model, options);
    expectSome(model);
    expect(Object.is(model.coefficients[0], 0), 'no -0').toBe(true);
  });

  it('l1 leaves nothing from the steepest slope at 0 on', () => {
    const centre = mean(data.y);
    const slopes = Array.from({ length: cols }, (_, j) =>
      mean(data.y.map((y, i) => (y - centre) * data.X[i * cols + j])),
    );
    const steepest = Math.max(...slopes.map(Math.abs));
    const all = fitSync(data, { ...long, l1: 1.0001 * steepest });
    expect(zeros(all)).toEqual([0, 1, 2, 3, 4, 5]);
    expectClose([all.intercept], [centre], 1e-10);
    expect(zeros(fitSync(data, { ...long, l1: 0.9999 * steepest })).length).toBe(5);
  });

  it('ridge is its closed form', () => {
    const l2 = 0.7;
    const X = withOnes(data.X, cols);
    const n = cols + 1;
    const product = (a: number, b: number) => mean(data.y.map((_, i) => X[i * n + a] * X[i * n + b]));
    const A = Array.from({ length: n * n }, (_, at) => {
      const [a, b] = [Math.floor(at / n), at % n];
      return product(a, b) + (a === b && a < cols ? l2 : 0);
    });
    const b = Array.from({ length: n }, (_, a) => mean(data.y.map((y, i) => y * X[i * n + a])));
    const model = fitSync(data, { ...long, l2 });
    expectClose([...model.coefficients, model.intercept], solve(A, b), 1e-10);
    expectOptimum(face, model, { l2 });
  });

  it('elastic net, and factors of its columns, one of them 0', () => {
    const options = { ...long, l1: 1.5, l2: 0.3 };
    const model = fitSync(data, options);
    expectOptimum(face, model, options);
    expectSome(model);
    const penaltyFactors = [0, 1, 2, 3, 0.5, 10];
    const factored = fitSync(data, { ...options, penaltyFactors });
    expectOptimum(face, factored, { ...options, penaltyFactors });
    expectSome(factored);
    expect(factored.coefficients[0]).not.toBe(0);
    expect(factored.coefficients[5]).toBe(0);
    const ones = fitSync(data, { ...options, penaltyFactors: new Float64Array(cols).fill(1) });
    expectBits(ones.coefficients, model.coefficients);
    const free = fitSync(data, { ...options, penaltyFactors: new Array(cols).fill(0) });
    expectClose(free.coefficients, fitSync(data, long).coefficients, 1e-10);
  });

  it('no coefficient below 0', () => {
    const mirrored = { X: data.X.map((x, i) => (i % cols === 2 ? -x : x)), y: data.y };
    expect(fitSync(mirrored, long).coefficients[2]).toBeLessThan(-2);
    for (const more of [{}, { l1: 0.5 }, { l2: 0.5 }, { l1: 1.5, l2: 0.1 }]) {
      const options: FitOptions = { ...long, nonNegative: true, ...more };
      const model = fitSync(mirrored, options);
      expectOptimum(face, model, options, mirrored);
      expect(model.coefficients[2]).toBe(0);
    }
    const falling = { X: data.X, y: data.y.map((y) => y - 100) };
    expect(fitSync(falling, { ...long, nonNegative: true }).intercept, 'the intercept may be').toBeLessThan(-90);
  });

  it.each(['logistic', 'poisson', 'squared_hinge'] as const)('l1 and l2 of the loss %s', (loss) => {
    const most = { logistic: 0.12, poisson: 0.3, squared_hinge: 0.6 };
    const uniform = random(5);
    const z = data.y.map((y) => y / 10);
    const y = z.map((z) => {
      if (loss === 'poisson') return Math.floor(Math.exp(z) + uniform());
      return uniform() < 1 / (1 + Math.exp(-4 * z)) ? 1 : loss === 'logistic' ? 0 : -1;
    });
    const given = { X: data.X, y };
    const options: FitOptions = {
      loss,
      epochs: 8000,
      optimizer: nesterov({ learningRate: 0.05 }),
      l1: most[loss],
      l2: 0.01,
    };
    const model = fitSync(given, options);
    expectOptimum(face, model, options, given);
    expectSome(model);
  });

  it('adam, rmsprop and adadelta have exact zeros, too', () => {
    for (const optimizer of [
      { name: 'adam', learningRate: 0.05 },
      { name: 'rmsprop', learningRate: 0.02, momentum: 0.5 },
      { name: 'adagrad', learningRate: 0.5 },
    ] as const) {
      const options: FitOptions = { optimizer, schedule: 'cosine', epochs: 3000, l1: 2.5 };
      const [model, best] = [fitSync(data, options), fitSync(data, { ...long, l1: 2.5 })];
      expect(zeros(model), optimizer.name).toEqual(zeros(best));
      expectClose(model.coefficients, best.coefficients, 1e-3, 1, optimizer.name);
    }
  });

  it.each([
    ['ftrl', 0.6],
    ['ftrlProximal', 3],
  ] as const)('%s by hand, as the table of rules has it', (name, l1) => {
    const [alpha, beta, l2] = [0.5, 1, 0.2];
    const optimizer = face.createOptimizer({ name, learningRate: alpha, beta, l1, l2 }, 70);
    const weights = new Float64Array(70);
    const [w, z, n] = [new Float64Array(70), new Float64Array(70), new Float64Array(70)];
    const uniform = random(1);
    let held = 0;
    for (let t = 1; t <= 20; t++) {
      const g = w.map((_, i) => (i % 3) * (uniform() - 0.2));
      optimizer.step(weights, g);
      const times = name === 'ftrl' ? t : 1; // McMahan's penalty does not grow with the steps
      for (let i = 0; i < 70; i++) {
        z[i] += g[i] - ((Math.sqrt(n[i] + g[i] * g[i]) - Math.sqrt(n[i])) / alpha) * w[i];
        n[i] += g[i] * g[i];
        const inside = Math.abs(z[i]) <= times * l1;
        const denominator = (beta + Math.sqrt(n[i])) / alpha + times * l2;
        w[i] = inside ? 0 : -(z[i] - Math.sign(z[i]) * times * l1) / denominator;
        if (inside) held++;
        if (inside) expect(weights[i]).toBe(0);
      }
      expectClose(weights, w, 1e-12, 1e-3);
    }
    expect(held).toBeGreaterThan(500);
    expect(held).toBeLessThan(1390);
  });

  it('the history holds loss and penalty', () => {
    const options = { ...long, l1: 0.5, l2: 0.2, penaltyFactors: [1, 2, 0, 1, 1, 1] };
    const model = fitSync(data, options);
    const w = Float64Array.of(...model.coefficients, model.intercept);
    const loss = face.kernels.valueAndGradient(
      'squared',
      { X: withOnes(data.X, cols), y: data.y },
      w,
      new Float64Array(cols + 1),
    );
    let penalty = 0;
    model.coefficients.forEach((w, j) => {
      penalty += options.penaltyFactors[j] * (0.5 * Math.abs(w) + 0.1 * w * w);
    });
    expectClose([model.history.at(-1)!], [loss + penalty], 1e-12);
  });

  it('weight decay is of the coefficients alone', () => {
    const y = data.y.map((y) => y + 50);
    const decay = { learningRate: 0.1, weightDecay: 0.7 };
    const ridge = fitSync({ X: data.X, y }, { epochs: 1000, optimizer: sgd({ learningRate: 0.1 }), l2: 0.7 });
    const coupled = fitSync({ X: data.X, y }, { epochs: 1000, optimizer: sgd(decay) });
    expectClose(coupled.coefficients, ridge.coefficients, 1e-10);
    expectClose([coupled.intercept], [ridge.intercept], 1e-10);
    const decoupled = fitSync({ X: data.X, y }, { epochs: 1000, optimizer: sgd({ ...decay, decoupled: true }) });
    expectClose(decoupled.coefficients, ridge.coefficients, 1e-10);
  });
});

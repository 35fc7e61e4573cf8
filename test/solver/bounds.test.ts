// Bounds on coefficients: the conditions of Karush, Kuhn and Tucker over losses, solvers, rules and penalties; the same
// bits on both backends, alone and beside others.
import { describe, expect, it } from 'vitest';
import type { FitJob } from '../../lib/backend/interface.js';
import { coefficientCount } from '../../lib/backend/plan.js';
import { type FitData, type FitOptions, type Model, minimize } from '../../lib/index.js';
import { Objective } from '../../lib/reference/objective/objective.js';
import { Scaling } from '../../lib/reference/objective/scaling.js';
import { faces, native, reference } from '../support/backends.js';
import { expectOutcome, jobOf } from '../support/jobs.js';
import { expectBits, expectClose, expectRefusal, normal, problem, random, runs } from '../support/support.js';

const smooth = [
  'squared',
  'logistic',
  'softmax',
  'squared_hinge',
  'huber',
  'poisson',
  'gamma',
  'tweedie',
  'squared_epsilon_insensitive',
] as const;
const nonsmooth = ['hinge', 'quantile', 'epsilon_insensitive'] as const;
type Name = (typeof smooth)[number] | (typeof nonsmooth)[number];

interface Bounded {
  data: FitData;
  options: FitOptions;
}

/** A problem with bounds of all kinds: none, at 0, off 0 on either side, equal ones. */
function bounded(loss: Name, seed: number, size = { rows: 40, cols: 5 }): Bounded {
  const uniform = random(seed);
  const { rows } = size;
  const cols = 1 + Math.floor(size.cols * uniform());
  const X = Float64Array.from({ length: rows * cols }, (_, i) => (i % cols) + normal(uniform) * 2 ** ((i % cols) - 1));
  const slopes = Array.from({ length: cols }, () => normal(uniform));
  const classes = loss === 'softmax' ? 3 : 2;
  const of = (z: number): number => {
    if (loss === 'softmax') return Math.floor(classes * uniform());
    if (loss === 'logistic') return z + normal(uniform) > 0 ? 1 : 0;
    if (loss.endsWith('hinge')) return z + normal(uniform) > 0 ? 1 : -1;
    if (loss === 'poisson') return Math.floor(Math.exp(0.3 * z) + uniform());
    if (loss === 'gamma' || loss === 'tweedie') return Math.exp(0.3 * z + 0.3 * normal(uniform));
    return z + 0.5 * normal(uniform);
  };
  const y = Float64Array.from({ length: rows }, (_, i) =>
    of(slopes.reduce((sum, slope, j) => sum + (slope * X[i * cols + j]) / 2 ** (j - 1), 0) / Math.sqrt(cols)),
  );
  if (loss.endsWith('hinge')) y[0] = -y[1];
  const end = () => (uniform() < 0.4 ? Infinity : uniform() < 0.4 ? 0 : 0.5 * normal(uniform));
  const lowerBounds = Array.from({ length: cols }, () => -end());
  const upperBounds = lowerBounds.map((low) => (uniform() < 0.1 ? low : low + Math.abs(end())));
  for (let j = 0; j < cols; j++) {
    if (lowerBounds[j] === -Infinity) upperBounds[j] = end();
    if (upperBounds[j] === -Infinity) upperBounds[j] = 0;
  }
  const kind = uniform();
  const bounds: FitOptions =
    kind < 0.1
      ? { nonNegative: true }
      : kind < 0.2
        ? { lowerBounds: -0.3, upperBounds: 0.2 }
        : { lowerBounds, upperBounds, nonNegative: kind < 0.3 && upperBounds.every((high) => high >= 0) };
  const l1 = uniform() < 0.5 ? 0 : 0.1 * uniform();
  const l2 = uniform() < 0.5 ? 0 : 0.1 * uniform();
  return {
    data: {
      X,
      y,
      ...(uniform() < 0.3 && { sampleWeight: Float64Array.from({ length: rows }, () => 0.2 + uniform()) }),
      ...(uniform() < 0.3 && {
        offset: Float64Array.from({ length: rows * (loss === 'softmax' ? 3 : 1) }, () => 0.3 * normal(uniform)),
      }),
    },
    options: {
      loss,
      l1,
      l2,
      standardize: uniform() < 0.3,
      intercept: uniform() < 0.8,
      ...(uniform() < 0.3 && { penaltyFactors: Array.from({ length: cols }, () => Math.floor(3 * uniform())) }),
      ...(loss === 'softmax' && { classes }),
      ...bounds,
    },
  };
}

const weightsOf = ({ plan }: FitJob, { coefficients, intercepts }: Model) =>
  Float64Array.of(...coefficients, ...(plan.intercept ? intercepts : []));

/** The objective at weights of X's own columns, and the gradient of its loss in the units of the penalty. */
function at({ plan, train, penaltyFactors }: FitJob, w: Float64Array) {
  const objective = new Objective(plan, train, null);
  const gradient = new Float64Array(w.length);
  let value = objective.evaluate(objective.everything, w, gradient) / train.count;
  const scaling = plan.standardize ? new Scaling(plan, train) : null;
  scaling?.chain(gradient);
  const deviation = (j: number) => (scaling ? scaling.deviation[j % plan.cols] : 1);
  for (let j = 0; j < coefficientCount(plan); j++) {
    const [f, v] = [penaltyFactors ? penaltyFactors[j] : 1, w[j] * deviation(j)];
    value += f * (plan.l1 * Math.abs(v) + 0.5 * plan.l2 * v * v);
  }
  return { value, gradient, deviation };
}

/** Within its bounds, and no slope leads down: by how much the steepest does, beside its column's largest number. */
function steepest(job: FitJob, model: Model): number {
  const { plan, penaltyFactors, bounds } = job;
  const w = weightsOf(job, model);
  const { gradient, deviation } = at(job, w);
  const sizes = Array.from({ length: plan.cols }, (_, j) =>
    Float64Array.from(job.train.X).reduce(
      (size, x, i) => (i % plan.cols === j ? Math.max(size, Math.abs(x)) : size),
      1,
    ),
  );
  let most = 0;
  for (let j = 0; j < w.length; j++) {
    const isPenalized = j < coefficientCount(plan);
    const f = isPenalized ? (penaltyFactors ? penaltyFactors[j] : 1) : 0;
    const slope = gradient[j] + plan.l2 * f * w[j] * deviation(j);
    const right = slope + plan.l1 * f * (w[j] < 0 ? -1 : 1);
    const left = slope - plan.l1 * f * (w[j] > 0 ? -1 : 1);
    const [low, high] = isPenalized && bounds ? [bounds.lower[j], bounds.upper[j]] : [-Infinity, Infinity];
    expect(w[j]).toBeGreaterThanOrEqual(low);
    expect(w[j]).toBeLessThanOrEqual(high);
    const size = isPenalized ? sizes[j % plan.cols] / deviation(j) : 1;
    if (w[j] < high) most = Math.max(most, -right / size);
    if (w[j] > low) most = Math.max(most, left / size);
  }
  return most;
}

const solversOf = (options: FitOptions): FitOptions[] =>
  (['newton', 'lbfgs', 'auto'] as const).map((optimizer) => ({ ...options, optimizer }));

describe.each(faces)('bounds: $name', (face) => {
  const { fitSync, fitPathSync, crossValidateSync, fitManySync, createOptimizer } = face;

  it.each(smooth)('solvers end where no slope leads down: %s', (loss) => {
    for (let seed = 1; seed <= runs(25); seed++) {
      const { data, options } = bounded(loss, 100 * seed);
      for (const one of solversOf(options)) {
        const model = fitSync(data, one);
        const room = one.optimizer === 'lbfgs' || model.optimizer === 'lbfgs' ? 1e-4 : 1e-6;
        expect(model.status, `${seed} ${one.optimizer}`).toMatch(/converged|stalled/);
        expect(steepest(jobOf(data, one), model), `${seed} ${one.optimizer}`).toBeLessThan(room);
      }
    }
  });

  it.each(nonsmooth)('no point nearby is lower, nor far away: %s', (loss) => {
    for (let seed = 1; seed <= runs(25); seed++) {
      const { data, options } = bounded(loss, 100 * seed);
      const one: FitOptions = { ...options, optimizer: 'newton' };
      const model = fitSync(data, one);
      const job = jobOf(data, one);
      expect(model.status, `${seed}`).toMatch(/converged/);
      const w = weightsOf(job, model);
      const { value } = at(job, w);
      const uniform = random(seed);
      for (let draw = 0; draw < 60; draw++) {
        const size = 10 ** (-6 * uniform());
        const only = Math.floor(2 * w.length * uniform());
        const moved = w.map((v, j) => {
          const next = v + (only >= w.length || only === j ? size * normal(uniform) : 0);
          if (j >= coefficientCount(job.plan) || !job.bounds) return next;
          return Math.max(job.bounds.lower[j], Math.min(job.bounds.upper[j], next));
        });
        expect(at(job, moved).value, `${seed}`).toBeGreaterThanOrEqual(value - 1e-9 * (1 + Math.abs(value)));
      }
    }
  });

  it('rules end where solvers do', () => {
    const rules: FitOptions[] = [
      { optimizer: { name: 'sgd', learningRate: 0.2 } },
      { optimizer: { name: 'momentum', learningRate: 0.05 } },
      { optimizer: { name: 'nesterov', learningRate: 0.05 } },
      { optimizer: { name: 'adagrad', learningRate: 0.5 } },
      { optimizer: { name: 'adam', learningRate: 0.05 }, schedule: 'cosine' },
      { optimizer: { name: 'rmsprop', learningRate: 0.02 }, schedule: 'cosine' },
    ];
    for (let seed = 1; seed <= runs(8); seed++) {
      for (const loss of ['squared', 'logistic', 'huber'] as const) {
        const { data, options } = bounded(loss, 7 * seed);
        const alike = { ...options, standardize: true, l2: 0.05 };
        const best = fitSync(data, { ...alike, optimizer: 'newton' });
        for (const rule of rules) {
          const model = fitSync(data, { ...alike, ...rule, epochs: 3000 });
          const what = `${seed} ${loss} ${JSON.stringify(rule)}`;
          expectClose(model.coefficients, best.coefficients, 2e-3, 1, what);
          for (const epochs of [1, 2, 5]) steepest(jobOf(data, alike), fitSync(data, { ...alike, ...rule, epochs }));
        }
      }
    }
  });

  it('starts within them, whatever it starts from, and however short it is', () => {
    const data = problem(30, 3, 1);
    const bounds = { lowerBounds: [2, -Infinity, 0.5], upperBounds: [Infinity, -1, 0.5] };
    const outside = fitSync(data, { optimizer: 'auto' });
    for (const optimizer of ['sgd', 'adam', 'newton', 'lbfgs', 'ftrl'] as const) {
      for (const warmStart of [undefined, outside]) {
        const { coefficients } = fitSync(data, { ...bounds, optimizer, warmStart, epochs: 1 });
        expect(coefficients[0]).toBeGreaterThanOrEqual(2);
        expect(coefficients[1]).toBeLessThanOrEqual(-1);
        expect(coefficients[2]).toBe(0.5);
      }
    }
  });

  it('hold for a column that is constant, whose share the intercept takes', () => {
    const { X, y } = problem(40, 3, 2);
    for (let i = 0; i < 40; i++) X[3 * i + 1] = 7;
    for (const optimizer of ['newton', 'lbfgs'] as const) {
      const model = fitSync({ X, y }, { optimizer, lowerBounds: [-Infinity, 0.25, -Infinity] });
      const free = fitSync({ X, y }, { optimizer });
      expect(model.coefficients[1]).toBe(0.25);
      expectClose([model.intercept + 7 * 0.25], [free.intercept], 1e-9, 1);
      expectClose([model.coefficients[0], model.coefficients[2]], [free.coefficients[0], free.coefficients[2]], 1e-6);
    }
  });

  it('a coefficient that is held is at its bound to the last bit, of standardized columns too', () => {
    for (let seed = 1; seed <= runs(40); seed++) {
      const uniform = random(seed);
      const [X, y] = [problem(30, 2, seed).X.map((x) => x * 3 ** seed), problem(30, 2, seed).y];
      const [low, high] = [-uniform() / 3 ** seed, uniform() / 3 ** seed];
      for (const optimizer of ['newton', 'lbfgs', { name: 'sgd', learningRate: 0.1 }] as const) {
        const options: FitOptions = { optimizer, standardize: true, epochs: 100, lowerBounds: low };
        expect(fitSync({ X, y }, { ...options, upperBounds: high }).coefficients[1]).toBe(high);
        expect(fitSync({ X, y: y.map((v) => -v) }, { ...options, upperBounds: high }).coefficients[1]).toBe(low);
      }
    }
  });

  it('nonNegative is lowerBounds 0', () => {
    const { X, y } = problem(50, 4, 3);
    const mirrored = X.map((x, i) => (i % 4 === 2 ? -x : x));
    for (const optimizer of ['sgd', 'adam', 'newton', 'lbfgs', 'auto'] as const) {
      for (const l1 of [0, 0.2]) {
        const one = fitSync({ X: mirrored, y }, { optimizer, l1, nonNegative: true });
        const other = fitSync({ X: mirrored, y }, { optimizer, l1, lowerBounds: [0, -0, 0, 0] });
        expectBits(one.coefficients, other.coefficients);
        expect(one.optimizer).toBe(other.optimizer);
      }
    }
  });

  it('a path begins as near to 0 as they allow, and has the models of fits alone', () => {
    for (let seed = 1; seed <= runs(8); seed++) {
      const loss = (['squared', 'logistic', 'poisson', 'softmax'] as const)[seed % 4];
      const { data, options } = bounded(loss, 11 * seed);
      const { l1, l2, ...rest } = options;
      for (const l1Ratio of [1, 0.5]) {
        const path = fitPathSync(data, { ...rest, l1Ratio, count: 6, full: true });
        const { bounds, plan } = jobOf(data, rest);
        path.models[0].coefficients.forEach((w, j) => {
          if (rest.penaltyFactors?.[j % plan.cols] === 0) return;
          expect(w).toBe(bounds ? Math.max(bounds.lower[j], Math.min(bounds.upper[j], 0)) : 0);
        });
        path.lambdas.forEach((lambda, i) => {
          const one = { ...rest, l1: lambda * l1Ratio, l2: lambda * (1 - l1Ratio), optimizer: 'auto' } as const;
          expect(steepest(jobOf(data, one), path.models[i] as Model), `${seed} λ ${lambda}`).toBeLessThan(1e-5);
        });
      }
    }
  });

  it('a path of a constant y has more to tell where they keep a coefficient off 0', () => {
    const { X } = problem(30, 2, 5);
    const y = new Float64Array(30).fill(0.1);
    expect(fitPathSync({ X, y }, { lowerBounds: -1 }).lambdas.length).toBe(1);
    const path = fitPathSync({ X, y }, { lowerBounds: [1, -Infinity], full: true });
    expect(path.lambdas.length).toBe(100);
    expect(path.models[99].coefficients[0]).toBe(1);
    expect(path.models[99].coefficients[1]).not.toBe(0);
  });

  it('partialFit keeps to them, also of a loaded model', () => {
    const data = problem(30, 3, 6);
    const bounds = { lowerBounds: Float64Array.of(2, -Infinity, -1), upperBounds: 2.5 };
    const model = fitSync(data, { optimizer: 'sgd', epochs: 1, ...bounds });
    for (const one of [model, face.Model.fromJSON(JSON.parse(JSON.stringify(model)))]) {
      const { coefficients } = one.partialFitSync(data, { epochs: 300 });
      expectBits(
        [coefficients[1], coefficients[2]],
        fitSync(data, { optimizer: 'sgd', epochs: 301, ...bounds }).coefficients.slice(1),
      );
      expect(coefficients[2]).toBe(2.5);
      const free = one.partialFitSync(data, { epochs: 300, lowerBounds: null, upperBounds: null });
      expect(free.coefficients[2]).toBeGreaterThan(2.6);
    }
  });

  it('cross-validation keeps to them', () => {
    const data = problem(60, 3, 4);
    const bounds = { lowerBounds: [-1, 0, -Infinity], upperBounds: [0.5, 1.5, 2] };
    const { model } = crossValidateSync(data, { ...bounds, folds: 3, count: 5 });
    model.coefficients.forEach((w, j) => {
      expect(w).toBeGreaterThanOrEqual(bounds.lowerBounds[j]);
      expect(w).toBeLessThanOrEqual(bounds.upperBounds[j]);
    });
  });

  it('say how many there must be, of what they bound', () => {
    const lowerBounds = [0, 0, 0];
    const must = (what: string) => new RegExp(`^lowerBounds must be a number or have 2 elements \\(${what}\\); got 3`);
    const data = problem(9, 2, 1);
    expectRefusal(fitSync, [data, { lowerBounds }], 'ERR_SHAPE', must('cols'));
    expectRefusal(createOptimizer, [{ name: 'sgd', lowerBounds }, 2], 'ERR_SHAPE', must('weights'));
    const bowl = (x: Float64Array) => x[0];
    expectRefusal(minimize, [bowl, new Float64Array(2), { lowerBounds }], 'ERR_SHAPE', must('as x0'));
  });

  it('many fits are those alone', () => {
    const bounds = { lowerBounds: [0.5, -Infinity, -1], upperBounds: [Infinity, 1, -1] };
    const problems = Array.from({ length: 19 }, (_, i) => problem(10 + (i % 5), 3, i));
    const all: FitOptions[] = [
      { optimizer: { name: 'sgd', learningRate: 0.05 } },
      { optimizer: { name: 'adam', learningRate: 0.1 }, l1: 0.1 },
      { optimizer: 'newton' },
      { optimizer: 'lbfgs', l2: 0.1 },
      { loss: 'huber', optimizer: 'newton' },
      { loss: 'quantile', optimizer: 'newton', l1: 0.1 },
    ];
    for (const options of all) {
      const { classes: _, ...rest } = options;
      const models = fitManySync(problems, { ...rest, ...bounds } as never);
      problems.forEach((data, i) => {
        const alone = fitSync(data, { ...options, ...bounds });
        expectBits(models.at(i).coefficients, alone.coefficients, `${JSON.stringify(options)} ${i}`);
        expectBits([models.at(i).intercept], [alone.intercept]);
      });
    }
  });
});

describe.runIf(native)('bounds of native', () => {
  it.each([...smooth, ...nonsmooth])('are the reference’s to the bit: %s', (loss) => {
    for (let seed = 1; seed <= runs(12); seed++) {
      const { data, options } = bounded(loss, 31 * seed, { rows: 30, cols: 9 });
      const rules: FitOptions[] = [
        { optimizer: 'adam', batchSize: 7, averaging: 'polyak', epochs: 5 },
        { optimizer: { name: 'ftrl' }, epochs: 5 },
        { optimizer: { name: 'momentum' }, clipNorm: 1, epochs: 5 },
      ];
      for (const one of [...solversOf(options), ...rules.map((rule) => ({ ...options, ...rule }))]) {
        const job = jobOf(data, { ...one, epochs: one.epochs ?? 60 });
        expectOutcome(native?.fitSync(job) as never, reference.fitSync(job));
      }
    }
  });
});

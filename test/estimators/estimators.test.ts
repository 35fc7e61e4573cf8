// Estimators: each minimizes what scikit-learn writes down for it, and comes back from its file.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import type { Estimator, Label } from '../../lib/index.js';
import { linear, mean, plainLosses } from '../support/algebra.js';
import { type EstimatorName, type Face, faces } from '../support/backends.js';
import {
  expectBits,
  expectClose,
  expectRefusal,
  expectRejection,
  normals,
  problem,
  random,
  thrown,
} from '../support/support.js';

const fixture = (name: string) =>
  JSON.parse(readFileSync(new URL(`../fixtures/${name}.json`, import.meta.url), 'utf8'));
const folder = mkdtempSync(join(tmpdir(), 'nabla-estimators-'));
afterAll(() => rmSync(folder, { recursive: true }));

const rows = 90;
const cols = 4;
const { X, y } = problem(rows, cols, 1, 2);
const noise = normals(rows, 5);
const uniform = random(3);
const counts = y.map((value) => Math.floor(Math.exp(value / 8) + uniform()));
const amounts = counts.map((count) => count * 1.5);
const positive = counts.map((count) => count + 0.5);
const two = y.map((value, i) => (value + 4 * noise[i] > 0 ? 1 : 0));
const signs = two.map((label) => 2 * label - 1);
const three = y.map((value, i) => (value + 4 * noise[i] > 2 ? 2 : value > -3 ? 1 : 0));
const sampleWeight = noise.map((value) => 0.2 + Math.abs(value));

const sum = (values: ArrayLike<number>) => Array.from(values).reduce((total, value) => total + value, 0);
const squares = (w: Float64Array) => sum(w.map((value) => value * value));
const magnitudes = (w: Float64Array) => sum(w.map(Math.abs));

/** What is least: of z (rows × outputs), the coefficients w, and the weights s of the rows. */
type Objective = (z: Float64Array, w: Float64Array, s: Float64Array) => number;
const weighted = (s: Float64Array, loss: (i: number) => number) => sum(s.map((weight, i) => weight * loss(i)));
const average = (s: Float64Array, loss: (i: number) => number) => weighted(s, loss) / sum(s);
const crossEntropy = (z: Float64Array, i: number) => {
  const row = z.subarray(3 * i, 3 * i + 3);
  return Math.log(sum(row.map(Math.exp))) - row[three[i]];
};

interface Case {
  name: EstimatorName;
  options: object;
  y: Float64Array;
  objective: Objective;
  /** A loss with kinks has no slope of 0; of a fit by chance the objective comes near its least, no more. */
  kind: 'smooth' | 'kinked' | 'rough';
}
const of = (
  name: EstimatorName,
  options: object,
  y: Float64Array,
  objective: Objective,
  kind: Case['kind'] = 'smooth',
): Case => ({
  name,
  options,
  y,
  objective,
  kind,
});

const halfSquares = (i: number, z: Float64Array) => (y[i] - z[i]) ** 2 / 2;
const cases: Case[] = [
  of('LinearRegression', {}, y, (z, _, s) => weighted(s, (i) => (y[i] - z[i]) ** 2)),
  of('Ridge', {}, y, (z, w, s) => weighted(s, (i) => (y[i] - z[i]) ** 2) + squares(w)),
  of('Ridge', { alpha: 20 }, y, (z, w, s) => weighted(s, (i) => (y[i] - z[i]) ** 2) + 20 * squares(w)),
  of('Lasso', {}, y, (z, w, s) => average(s, (i) => halfSquares(i, z)) + magnitudes(w)),
  of('Lasso', { alpha: 0.1 }, y, (z, w, s) => average(s, (i) => halfSquares(i, z)) + 0.1 * magnitudes(w)),
  of('ElasticNet', {}, y, (z, w, s) => average(s, (i) => halfSquares(i, z)) + magnitudes(w) / 2 + squares(w) / 4),
  of(
    'ElasticNet',
    { alpha: 2, l1Ratio: 0.7 },
    y,
    (z, w, s) => average(s, (i) => halfSquares(i, z)) + 1.4 * magnitudes(w) + 0.3 * squares(w),
  ),
  of('PoissonRegressor', {}, counts, (z, w, s) => {
    return average(s, (i) => plainLosses.poisson(counts[i], z[i])) + squares(w) / 2;
  }),
  of('GammaRegressor', { alpha: 0.3 }, positive, (z, w, s) => {
    return average(s, (i) => plainLosses.gamma(positive[i], z[i])) + 0.15 * squares(w);
  }),
  of('TweedieRegressor', {}, amounts, (z, w, s) => {
    return average(s, (i) => plainLosses.tweedie(amounts[i], z[i])) + squares(w) / 2;
  }),
  of('TweedieRegressor', { power: 1.2, alpha: 0.1 }, amounts, (z, w, s) => {
    return average(s, (i) => plainLosses.tweedie(amounts[i], z[i], 1.2)) + 0.05 * squares(w);
  }),
  of('TweedieRegressor', { power: 0 }, y, (z, w, s) => average(s, (i) => halfSquares(i, z)) + squares(w) / 2),
  of('TweedieRegressor', { power: 1 }, counts, (z, w, s) => {
    return average(s, (i) => plainLosses.poisson(counts[i], z[i])) + squares(w) / 2;
  }),
  of('TweedieRegressor', { power: 2 }, positive, (z, w, s) => {
    return average(s, (i) => plainLosses.gamma(positive[i], z[i])) + squares(w) / 2;
  }),
  of('HuberRegressor', { alpha: 3 }, y, (z, w, s) => {
    return weighted(s, (i) => 2 * plainLosses.huber(y[i], z[i], 1.35)) + 3 * squares(w);
  }),
  of('HuberRegressor', { delta: 0.5 }, y, (z, w, s) => {
    return weighted(s, (i) => 2 * plainLosses.huber(y[i], z[i], 0.5)) + 1e-4 * squares(w);
  }),
  of(
    'QuantileRegressor',
    { quantile: 0.8, alpha: 0.01 },
    y,
    (z, w, s) => average(s, (i) => plainLosses.quantile(y[i], z[i], 0.8)) + 0.01 * magnitudes(w),
    'kinked',
  ),
  of('LogisticRegression', {}, two, (z, w, s) => {
    return weighted(s, (i) => plainLosses.logistic(two[i], z[i])) + squares(w) / 2;
  }),
  of('LogisticRegression', { C: 0.1, penalty: 'l1' }, two, (z, w, s) => {
    return 0.1 * weighted(s, (i) => plainLosses.logistic(two[i], z[i])) + magnitudes(w);
  }),
  of('LogisticRegression', { penalty: 'elasticnet', l1Ratio: 0.8, C: 0.2 }, two, (z, w, s) => {
    return 0.2 * weighted(s, (i) => plainLosses.logistic(two[i], z[i])) + 0.8 * magnitudes(w) + 0.1 * squares(w);
  }),
  of('LogisticRegression', { penalty: 'none' }, two, (z, _, s) => {
    return weighted(s, (i) => plainLosses.logistic(two[i], z[i]));
  }),
  of('LogisticRegression', { C: 2 }, three, (z, w, s) => 2 * weighted(s, (i) => crossEntropy(z, i)) + squares(w) / 2),
  of('SoftmaxRegression', { C: 0.5, penalty: 'l1' }, three, (z, w, s) => {
    return 0.5 * weighted(s, (i) => crossEntropy(z, i)) + magnitudes(w);
  }),
  of('LinearSVC', {}, two, (z, w, s) => {
    return weighted(s, (i) => plainLosses.squared_hinge(signs[i], z[i])) + squares(w) / 2;
  }),
  of('LinearSVC', {}, three, (z, w, s) => {
    const loss = (i: number, k: number) => plainLosses.squared_hinge(three[i] === k ? 1 : -1, z[3 * i + k]);
    return weighted(s, (i) => loss(i, 0) + loss(i, 1) + loss(i, 2)) + squares(w) / 2;
  }),
  of('LogisticRegression', { C: Infinity }, two, (z, _, s) => {
    return weighted(s, (i) => plainLosses.logistic(two[i], z[i]));
  }),
  of('TweedieRegressor', { power: 3, alpha: 0.1 }, positive, (z, w, s) => {
    return average(s, (i) => plainLosses.tweedie(positive[i], z[i], 3)) + 0.05 * squares(w);
  }),
  // Its third derivative is too large for the slope by differences.
  of(
    'TweedieRegressor',
    { power: 0, link: 'log' },
    amounts,
    (z, w, s) => average(s, (i) => (Math.exp(z[i]) - amounts[i]) ** 2 / 2) + squares(w) / 2,
    'kinked',
  ),
  of('TweedieRegressor', { power: 2, link: 'identity', alpha: 10 }, positive, (z, w, s) => {
    return average(s, (i) => Math.log(z[i]) + positive[i] / z[i]) + 5 * squares(w);
  }),
  of(
    'SGDClassifier',
    { loss: 'modified_huber', alpha: 0.01, learningRate: 'invscaling' },
    two,
    (z, w, s) => average(s, (i) => plainLosses.modified_huber(signs[i], z[i])) + 0.005 * squares(w),
    'rough',
  ),
  of('LinearSVC', { C: 0.1, penalty: 'l1' }, signs, (z, w, s) => {
    return 0.1 * weighted(s, (i) => plainLosses.squared_hinge(signs[i], z[i])) + magnitudes(w);
  }),
  of(
    'LinearSVC',
    { loss: 'hinge', C: 0.1 },
    two,
    (z, w, s) => 0.1 * weighted(s, (i) => plainLosses.hinge(signs[i], z[i])) + squares(w) / 2,
    'kinked',
  ),
  of('SGDRegressor', {}, y, (z, w, s) => average(s, (i) => halfSquares(i, z)) + 5e-5 * squares(w), 'rough'),
  of(
    'SGDRegressor',
    { loss: 'huber', epsilon: 2, penalty: 'elasticnet', alpha: 0.1, eta0: 0.05 },
    y,
    (z, w, s) =>
      average(s, (i) => plainLosses.huber(y[i], z[i], 2)) + 0.1 * (0.15 * magnitudes(w) + 0.425 * squares(w)),
    'rough',
  ),
  of(
    'SGDClassifier',
    { alpha: 0.01 },
    two,
    (z, w, s) => average(s, (i) => plainLosses.hinge(signs[i], z[i])) + 0.005 * squares(w),
    'rough',
  ),
  of(
    'SGDClassifier',
    { loss: 'logistic', alpha: 0.05, penalty: 'l1' },
    three,
    (z, w, s) => average(s, (i) => crossEntropy(z, i)) + 0.05 * magnitudes(w),
    'rough',
  ),
];
const named = cases.map((one) => [`${one.name} ${JSON.stringify(one.options)}`, one] as const);

/** The estimators of a face as one class, whatever their options. */
type AnyEstimator = Estimator<Label, object>;
type AnyClass = (new (
  options?: object,
) => AnyEstimator) & {
  fromJSON(json: unknown): AnyEstimator;
  load(path: string | URL): Promise<AnyEstimator>;
  loadSync(path: string | URL): AnyEstimator;
};
const classOf = ({ estimators }: Face, name: EstimatorName) => estimators[name] as unknown as AnyClass;

/** The objective, and what it is at other weights than the model's. */
function objectiveOf({ objective }: Case, { coefficients, intercepts }: AnyEstimator, s: Float64Array) {
  const outputs = intercepts.length;
  return (change: (w: Float64Array, b: Float64Array) => void = () => {}) => {
    const w = coefficients.slice();
    const b = intercepts.slice();
    change(w, b);
    const z = new Float64Array(rows * outputs);
    for (let k = 0; k < outputs; k++) {
      const one = linear(X, w.subarray(k * cols, (k + 1) * cols), b[k]);
      for (let i = 0; i < rows; i++) z[i * outputs + k] = one[i];
    }
    return objective(z, w, s);
  };
}

describe.each(faces)('estimators: $name', (face) => {
  const { estimators } = face;

  it('are all of them', () => {
    expect(new Set(cases.map(({ name }) => name)).size).toBe(14);
    expect(new Set(cases.map(({ name }) => estimators[name].name)).size).toBe(14);
  });

  it.each(named)('%s is least where its objective is', (_name, one) => {
    const estimator = new (classOf(face, one.name))(one.options);
    for (const s of [new Float64Array(rows).fill(1), sampleWeight]) {
      const data = s === sampleWeight ? { X, y: one.y, sampleWeight } : { X, y: one.y };
      expect(estimator.fitSync(data)).toBe(estimator);
      const at = objectiveOf(one, estimator, s);
      const least = at();
      const { coefficients, intercepts } = estimator;
      // Along each weight it rises to both sides: by the square of the way, and by what a kink may add.
      const h = one.kind === 'rough' ? 0.3 : 1e-3;
      const rest = 1e-9 * Math.abs(least);
      const rise = (j: number, step: number) =>
        at((w, b) => {
          if (j < w.length) w[j] += step;
          else b[j - w.length] += step;
        }) - least;
      for (let j = 0; j < coefficients.length + intercepts.length; j++) {
        const [up, down] = [rise(j, h), rise(j, -h)];
        expect(Math.min(up, down), `weight ${j}`).toBeGreaterThan(
          one.kind === 'rough' ? -0.02 * Math.abs(least) : -rest,
        );
        if (one.kind === 'smooth' && coefficients[j] !== 0) {
          expect(Math.abs(up - down), `slope of ${j}`).toBeLessThan(1e-3 * (up + down) + rest);
        }
      }
    }
  });

  it.each(named)('%s fits off the thread, too', async (_name, one) => {
    const type = classOf(face, one.name);
    const data = { X, y: one.y, sampleWeight };
    const estimator = new type(one.options);
    const promise = estimator.fit(data);
    expect(await promise).toBe(estimator);
    expectBits(estimator.coefficients, new type(one.options).fitSync(data).coefficients);
  });

  it('agree with scikit-learn on public data', () => {
    const breast = fixture('breast_cancer');
    const centred = { X: Float64Array.from(breast.X as number[]), y: Float64Array.from(breast.y as number[]) };
    const scale = (data: { X: Float64Array }, width: number) =>
      Array.from({ length: width }, (_, j) => {
        const column = data.X.filter((_, at) => at % width === j);
        return Math.sqrt(mean(column.map((x) => (x - mean(column)) ** 2)));
      });
    const deviations = scale(centred, 30);
    const standardize = true;
    const logistic = new estimators.LogisticRegression({ standardize }).fitSync(centred);
    expectClose(
      logistic.coefficients.map((w, j) => w * deviations[j]),
      breast.logistic.coefficients,
      1e-6,
      1,
    );
    const sparse = new estimators.LogisticRegression({ standardize, C: 0.1, penalty: 'l1' }).fitSync(centred);
    expectClose(
      sparse.coefficients.map((w, j) => w * deviations[j]),
      breast.l1.coefficients,
      1e-5,
      1,
    );
    expect([...sparse.coefficients].map((w) => w === 0)).toEqual(breast.l1.coefficients.map((w: number) => w === 0));
    const machine = new estimators.LinearSVC({ standardize }).fitSync(centred);
    expectClose(
      machine.coefficients.map((w, j) => w * deviations[j]),
      breast.squaredHinge.coefficients,
      1e-5,
      1,
    );

    const diabetes = fixture('diabetes');
    const sick = { X: Float64Array.from(diabetes.X as number[]), y: Float64Array.from(diabetes.y as number[]) };
    const expectFit = (estimator: { coefficients: Float64Array; intercept: number }, to: typeof diabetes.linear) => {
      expectClose(estimator.coefficients, to.coefficients, 1e-5, 1);
      expectClose([estimator.intercept], [to.intercept], 1e-5);
    };
    const line = new estimators.LinearRegression().fitSync(sick);
    expectFit(line, diabetes.linear);
    expectClose([line.score(sick.X, sick.y)], [diabetes.linear.rSquared], 1e-9);
    for (const ridge of diabetes.ridge) expectFit(new estimators.Ridge({ alpha: ridge.alpha }).fitSync(sick), ridge);
    for (const lasso of diabetes.lassoRaw) {
      const fitted = new estimators.Lasso({ alpha: lasso.alpha }).fitSync(sick);
      expectFit(fitted, lasso);
      expect([...fitted.coefficients].map((w) => w === 0)).toEqual(lasso.coefficients.map((w: number) => w === 0));
    }
  });

  it('learn row by row, and come near what a solver finds', () => {
    const data = { X, y: two };
    const options = { loss: 'logistic', alpha: 0.05, minDelta: 1e-6, patience: 50 } as const;
    const best = new estimators.LogisticRegression({ C: 1 / (0.05 * rows) }).fitSync(data);
    for (const learningRate of ['optimal', 'invscaling', 'adaptive', 'constant'] as const) {
      const learned = new estimators.SGDClassifier({ ...options, learningRate, eta0: 0.05 }).fitSync(data);
      expectClose(learned.coefficients, best.coefficients, 0.15, 1, learningRate);
      expect(learned.model.optimizer).toBe('sgd');
    }
    const averaged = new estimators.SGDRegressor({ averaging: 'polyak', minDelta: 0, epochs: 300 }).fitSync({ X, y });
    expectClose(averaged.coefficients, new estimators.LinearRegression().fitSync({ X, y }).coefficients, 0.1, 1);
    const adam = new estimators.SGDRegressor({ optimizer: 'adam', batchSize: 8, epochs: 3 }).fitSync({ X, y });
    expect(adam.model).toMatchObject({ optimizer: 'adam', epochs: 3, steps: 3 * Math.ceil(rows / 8) });
    const rates = new estimators.SGDRegressor({ epochs: 2, powerT: 0.5, eta0: 0.02 }).fitSync({ X, y }).model.history;
    expectClose(rates.learningRate, [0.02 / Math.sqrt(rows), 0.02 / Math.sqrt(2 * rows)], 1e-12);
    const full = new estimators.SGDRegressor({ sampler: 'full', epochs: 2 }).fitSync({ X, y });
    expect(full.model.steps).toBe(2);
  });

  it('take tol as their namesakes do', () => {
    const slope = (name: 'PoissonRegressor' | 'LogisticRegression', y: Float64Array, tol: number) => {
      const { model } = new (classOf(face, name))({ tol }).fitSync({ X, y });
      expect(model.status).toBe('converged');
      return model.history.gradientNorm.at(-1) as number;
    };
    for (const tol of [1e-1, 1e-5]) {
      expect(slope('PoissonRegressor', counts, tol)).toBeLessThanOrEqual(tol);
      expect(slope('LogisticRegression', two, tol)).toBeLessThanOrEqual(tol);
    }
    const epochs = (name: EstimatorName, y: Float64Array, options: object) =>
      new (classOf(face, name))({ optimizer: 'lbfgs', ...options }).fitSync({ X, y }).model.epochs;
    expect(epochs('PoissonRegressor', counts, { tol: 0.1 })).toBeLessThan(
      epochs('PoissonRegressor', counts, { tol: 1e-8 }),
    );
    // The lasso's is relative to Σ(y - ȳ)², Huber's and Ridge's slope is of a sum.
    const variance = mean(y.map((value) => (value - mean(y)) ** 2));
    const bits = (name: EstimatorName, a: object, b: object) => {
      const [one, other] = [a, b].map((options) =>
        new (classOf(face, name))({ optimizer: 'lbfgs', ...options }).fitSync({ X, y }),
      );
      expectBits(one.coefficients, other.coefficients);
    };
    bits('Lasso', { tol: 1e-3 }, { tolerance: 1e-3 * variance });
    bits('Ridge', { tol: 1e-3 }, { gradientTolerance: 1e-3 / rows });
    bits('HuberRegressor', { tol: 1e-3 }, { gradientTolerance: 1e-3 / (2 * rows) });
    expect(new estimators.SGDRegressor({ tol: 0.5 }).fitSync({ X, y }).model.epochs).toBeLessThan(
      new estimators.SGDRegressor({ tol: 1e-6 }).fitSync({ X, y }).model.epochs,
    );
    const machine = new estimators.LinearSVC<string>({ C: Infinity, tol: 1e-5 });
    machine.fitSync({ X, y: Array.from(three, (k) => 'abc'[k]) });
    expect(machine.decision(X).length).toBe(3 * rows);
    expect(machine.predict(X).every((name) => 'abc'.includes(name))).toBe(true);
    const back = estimators.LinearSVC.fromJSON(JSON.parse(JSON.stringify(machine)));
    expect(back.options).toMatchObject({ C: Infinity, tol: 1e-5 });
    expectBits(back.coefficients, machine.coefficients);
    const learner = new estimators.SGDClassifier<string>({ loss: 'perceptron', classes: ['a', 'b', 'c'] });
    learner
      .partialFitSync({ X, y: Array.from(three, () => 'b') })
      .partialFitSync({ X, y: Array.from(three, (k) => 'abc'[k]) });
    expect(learner.labels).toEqual(['a', 'b', 'c']);
    expect(
      learner.score(
        X,
        Array.from(three, (k) => 'abc'[k]),
      ),
    ).toBeGreaterThan(0.3);
  });

  it('stop as scikit-learn does, when the loss does not fall', () => {
    const { model } = new estimators.SGDRegressor().fitSync({ X, y });
    expect(model.status).toBe('earlyStopped');
    expect(model.epochs).toBeLessThan(200);
    const adaptive = new estimators.SGDRegressor({ learningRate: 'adaptive', eta0: 0.05 }).fitSync({ X, y }).model;
    expect(adaptive.status).toBe('earlyStopped');
    expect(adaptive.history.learningRate.at(-1)).toBeLessThan(1e-5);
    expect(adaptive.epochs).toBeGreaterThanOrEqual(30);
  });

  it('go on with new rows', async () => {
    const part = (from: number, to: number) => ({ X: X.subarray(from * cols, to * cols), y: y.subarray(from, to) });
    const online = new estimators.SGDRegressor({ sampler: 'sequential' });
    await online.partialFit(part(0, 30));
    online.partialFitSync(part(30, 60));
    await online.partialFit(part(60, 90));
    const whole = new estimators.SGDRegressor({ sampler: 'sequential', epochs: 1 }).fitSync({ X, y });
    expectBits(online.coefficients, whole.coefficients);
    expect(online.model.steps).toBe(rows);
    const back = estimators.SGDRegressor.fromJSON(JSON.parse(JSON.stringify(online)));
    expectBits(back.partialFitSync(part(0, 30)).coefficients, online.partialFitSync(part(0, 30)).coefficients);
    const classes = ['low', 'middle', 'high'];
    const names = (from: number, to: number) => Array.from(three.subarray(from, to), (label) => classes[label]);
    const classifier = new estimators.SGDClassifier<string>({ loss: 'logistic', classes });
    classifier.partialFitSync({ X: X.subarray(0, cols), y: names(0, 1) });
    expect([classifier.model.loss, classifier.labels]).toEqual(['softmax', classes]);
    await classifier.partialFit({ X, y: names(0, rows) });
    await classifier.partialFit({ X: X.subarray(0, cols), y: names(0, 1) });
    expect(classifier.model).toMatchObject({ labels: classes, loss: 'softmax', steps: rows + 2 });
    expect(classifier.score(X, names(0, rows))).toBeGreaterThan(0.4);
  });

  it('start from the last model if they are to', () => {
    const warm = new estimators.Lasso({ alpha: 0.5, optimizer: 'lbfgs', warmStart: true }).fitSync({ X, y });
    const { epochs } = warm.model;
    expect(warm.fitSync({ X, y }).model.epochs).toBeLessThan(epochs);
    const cold = new estimators.Lasso({ alpha: 0.5, optimizer: 'lbfgs' }).fitSync({ X, y }).fitSync({ X, y });
    expect(cold.model.epochs).toBe(epochs);
    const classes = new estimators.SoftmaxRegression({ warmStart: true }).fitSync({ X, y: three });
    expect(classes.fitSync({ X: X.subarray(0, 4 * cols), y: three.subarray(0, 4) }).labels).toEqual([0, 1, 2]);
  });

  it('know classes by their labels', () => {
    const data = { X, y: Array.from(three, (label) => ['a', 'b', 'c'][label]) };
    const logistic = new estimators.LogisticRegression<string>().fitSync(data);
    expect(logistic.model.loss).toBe('softmax');
    expect(logistic.labels).toEqual(['a', 'b', 'c']);
    const predictions: string[] = logistic.predict(X);
    expect(new Set(predictions)).toEqual(new Set(['a', 'b', 'c']));
    expect(logistic.predictProba(X).length).toBe(3 * rows);
    expect(logistic.evaluate(X, data.y).kind).toBe('class');
    const binary = new estimators.LogisticRegression<boolean>().fitSync({
      X,
      y: Array.from(two, (label) => label === 1),
    });
    expect([binary.model.loss, ...binary.labels]).toEqual(['logistic', false, true]);
    expect(new estimators.SoftmaxRegression().fitSync({ X, y: two }).model.outputs).toBe(2);
    // Any numbers are labels, in a Float64Array, too.
    const sevens = new estimators.LogisticRegression().fitSync({ X, y: two.map((label) => 7 - 4 * label) });
    expect(sevens.labels).toEqual([3, 7]);
    expect(sevens.predict(X)).toBeInstanceOf(Float64Array);
    expectClose(
      sevens.coefficients.map((w) => -w),
      new estimators.LogisticRegression().fitSync({ X, y: two }).coefficients,
      1e-6,
      1,
    );
    expect(new estimators.LogisticRegression().fitSync({ X, y: signs }).labels).toEqual([-1, 1]);
    expect(new estimators.LinearSVC().fitSync({ X, y: signs }).labels).toEqual([-1, 1]);
    expect(new estimators.LinearSVC().fitSync({ X, y: two }).labels).toEqual([0, 1]);
    expect(new estimators.SoftmaxRegression().fitSync({ X, y: three.map((label) => 2 * label) }).labels).toEqual([
      0, 2, 4,
    ]);
    expect(new estimators.SoftmaxRegression({ classes: 5 }).fitSync({ X, y: three }).labels.length).toBe(5);
    const three2 = ['a', 'b', 'c', 'd'];
    expect(new estimators.LogisticRegression<string>({ classes: three2 }).fitSync(data).labels).toEqual(three2);
  });

  it('weigh classes as scikit-learn does', () => {
    // C times the sum over rows, each weighed by its class, so l2 is over their sum.
    const classWeight = { 0: 3, 1: 0.5 };
    const own = new estimators.LogisticRegression({ classWeight, C: 0.2 }).fitSync({ X, y: two });
    const weights = two.map((label) => (label === 0 ? 3 : 0.5));
    const same = new estimators.LogisticRegression({ C: 0.2 }).fitSync({ X, y: two, sampleWeight: weights });
    expectClose(own.coefficients, same.coefficients, 1e-9);
    const direct = face.fitSync(
      { X, y: two },
      { loss: 'logistic', optimizer: 'auto', classWeight, l2: 1 / (0.2 * sum(weights)) },
    );
    expectClose(own.coefficients, direct.coefficients, 1e-9);
    const balanced = new estimators.LinearSVC({ classWeight: 'balanced' }).fitSync({ X, y: two });
    const count = sum(two);
    const each = two.map((label) => rows / (2 * (label === 1 ? count : rows - count)));
    expectClose(
      balanced.coefficients,
      new estimators.LinearSVC().fitSync({ X, y: two, sampleWeight: each }).coefficients,
      1e-9,
    );
  });

  it('hand on the options of a fit', () => {
    const options = { intercept: false, nonNegative: true, penaltyFactors: Float64Array.of(1, 0, 2, 1), epochs: 40 };
    const lasso = new estimators.Lasso({ alpha: 0.3, ...options }).fitSync({ X, y });
    expect(lasso.model).toEqual(face.fitSync({ X, y }, { optimizer: 'auto', l1: 0.3, ...options }));
    expect(lasso.options).toEqual({
      alpha: 0.3,
      ...options,
      penaltyFactors: [1, 0, 2, 1],
      optimizer: 'auto',
      warmStart: false,
    });
    expect(Object.isFrozen(lasso.options)).toBe(true);
    options.penaltyFactors.fill(NaN);
    expect(lasso.options.penaltyFactors).toEqual([1, 0, 2, 1]);
    const offset = noise.map((value) => value / 2);
    const poisson = new estimators.PoissonRegressor().fitSync({ X, y: counts, offset });
    expectBits(poisson.predict(X, offset), poisson.model.predict(X, offset));
    expectBits(poisson.decision(X, offset), poisson.model.decision(X, offset));
    expect(poisson.score(X, counts, { offset })).toBe(poisson.model.score(X, counts, { offset }));
    expect(poisson.evaluate(X, counts, { offset })).toEqual(poisson.model.evaluate(X, counts, { offset }));
    expect([poisson.intercept, ...poisson.intercepts]).toEqual([poisson.model.intercept, poisson.model.intercept]);
    const targets = new estimators.Ridge().fitSync({ X, y: Float64Array.of(...y, ...y), rows });
    expect(targets.model.outputs).toBe(2);
  });

  it('have no model before they are fitted, and keep it when a fit fails', async () => {
    const ridge = new estimators.Ridge();
    for (const call of [
      () => ridge.model,
      () => ridge.coefficients,
      () => ridge.intercept,
      () => ridge.predict(X),
      () => ridge.score(X, y),
      () => JSON.stringify(ridge),
      () => ridge.saveSync(join(folder, 'none')),
      () => new estimators.LinearSVC().labels,
      () => new estimators.SoftmaxRegression().predictProba(X),
    ]) {
      expect(thrown(call)).toMatchObject({
        code: 'ERR_NOT_FITTED',
        message: expect.stringMatching(/must be fitted first$/),
      });
    }
    await expectRejection(
      ridge.save.bind(ridge),
      [join(folder, 'none')],
      'ERR_NOT_FITTED',
      /^Ridge must be fitted first$/,
    );
    const { model } = ridge.fitSync({ X, y });
    await expectRejection(ridge.fit.bind(ridge), [{ X, y: y.subarray(1) }], 'ERR_SHAPE');
    await expectRejection(ridge.fit.bind(ridge), [], 'ERR_INVALID_ARG_TYPE');
    expectRefusal(ridge.fitSync.bind(ridge), [{ X: X.with(3, NaN), y }], 'ERR_NOT_FINITE');
    expect(ridge.model).toBe(model);
  });

  it('refuse what they do not know, and tell what is near', () => {
    const refused = (
      name: EstimatorName,
      options: unknown,
      code: Parameters<typeof expectRefusal>[2],
      message: RegExp,
    ) => {
      expectRefusal((given: object) => new (classOf(face, name))(given), [options], code, message);
    };
    refused('Ridge', { alfa: 1 }, 'ERR_UNKNOWN_OPTION', /did you mean "alpha"/);
    refused('Ridge', { fitIntercept: false }, 'ERR_UNKNOWN_OPTION', /did you mean "intercept"/);
    refused('Lasso', { maxIter: 10 }, 'ERR_UNKNOWN_OPTION', /did you mean "epochs"/);
    refused('Lasso', { l1: 1 }, 'ERR_UNKNOWN_OPTION', /belongs to the function fit/);
    refused('Lasso', { sampleWeight }, 'ERR_UNKNOWN_OPTION', /belongs to the data of fit/);
    refused('Ridge', { classWeight: 'balanced' }, 'ERR_UNKNOWN_OPTION', /^options.classWeight /);
    refused('Ridge', { alpha: -1 }, 'ERR_OUT_OF_RANGE', /^alpha must be a number in \[0, ∞\); got -1$/);
    refused('Ridge', { alpha: '1' }, 'ERR_INVALID_ARG_TYPE', /^alpha /);
    refused('Ridge', { epochs: 0 }, 'ERR_OUT_OF_RANGE', /^epochs /);
    refused('Ridge', { warmStart: 1 }, 'ERR_INVALID_ARG_TYPE', /^warmStart must be true or false/);
    refused('Ridge', { optimizer: 'adem' }, 'ERR_UNKNOWN_OPTION', /did you mean "adam"/);
    refused('Ridge', null, 'ERR_INVALID_ARG_TYPE', /^options must be an object; got null$/);
    refused('LogisticRegression', { C: 0 }, 'ERR_OUT_OF_RANGE', /^C /);
    refused('LogisticRegression', { penalty: 'l3' }, 'ERR_UNKNOWN_OPTION', /did you mean "l2"/);
    refused('LinearSVC', { loss: 'squared' }, 'ERR_UNKNOWN_OPTION', /^loss "squared" is no known name/);
    refused('TweedieRegressor', { power: 0.5 }, 'ERR_OUT_OF_RANGE', /^power must be .* but not in \(0, 1\); got 0.5$/);
    refused('TweedieRegressor', { link: 'logit' }, 'ERR_UNKNOWN_OPTION', /^link "logit" is no known name/);
    refused('QuantileRegressor', { tol: 1e-4 }, 'ERR_UNKNOWN_OPTION', /did you mean "tolerance"/);
    refused('Lasso', { tol: -1 }, 'ERR_OUT_OF_RANGE', /^tol /);
    refused('Lasso', { tol: 1e-4, tolerance: 1e-4 }, 'ERR_UNKNOWN_OPTION', /^tol stands in for tolerance/);
    refused('Ridge', { alpha: Infinity }, 'ERR_OUT_OF_RANGE', /^alpha /);
    refused('QuantileRegressor', { quantile: 1 }, 'ERR_OUT_OF_RANGE', /^quantile /);
    refused('SGDRegressor', { loss: 'hinge' }, 'ERR_UNKNOWN_OPTION', /^loss "hinge" is no known name/);
    refused('SGDClassifier', { learningRate: 0.1 }, 'ERR_INVALID_ARG_TYPE', /^learningRate must be one of constant/);
    const machine = new estimators.LinearSVC();
    expectRefusal(
      machine.fitSync.bind(machine),
      [{ X, y: Array.from(three, () => 7) }],
      'ERR_INVALID_LABELS',
      /must hold 2 to/,
    );
    expectRefusal(machine.fitSync.bind(machine), [{ X }], 'ERR_INVALID_ARG_TYPE', /^y /);
    expectRefusal(machine.fitSync.bind(machine), [null], 'ERR_INVALID_ARG_TYPE', /^data /);
    const nan = new estimators.LogisticRegression();
    expectRefusal(nan.fitSync.bind(nan), [{ X, y: two.with(4, NaN) }], 'ERR_INVALID_LABELS', /^y\[4\] /);
  });

  describe.each(named)('%s', (_name, one) => {
    const type = classOf(face, one.name);
    const fitted = () => new type(one.options).fitSync({ X, y: one.y });
    const expectSame = (back: AnyEstimator, estimator: AnyEstimator) => {
      expect(back).toBeInstanceOf(type);
      expect(back.options).toEqual(estimator.options);
      expect(back.model).toEqual(estimator.model);
      expect(back.model.constructor).toBe(face.Model);
      expect(back.predict(X)).toEqual(estimator.predict(X));
    };

    it('comes back from its file, and from JSON', async () => {
      const estimator = fitted();
      const path = join(folder, `${one.name}.nabla`);
      await estimator.save(path);
      expectSame(await type.load(pathToFileURL(path)), estimator);
      estimator.saveSync(path);
      expectSame(type.loadSync(path), estimator);
      expectSame(type.fromJSON(JSON.parse(JSON.stringify(estimator))), estimator);
      const text = readFileSync(path);
      if (text[0] === 0x7b) expectSame(type.fromJSON(JSON.parse(text.toString())), estimator);
      // And goes on fitting as it would have.
      expectBits(type.loadSync(path).fitSync({ X, y: one.y }).coefficients, fitted().coefficients);
    });

    it('refuses a file that is damaged', () => {
      const path = join(folder, `${one.name}.damaged`);
      fitted().saveSync(path);
      const bytes = readFileSync(path);
      const codes = ['ERR_MODEL_FORMAT', 'ERR_MODEL_CHECKSUM', 'ERR_MODEL_VERSION'];
      const loaded = (changed: Uint8Array) => {
        writeFileSync(path, changed);
        return (thrown(() => type.loadSync(path)) as { code: string }).code;
      };
      for (let at = 0; at < bytes.length; at += Math.ceil(bytes.length / 40)) {
        const changed = Uint8Array.from(bytes);
        changed[at] ^= 4;
        expect(codes, `bit of byte ${at}`).toContain(loaded(changed));
        expect(codes, `cut at ${at}`).toContain(loaded(bytes.subarray(0, at)));
      }
      expect(loaded(Buffer.concat([bytes, bytes]))).toMatch(/^ERR_MODEL_/);
    });
  });

  it('refuse files of another kind', async () => {
    const path = join(folder, 'other');
    const lasso = new estimators.Lasso({ alpha: 0.1 }).fitSync({ X, y });
    lasso.saveSync(path);
    const { Ridge } = estimators;
    const ridge = /^estimator.estimator must be "Ridge"; got "Lasso"$/;
    expectRefusal(Ridge.loadSync.bind(Ridge), [path], 'ERR_MODEL_FORMAT', ridge);
    await expectRejection(Ridge.load.bind(Ridge), [path], 'ERR_MODEL_FORMAT', ridge);
    expectRefusal(face.Model.loadSync.bind(face.Model), [path], 'ERR_MODEL_FORMAT', /^model.format /);
    const json = JSON.parse(JSON.stringify(lasso));
    expectRefusal(Ridge.fromJSON.bind(Ridge), [json], 'ERR_MODEL_FORMAT', ridge);
    lasso.model.saveSync(path);
    expectRefusal(Ridge.loadSync.bind(Ridge), [path], 'ERR_MODEL_FORMAT', /^estimator.format /);
    expectRefusal(Ridge.loadSync.bind(Ridge), [3], 'ERR_INVALID_ARG_TYPE', /^path /);
    expect(thrown(() => Ridge.loadSync(join(folder, 'missing')))).toMatchObject({ code: 'ENOENT' });
    const { Lasso } = estimators;
    const changed = (values: object) => ({ ...json, ...values });
    const read = (given: unknown, code: Parameters<typeof expectRefusal>[2], message: RegExp) =>
      expectRefusal(Lasso.fromJSON.bind(Lasso), [given], code, message);
    for (const given of [null, [], 'Lasso', 3]) read(given, 'ERR_MODEL_FORMAT', /^estimator must be an object/);
    read(changed({ version: 2 }), 'ERR_MODEL_VERSION', /^estimator.version must be 1; got 2$/);
    read(changed({ format: 'x' }), 'ERR_MODEL_FORMAT', /^estimator.format /);
    read(changed({ options: { alfa: 1 } }), 'ERR_MODEL_FORMAT', /did you mean "alpha"/);
    read(changed({ options: null }), 'ERR_MODEL_FORMAT', /options must be an object/);
    read(changed({ more: 1 }), 'ERR_MODEL_FORMAT', /estimator.more /);
    read(changed({ model: undefined }), 'ERR_MODEL_FORMAT', /^model must be an object/);
    read(changed({ checksum: '0' }), 'ERR_MODEL_CHECKSUM', /checksum/);
    const poisson = new estimators.PoissonRegressor().fitSync({ X, y: counts });
    read(
      changed({ model: poisson.model.toJSON() }),
      'ERR_MODEL_FORMAT',
      /^estimator.model.loss must be squared; got "poisson"$/,
    );
    expect(Lasso.fromJSON(json).coefficients).toEqual(lasso.coefficients);
  });

  it('large ones are binary, and come back, too', () => {
    const wide = { X: normals(20 * 5000, 1), y: normals(20, 2) };
    const path = join(folder, 'large');
    const lasso = new estimators.Lasso({ alpha: 0.1, epochs: 3, penaltyFactors: new Float64Array(5000).fill(2) });
    lasso.fitSync(wide).saveSync(path);
    expect(readFileSync(path)[0]).toBe(0x89);
    const back = estimators.Lasso.loadSync(path);
    expect(back.options).toEqual(lasso.options);
    expectBits(back.coefficients, lasso.coefficients);
    expectRefusal(estimators.Ridge.loadSync.bind(estimators.Ridge), [path], 'ERR_MODEL_FORMAT', /must be "Ridge"/);
    expectRefusal(face.Model.loadSync.bind(face.Model), [path], 'ERR_MODEL_FORMAT', /^model.format /);
  });
});

it.runIf(faces.length > 1).each(named)('%s has the same bits on every backend', (_name, one) => {
  const data = { X, y: one.y, sampleWeight };
  const [a, b] = faces.map((face) => new (classOf(face, one.name))(one.options).fitSync(data));
  expectBits(b.coefficients, a.coefficients);
  expectBits(b.intercepts, a.intercepts);
});

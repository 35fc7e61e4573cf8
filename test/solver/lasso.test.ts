// Every rule that takes l1 reaches the minimum of loss and penalty, with exact zeros, by all rows and by batches; the
// others refuse l1.
import { describe, expect, it } from 'vitest';
import type { losses } from '../../lib/catalog/losses.js';
import { type RuleEntry, rules } from '../../lib/catalog/rules.js';
import type { FitOptions, Model, OptimizerSpec, Schedule } from '../../lib/index.js';
import { withOnes } from '../support/algebra.js';
import { type Face, faces } from '../support/backends.js';
import { expectBits, expectClose, expectRefusal, normal, random } from '../support/support.js';

type Rule = keyof typeof rules;
type Loss = Exclude<keyof typeof losses, 'softmax'>;
const cols = 6;
const rows = 80;

/** The smooth losses, and an l1 that leaves some coefficients of `problem` 0. */
const penalties: Partial<Record<Loss, number>> = {
  squared: 0.3,
  logistic: 0.06,
  squared_hinge: 0.15,
  huber: 0.2,
  squared_epsilon_insensitive: 0.5,
  poisson: 0.25,
  gamma: 0.15,
  tweedie: 0.2,
};

/** Rates that suit these problems. */
const rates: Partial<Record<Rule, number>> = { adadelta: 1, ftrl: 0.5, adagrad: 0.5, sgd: 0.1, asgd: 0.1 };
const variants: OptimizerSpec[] = [
  ...(Object.keys(rules) as Rule[])
    .filter((name) => !(rules[name] as RuleEntry).withoutL1 && name !== 'ftrlProximal')
    .map((name) => ({ name, learningRate: rates[name] ?? 0.02, weightDecay: 0, ...(name === 'asgd' && { lambd: 0 }) })),
  { name: 'sgd', learningRate: 0.02, momentum: 0.9, dampening: 0.2 },
  { name: 'sgd', learningRate: 0.02, momentum: 0.8, nesterov: true },
  { name: 'rmsprop', learningRate: 0.01, momentum: 0.5 },
  { name: 'rmsprop', learningRate: 0.01, centered: true },
  { name: 'adam', learningRate: 0.02, amsgrad: true },
] as OptimizerSpec[];
const cases = variants.map((optimizer) => [JSON.stringify(optimizer), optimizer] as const);

function problem(loss: Loss, seed: number) {
  const uniform = random(seed);
  const X = Float64Array.from({ length: rows * cols }, () => normal(uniform));
  const y = Float64Array.from({ length: rows }, (_, i) => {
    const z = 0.4 + X[i * cols] - 0.8 * X[i * cols + 3] + 0.4 * normal(uniform);
    if (loss === 'logistic') return z > 0 ? 1 : 0;
    if (loss === 'squared_hinge') return z > 0 ? 1 : -1;
    if (loss === 'poisson') return Math.floor(Math.exp(z / 2) + uniform());
    if (loss === 'gamma' || loss === 'tweedie') return Math.exp(z / 2);
    return z;
  });
  return { X, y };
}

interface Distance {
  /** By how much the conditions of the minimum fail. */
  slope: number;
  zeros: number[];
}

/** How far a model is from the conditions of Karush, Kuhn and Tucker for loss + Σ f (l1|w| + ½ l2 w²) and bounds at 0. */
function distance(
  { kernels }: Face,
  model: Model,
  { X, y }: ReturnType<typeof problem>,
  options: FitOptions,
): Distance {
  const gradient = new Float64Array(cols + 1);
  const weights = Float64Array.of(...model.coefficients, model.intercept);
  kernels.valueAndGradient(options.loss ?? 'squared', { X: withOnes(X, cols), y }, weights, gradient);
  const { l1 = 0, l2 = 0, penaltyFactors, nonNegative } = options;
  let slope = Math.abs(gradient[cols]);
  const zeros: number[] = [];
  model.coefficients.forEach((w, j) => {
    const f = penaltyFactors ? penaltyFactors[j] : 1;
    const smooth = gradient[j] + f * l2 * w;
    if (w === 0) zeros.push(j);
    if (w !== 0) slope = Math.max(slope, Math.abs(smooth + f * l1 * Math.sign(w)));
    else slope = Math.max(slope, (nonNegative ? -smooth : Math.abs(smooth)) - f * l1);
    if (nonNegative && w < 0) slope = Infinity;
  });
  return { slope, zeros };
}

describe.each(faces)('l1 of the update rules: $name', (face) => {
  const { fitSync, createOptimizer, fitPathSync } = face;
  const best = (data: ReturnType<typeof problem>, options: FitOptions) =>
    distance(face, fitSync(data, { ...options, optimizer: 'newton' }), data, options);
  const schedule = 'cosine';

  it.each(cases)('all rows in every step reach the minimum by %s', (_name, optimizer) => {
    for (const [i, [loss, l1]] of Object.entries(penalties).entries()) {
      const data = problem(loss as Loss, 1);
      const more = [{}, { l2: 0.1, penaltyFactors: [0.5, 1, 1, 2, 1, 0] }, { nonNegative: true }][i % 3];
      const options: FitOptions = { loss: loss as Loss, l1, ...more };
      const found = distance(face, fitSync(data, { ...options, optimizer, schedule, epochs: 3000 }), data, options);
      const what = `${loss} ${JSON.stringify(more)}`;
      expect(found.slope, what).toBeLessThan(1e-3 * (l1 as number));
      expect(found.zeros, what).toEqual(best(data, options).zeros);
    }
  });

  it.each(cases)('batches reach the minimum by %s', (name, optimizer) => {
    for (const [i, [loss, l1]] of Object.entries(penalties).entries()) {
      const data = problem(loss as Loss, 2);
      // 80 rows: no short batch, whose rows would count more.
      const [batchSize, epochs, more] = (
        [
          [1, 100, {}],
          [8, 600, { l2: 0.1, penaltyFactors: [0.5, 1, 1, 2, 1, 1] }],
          [10, 600, { nonNegative: true }],
        ] as const
      )[i % 3];
      const options: FitOptions = { loss: loss as Loss, l1, ...more };
      const found = distance(
        face,
        fitSync(data, { ...options, optimizer, schedule, epochs, batchSize }),
        data,
        options,
      );
      const what = `${loss} ${batchSize} ${JSON.stringify(more)}`;
      // Adadelta's steps, of one size, are too long for single rows.
      expect(found.slope, what).toBeLessThan((name.includes('adadelta') ? 0.4 : 0.05) * (l1 as number));
      expect(found.zeros, what).toEqual(best(data, options).zeros);
    }
  });

  it('batches of one rate have the cumulative penalty of Tsuruoka et al.', () => {
    const data = problem('squared', 3);
    const [l1, learningRate, epochs] = [0.3, 0.01, 5];
    const w = new Float64Array(cols);
    const taken = new Float64Array(cols);
    let total = 0;
    for (let t = 0; t < epochs * rows; t++) {
      const x = data.X.subarray((t % rows) * cols, ((t % rows) + 1) * cols);
      const slope = x.reduce((z, value, j) => z + value * w[j], 0) - data.y[t % rows];
      total += learningRate * l1;
      for (let j = 0; j < cols; j++) {
        const free = w[j] - learningRate * slope * x[j];
        if (free > 0) w[j] = Math.max(0, free - (total + taken[j]));
        else w[j] = Math.min(0, free + (total - taken[j]));
        taken[j] += w[j] - free;
      }
    }
    const optimizer = { name: 'sgd', learningRate } as const;
    const model = fitSync(data, { optimizer, l1, epochs, batchSize: 1, sampler: 'sequential', intercept: false });
    expectClose(model.coefficients, w, 1e-11, 1);
    expect([...model.coefficients].map((value) => value === 0)).toEqual([...w].map((value) => value === 0));
  });

  it('what a penalty has held goes on with partialFit and checkpoints', () => {
    const data = problem('squared', 4);
    const options: FitOptions = {
      optimizer: 'momentum',
      l1: 0.3,
      batchSize: 4,
      sampler: 'sequential',
      keepState: true,
      intercept: false,
    };
    const whole = fitSync(data, { ...options, epochs: 6 });
    const half = fitSync(data, { ...options, epochs: 3 });
    const rest = face.Model.fromJSON(JSON.parse(JSON.stringify(half))).partialFitSync(data, { ...options, epochs: 3 });
    expectBits(rest.coefficients, whole.coefficients);
  });

  it.each(['lion', 'rprop'] as const)('%s refuses it, in fits, paths and optimizers', (name) => {
    const data = problem('squared', 1);
    for (const call of [
      () => fitSync(data, { optimizer: name, l1: 0.1 }),
      () => fitPathSync(data, { optimizer: name, epochs: 10 }),
      () => createOptimizer({ name, l1: 0.1 }, 3),
      () => createOptimizer({ name, groups: [{ start: 0, end: 1, l1: 0.1 }] }, 3),
    ]) {
      expectRefusal(call, [], 'ERR_UNKNOWN_OPTION', new RegExp(`l1 does not go with optimizer ${name}`));
    }
    expect(fitSync(data, { optimizer: name, l2: 0.1 }).status).toBe('maxEpochs');
  });

  it('centered rmsprop refuses it with momentum', () => {
    const optimizer = { name: 'rmsprop', centered: true, momentum: 0.5 } as const;
    expectRefusal(
      () => fitSync(problem('squared', 1), { optimizer, l1: 0.1 }),
      [],
      'ERR_UNKNOWN_OPTION',
      /do not settle/,
    );
  });
});

describe.each(faces)('ftrl in a fit: $name', (face) => {
  const { fitSync } = face;
  const schedules = ['constant', 'invscaling', 'cosine', 'exponential', 'onecycle', { name: 'cosine', restart: 200 }];

  it.each(schedules as Schedule[])('reaches the minimum with the schedule %j', (schedule) => {
    const data = problem('squared', 5);
    for (const [epochs, more] of [
      [2000, {}],
      [2000, { l1: 0.3 }],
      [2000, { l2: 0.5 }],
      [4000, { l1: 0.2, l2: 0.3, penaltyFactors: [1, 1, 0.5, 2, 1, 1] }],
      [2000, { l1: 0.2, nonNegative: true }],
    ] as const) {
      const named = schedule === 'exponential' ? ({ name: 'exponential', gamma: 0.999 } as const) : schedule;
      const optimizer = { name: 'ftrl', learningRate: 1 } as const;
      const model = fitSync(data, { optimizer, schedule: named, epochs, ...more });
      expect(distance(face, model, data, more).slope, JSON.stringify(more)).toBeLessThan(2e-3);
    }
  });

  it('stays at the minimum where it is warm-started', () => {
    const data = problem('squared', 6);
    const options = { l1: 0.2, l2: 0.1 };
    const warmStart = fitSync(data, { ...options, optimizer: 'newton', tolerance: 0 });
    for (const batchSize of [undefined, 1]) {
      const learningRate = batchSize ? 0.01 : 0.5;
      const model = fitSync(data, {
        ...options,
        warmStart,
        optimizer: { name: 'ftrl', learningRate },
        epochs: 1,
        batchSize,
      });
      expectClose(model.coefficients, warmStart.coefficients, batchSize ? 0.1 : 1e-12, 1);
    }
  });

  it('ftrlProximal fades', () => {
    const data = problem('squared', 7);
    const coefficients = (epochs: number) =>
      fitSync(data, { optimizer: { name: 'ftrlProximal', learningRate: 1 }, l1: 5, epochs }).coefficients;
    expect([...coefficients(5)].filter((w) => w !== 0).length).toBeLessThanOrEqual(2);
    expectClose(coefficients(3000), fitSync(data, { optimizer: 'exact' }).coefficients, 0.01, 1);
  });
});

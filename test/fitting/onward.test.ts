// partialFit continues the fit it continues: all of its options, its rates, its state, to the bit.
import { describe, expect, it } from 'vitest';
import type { rules as table } from '../../lib/catalog/rules.js';
import { averagings } from '../../lib/catalog/samplers.js';
import { type Averaging, type FitOptions, type Model, type Schedule, sgd } from '../../lib/index.js';
import { faces } from '../support/backends.js';
import { expectBits, expectClose, expectRefusal, patience, problem, random } from '../support/support.js';

const rows = 24;
const cols = 3;
const data = problem(rows, cols, 1);

const rules: (keyof typeof table)[] = ['sgd', 'momentum', 'adagrad', 'adam', 'radam', 'nadam', 'yogi', 'ftrl', 'lion'];
/** Those that do not run over a whole fit. */
const endless: Schedule[] = [
  'constant',
  'invscaling',
  'exponential',
  { name: 'step', stepSize: 2, gamma: 0.5 },
  { name: 'cosine', restart: 3 },
  { name: 'cosine', restart: 2, restartFactor: 2 },
  { name: 'plateau', patience: 0, factor: 0.5, threshold: 0.5 },
  { name: 'optimal', alpha: 0.01 },
  { name: 'exponential', warmup: 2.5 },
  { name: 'invscaling', warmup: 7 },
  { name: 'multistep', milestones: [2, 3, 5], gamma: 0.3 },
  { name: 'cyclic', rise: 1.5, fall: 2.5, gamma: 0.7 },
  { name: 'lambda', table: [1, 0.2, 0.7, 0.1, 0.4], warmup: 1 },
  {
    name: 'sequential',
    parts: [
      { schedule: { name: 'plateau', patience: 0, factor: 0.5, threshold: 0.5 }, epochs: 2, factor: 0.3 },
      { schedule: 'cosine', epochs: 2 },
      { schedule: { name: 'invscaling', warmup: 2 } },
    ],
  },
];
const averages: Averaging[] = ['none', 'polyak', { name: 'ema', decay: 0.7 }, { name: 'polyak', start: 9 }];

function draw(seed: number): FitOptions {
  const uniform = random(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(uniform() * list.length)];
  return {
    optimizer: { name: pick(rules), learningRate: 0.01 + 0.1 * uniform() },
    schedule: pick(endless),
    averaging: pick(averages),
    sampler: pick(['full', 'sequential', 'shuffled', 'replacement', { name: 'shuffled', once: true }]),
    seed,
    gram: false,
    ...(uniform() < 0.3 && { l1: 0.1 * uniform() }),
    ...(uniform() < 0.3 && { l2: uniform() }),
    ...(uniform() < 0.3 && { penaltyFactors: [0, 2, 1] }),
    ...(uniform() < 0.3 && { nonNegative: true }),
    ...(uniform() < 0.3 && { intercept: false }),
    ...(uniform() < 0.3 && { clipNorm: 1 }),
    ...(uniform() < 0.3 && { clipValue: 0.5 }),
    ...(uniform() < 0.3 && { standardize: true }),
    ...(uniform() < 0.2 && { history: 'step' }),
  } as FitOptions;
}

function options(seed: number): FitOptions {
  const drawn = draw(seed);
  const batchSize = 1 + (seed % 9);
  const { gram, ...batched } = drawn;
  return drawn.sampler === 'full' ? drawn : { ...batched, batchSize };
}

function expectSame(actual: Model, expected: Model, what: string): void {
  expectBits([...actual.coefficients, actual.intercept], [...expected.coefficients, expected.intercept], what);
}

describe.each(faces)('partialFit goes on: $name', ({ fitSync, Model, estimators }) => {
  it('so many epochs and then one is one more, under options that nobody repeats, through files too', () => {
    for (let seed = 1; seed <= 80; seed++) {
      const chosen = options(seed);
      const what = `seed ${seed} ${JSON.stringify(chosen)}`;
      const first = fitSync(data, { ...chosen, epochs: 1 + (seed % 5), keepState: true });
      let model = first;
      for (let more = 1; more <= 3; more++) {
        model = model.partialFitSync(data);
        const whole = fitSync(data, { ...chosen, epochs: first.epochs + more });
        if (whole.status === 'diverged') break;
        expectSame(model, whole, what);
        expect(model.epochs).toBe(whole.epochs);
        expect(model.history.learningRate.at(-1)).toBe(whole.history.learningRate.at(-1));
        model = Model.fromJSON(JSON.parse(JSON.stringify(model))) as Model;
      }
      const repeated = first.partialFitSync(data, chosen);
      expectSame(first.partialFitSync(data), repeated, what);
      const other = first.partialFitSync(data, { l2: 0.5, averaging: 'none', epochs: 2 });
      expectSame(other, first.partialFitSync(data, { ...chosen, l2: 0.5, averaging: 'none', epochs: 2 }), what);
    }
  });

  it('every option of a fit is kept that is not of its rows', () => {
    const labelled = { X: data.X, y: [...data.y].map((y) => (y > 0 ? 'up' : 'down')) };
    const all: FitOptions = {
      loss: 'logistic',
      optimizer: sgd({ learningRate: 0.3 }),
      classWeight: { up: 3, down: 0.5 },
      validationFraction: 0.25,
      patience: 3,
      minDelta: 1e-3,
      restoreBest: true,
      tolerance: 1e-9,
      gradientTolerance: 1e-12,
      maxSeconds: 100,
      threads: 1,
      batchSize: 5,
      seed: 3,
    };
    for (const keepState of [false, true]) {
      const first = fitSync(labelled, { ...all, epochs: 4, keepState });
      const again = first.partialFitSync(labelled, { epochs: 20 });
      expectBits(again.history, first.partialFitSync(labelled, { ...all, epochs: 20 }).history);
      expect(again.history.validationLoss.length).toBeGreaterThan(0);
      expect(again.history).not.toEqual(first.partialFitSync(labelled, { classWeight: undefined, seed: 4 }).history);
    }
  });

  it('class weights of a Map are kept as those of an object', () => {
    const labelled = { X: data.X, y: [...data.y].map((y) => (y > 0 ? 'up' : 'down')) };
    const all: FitOptions = { loss: 'logistic', optimizer: 'sgd', epochs: 2 };
    const [a, b] = [{ up: 3 }, new Map([['up', 3]])].map((classWeight) => fitSync(labelled, { ...all, classWeight }));
    const onward = Model.fromJSON<string>(JSON.parse(JSON.stringify(b))).partialFitSync(labelled);
    expectBits(onward.coefficients, a.partialFitSync(labelled).coefficients);
  });

  it('null is no sampler, schedule or optimizer', () => {
    const model = fitSync(data, { optimizer: 'sgd', batchSize: 4, epochs: 2 });
    for (const name of ['sampler', 'schedule', 'averaging', 'optimizer', 'loss']) {
      const options = { [name]: null } as FitOptions;
      const message = new RegExp(`^${name} must be one of `);
      expectRefusal(model.partialFitSync.bind(model) as never, [data, options], 'ERR_INVALID_ARG_TYPE', message);
    }
  });

  it('rows need the offset that the fit had', () => {
    const offset = data.y.map((y) => y / 2);
    const model = fitSync({ ...data, offset }, { optimizer: 'sgd' });
    expectRefusal(
      (rows: typeof data) => model.partialFitSync(rows),
      [data],
      'ERR_INVALID_ARG_TYPE',
      /^offset .*zeros for none/,
    );
    expect(model.partialFitSync({ ...data, offset }).hasOffset).toBe(true);
    expect(model.partialFitSync(data, { offset }).hasOffset).toBe(true);
  });

  it('the rate goes on where the state was not kept, too', () => {
    for (const schedule of [...endless, { name: 'exponential', gamma: 0.5, warmup: 3 }] as Schedule[]) {
      const chosen: FitOptions = { optimizer: sgd({ learningRate: 0.01 }), schedule, batchSize: 6 };
      const first = fitSync(data, { ...chosen, epochs: 5 });
      const next = first.partialFitSync(data);
      expect(next).toMatchObject({ epochs: 6, steps: 24 });
      const whole = fitSync(data, { ...chosen, epochs: 6 });
      // Of a plateau the last rate is known, not what was about to follow.
      const isPlateau = typeof schedule === 'object' && schedule.name === 'plateau';
      const expected = isPlateau ? first.history.learningRate[4] : whole.history.learningRate[5];
      expect(next.history.learningRate[0], JSON.stringify(schedule)).toBe(expected);
    }
  });

  it('a schedule in epochs counts those of other lengths', () => {
    const chosen: FitOptions = { optimizer: sgd({ learningRate: 0.01 }), batchSize: 1, epochs: 2, keepState: true };
    const few = { X: data.X.subarray(0, 2 * cols), y: data.y.subarray(0, 2) };
    let model = fitSync(data, { ...chosen, schedule: { name: 'exponential', gamma: 0.5, warmup: 1 } });
    expect(model.history.learningRate[1]).toBe(0.01);
    for (const rate of [0.005, 0.0025, 0.00125]) {
      model = model.partialFitSync(few);
      expectClose(model.history.learningRate, [rate], 1e-14);
    }
    model = model.partialFitSync(data);
    expectClose(model.history.learningRate, [0.000625], 1e-14);
    model = model.partialFitSync(few, { schedule: { name: 'step', stepSize: 1, gamma: 0.1 } });
    expect(model.history.learningRate[0]).toBe(0.01); // another one begins anew
  });

  it.each(['polynomial', 'onecycle', 'cosine'] as const)('%s is planned anew over each call', (schedule) => {
    for (const more of [{}, { batchSize: 4 }, { batchSize: 1 }] as FitOptions[]) {
      const optimizer = sgd({ learningRate: 0.05 });
      let model = fitSync(data, { optimizer, schedule, epochs: 9, keepState: true, ...more });
      const fresh = fitSync(data, { optimizer, schedule, epochs: 4, ...more });
      for (let call = 0; call < 3; call++) {
        model = model.partialFitSync(data, { epochs: 4 });
        expectBits(model.history.learningRate, fresh.history.learningRate);
      }
      const before = model;
      model = model.partialFitSync({ X: data.X, y: data.y.map((y) => y + 1) });
      expect(Math.abs(model.intercept - before.intercept)).toBeGreaterThan(0.01);
    }
  });

  it('a function of the epoch is kept as its table, whose last factor stays', () => {
    const chosen = { optimizer: sgd({ learningRate: 0.1 }), epochs: 3, keepState: true };
    const lambda = (epoch: number) => 1 / (1 + epoch);
    const model = fitSync(data, { ...chosen, schedule: { name: 'lambda', lambda } });
    expectBits(model.history.learningRate, [0.1, 0.1 * (1 / 2), 0.1 * (1 / 3)]);
    const again = (Model.fromJSON(JSON.parse(JSON.stringify(model))) as Model).partialFitSync(data);
    expectBits(again.history.learningRate, [0.1 * (1 / 3)]);
    const ended = fitSync(data, { ...chosen, schedule: { name: 'lambda', table: [1, 0.5, 0] } });
    expectRefusal(ended.partialFitSync.bind(ended), [data], 'ERR_OUT_OF_RANGE', /^schedule .* 0/);
    expect(ended.partialFitSync(data, { schedule: 'constant' }).history.learningRate[0]).toBe(0.1);
  });

  it('a file with a schedule that begins before its beginning, or whose cycles have no length, is refused', () => {
    const lambda: Schedule = { name: 'lambda', table: [1, 0.5, 0.25], warmup: 3 };
    const cosine: Schedule = { name: 'cosine', restart: 2, restartFactor: 2 };
    // Numbers of the schedule, from the end of what is carried: epochs of other lengths, the length of a cycle.
    for (const [schedule, at, value] of [
      [lambda, -9, -0.5],
      [lambda, -9, -7.5],
      [cosine, -2, -1],
      [cosine, -2, Number.NaN],
    ] as const) {
      const model = fitSync(data, { optimizer: sgd({ learningRate: 0.1 }), epochs: 3, keepState: true, schedule });
      const json = JSON.parse(JSON.stringify(model));
      const carried = Buffer.from(json.online.carried, 'base64');
      carried.writeDoubleLE(value, carried.length + 8 * at);
      json.online.carried = carried.toString('base64');
      expectRefusal(Model.fromJSON.bind(Model), [json], 'ERR_MODEL_FORMAT', /model\.online\.carried/);
    }
  });

  it('a schedule passes any number of cycles at once', () => {
    const schedule: Schedule = { name: 'cosine', restart: 0.001, restartFactor: 1 + 2 ** -52 };
    const model = fitSync(data, { optimizer: 'adam', epochs: 3, schedule });
    const json = { ...JSON.parse(JSON.stringify(model)), epochs: 2 ** 50, steps: 2 ** 50 };
    const before = performance.now();
    (Model.fromJSON(json) as Model).partialFitSync(data, { epochs: 3 });
    expect(performance.now() - before).toBeLessThan(patience(1000));
  });

  it('after restoreBest it goes on from the best epoch', () => {
    const validation = problem(30, cols, 2, 3);
    const noisy = problem(8, cols, 3, 3);
    for (const averaging of averages) {
      const chosen: FitOptions = {
        optimizer: { name: 'adam', learningRate: 0.5 },
        averaging,
        batchSize: 3,
        validation,
      };
      const { history } = fitSync(noisy, { ...chosen, epochs: 25 });
      const best = 1 + history.validationLoss.indexOf(Math.min(...history.validationLoss));
      const restored = fitSync(noisy, { ...chosen, epochs: 25, restoreBest: true, keepState: true });
      const early = fitSync(noisy, { ...chosen, epochs: best, keepState: true });
      expect(restored.epochs).toBe(25);
      expectSame(restored, early, 'restored');
      expectSame(restored.partialFitSync(noisy, { restoreBest: false }), early.partialFitSync(noisy), 'onward');
    }
  });

  it('standardized columns keep the scales of the fit, or the call is refused', () => {
    const far = { X: data.X.map((x, i) => (i % cols === 0 ? 1e4 + 1e3 * x : x)), y: data.y };
    const chosen: FitOptions = { optimizer: sgd({ learningRate: 0.1 }), standardize: true, epochs: 30 };
    const model = fitSync(far, { ...chosen, keepState: true });
    const few = { X: far.X.subarray(0, cols), y: far.y.subarray(0, 1) };
    const next = model.partialFitSync(few);
    expect(next.status).toBe('maxEpochs');
    expect(next.score(far.X, far.y)).toBeGreaterThan(0.9);
    for (const without of [fitSync(far, chosen), fitSync(far, { optimizer: 'exact', standardize: true })]) {
      expectRefusal(without.partialFitSync.bind(without), [few], 'ERR_UNKNOWN_OPTION', /keepState: true/);
      expect(without.partialFitSync(few, { standardize: false }).epochs).toBeGreaterThan(0);
    }
  });

  it('after a solver it goes on by sgd, under the penalty of the fit', () => {
    const solved = fitSync(data, { optimizer: 'newton', l1: 0.1, penaltyFactors: [1, 0, 1], intercept: false });
    const next = solved.partialFitSync(data);
    const byHand = { optimizer: 'sgd', l1: 0.1, penaltyFactors: [1, 0, 1], intercept: false, epochs: 1 } as const;
    expectSame(next, fitSync(data, { ...byHand, warmStart: solved }), 'sgd');
    expect(next).toMatchObject({ optimizer: 'sgd', intercept: 0 });
    for (const optimizer of ['auto', { name: 'lbfgs' }] as const) {
      expectRefusal(solved.partialFitSync.bind(solved), [data, { optimizer }], 'ERR_UNKNOWN_OPTION', /^partialFit/);
    }
  });

  it('estimators go on so, through files too', () => {
    for (const averaging of Object.keys(averagings) as Averaging[]) {
      for (const learningRate of ['invscaling', 'adaptive', 'constant'] as const) {
        const make = (epochs: number) =>
          new estimators.SGDRegressor({ averaging, learningRate, epochs, patience: 0, seed: 4, penalty: 'elasticnet' });
        const whole = make(5).fitSync(data);
        const parts = make(4).fitSync(data);
        const loaded = estimators.SGDRegressor.fromJSON(JSON.parse(JSON.stringify(parts)));
        expectSame(parts.partialFitSync(data).model, whole.model, `${learningRate} ${JSON.stringify(averaging)}`);
        expectSame(loaded.partialFitSync(data).model, whole.model, 'loaded');
      }
    }
  });
});

// Learning from rows as they come: partialFit and warmStart.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { rules } from '../../lib/catalog/rules.js';
import type { FitData, FitOptions, Model } from '../../lib/index.js';
import { faces } from '../support/backends.js';
import { expectBits, expectClose, expectRefusal, expectRejection, normals, problem } from '../support/support.js';

const rows = 96;
const cols = 5;
const data = problem(rows, cols, 1);
const chunk = (from: number, to: number): FitData => ({
  X: data.X.subarray(from * cols, to * cols),
  y: data.y.subarray(from, to),
});

function expectSame(actual: Model, expected: Model): void {
  expectBits(actual.coefficients, expected.coefficients);
  expectBits(actual.intercepts, expected.intercepts);
}

const folder = mkdtempSync(join(tmpdir(), 'nabla-partial-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.each(faces)('partialFit: $name', ({ Model, fitSync }) => {
  it.each(Object.keys(rules) as (keyof typeof rules)[])('%s in pieces is %s in one', (name) => {
    const base: FitOptions = { optimizer: { name, learningRate: 0.01 }, sampler: 'sequential', batchSize: 8, l2: 0.01 };
    const options = { ...base, schedule: 'invscaling' } as FitOptions;
    const whole = fitSync(data, { ...options, epochs: 1 });
    let model = fitSync(chunk(0, 16), { ...options, epochs: 1, keepState: true });
    for (const [from, to] of [
      [16, 24],
      [24, 56],
      [56, 96],
    ]) {
      const before = JSON.stringify(model);
      const next = model.partialFitSync(chunk(from, to), options);
      expect(JSON.stringify(model)).toBe(before);
      // As it comes back from a file.
      model = Model.fromJSON(JSON.parse(JSON.stringify(next))) as Model;
      expectSame(model, next);
    }
    expectSame(model, whole);
    expect(model.steps).toBe(12);
    expect(model.epochs).toBe(4);
  });

  it('draws a new order each time, as one long fit would', async () => {
    const options: FitOptions = { optimizer: 'adam', batchSize: 8, seed: 5 };
    const whole = fitSync(data, { ...options, epochs: 3 });
    let model = fitSync(data, { ...options, epochs: 1, keepState: true });
    model = model.partialFitSync(data, options);
    model = await model.partialFit(data, options);
    expectSame(model, whole);
    expect(model).toMatchObject({ epochs: 3, steps: whole.steps });
    expect([...model.history]).toEqual([whole.history[2]]);
  });

  it('remembers loss, rule and labels', () => {
    const y = [...data.y].map((value) => (value > 0 ? 'up' : 'down'));
    const labelled = (from: number, to: number) => ({ ...chunk(from, to), y: y.slice(from, to) });
    const optimizer = { name: 'sgd', learningRate: 0.3, momentum: 0.5, nesterov: true } as const;
    const first = fitSync(labelled(0, 90), { loss: 'logistic', optimizer, epochs: 5, keepState: true });
    const next = first.partialFitSync({ X: data.X.subarray(90 * cols), y: ['up', 'up', 'up', 'up', 'up', 'up'] });
    expect(next).toMatchObject({ loss: 'logistic', optimizer: 'sgd', labels: ['down', 'up'] });
    expect(next.online?.optimizer).toMatchObject(optimizer);
    const { X } = data;
    expect(next.predictProba(X)[1]).toBeGreaterThan(first.predictProba(X)[1]);
    const tweedie = fitSync({ X, y: data.y.map(Math.abs) }, { loss: { name: 'tweedie', power: 1.2 }, epochs: 1 });
    expect(tweedie.partialFitSync({ X, y: data.y.map(Math.abs) }).lossParameters).toEqual({ power: 1.2 });
  });

  it('starts a rule anew where its state was not kept, or another is asked for', () => {
    const first = fitSync(data, { optimizer: 'adam', epochs: 3 });
    expect(first.online).toBe(null);
    const anew = fitSync(data, { optimizer: 'adam', epochs: 1, warmStart: first });
    expectSame(first.partialFitSync(data, { optimizer: 'adam' }), anew);
    const kept = fitSync(data, { optimizer: 'adam', epochs: 3, keepState: true });
    const other = fitSync(data, { optimizer: 'yogi', epochs: 1, warmStart: first });
    expectSame(kept.partialFitSync(data, { optimizer: 'yogi' }), other);
  });

  it('a divergence leaves what there was', () => {
    const first = fitSync(data, { optimizer: 'adam', epochs: 3, keepState: true });
    const broken = first.partialFitSync(data, { optimizer: { name: 'adam', learningRate: 1e308 }, epochs: 9 });
    expect(broken.status).toBe('diverged');
    expect([...broken.coefficients].every(Number.isFinite)).toBe(true);
    expect([...(broken.online?.carried ?? [NaN])].every(Number.isFinite)).toBe(true);
  });

  it('a fit that has diverged from its beginning keeps no state, and goes through files', () => {
    const settings = { optimizer: { name: 'sgd', learningRate: 1e308 }, epochs: 5, keepState: true } as const;
    for (const more of [
      {},
      { standardize: true },
      { averaging: 'polyak' },
      { restoreBest: true, validationFraction: 0.2 },
    ] as const) {
      const broken = fitSync(data, { ...settings, ...more });
      expect(broken.status).toBe('diverged');
      expect(broken.online === null).toBe(!('restoreBest' in more)); // which has the best epoch's
      const path = join(folder, 'broken');
      broken.saveSync(path);
      const loaded = [Model.fromJSON(JSON.parse(JSON.stringify(broken))), Model.loadSync(path)] as Model[];
      for (const model of loaded) expect(JSON.stringify(model)).toBe(JSON.stringify(broken));
      if ('standardize' in more) continue;
      const onward = { optimizer: 'adam' } as const;
      for (const model of loaded) expectSame(model.partialFitSync(data, onward), broken.partialFitSync(data, onward));
    }
  });

  it('refuses other shapes, classes and standardize', async () => {
    const model = fitSync(data, { epochs: 1 });
    const wrong: [object, object | null, 'ERR_SHAPE' | 'ERR_UNKNOWN_OPTION' | 'ERR_INVALID_ARG_TYPE', RegExp][] = [
      [problem(9, 4, 1), {}, 'ERR_SHAPE', /^warmStart\.coefficients/],
      [data, { loss: 'huber' }, 'ERR_SHAPE', /^warmStart\.loss/],
      [data, { standardize: true }, 'ERR_UNKNOWN_OPTION', /^standardize/],
      [data, { epohcs: 2 }, 'ERR_UNKNOWN_OPTION', /"epochs"/],
      [data, null, 'ERR_INVALID_ARG_TYPE', /^options/],
    ];
    for (const [rows, options, code, message] of wrong) {
      expectRefusal((...args) => model.partialFitSync(...(args as [never])), [rows, options], code, message);
      await expectRejection((...args) => model.partialFit(...(args as [never])), [rows, options], code, message);
    }
  });

  it('goes on from files of version 2, which have neither options nor where a schedule is', () => {
    const chosen = { optimizer: 'adam', schedule: 'invscaling', batchSize: 8 } as const;
    const first = fitSync(data, { ...chosen, epochs: 2, keepState: true });
    const { options, ...json } = JSON.parse(JSON.stringify(first));
    const carried = Buffer.from(json.online.carried, 'base64');
    // Epochs, no scaling, no weights, steps; a state, begun at 0, its products and arrays, nothing held; the schedule, no average.
    const number = (at: number) => carried.subarray(8 * at, 8 * (at + 1));
    const old = Buffer.concat([number(0), number(3), carried.subarray(8 * 6, carried.length - 8 * 13)]);
    const text = { ...json, version: 2, online: { ...json.online, carried: old.toString('base64') } };
    const loaded = Model.fromJSON(text) as Model;
    expect(JSON.parse(JSON.stringify(loaded))).toEqual(text);
    expectSame(loaded.partialFitSync(data, chosen), first.partialFitSync(data));
    const { online: _, ...without } = text;
    const byHand = fitSync(data, { optimizer: 'sgd', epochs: 1, warmStart: first });
    expectSame((Model.fromJSON(without) as Model).partialFitSync(data), byHand);
    expectRefusal(Model.fromJSON.bind(Model), [{ ...text, options }], 'ERR_MODEL_FORMAT');
    expectRefusal(Model.fromJSON.bind(Model), [{ ...json, options: { l3: 1 } }], 'ERR_MODEL_FORMAT');
    expectRefusal(Model.fromJSON.bind(Model), [{ ...json, options: { warmStart: 1 } }], 'ERR_MODEL_FORMAT');
  });

  it('a damaged state is refused', () => {
    const json = JSON.parse(JSON.stringify(fitSync(data, { optimizer: 'adam', epochs: 1, keepState: true })));
    const { online } = json;
    const bytes = Buffer.from(online.carried, 'base64');
    const changed = (at: number, value: number) => {
      const copy = Buffer.from(bytes);
      copy.writeDoubleLE(value, 8 * at);
      return copy.toString('base64');
    };
    const wrong: unknown[] = [
      null,
      [],
      {},
      { ...online, carried: 3 },
      { ...online, carried: '' },
      { ...online, carried: online.carried.slice(8) },
      { ...online, carried: `${online.carried}!` },
      { ...online, carried: changed(0, -1) },
      { ...online, carried: changed(1, 0.5) },
      { ...online, carried: changed(7, NaN) },
      { ...online, optimizer: 'lbfgs' },
      { ...online, optimizer: 'sgd' },
      { ...online, optimizer: { name: 'adam', beta3: 1 } },
      { ...online, more: 1 },
    ];
    for (const value of wrong) {
      expectRefusal(Model.fromJSON.bind(Model), [{ ...json, online: value }], 'ERR_MODEL_FORMAT');
    }
    expect(Model.fromJSON(json).online).toEqual(Model.fromJSON(JSON.parse(JSON.stringify(json))).online);
  });
});

describe.each(faces)('warmStart: $name', ({ fitSync }) => {
  it('refuses a model whose weights are not finite, by a rule, a solver and partialFit', () => {
    const rows = problem(9, 3, 1);
    for (const name of ['coefficients', 'intercepts'] as const) {
      for (const value of [NaN, Infinity]) {
        const model = fitSync(rows, { optimizer: 'sgd', epochs: 1, keepState: true });
        model[name][0] = value;
        const message = new RegExp(`^warmStart\\.${name}\\[0\\]`);
        for (const optimizer of ['auto', 'newton', 'lbfgs', 'adam'] as const) {
          expectRefusal(fitSync, [rows, { optimizer, warmStart: model }], 'ERR_NOT_FINITE', message);
        }
        expectRefusal(model.partialFitSync.bind(model) as never, [rows], 'ERR_NOT_FINITE', message);
      }
    }
  });

  it('matches classes by their labels, in whatever order', () => {
    const X = normals(60 * 2, 3);
    const names = ['ant', 'bee', 'cow'];
    const three = Array.from({ length: 60 }, (_, i) => names[X[2 * i] > 0.3 ? 2 : Number(X[2 * i + 1] > 0)]);
    for (const loss of ['softmax', 'logistic', 'squared_hinge', 'hinge'] as const) {
      const labels = loss === 'softmax' ? names : names.slice(0, 2);
      const rows = loss === 'softmax' ? three : three.map((name) => (name === 'cow' ? 'bee' : name));
      const how = { loss, l2: 0.1, optimizer: 'newton' } as const;
      const solved = fitSync({ X, y: rows }, { ...how, classes: labels });
      for (const classes of [labels, labels.toReversed(), [...labels.slice(1), labels[0]]]) {
        const start = { ...how, optimizer: { name: 'sgd', learningRate: 1e-300 } as const, epochs: 1 };
        const moved = fitSync({ X, y: rows }, { ...start, classes, warmStart: solved as never });
        expect(moved.labels).toEqual(classes);
        expect(moved.predict(X)).toEqual(solved.predict(X));
        if (loss === 'hinge' || loss === 'squared_hinge') continue;
        const [a, b] = [moved.predictProba(X), solved.predictProba(X)];
        const K = labels.length;
        classes.forEach((label, k) => {
          const there = labels.indexOf(label);
          for (let i = 0; i < 60; i++) expect(a[i * K + k]).toBeCloseTo(b[i * K + there], 12);
        });
      }
    }
  });

  it('refuses a model of other classes, columns, targets or another loss', () => {
    const X = normals(24, 1);
    const y = normals(12, 2);
    const animals = ['ant', 'bee', 'cow'];
    const of = (labels: (string | number)[]) =>
      fitSync({ X, y: Array.from(y, (_, i) => labels[i % labels.length]) }, { loss: 'softmax', epochs: 1 });
    const refused = (data: object, options: object, code: Parameters<typeof expectRefusal>[2], message: RegExp) =>
      expectRefusal(fitSync, [data, options], code, message);
    const ofAnimals = { X, y: Array.from(y, (_, i) => animals[i % 3]) };
    for (const labels of [
      ['ant', 'bee'],
      ['ant', 'bee', 'dog'],
      [...animals, 'dog'],
      [0, 1, 2],
    ]) {
      refused(
        ofAnimals,
        { loss: 'softmax', warmStart: of(labels) },
        'ERR_INVALID_LABELS',
        /^warmStart .*option classes/,
      );
    }
    const numbers = fitSync({ X, y }, { epochs: 1 });
    refused({ X: X.subarray(0, 12), y }, { warmStart: numbers }, 'ERR_SHAPE', /^warmStart\.coefficients/);
    refused({ X, y: X, rows: 12 }, { warmStart: numbers }, 'ERR_SHAPE', /^warmStart\.intercepts/);
    const wide = fitSync({ X: X.subarray(0, 18), y: X.subarray(0, 12), rows: 6 }, { epochs: 1 });
    const tall = { X: X.subarray(0, 12), y: X.subarray(0, 18), rows: 6 };
    refused(tall, { warmStart: wide }, 'ERR_SHAPE', /^warmStart\.intercepts/);
    refused({ X, y }, { loss: 'huber', warmStart: numbers }, 'ERR_SHAPE', /^warmStart\.loss/);
    const two = fitSync({ X, y: y.map((value) => Number(value > 0)) }, { loss: 'hinge', epochs: 1 });
    const signs = y.map((value) => (value > 0 ? 1 : -1));
    refused({ X, y: signs }, { loss: 'hinge', warmStart: two }, 'ERR_INVALID_LABELS', /it has 0, 1, these rows -1, 1/);
  });

  it('starts where the model is, in the columns as they are', () => {
    const solved = fitSync(data, { optimizer: 'lbfgs' });
    for (const options of [{}, { standardize: true }] as FitOptions[]) {
      const again = fitSync(data, { ...options, optimizer: 'lbfgs', tolerance: 1e-14, warmStart: solved });
      expect(again.steps).toBeLessThanOrEqual(1);
      expectClose([...again.coefficients, again.intercept], [...solved.coefficients, solved.intercept], 1e-7, 1);
      const rest = fitSync(data, {
        ...options,
        optimizer: { name: 'sgd', learningRate: 1e-300 },
        epochs: 1,
        warmStart: solved,
      });
      expectClose([...rest.coefficients, rest.intercept], [...solved.coefficients, solved.intercept], 1e-13, 1);
    }
  });
});

// Files that lie with a right checksum: what is read from a mutated model, checkpoint or optimizer is refused by its code,
// or works to the same bits on every backend, at once.
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { decode, encode } from '../../lib/base/file.js';
import { losses } from '../../lib/catalog/losses.js';
import { rules } from '../../lib/catalog/rules.js';
import { schedules } from '../../lib/catalog/schedules.js';
import type { FitOptions, Model, Optimizer, Schedule } from '../../lib/index.js';
import { NablaError } from '../../lib/index.js';
import { decodeModel } from '../../lib/model/modelbytes.js';
import { readModelJSON } from '../../lib/model/modeljson.js';
import { type Face, faces } from '../support/backends.js';
import { patience, problem, random } from '../support/support.js';

/** Mutants of each kind of file. */
const count = Number(process.env.NABLA_SWEEP ?? 120);
const longest = patience(1000);

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
const uniform = random(18);
const below = (n: number) => Math.floor(uniform() * n);
const pick = <T>(list: readonly T[]): T => list[below(list.length)];

const numbers = [
  ...[0, -0, 1, -1, 2, 0.5, -0.5, 1e-300, 5e-324, 1e308, -1e308, Number.NaN, Infinity, -Infinity],
  ...[2 ** 31, 2 ** 32, 2 ** 52, 2 ** 53, 2 ** 63, 1e-9, 1 + 2 ** -52],
];
const others: readonly (() => Json | undefined)[] = [
  () => null,
  () => undefined,
  () => true,
  () => 'squared',
  () => '',
  () => [],
  () => ({}),
  () => [[[[1]]]],
  () => Array.from({ length: 40 }, () => 1e308),
];
const aNumber = (old: number): number => (uniform() < 0.7 ? pick(numbers) : uniform() < 0.5 ? -old : old * 1.5 + 1);

/** A schedule that holds itself so often. */
function nested(depth: number): Json {
  let schedule: Json = 'constant';
  for (let i = 0; i < depth; i++) schedule = { name: 'sequential', parts: [{ schedule, epochs: 1 }] };
  return schedule;
}

/** Numbers of base64, one of them another, or more or fewer of them. */
function mutatedBase64(text: string): string {
  const bytes = Buffer.from(text, 'base64');
  const list = Float64Array.from({ length: bytes.length / 8 }, (_, i) => bytes.readDoubleLE(8 * i));
  const changed = mutatedList(list);
  const out = Buffer.alloc(8 * changed.length);
  changed.forEach((value, i) => {
    out.writeDoubleLE(value, 8 * i);
  });
  return out.toString('base64');
}

function mutatedList(list: Float64Array): Float64Array {
  const at = below(list.length);
  if (uniform() < 0.75) return list.with(at, aNumber(list[at]));
  if (uniform() < 0.3)
    return Float64Array.from(
      Buffer.from(list.buffer)
        .map(() => below(256))
        .subarray(0, list.length),
    );
  return Float64Array.from(uniform() < 0.5 ? [...list.slice(0, at), ...list.slice(at + 1)] : [...list, pick(numbers)]);
}

/** The JSON with one place of it another. */
function mutated(json: Json): Json | undefined {
  if (typeof json === 'string' && json.length > 20 && uniform() < 0.9) return mutatedBase64(json);
  if (typeof json === 'number' && uniform() < 0.8) return aNumber(json);
  if (typeof json !== 'object' || json === null || uniform() < 0.03) return pick(others)();
  if (Array.isArray(json)) {
    if (json.length === 0 || uniform() < 0.15) return uniform() < 0.5 ? json.slice(1) : [...json, pick(numbers)];
    return json.with(below(json.length), mutated(pick(json)) as Json);
  }
  const keys = Object.keys(json);
  if (keys.length === 0 || uniform() < 0.06)
    return { ...json, [pick(['more', '__proto__', 'schedule', 'length'])]: nested(below(60)) };
  const key = pick(keys);
  return { ...json, [key]: mutated(json[key]) as Json };
}

/** The text of a file, as save() writes it. */
function sealed(json: unknown): Buffer {
  const text = JSON.stringify(json);
  const checksum = createHash('sha256').update(text).digest('hex');
  return Buffer.from(`${text.slice(0, -1)},"checksum":"${checksum}"}\n`);
}

const cols = 2;
const data = problem(9, cols, 1);
const labels = Array.from(data.y, (_, i) => 'abc'[i % 3]);
const asClasses = (loss: string) => losses[loss as keyof typeof losses].predicts === 'class';

const listed: Record<string, Schedule> = {
  multistep: { name: 'multistep', milestones: [1, 3] },
  lambda: { name: 'lambda', table: [1, 0.5, 0.2] },
  sequential: {
    name: 'sequential',
    parts: [{ schedule: { name: 'cosine', restart: 1, restartFactor: 2 }, epochs: 2 }, { schedule: 'plateau' }],
  },
  cosine: { name: 'cosine', restart: 1.5, restartFactor: 1.25 },
};
/** A fit of every rule and schedule in turn, and what else is a part of a state. */
function fitted(face: Face, i: number): Model {
  const rule = Object.keys(rules)[i % Object.keys(rules).length] as keyof typeof rules;
  const name = Object.keys(schedules)[i % Object.keys(schedules).length];
  const loss = (['squared', 'softmax', 'huber', 'hinge', 'poisson'] as const)[i % 5];
  const options: FitOptions = {
    ...(loss === 'huber' ? { loss: { name: loss, delta: 0.7 } } : { loss }),
    optimizer: rule,
    epochs: 3,
    keepState: i % 4 > 0,
    ...(i % 3 > 0 && { schedule: listed[name] ?? (name as Schedule) }),
    ...(i % 2 > 0 && { batchSize: 4, averaging: pick(['polyak', 'ema'] as const) }),
    ...(i % 5 === 1 && { standardize: true }),
    ...(i % 7 === 1 && { restoreBest: true, validationFraction: 0.3 }),
    ...(i % 6 === 1 && { lowerBounds: [0, null], penaltyFactors: [1, 0.5], l2: 0.1 }),
    ...(i % 5 === 1 && { classWeight: { a: 2 } }),
    ...(i % 11 === 1 && { history: 'step' as const }),
  };
  const y = asClasses(loss) ? labels : loss === 'poisson' ? data.y.map(Math.abs) : data.y;
  return face.fitSync({ X: data.X, y }, options) as unknown as Model;
}

/** Bits of numbers; all NaN are alike. */
const bitsOf = (list: ArrayLike<number>) => Array.from(list, (x) => (Object.is(x, -0) ? '-0' : String(x))).join();

/** What comes of a call: its bits, or the code that it is refused by. */
function outcome(call: () => string): string {
  const before = performance.now();
  let result: string;
  try {
    result = call();
  } catch (error) {
    if (!(error instanceof NablaError)) throw error;
    result = error.code;
  }
  expect(performance.now() - before, result.slice(0, 80)).toBeLessThan(longest);
  return result;
}

const tally = new Map<string, number>();
/** Holds what each backend makes of a mutant against the others; what is loaded must be refused by such codes alone. */
function compare(show: () => string, calls: (() => string)[], allowed: RegExp): void {
  const results = calls.map(outcome);
  const kind = /^ERR_\w+$/.test(results[0]) ? results[0] : 'works';
  tally.set(kind, (tally.get(kind) ?? 0) + 1);
  for (const result of results) {
    if (result !== results[0]) throw new Error(`${show()}\n${results.join('\n').slice(0, 2000)}`);
    if (/^ERR_\w+$/.test(result) && !allowed.test(result)) throw new Error(`${show()}\n${result}`);
  }
}
const ofModels = /^ERR_MODEL_(FORMAT|VERSION|CHECKSUM)$/;

/** Predictions, and what the next rows teach it: a refusal there is one of the call's, of which nothing is to be said. */
function lived(model: Model): string {
  const predictions = bitsOf(model.decision(data.X));
  const y =
    model.labels.length > 0
      ? Array.from(data.y, (_, i) => model.labels[i % model.labels.length])
      : data.y.map(Math.abs);
  try {
    const next = model.partialFitSync({ X: data.X, y: y as never }, { epochs: 2 });
    // Counts that two more steps take beyond their range are none that a fit makes.
    if (Math.max(next.epochs, next.steps) <= 2 ** 52) readModelJSON(JSON.parse(JSON.stringify(next)));
    return [predictions, next.status, next.steps, bitsOf(next.coefficients), bitsOf(next.history.learningRate)].join(
      ' ',
    );
  } catch (error) {
    if (!(error instanceof NablaError)) throw error;
    if (/MODEL|CHECKPOINT/.test(error.code)) throw new Error(`not refused when loaded: ${error.message}`);
    return `${predictions} ${error.code}`;
  }
}

const folder = mkdtempSync(join(tmpdir(), 'nabla-mutants-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  if (process.env.NABLA_SWEEP) console.log(Object.fromEntries(tally));
});

describe('mutants with a right checksum', () => {
  const last = faces[faces.length - 1];

  it('of models are refused, or work alike', { timeout: 100 * longest + 10 * count }, () => {
    const models = Array.from({ length: 36 }, (_, i) => JSON.parse(JSON.stringify(fitted(last, i))) as Json);
    for (let k = 0; k < count; k++) {
      const json = mutated(pick(models));
      const calls = faces.map(
        ({ Model }) =>
          () =>
            lived(Model.fromJSON(json as never)),
      );
      compare(() => JSON.stringify(json), calls, ofModels);
    }
  });

  it('of model files, text and binary, are refused, or work alike', { timeout: 100 * longest + 10 * count }, () => {
    const path = join(folder, 'model');
    const files = Array.from({ length: 12 }, (_, i) => {
      const json = JSON.parse(JSON.stringify(fitted(last, 3 * i + 1)));
      last.Model.fromJSON({ ...json, coefficients: [-0, ...json.coefficients.slice(1)] }).saveSync(path);
      return { json: json as Json, ...decode('model', readFileSync(path)) };
    });
    for (let k = 0; k < count; k++) {
      const { json, header, arrays } = pick(files);
      if (uniform() < 0.5) {
        const bytes = sealed(mutated(json) ?? null);
        writeFileSync(path, bytes);
        const calls = faces.map(
          ({ Model }) =>
            () =>
              lived(Model.loadSync(path) as Model),
        );
        compare(() => bytes.toString(), calls, ofModels);
        continue;
      }
      const isHead = uniform() < 0.5;
      const name = pick(Object.keys(arrays));
      const changed = { ...arrays };
      if (!isHead && arrays[name].length > 0) changed[name] = mutatedList(arrays[name]);
      if (uniform() < 0.05) delete changed[name];
      const bytes = encode('model', (isHead ? mutated(header as Json) : header) as object, changed);
      writeFileSync(path, bytes);
      const show = () => `${JSON.stringify(header)} ${name} ${changed[name]}`;
      compare(
        show,
        faces.map(
          ({ Model }) =>
            () =>
              lived(Model.loadSync(path) as Model),
        ),
        ofModels,
      );
      expect(() => decodeModel(bytes.subarray(0, below(bytes.length)))).toThrow(NablaError);
    }
  });

  it('of optimizers are refused, or work alike', { timeout: 100 * longest + 10 * count }, () => {
    const weights = Float64Array.of(1, -2, 3);
    const gradient = Float64Array.of(0.3, 0.1, -0.2);
    const made = Object.keys(rules).flatMap((name) => [
      { name },
      {
        name,
        clipNorm: 1,
        lowerBounds: [-1, null, 0],
        groups: [{ start: 1, end: 3, learningRate: 0.5, upperBounds: 2 }],
      },
    ]);
    const kept = made.map((options) => {
      const optimizer = last.createOptimizer(options as never, 3);
      optimizer.step(weights.slice(), gradient);
      return JSON.parse(JSON.stringify(optimizer)) as Json;
    });
    for (let k = 0; k < count; k++) {
      const json = mutated(pick(kept));
      const calls = faces.map((face) => () => {
        const optimizer: Optimizer = face.restoreOptimizer(json);
        if (optimizer.size !== 3) return 'of another size';
        const w = weights.slice();
        for (let t = 0; t < 3; t++) optimizer.step(w, gradient);
        face.restoreOptimizer(JSON.parse(JSON.stringify(optimizer)));
        return bitsOf(w);
      });
      compare(() => JSON.stringify(json), calls, ofModels);
    }
  });

  it('of checkpoints are refused, or work alike', { timeout: 100 * longest + 10 * count }, () => {
    const fits: [{ X: Float64Array; y: Float64Array | string[] }, FitOptions][] = [];
    Object.keys(rules).forEach((optimizer, i) => {
      const name = pick(Object.keys(schedules));
      fits.push([
        data,
        {
          optimizer: optimizer as 'sgd',
          schedule: listed[name] ?? (name as Schedule),
          epochs: 6,
          standardize: i % 3 === 0,
          ...(i % 2 > 0 && { batchSize: 3, averaging: 'polyak' as const, l1: optimizer === 'adam' ? 0.01 : 0 }),
          ...(i % 4 === 0 && { restoreBest: true, keepState: true }),
        },
      ]);
    });
    for (const optimizer of ['lbfgs', 'newton'] as const) {
      for (const loss of ['squared', 'softmax', 'quantile', 'poisson', 'hinge'] as const) {
        const y = asClasses(loss) ? labels : loss === 'poisson' ? data.y.map(Math.abs) : data.y;
        fits.push([
          { X: data.X, y },
          { optimizer, loss, epochs: 12, l2: 0.01 },
        ]);
      }
    }
    const path = join(folder, 'checkpoint');
    const files = fits.flatMap(([table, options]) => {
      rmSync(path, { force: true });
      last.fitSync(table as never, { ...options, checkpoint: { path, every: options.epochs === 6 ? 4 : 2 } });
      try {
        return [{ table, options, ...decode('checkpoint', readFileSync(path)) }];
      } catch {
        return []; // it was at its end before
      }
    });
    expect(files.length).toBeGreaterThan(20);
    for (let k = 0; k < count; k++) {
      const { table, options, header, arrays } = pick(files);
      const name = uniform() < 0.8 ? 'state' : pick(Object.keys(arrays));
      const changed: Record<string, Float64Array> = { ...arrays };
      if (arrays[name].length > 0) changed[name] = mutatedList(arrays[name]);
      if (uniform() < 0.03) delete changed[name];
      if (uniform() < 0.03) changed.more = Float64Array.of(1);
      const isHead = uniform() < 0.05;
      const bytes = encode('checkpoint', (isHead ? [mutated(header as Json)] : header) as object, changed);
      const calls = faces.map((face) => () => {
        writeFileSync(path, bytes);
        const model = face.fitSync(table as never, { ...options, checkpoint: { path, every: 1000, resume: true } });
        return [model.status, model.epochs, bitsOf(model.coefficients), bitsOf(model.history)].join(' ');
      });
      const at = changed[name] ? Array.from(changed[name]).findIndex((x, i) => !Object.is(x, arrays[name][i])) : -1;
      compare(
        () => `${JSON.stringify(options)} ${name}[${at}] = ${changed[name]?.[at]}`,
        calls,
        /^ERR_(CHECKPOINT_MISMATCH|MODEL_FORMAT)$/,
      );
    }
  });

  it('whose cycles are shorter than any step are refused; those shorter than this fit’s steps cost nothing', () => {
    const schedule: Schedule = { name: 'cosine', restart: 2, restartFactor: 1 + 2 ** -52 };
    const options: FitOptions = { optimizer: 'adam', schedule, keepState: true };
    const json = JSON.parse(JSON.stringify(last.fitSync(data, { ...options, epochs: 3 })));
    const path = join(folder, 'cycles');
    last.fitSync(data, { ...options, epochs: 20_000, checkpoint: { path, every: 11_000 } });
    const { header, arrays } = decode('checkpoint', readFileSync(path));
    const begun = arrays.state.findIndex(
      (x, i) => Math.abs(x - 10_998) < 0.01 && Math.abs(arrays.state[i + 1] - 2) < 0.01,
    );
    expect(begun).toBeGreaterThan(0);
    for (const length of [5e-324, 1e-300, 2 ** -53, 1e-9, 0.5]) {
      const bytes = Buffer.from(json.online.carried, 'base64');
      bytes.writeDoubleLE(length, bytes.length - 16);
      const online = { ...json.online, carried: bytes.toString('base64') };
      const state = arrays.state.with(begun + 1, length);
      const file = encode('checkpoint', header as object, { ...arrays, state });
      const loaded = faces.map(
        ({ Model }) =>
          () =>
            bitsOf(
              (Model.fromJSON({ ...json, online }) as Model).partialFitSync(data, { epochs: 20_000 }).coefficients,
            ),
      );
      const resumed = faces.map((face) => () => {
        writeFileSync(path, file);
        const checkpoint = { path, every: 100_000, resume: true };
        return bitsOf(face.fitSync(data, { ...options, epochs: 20_000, checkpoint }).coefficients);
      });
      for (const [calls, code] of [
        [loaded, 'ERR_MODEL_FORMAT'],
        [resumed, 'ERR_CHECKPOINT_MISMATCH'],
      ] as const) {
        const results = calls.map(outcome);
        expect(new Set(results).size).toBe(1);
        if (length < 2 ** -52) expect(results[0]).toBe(code);
        else expect(results[0]).not.toMatch(/^ERR/);
      }
    }
  });
});

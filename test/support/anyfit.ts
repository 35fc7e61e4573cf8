// Any fit there can be: data and options for the property tests, as fast-check draws and shrinks them.
import fc from 'fast-check';
import type { FitJob } from '../../lib/backend/interface.js';
import type { Matrix } from '../../lib/base/arrays.js';
import type { Entry, NumberOption } from '../../lib/catalog/entry.js';
import { losses } from '../../lib/catalog/losses.js';
import { fitOptions } from '../../lib/catalog/options.js';
import { rules, solvers } from '../../lib/catalog/rules.js';
import { averagings } from '../../lib/catalog/samplers.js';
import { schedules } from '../../lib/catalog/schedules.js';
import type { FitData, FitOptions } from '../../lib/index.js';
import { jobOf } from './jobs.js';
import { lawBlock } from './law.js';
import { normal, random } from './support.js';

/** Any number that a parameter's range allows, the borders among them. */
function numberIn({ range, gap, default: usual, whole }: NumberOption): fc.Arbitrary<number> {
  const [low, high] = range
    .slice(1, -1)
    .split(', ')
    .map((end) => (end === '∞' ? Infinity : Number(end)));
  const borders = [usual];
  if (range.startsWith('[')) borders.push(low);
  if (range.endsWith(']')) borders.push(high);
  const unit = fc.double({ min: 0.001, max: 0.999, noNaN: true });
  const wide = unit.map((u) => low + 10 ** (6 * u - 5));
  const [from, to] = (gap ?? '[1, 0]').slice(1, -1).split(', ').map(Number);
  const inside = whole
    ? fc.nat(9).map((n) => low + n)
    : high === Infinity
      ? wide
      : unit.map((u) => low + u * (high - low));
  return fc
    .oneof(fc.constantFrom(...borders), { arbitrary: inside, weight: 3 })
    .map((value) => (value > from && value < to ? to : value));
}

/** A name of a table, with any parameters. */
function choice(table: Record<string, Entry>): fc.Arbitrary<object> {
  const one = ([name, { parameters }]: [string, Entry]) =>
    fc.record({
      name: fc.constant(name),
      ...Object.fromEntries(
        Object.entries(parameters).map(([key, option]) => [
          key,
          option.kind === 'boolean' ? fc.boolean() : numberIn(option),
        ]),
      ),
    });
  return fc.oneof(...Object.entries(table).map(one));
}

/** A cycle of cosine that is much shorter than an epoch takes long to be found. */
const scheduleAlone = choice(schedules).map((schedule) => {
  const { restart, name } = schedule as { restart?: number; name: string };
  if (name === 'multistep') return { ...schedule, milestones: [2, 5, 5] };
  if (name === 'lambda') return { ...schedule, table: [1, 0.5, 2, 0.25] };
  if (name === 'sequential') return { ...schedule, parts: [{ schedule: 'onecycle', factor: 0.5 }] };
  return restart !== undefined && restart > 0 && restart < 0.01 ? { ...schedule, restart: 0.01 } : schedule;
});

const anySchedule = fc.oneof(
  { arbitrary: scheduleAlone, weight: 5 },
  fc.tuple(scheduleAlone, scheduleAlone, fc.integer({ min: 1, max: 4 })).map(([first, second, epochs]) => ({
    name: 'sequential',
    parts: [{ schedule: first, epochs, factor: 0.5 }, { schedule: second }],
  })),
);

/** Mostly 0, which is none. */
const seldom = (...values: number[]) => fc.constantFrom(0, 0, 0, ...values);

const cols = fc.oneof({ arbitrary: fc.integer({ min: 1, max: 40 }), weight: 4 }, fc.constantFrom(63, 64, 65, 300));
const anyTable = cols.chain((cols) => {
  const block = lawBlock(cols);
  const borders = [block - 1, block, block + 1, 2 * block + 3, 5 * block].filter((rows) => rows * cols <= 12_000);
  return fc.record({
    cols: fc.constant(cols),
    rows: fc.oneof({ arbitrary: fc.integer({ min: 2, max: 70 }), weight: 3 }, fc.constantFrom(...borders, 2)),
    outputs: fc.constantFrom(1, 1, 1, 2, 3, 5),
    offset: fc.integer({ min: 0, max: 7 }),
    singles: fc.constantFrom(false, false, true),
    scale: fc.constantFrom(1, 1, 1, 1, 1, 1e-160, 30, 1e150),
    broken: fc.constantFrom(0, 0, 0, 0, 0, 0, NaN, Infinity, -Infinity),
    constantColumn: fc.boolean(),
    validation: fc.constantFrom('none', 'none', 'none', 'table', 'fraction'),
    validationRows: fc.integer({ min: 1, max: 300 }),
    sampleWeight: fc.constantFrom(false, false, true),
    offsets: fc.constantFrom(false, false, true),
    penaltyFactors: fc.constantFrom(false, false, true),
    seed: fc.nat(),
  });
});

const anySettings = fc.record({
  loss: choice(losses),
  optimizer: fc.oneof(
    { arbitrary: choice(rules), weight: 6 },
    { arbitrary: choice({ lbfgs: solvers.lbfgs }), weight: 2 },
    { arbitrary: choice({ newton: solvers.newton }), weight: 2 },
    choice({ exact: solvers.exact }),
  ),
  schedule: anySchedule,
  averaging: choice(averagings),
  sampler: fc.constantFrom<unknown>(
    'full',
    'sequential',
    'shuffled',
    { name: 'shuffled', once: true },
    'replacement',
    'indices',
  ),
  batchSize: fc.oneof(fc.constantFrom(1, 2, 8, 32, 4294967295), fc.integer({ min: 1, max: 80 })),
  epochs: fc.integer({ min: 1, max: 12 }),
  tolerance: seldom(1e-3, 0.1, 1e9),
  gradientTolerance: seldom(1e-3, 0.1, 10),
  patience: seldom(1, 2, 5),
  minDelta: seldom(1e-3, 0.1),
  maxSeconds: seldom(0, 1e9, 1e-300),
  restoreBest: fc.boolean(),
  l1: seldom(1e-3, 0.1, 10),
  l2: seldom(1e-3, 0.1, 10),
  nonNegative: fc.constantFrom(false, false, true),
  lowerBounds: fc.constantFrom<number | null>(null, null, null, -0.5, 0, 0.25),
  upperBounds: fc.constantFrom<number | null>(null, null, null, 0.25, 1),
  clipNorm: seldom(1e-3, 0.1, 10),
  clipValue: seldom(1e-3, 0.1, 10),
  intercept: fc.boolean(),
  standardize: fc.constantFrom(false, false, true),
  classWeight: fc.constantFrom<unknown>(undefined, undefined, 'balanced', { 0: 3, 1: 0.5 }),
  seed: fc.oneof(fc.maxSafeNat(), numberIn(fitOptions.seed)),
  history: fc.constantFrom('epoch', 'step'),
  lossAfterUpdate: fc.constantFrom(false, false, false, true),
  start: fc.boolean(),
  gram: fc.constantFrom(undefined, undefined, false, true),
});

/** A fit. */
export interface AnyFit {
  data: FitData;
  options: FitOptions;
  /** As the solver gets it: with a random start, and with values in the data that no caller gets through. */
  job: FitJob;
}

type Of<A> = A extends fc.Arbitrary<infer T> ? T : never;

const unbounded = { nonNegative: false, lowerBounds: null, upperBounds: null };

/** What the optimizer can do. */
function possible(any: Of<typeof anySettings>): Of<typeof anySettings> {
  const { name, centered, momentum } = any.optimizer as { name: string; centered?: boolean; momentum?: number };
  const refusesL1 = 'withoutL1' in (rules[name as keyof typeof rules] ?? {}) || (centered && momentum !== undefined);
  const settings = refusesL1 ? { ...any, l1: 0 } : any;
  if (settings.gram && Object.hasOwn(rules, name)) {
    return { ...settings, loss: { name: 'squared' }, sampler: 'full' };
  }
  return name === 'exact' ? { ...settings, loss: { name: 'squared' }, l1: 0, ...unbounded } : settings;
}

function make(table: Of<typeof anyTable>, settings: Of<typeof anySettings>): AnyFit {
  const { rows, cols, offset, scale, broken, seed, validation } = table;
  const { sampler, batchSize, lossAfterUpdate, start, classWeight, ...others } = settings;
  const loss = (others.loss as { name: keyof typeof losses }).name;
  const { predicts, target } = losses[loss];
  const uniform = random(seed);
  /** A view that does not begin where its buffer does. */
  const filled = (n: number, value: (i: number) => number) => {
    const array = new Float64Array(n + offset).subarray(offset);
    for (let i = 0; i < n; i++) array[i] = value(i);
    return array;
  };
  const ofX = (array: Float64Array): Matrix =>
    table.singles ? new Float32Array([...Array(offset), ...array]).subarray(offset) : array;
  const hasMany = loss === 'softmax' || target === 'plusMinusOne';
  const classes = hasMany ? Math.max(2, table.outputs) : 2;
  const targets = predicts === 'class' ? 1 : table.outputs;
  const outputs = loss === 'softmax' || classes > 2 ? classes : targets;
  const zero = uniform() < 0.5 || classes > 2 ? 0 : -1; // hinge: what the first class is called
  const [power] = target === 'tweedie' ? [(others.loss as { power: number }).power] : [1];
  const areFractions = uniform() < 0.3 && classWeight === undefined;
  const targetOf = (): number => {
    if (target === 'label' || classes > 2) return Math.floor(classes * uniform());
    if (target === 'zeroOne') return areFractions ? uniform() : Math.floor(2 * uniform());
    if (target === 'plusMinusOne') return uniform() < 0.5 ? zero : 1;
    const y = scale * normal(uniform);
    if (target === 'real' || power === 0) return y;
    return target === 'positive' || power >= 2 ? Math.abs(y) + 1e-300 : uniform() < 0.2 ? 0 : Math.abs(y);
  };
  const inputs = (rows: number) =>
    filled(rows * cols, (i) => (table.constantColumn && i % cols === 0 ? 3 * scale : scale * normal(uniform)));
  const tableOf = (rows: number) => ({
    X: ofX(inputs(rows)),
    y: filled(rows * targets, targetOf),
    rows,
    ...(table.sampleWeight && { sampleWeight: filled(rows, (i) => (i > 0 && uniform() < 0.2 ? 0 : 0.1 + uniform())) }),
    ...(table.offsets && { offset: filled(rows * outputs, () => normal(uniform)) }),
  });
  const data: FitData & { y: Float64Array } = tableOf(rows);
  const held = tableOf(table.validationRows);
  if (target === 'plusMinusOne') {
    data.y[0] = zero;
    held.y[0] = zero;
  }
  const byIndices = sampler === 'indices';
  const indices = Array.from({ length: 1 + Math.floor(uniform() * 50) }, () => Math.floor(uniform() * rows));
  if (table.sampleWeight) indices[0] = 0; // which has a weight
  // A reference in JavaScript takes long to solve large systems.
  const isLarge = (others.optimizer as { name: string }).name === 'newton' && cols * outputs > 80;
  if (isLarge) others.optimizer = { name: 'lbfgs' };
  const isSolver = Object.hasOwn(solvers, (others.optimizer as { name: string }).name);
  const options = {
    ...others,
    ...(isSolver && {
      gram: undefined,
      schedule: undefined,
      averaging: undefined,
      clipNorm: undefined,
      clipValue: undefined,
    }),
    sampler: isSolver ? undefined : byIndices ? { name: 'indices', indices } : sampler,
    ...(sampler !== 'full' && !isSolver && { batchSize }),
    ...((loss === 'softmax' || classes > 2) && { classes }),
    ...(predicts === 'class' && classWeight !== undefined && zero === 0 && { classWeight }),
    ...(validation === 'table' && { validation: held }),
    ...(validation === 'fraction' && !byIndices && { validationFraction: 0.5 }),
    ...(table.penaltyFactors && { penaltyFactors: filled(cols, () => Math.floor(3 * uniform())) }),
  } as FitOptions;
  if (data.sampleWeight && options.validationFraction) data.sampleWeight = data.sampleWeight.map((w) => w + 0.1);
  const made = jobOf(data, options);
  const weights = start ? made.weights.map(() => normal(uniform)) : made.weights;
  if (broken !== 0) (uniform() < 0.5 ? data.X : data.y)[Math.floor(uniform() * rows)] = broken;
  return { data, options, job: { ...made, plan: { ...made.plan, lossAfterUpdate }, weights } };
}

/** Any fit of any data. */
export const anyFit: fc.Arbitrary<AnyFit> = fc
  .tuple(anyTable, anySettings)
  .map(([table, settings]) => make(table, possible(settings)));

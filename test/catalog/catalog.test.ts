// One catalog: what lib/catalog/ says, what the reference has and what the addon exports, in the same order.
import { describe, expect, it } from 'vitest';
import { averagingKind, maxParameters, samplerKind, softmaxLoss, statuses } from '../../lib/backend/plan.js';
import type { Entry, Parameter } from '../../lib/catalog/entry.js';
import { hyperparameters } from '../../lib/catalog/hyperparameters.js';
import { losses } from '../../lib/catalog/losses.js';
import { measures } from '../../lib/catalog/measures.js';
import {
  crossValidationOptions,
  fitOptions,
  histories,
  pathOptions,
  textbookOptions,
} from '../../lib/catalog/options.js';
import { rules } from '../../lib/catalog/rules.js';
import { averagings, samplers } from '../../lib/catalog/samplers.js';
import { schedules } from '../../lib/catalog/schedules.js';
import { unknownDistance } from '../../lib/fitting/optimality.js';
import { Model } from '../../lib/index.js';
import { readFitOptions } from '../../lib/input/options.js';
import { loadAddon } from '../../lib/native/addon.js';
import { losses as referenceLosses } from '../../lib/reference/kernels/losses.js';
import { rules as referenceRules } from '../../lib/reference/kernels/updates.js';
import { schedules as referenceSchedules } from '../../lib/reference/solver/curve.js';
import { native } from '../support/backends.js';

const tables = { losses, rules, schedules, samplers, averagings } as const;
type Row = { name: string; parameters: string };

function listOf(table: Record<string, Entry>): Row[] {
  return Object.entries(table).map(([name, { parameters }]) => ({
    name,
    parameters: Object.keys(parameters).join(' '),
  }));
}
const named = (entries: readonly Row[]) => entries.map(({ name, parameters }) => ({ name, parameters }));

describe('the reference', () => {
  it('has the losses', () => expect(named(referenceLosses)).toEqual(listOf(losses)));
  it('has the rules', () => expect(named(referenceRules)).toEqual(listOf(rules)));
  it('has the schedules', () => expect(named(referenceSchedules)).toEqual(listOf(schedules)));
  it('numbers samplers and averagings as the catalog', () => {
    const numbered = (table: object) => Object.fromEntries(Object.keys(table).map((name, i) => [name, i]));
    expect(samplerKind).toEqual(numbered(samplers));
    expect(averagingKind).toEqual(numbered(averagings));
    expect(Object.keys(losses)[softmaxLoss]).toBe('softmax');
  });
});

describe.runIf(native)('the addon', () => {
  it.each(Object.keys(tables) as (keyof typeof tables)[])('has the %s', (table) => {
    expect(loadAddon()?.catalog[table]).toEqual(listOf(tables[table]));
  });
});

describe('the catalog', () => {
  const all = [...Object.values(tables), histories, measures].flatMap((table: Record<string, Entry>) =>
    Object.entries(table),
  );

  it('fits the slots of a plan', () => {
    for (const [name, { parameters }] of all) {
      expect(Object.keys(parameters).length, name).toBeLessThanOrEqual(maxParameters);
    }
  });

  it('begins every rule and every schedule alike', () => {
    for (const { parameters } of Object.values(rules)) {
      expect(Object.keys(parameters).slice(0, 3)).toEqual(['learningRate', 'weightDecay', 'decoupled']);
    }
    for (const { parameters } of Object.values(schedules)) expect(Object.keys(parameters)[0]).toBe('warmup');
  });

  it('has defaults that lie in their ranges, and helps', () => {
    const options = [...all.flatMap(([, entry]) => Object.entries(entry.parameters))];
    const rest = [fitOptions, pathOptions, crossValidationOptions, hyperparameters, textbookOptions];
    for (const [name, option] of [...options, ...rest.flatMap((table) => Object.entries<Parameter>(table))]) {
      expect(option.help, name).not.toBe('');
      if (option.kind === 'boolean') continue;
      const [low, high] = option.range
        .slice(1, -1)
        .split(', ')
        .map((end) => Number(end.replace('∞', 'Infinity')));
      expect(option.range, name).toMatch(/^[[(](-∞|[-\d.e]+), (∞[\])]|[\d.e]+[\])])$/);
      expect(option.default, name).toBeGreaterThanOrEqual(low);
      expect(option.default, name).toBeLessThanOrEqual(high);
      if ('whole' in option && option.whole) expect(option.default, name).toSatisfy(Number.isInteger);
    }
  });

  it('is what an empty choice means', () => {
    const { plan } = readFitOptions({ optimizer: 'adam' });
    expect(plan.ruleParameters).toEqual(Float64Array.of(0.001, 0, 0, 0.9, 0.999, 1e-8, 0, 0, 0, 0, 0, 0));
    expect(plan).toMatchObject({ epochs: 100, tolerance: 0, seed: 0, intercept: true, stepHistory: false });
    expect(plan).toMatchObject({ l1: 0, l2: 0, clipNorm: 0, clipValue: 0, patience: 0, bounded: false });
  });
});

it('every status of a plan is one of a model', () => {
  statuses.forEach((name, status) => {
    const none = new Float64Array(0);
    const series = {
      loss: none,
      validationLoss: none,
      learningRate: none,
      gradientNorm: none,
      state: null,
      carried: null,
    };
    const numbers = { status, epochs: 1, steps: 1, meanLoss: 0, gap: NaN, remainingDecrease: NaN, lastDecrease: NaN };
    const outcome = { ...numbers, weights: Float64Array.of(2, 3, 4), ...series };
    const fit = {
      loss: 'squared',
      lossParameters: {},
      optimizer: 'sgd',
      path: 'direct',
      hasOffset: false,
      kept: {},
      online: null,
      distance: unknownDistance,
      labels: [],
      outputs: 1,
      cols: 2,
    } as const;
    const model = Model.fromFitted({ ...fit, outcome });
    expect(model).toMatchObject({ status: name, intercept: 4, coefficients: Float64Array.of(2, 3) });
  });
});

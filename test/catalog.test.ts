// One catalog: what lib/catalog.ts says, what the reference has and what the addon exports, in the same order.
import { describe, expect, it } from 'vitest';
import { type Entry, fitOptions, losses, rules, samplers, schedules, textbookOptions } from '../lib/catalog.js';
import { Model } from '../lib/index.js';
import { loadAddon } from '../lib/native.js';
import { readFitOptions } from '../lib/options.js';
import { encode, maxParameters, samplerKind, scheduleKind, status } from '../lib/plan.js';
import { losses as referenceLosses } from '../lib/reference/kernels/losses.js';
import { rules as referenceRules } from '../lib/reference/kernels/updates.js';
import { native } from './backends.js';

const tables = { losses, rules, schedules, samplers } as const;
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
  it('numbers schedules and samplers as the catalog', () => {
    const numbered = (table: object) => Object.fromEntries(Object.keys(table).map((name, i) => [name, i]));
    expect(scheduleKind).toEqual(numbered(schedules));
    expect(samplerKind).toEqual(numbered(samplers));
  });
});

describe.runIf(native)('the addon', () => {
  it.each(Object.keys(tables) as (keyof typeof tables)[])('has the %s', (table) => {
    expect(loadAddon()?.catalog[table]).toEqual(listOf(tables[table]));
  });
});

describe('the catalog', () => {
  const all = Object.values(tables).flatMap((table: Record<string, Entry>) => Object.entries(table));

  it('fits the slots of a plan', () => {
    for (const [name, { parameters }] of all) {
      expect(Object.keys(parameters).length, name).toBeLessThanOrEqual(maxParameters);
    }
  });

  it('has the learning rate first in every rule', () => {
    for (const { parameters } of Object.values(rules)) expect(Object.keys(parameters)[0]).toBe('learningRate');
  });

  it('has defaults that lie in their ranges, and helps', () => {
    const options = [...all.flatMap(([, entry]) => Object.entries(entry.parameters))];
    for (const [name, option] of [...options, ...Object.entries(fitOptions), ...Object.entries(textbookOptions)]) {
      expect(option.help, name).not.toBe('');
      if (option.kind === 'boolean') continue;
      const [low, high] = option.range
        .slice(1, -1)
        .split(', ')
        .map((end) => (end === '∞' ? Infinity : Number(end)));
      expect(option.range, name).toMatch(/^[[(][-\d.e]+, (∞\)|[\d.e]+[\])])$/);
      expect(option.default, name).toBeGreaterThanOrEqual(low);
      expect(option.default, name).toBeLessThanOrEqual(high);
      if ('whole' in option && option.whole) expect(option.default, name).toSatisfy(Number.isInteger);
    }
  });

  it('is what an empty choice means', () => {
    const { plan } = readFitOptions({ optimizer: 'adam' }, 10);
    expect(plan.ruleParameters).toEqual(Float64Array.of(0.001, 0.9, 0.999, 1e-8, 0, 0, 0, 0));
    expect(plan).toMatchObject({ epochs: 100, tolerance: 0, seed: 0, intercept: true, stepHistory: false });
  });
});

it('a plan is encoded as native/solver/plan.h decodes it: 11 numbers and three lists of parameters', () => {
  const { plan } = readFitOptions({ optimizer: { name: 'sgd', momentum: 0.5 }, seed: 7, intercept: false }, 10);
  const numbers = encode(plan);
  expect(numbers.length).toBe(11 + 3 * maxParameters);
  expect(numbers.subarray(9, 12)).toEqual(Float64Array.of(0, 0.01, 0.5));
  expect(numbers.subarray(-8)).toEqual(Float64Array.of(0, 32, 100, 0, 7, 0, 0, 0));
});

it('every status of a plan is one of a model', () => {
  for (const [name, number] of Object.entries(status)) {
    const outcome = { status: number, epochs: 1, steps: 1, weights: new Float64Array(2), history: new Float64Array(1) };
    expect(Model.fromOutcome('squared', 2, outcome).status).toBe(name);
  }
});

// What crosses to the addon by position: the same names on both sides, and the plan's numbers at their places.
import { describe, expect, it } from 'vitest';
import { maxParameters } from '../../lib/backend/plan.js';
import {
  encodePlan,
  jobArrays,
  manyArrays,
  outcomeLists,
  outcomeNumbers,
  planFields,
  planLength,
} from '../../lib/backend/wire.js';
import { binaryOps, unaryOps } from '../../lib/catalog/ops.js';
import { loadAddon } from '../../lib/native/addon.js';
import { native } from '../support/backends.js';
import { jobOf } from '../support/jobs.js';
import { problem } from '../support/support.js';

const lists = {
  planFields,
  jobArrays: Object.keys(jobArrays),
  manyArrays: Object.keys(manyArrays),
  outcomeNumbers,
  outcomeLists,
  unaryOps,
  binaryOps,
};

describe.runIf(native)('the addon', () => {
  it.each(Object.entries(lists))('has the names of %s in the same order', (list, names) => {
    const wire = loadAddon()?.wire ?? {};
    expect((wire as Record<string, string>)[list]).toBe(names.map((name) => ` ${name}`).join(''));
  });
});

describe('a plan as numbers', () => {
  const optimizer = { name: 'momentum', learningRate: 0.5, momentum: 0.25 } as const;
  const options = { optimizer, seed: 7, l2: 3, patience: 4, intercept: false, epochs: 9, threads: 2 };
  const { plan } = jobOf(problem(10, 3, 1), options);

  it('has every field of the plan once', () => {
    expect([...planFields].sort()).toEqual(Object.keys(plan).sort());
  });

  it('has each field at its place, and the elements of the list behind them', () => {
    const scheduleList = Float64Array.of(5, 6);
    const numbers = encodePlan({ ...plan, scheduleList });
    let at = 0;
    for (const name of planFields) {
      if (name === 'scheduleList') expect(numbers[at++]).toBe(2);
      else if (name.endsWith('Parameters')) {
        expect(numbers.subarray(at, at + maxParameters), name).toEqual(plan[name]);
        at += maxParameters;
      } else expect(numbers[at++], name).toBe(Number(plan[name]));
    }
    expect(at).toBe(planLength);
    expect(numbers.subarray(at)).toEqual(scheduleList);
  });

  it('is written into the room that it is given', () => {
    const room = new Float64Array(planLength);
    expect(encodePlan(plan, room)).toBe(room);
    expect(room).toEqual(encodePlan(plan));
  });
});

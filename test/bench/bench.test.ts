// The benchmark's own logic: what it reports, whom it admits, and whether its plain loops do the same work.
import { describe, expect, it } from 'vitest';
import { compare, quartiles } from '../../lib/bench/harness.js';
import type { Gauges } from '../../lib/bench/limits.js';
import { measureRow, type Peers } from '../../lib/bench/measure.js';
import { byThreads, ofFloor, ofLimit, timesAsFastAs, within } from '../../lib/bench/must.js';
import { meanLoss, table } from '../../lib/bench/numbers.js';
import * as plain from '../../lib/bench/plain.js';
import type { Contest, Result, Row } from '../../lib/bench/row.js';
import { bench, pictureOf } from '../../lib/bench/run.js';
import { shortTable, tableText, tally, timeText } from '../../lib/bench/table.js';
import { createOptimizer, type FitOptions, fitSync } from '../../lib/index.js';
import { nabla } from '../cli/support.js';

const effort = { rounds: 3, sample: 1e-4, slice: 1e-4, budget: 1e-2, warmUp: 0 };
/** One unit takes a microsecond of any limit. */
const gauges: Gauges = { how: 'made up', of: async () => ({ amount: 1000, run: { seconds: async () => 1e-3 } }) };
const slow = (seconds: number) => ({ seconds: async () => seconds });

const contest: Contest = {
  args: { rows: 2 },
  peers: { right: { program: 'a' }, wrong: { program: 'b' }, absent: { program: 'c' } },
  weights: 1,
  loss: ([w]) => w,
  ours: 1,
  agree: 1e-3,
};
const peers: Peers = {
  prepare: async (program) =>
    program === 'c'
      ? null
      : { seconds: async () => 6, weights: async () => Float64Array.of(program === 'a' ? 1.0001 : 2) },
  reset: async () => {},
};
const row: Row = {
  name: 'work',
  group: 'test',
  needs: { read: 1e6, arithmetic: 5e5 },
  per: { name: 'fit', count: 10 },
  must: [within(0.3), ofFloor(1.15), ofLimit(0.4), timesAsFastAs('right', 4), timesAsFastAs('absent', 2)],
  make: () => ({ nabla: slow(2), plain: slow(4), plainParts: 3, contest }),
};

describe('a row', () => {
  it('stands beside the limit that takes longest, plain JavaScript, and the peers that did the same', async () => {
    const result = await measureRow(row, gauges, peers, effort);
    expect(result.value).toEqual([0.2, 0.2, 0.2]);
    expect(result.floor?.limit).toBe('reading memory');
    expect(result.floor?.value).toBeCloseTo(0.1, 12);
    expect(result.ofFloor?.[1]).toBeCloseTo(2, 12);
    expect(result.plain?.ratio[1]).toBe(6);
    expect(result.peers).toEqual([
      { name: 'right', value: 0.6, ratio: [3, 3, 3] },
      { name: 'wrong', why: 'no ratio: its loss is 2, not 1' },
    ]);
    expect(result.must.map(({ met }) => met)).toEqual([true, false, true, false, null]);
    expect(tally([result])).toBe(
      '2 of 5 aims are met, 1 cannot be told here. Of 1 rows with peers, nabla is ahead of all of them in 1.',
    );
    expect(tableText([result])).toContain('**no**: 3.00 ×');
    expect(shortTable([result])).toContain('**≥ 4 × right**: 3.00 ×; ≥ 2 × absent?');
    const report = {
      machine: '',
      library: '',
      target: '',
      date: '',
      limitsBy: '',
      limits: [],
      peers: '',
      results: [result],
    };
    expect(pictureOf(report)).toContain('plain loop 6.00 ×');
  });

  it('lets peers be as coarse as they may, and turns away who never gets there', async () => {
    const asked: unknown[] = [];
    const losses = [1.1, 1.01, 1];
    const reaching: Peers = {
      ...peers,
      async prepare(program, args) {
        asked.push(args.tolerance);
        const at = program === 'a' ? losses[asked.length - 1] : 3;
        return { seconds: async () => 1, weights: async () => Float64Array.of(at) };
      },
    };
    const made = { nabla: slow(1), contest: { ...contest, reach: 1.0001 } };
    const result = await measureRow({ ...row, must: [], make: () => made }, gauges, reaching, effort);
    expect(asked.slice(0, 3)).toEqual([0.1, 0.01, 0.001]);
    expect(result.peers[0]).toMatchObject({ name: 'right', ratio: [1, 1, 1] });
    expect(result.peers[1]).toEqual({ name: 'wrong', why: 'no ratio: it ends at 3' });
  });

  it('of several threads must gain by them, or be at the limit', () => {
    const verdict = (one: number, floor: number) =>
      byThreads(
        1.7,
        0.85,
      )({
        value: [1, 1, 1],
        more: { 'one thread': [one, one, one] },
        ofFloor: [floor, floor, floor],
      } as unknown as Result);
    expect(verdict(1.8, 3)).toMatchObject({ met: true, reached: '1.80 ×, 33 %' });
    expect(verdict(1.2, 1.1).met).toBe(true);
    expect(verdict(1.2, 1.3).met).toBe(false);
  });
});

describe('the harness', () => {
  it('takes ratios within a round', async () => {
    let round = 0;
    const drifting = { seconds: async () => 2 ** Math.floor(round++ / 2) };
    const result = await compare({ a: { ...drifting, took: 1e-3 }, b: { ...drifting, took: 1e-3 } }, effort);
    expect(result.b.ratio).toEqual([1, 1, 1]);
    expect(result.a.seconds[1]).toBe(2);
  });

  it('has quartiles, and times in three digits', () => {
    expect(quartiles([5, 1, 2, 3, 4])).toEqual([2, 3, 4]);
    expect([1.5, 0.0123, 4.56e-6, 1.234e-9, 0].map(timeText)).toEqual(['1.5 s', '12.3 ms', '4.56 µs', '1.23 ns', '0']);
  });
});

describe('plain JavaScript does the same work', () => {
  const [linear, classes] = [table(500, 6), table(500, 6, 'logistic')];
  const options = (more: FitOptions): FitOptions => ({ intercept: false, ...more });
  const sgd = { name: 'sgd', learningRate: 0.05 } as const;
  const adam = { name: 'adam', learningRate: 0.01 } as const;
  const indices = Uint32Array.from({ length: 500 }, (_, i) => (i * 7) % 500);

  it.each([
    ['descent', linear, () => plain.batchDescent(linear, false, 0.05, 20), { optimizer: sgd, epochs: 20 }],
    [
      'logistic descent',
      classes,
      () => plain.batchDescent(classes, true, 0.05, 20),
      { loss: 'logistic', optimizer: sgd, epochs: 20 },
    ],
    [
      'one row a step',
      linear,
      () => plain.rowDescent(linear, 0.05, indices),
      { optimizer: sgd, epochs: 1, batchSize: 1, sampler: { name: 'indices', indices } },
    ],
    [
      'Adam',
      classes,
      () => plain.adam(classes, true, 0.01, 64, 3, () => null),
      { loss: 'logistic', optimizer: adam, epochs: 3, batchSize: 64, sampler: 'sequential' },
    ],
    ['least squares', linear, () => plain.leastSquares(linear), { optimizer: 'exact' }],
    [
      'Newton',
      classes,
      () => plain.newton(classes, 0.01, 8),
      { loss: 'logistic', optimizer: 'newton', l2: 0.01, epochs: 8, tolerance: 0 },
    ],
  ] as const)('%s', (_, data, loop, how) => {
    const { coefficients } = fitSync({ X: data.X, y: data.y }, options(how as FitOptions));
    const ours = Array.from(coefficients);
    Array.from(loop()).forEach((w, j) => {
      expect(w).toBeCloseTo(ours[j], 9);
    });
    expect(meanLoss(data, data === linear ? 'squared' : 'logistic', coefficients)).toBeLessThan(1);
  });

  it.each(['momentum', 'adagrad', 'rmsprop', 'adam', 'adamw'] as const)('%s', (rule) => {
    const [w, g] = [linear.X.slice(0, 40), linear.y.subarray(0, 40)];
    const [own, m, v] = [w.slice(), new Float64Array(40), new Float64Array(40)];
    const optimizer = createOptimizer(rule, 40);
    for (let t = 1; t <= 5; t++) {
      optimizer.step(w, g);
      plain.updates[rule](own, g, m, v, t);
    }
    own.forEach((value, j) => {
      expect(value).toBeCloseTo(w[j], 12);
    });
  });
});

describe('a run', () => {
  it('writes its numbers as one JSON object', async () => {
    let text = '';
    const io = { stdout: { write: (part: string) => (text += part) }, stderr: { write: () => true } };
    await bench({ quick: true, json: true, only: 'dot 8' }, io, { gauges });
    const report = JSON.parse(text);
    const keys = ['machine', 'library', 'target', 'date', 'limitsBy', 'limits', 'peers', 'results'];
    expect(Object.keys(report)).toEqual(keys);
    expect(report.limits.map(({ limit }: { limit: string }) => limit)).toEqual([
      'read',
      'read',
      'copy',
      'copy',
      'arithmetic',
      'roots',
      'call',
    ]);
    expect(report.limits[0].rate).toBe(1e6);
    const [dot, ...others] = report.results;
    expect(others).toEqual([]);
    expect(dot).toMatchObject({ name: 'dot 8', group: 'kernels', unit: 's', per: '', peers: [], must: [] });
    expect(dot.value[1]).toBeGreaterThan(0);
    expect(dot.plain.ratio).toHaveLength(3);
  });

  it('says when no row has such a name', async () => {
    const io = { stdout: { write: () => true }, stderr: { write: () => true } };
    await expect(bench({ only: 'nothing' }, io, { gauges })).rejects.toThrow('no row of the benchmark has nothing');
    const { code, err } = await nabla('bench', '--only', 'nothing');
    expect(code).toBe(2);
    expect(err).toContain('no row of the benchmark has nothing');
  });
});

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { solvers } from '../../lib/catalog/rules.js';
import { fitSync } from '../../lib/index.js';
import { exactly, file, fitJson, houses, nabla, path } from './support.js';

const data = file(houses());
const withSolver = ['-t', 'price', '--optimizer'];

describe('solvers', () => {
  it('find the minimum without a learning rate', async () => {
    const report = await fitJson(data, ...withSolver, 'lbfgs');
    expect(report).toMatchObject({ optimizer: 'lbfgs', status: 'converged' });
    expect(report.coefficients.size).toBeCloseTo(3, 6);
    expect(report.coefficients['kind=b']).toBeCloseTo(10, 6);
    expect(report.intercept).toBeCloseTo(7, 6);
  });

  it('are told by name when auto has picked one', async () => {
    const report = await fitJson(data, ...withSolver, 'auto');
    expect(Object.keys(solvers)).toContain(report.optimizer);
    expect(report.optimizer).not.toBe('auto');
    const { out } = await nabla('fit', data, ...withSolver, 'auto');
    expect(out).toMatch(new RegExp(`\\noptimizer +${report.optimizer}, picked by auto\\n`));
    expect(out).toMatch(/\nstatus +converged after \d+ iterations?\n/);
  });

  it('fit the target as it is, standardized or not: the bits are the library’s', async () => {
    const flags = ['--standardize', '--l1', '.5', '--memory', '4', '--holdout', '0', '--features', 'size'];
    const report = await fitJson(data, ...withSolver, 'lbfgs', ...flags);
    const rows = houses().trimEnd().split('\n').slice(1);
    const column = (j: number): Float64Array => Float64Array.from(rows, (row) => Number(row.split(',')[j]));
    const optimizer = { name: 'lbfgs', memory: 4 } as const;
    const model = fitSync({ X: column(0), y: column(2) }, { optimizer, standardize: true, l1: 0.5 });
    expect(report.coefficients.size).toBe(model.coefficients[0]);
    expect(report.intercept).toBe(model.intercept);
  });

  it('go by iterations in the picture', async () => {
    const plot = path('loss.svg');
    const { out } = await nabla('fit', data, ...withSolver, 'lbfgs', '--plot', plot, '--validation', '.2');
    expect(out).toContain('mean loss by iteration');
    expect(readFileSync(plot, 'utf8')).toMatch(/>iteration<.*; lbfgs, \d+ iterations</s);
  });

  it.each([
    [['--learning-rate', '.1'], '--learning-rate is for update rules, not lbfgs'],
    [['--beta1', '.9'], '--beta1 is for optimizer adam, '],
    [['--schedule', 'step'], '--schedule goes with an update rule; lbfgs takes all rows in every step'],
    [['--batch-size', '8'], '--batch-size goes with an update rule'],
    [['--sampler', 'shuffled'], '--sampler goes with an update rule'],
    [['--averaging', 'ema'], '--averaging goes with an update rule'],
    [['--clip-norm', '1'], '--clip-norm goes with an update rule'],
    [['--keep-state'], '--keep-state goes with an update rule'],
    [['--memory', '0'], '--memory must be a whole number in [1, 1000]'],
  ])('refuse what they have no use for, before anything is read: %j', async (flags, message) => {
    const result = await nabla('fit', 'no-such.csv', ...withSolver, 'lbfgs', ...flags);
    expect(result).toMatchObject({ code: 2, out: '', err: expect.stringContaining(`nabla: ${message}`) });
  });

  it('have parameters that rules do not have', async () => {
    const result = await nabla('fit', data, '-t', 'price', '--memory', '4');
    expect(result).toMatchObject({
      code: 2,
      err: expect.stringContaining('--memory is for optimizer lbfgs, not auto'),
    });
  });
});

describe('a checkpoint', () => {
  const fit = [...withSolver, 'adam', ...exactly, '--checkpoint-every', '400'];

  it('is written now and then, and gone on from to the same bits', async () => {
    const checkpoint = path('fit.checkpoint');
    const first = await fitJson(data, ...fit, '--checkpoint', checkpoint, '--resume');
    expect(existsSync(checkpoint)).toBe(true);
    const written = readFileSync(checkpoint);
    const again = await fitJson(data, ...fit, '--checkpoint', checkpoint, '--resume');
    expect(readFileSync(checkpoint).equals(written)).toBe(true); // the 400 epochs after the last are not begun
    expect([again.coefficients, again.history]).toEqual([first.coefficients, first.history]);
  });

  it('is refused where it is of another fit, or damaged', async () => {
    const checkpoint = path('fit.checkpoint');
    await fitJson(data, ...fit, '--checkpoint', checkpoint);
    const resumed = [...fit, '--checkpoint', checkpoint, '--resume'];
    expect(await nabla('fit', data, ...resumed, '--l2', '1')).toEqual({
      code: 1,
      out: '',
      err: `nabla: ${checkpoint}: it was written by a fit of other data, options or start (ERR_CHECKPOINT_MISMATCH)\n`,
    });
    const bytes = readFileSync(checkpoint);
    bytes[bytes.length >> 1] ^= 1;
    writeFileSync(checkpoint, bytes);
    const { code, err } = await nabla('fit', data, ...resumed);
    expect({ code, err }).toEqual({ code: 1, err: expect.stringContaining(`${checkpoint}: its bytes are not those`) });
  });

  it.each([
    [['--resume'], '--resume goes with --checkpoint'],
    [['--checkpoint-every', '5'], '--checkpoint-every goes with --checkpoint'],
    [['--checkpoint', 'x', '--checkpoint-every', '0'], '--checkpoint-every must be a whole number in [1'],
    [['--checkpoint', 'x', '--checkpoint-every', 'two'], '--checkpoint-every must be a number; got "two"'],
    [['--checkpoint', 'no/such/file'], 'no/such'],
  ])('is refused with wrong flags: %j', async (flags, message) => {
    const { code, err } = await nabla('fit', data, '-t', 'price', ...flags);
    expect({ code, err }).toEqual({ code: 2, err: expect.stringContaining(message) });
  });
});

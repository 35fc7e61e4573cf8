import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Entry } from '../../lib/catalog/entry.js';
import { losses } from '../../lib/catalog/losses.js';
import { measures } from '../../lib/catalog/measures.js';
import { fitOptions, histories, pathOptions } from '../../lib/catalog/options.js';
import { rules, solvers } from '../../lib/catalog/rules.js';
import { averagings, samplers } from '../../lib/catalog/samplers.js';
import { schedules } from '../../lib/catalog/schedules.js';
import { file, houses, nabla } from './support.js';

const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

describe('nabla', () => {
  it('tells its version', async () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
    expect(await nabla('--version')).toEqual({ code: 0, out: `${version}\n`, err: '' });
  });

  it('lists every name, parameter, default, range and help line of the catalog', async () => {
    const { code, out, err } = await nabla('fit', '--help');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const flat = out.replace(/\s+/g, ' ');
    const { indices: _, ...named } = samplers; // row numbers mean nothing to the command
    // Milestones, parts and functions are no values of flags.
    const { multistep, sequential, lambda, ...single } = schedules;
    const tables: Record<string, Entry>[] = [losses, rules, solvers, single, named, averagings, histories, measures];
    for (const table of tables) {
      for (const [name, { help, parameters }] of Object.entries(table)) {
        expect(flat).toContain(` ${name} ${help}`);
        for (const [parameter, option] of Object.entries(parameters)) {
          expect(flat).toContain(`--${kebab(parameter)} `);
          if (option.kind === 'number') {
            expect(flat).toContain(option.range);
            // "others" and "all" stand for many names.
            const owner = `(${name}|[A-Za-z_, ]*\\b${name}\\b[A-Za-z_, ]*|all|all others|all (other )?update rules)`;
            expect(flat).toMatch(new RegExp(`; default [^;]*${option.default} \\(${owner}\\)`));
          }
        }
      }
    }
    for (const [name, option] of Object.entries({ ...fitOptions, ...pathOptions })) {
      expect(flat).toContain(`--${option.kind === 'boolean' && option.default ? 'no-' : ''}${kebab(name)} `);
      expect(flat).toContain(option.help);
    }
  });

  it('tells which axis a name of several belongs to', async () => {
    const data = file(houses());
    const power = await nabla('fit', data, '-t', 'price', '--schedule', 'polynomial', '--power', '2');
    expect(power.err).toContain(
      '--power is for loss tweedie, tweedie_identity, not squared; that of schedule polynomial is --schedule-power',
    );
  });

  it('lists the catalog without a command too', async () => {
    const { code, out } = await nabla('--help');
    expect(code).toBe(0);
    for (const name of [...Object.keys(rules), ...Object.keys(solvers)]) expect(out).toContain(`  ${name}`);
  });

  it.each<[string, string[], string]>([
    ['unknown command', ['ft'], 'unknown command'],
    ['unknown flag', ['fit', 'DATA', '-t', 'price', '--lerning-rate', '1'], '--learning-rate'],
    ['no target', ['fit', 'DATA'], '--target'],
    ['no file', ['fit', '-t', 'price'], 'data.csv'],
    ['a file that is not there', ['fit', 'no/such.csv', '-t', 'price'], 'no/such.csv'],
    ['a folder', ['fit', '.', '-t', 'price'], 'EISDIR'],
    ['two files', ['fit', 'DATA', 'DATA', '-t', 'price'], 'too many arguments'],
    ['unknown optimizer', ['fit', 'DATA', '-t', 'price', '--optimizer', 'adm'], '--optimizer must be one of sgd'],
    ['sampler of the library only', ['fit', 'DATA', '-t', 'price', '--sampler', 'indices'], '--sampler must be one of'],
    ['a name from Object', ['fit', 'DATA', '-t', 'price', '--loss', 'toString'], '--loss must be one of'],
    ['parameter of another rule', ['fit', 'DATA', '-t', 'price', '--momentum', '.9'], 'is for optimizer sgd, momentum'],
    ['no number', ['fit', 'DATA', '-t', 'price', '--epochs', 'ten'], '--epochs must be a number; got "ten"'],
    ['hexadecimal', ['fit', 'DATA', '-t', 'price', '--epochs', '0x10'], '--epochs must be a number'],
    ['out of range', ['fit', 'DATA', '-t', 'price', '--epochs', '0'], '--epochs must be a whole number in [1'],
    ['half an epoch', ['fit', 'DATA', '-t', 'price', '--epochs', '.5'], '--epochs must be a whole number in [1'],
    ['infinite', ['fit', 'DATA', '-t', 'price', '--learning-rate', '1e999'], '--learning-rate must be a number in (0'],
    ['beta1 1', ['fit', 'DATA', '-t', 'price', '--beta1', '1'], '--beta1 must be a number in [0, 1)'],
    ['holdout 1', ['fit', 'DATA', '-t', 'price', '--holdout', '1'], '--holdout must be a number in [0, 1)'],
    ['validation 1', ['fit', 'DATA', '-t', 'price', '--validation', '1'], '--validation must be a number in (0, 1)'],
    ['no validation file', ['fit', 'DATA', '-t', 'price', '--validation', 'no/such.csv'], 'no/such.csv'],
    [
      'validation twice',
      ['fit', 'DATA', '-t', 'price', '--validation', '.1', '--validation-fraction', '.1'],
      'not both',
    ],
    ['classes of numbers', ['fit', 'DATA', '-t', 'price', '--classes', 'a,b'], '--classes goes with a loss of classes'],
    ['one class', ['fit', 'DATA', '-t', 'kind', '--loss', 'softmax', '--classes', 'a'], 'two classes at least'],
    ['a class twice', ['fit', 'DATA', '-t', 'kind', '--loss', 'softmax', '--classes', 'a,a'], 'names "a" twice'],
    ['weights of no classes', ['fit', 'DATA', '-t', 'price', '--class-weight', 'balanced'], '--class-weight goes with'],
    [
      'weights of classes by another rule',
      ['fit', 'DATA', '-t', 'kind', '--loss', 'softmax', '--class-weight', 'x'],
      'balanced',
    ],
    [
      'an offset of softmax',
      ['fit', 'DATA', '-t', 'kind', '--loss', 'softmax', '--offset', 'size'],
      '--offset has no effect on softmax',
    ],
    [
      'full batches of a size',
      ['fit', 'DATA', '-t', 'price', '--sampler', 'full', '--batch-size', '2'],
      '--batch-size must be left out',
    ],
    ['a picture that is none', ['fit', 'DATA', '-t', 'price', '--plot', 'loss.png'], '.svg'],
    ['a folder that is not there', ['fit', 'DATA', '-t', 'price', '--model', 'no/such/model.json'], 'no/such'],
    ['a delimiter of two', ['fit', 'DATA', '-t', 'price', '--delimiter', ';;'], '--delimiter must be one character'],
    ['names of nothing', ['fit', 'DATA', '-t', 'price', '--features', 'size,,kind'], '--features must be names'],
    ['model that is not there', ['predict', 'no/such.json', 'DATA'], 'no/such.json'],
  ])('refuses wrong usage with exit code 2: %s', async (_, argv, message) => {
    const data = file(houses());
    const result = await nabla(...argv.map((word) => (word === 'DATA' ? data : word)));
    expect(result).toMatchObject({ code: 2, out: '' });
    expect(result.err).toContain(message);
    expect(result.err).toMatch(/^nabla: .*\n$/);
  });

  it.each<[string, string[], string]>([
    ['twice', ['--features', 'size,size'], 'names "size" twice'],
    ['the target', ['--features', 'size,price'], '"price" is the target'],
    ['a misspelt one', ['--features', 'sise'], 'is it "size"?'],
    ['the sample weight', ['--features', 'size', '--sample-weight', 'size'], '"size" is the sample weight'],
    ['target and offset', ['--offset', 'price'], '"price" is the target and cannot be the offset too'],
    ['no such offset', ['--offset', 'prise'], 'is it "price"?'],
    ['categorical and unused', ['--features', 'size', '--categorical', 'kind'], 'which is no feature'],
  ])('refuses columns that the file cannot give: %s', async (_, flags, message) => {
    const result = await nabla('fit', file(houses()), '-t', 'price', ...flags);
    expect(result).toMatchObject({ code: 1, out: '' });
    expect(result.err).toContain(message);
    expect(result.err).toContain('ERR_CSV_COLUMN');
  });
});

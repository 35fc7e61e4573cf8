// Runs the command in this process, on files of its own.
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { type Output, run } from '../../lib/cli/command.js';
import type { FitReport } from '../../lib/cli/fit/report.js';

class Text implements Output {
  text = '';
  write(text: string, done?: () => void): boolean {
    this.text += text;
    done?.();
    return true;
  }
}

export async function nabla(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  const stdout = new Text();
  const stderr = new Text();
  const code = await run(argv, { stdout, stderr });
  return { code, out: stdout.text, err: stderr.text };
}

/** A report with the numbers of one output. */
export type Report = Omit<FitReport, 'coefficients' | 'intercept' | 'metrics'> & {
  coefficients: Record<string, number>;
  intercept: number;
  metrics: Record<'training' | 'validation' | 'heldOut', Record<string, number>>;
};

/** What `nabla fit --json` writes. */
export async function fitJson<R = Report>(data: string, ...flags: string[]): Promise<R> {
  const { code, out, err } = await nabla('fit', data, '--json', ...flags);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(out.endsWith('\n')).toBe(true);
  return JSON.parse(out);
}

const folder = mkdtempSync(join(tmpdir(), 'nabla-'));
let files = 0;

/** A path in a folder of the suite's own. */
export function path(name: string): string {
  return join(folder, `${files++}-${name}`);
}

export function file(content: string | Uint8Array, name = 'data.csv'): string {
  const result = path(name);
  writeFileSync(result, content);
  return result;
}

/** price = 3 size + 10 [kind=b] - 5 [kind=c] + 7, exactly, over 60 rows. */
export function houses(): string {
  const bonus = { a: 0, b: 10, c: -5 } as const;
  const rows = Array.from({ length: 60 }, (_, i) => {
    const kind = (['b', 'a', 'c'] as const)[i % 3];
    const size = ((i * 7) % 20) / 4;
    return `${size},${kind},${3 * size + bonus[kind] + 7}`;
  });
  return `size,kind,price\n${rows.join('\n')}\n`;
}

/** Flags of a fit that finds what is exact in the data. */
export const exactly = ['--learning-rate', '0.1', '--epochs', '1500', '--seed', '3'];

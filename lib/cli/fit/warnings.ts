// Warnings after a fit: far from its minimum, or columns that need scaling.
import type { FitOptions, Model, Optimality } from '../../index.js';
import type { Io } from '../command.js';
import type { Rows } from '../csv/encode.js';
import { isSolver, optimizerOf } from './request.js';

/** Of what is left to gain, as `model.optimality.relative` has it: more is far. */
const far = 1e-3;
/** Ratio of the largest root mean square of a column to the least. */
const apart = 1e3;

const short = (x: number): string => String(Number(x.toPrecision(2)));

/** What is left to gain, and how to gain it; null where it is next to nothing, or a validation ended the fit. */
function distance(
  { loss, status, optimizer }: Model,
  { standardize }: FitOptions,
  { relative }: Optimality,
): string | null {
  if (relative === null || !(relative > far) || status === 'earlyStopped' || status === 'diverged') return null;
  const left =
    loss === 'squared'
      ? `R² on its rows could rise by ${short(relative)}`
      : `the loss could fall by ${short(relative)} of that of a constant prediction`;
  const tries = isSolver(optimizer)
    ? [...(standardize ? [] : ['--standardize']), 'more --epochs', '--l2']
    : ['--optimizer auto', ...(standardize ? [] : ['--standardize']), 'another --learning-rate', 'more --epochs'];
  return `the fit is far from its minimum (${status}): ${left}; try ${tries.slice(0, -1).join(', ')} or ${tries.at(-1)}`;
}

/** Root of the sum of squares of each column, over the rows that weigh. */
function sizesOf({ X, rows, sampleWeight }: Rows, cols: number): number[] {
  const squares = new Array<number>(cols).fill(0);
  for (let i = 0; i < rows; i++) {
    if (sampleWeight && sampleWeight[i] === 0) continue;
    for (let j = 0; j < cols; j++) squares[j] += X[i * cols + j] ** 2;
  }
  return squares.map(Math.sqrt);
}

/** Whether a rule at its own rate has columns that no one rate suits. */
function scales(rows: Rows, names: readonly string[], options: FitOptions): string | null {
  const { optimizer, standardize } = options;
  const hasRate = typeof optimizer === 'object' && 'learningRate' in optimizer && optimizer.learningRate !== undefined;
  if (isSolver(optimizerOf(options)) || hasRate || standardize) return null;
  const sizes = sizesOf(rows, names.length);
  const used = names.map((_, j) => j).filter((j) => sizes[j] > 0);
  if (used.length === 0) return null;
  const least = used.reduce((a, b) => (sizes[b] < sizes[a] ? b : a));
  const most = used.reduce((a, b) => (sizes[b] > sizes[a] ? b : a));
  const ratio = sizes[most] / sizes[least];
  if (!(ratio >= apart)) return null;
  return `columns differ in scale by ${short(ratio)} (${names[most]}, ${names[least]}); try --standardize`;
}

/** In the order of their weight; none for a fit that is as it should be. `optimality`: where it is known better than to the model. */
export function warningsOf(
  model: Model,
  rows: Rows,
  names: readonly string[],
  options: FitOptions,
  optimality: Optimality = model.optimality,
): string[] {
  return [distance(model, options, optimality), scales(rows, names, options)].filter((text) => text !== null);
}

export function tellWarnings(warnings: readonly string[], { stderr }: Io): void {
  for (const warning of warnings) stderr.write(`nabla: warning: ${warning}\n`);
}

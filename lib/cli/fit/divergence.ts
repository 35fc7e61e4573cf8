// Advice after a fit that diverged.
import type { Model } from '../../index.js';
import type { Io } from '../command.js';
import { type FitRequest, isSolver } from './request.js';

export function tellDivergence(what: string, { optimizer }: Model, { options, along }: FitRequest, io: Io): void {
  const smaller = isSolver(optimizer) ? (along ? 'a larger λ' : '--l2') : 'a smaller --learning-rate';
  io.stderr.write(`nabla: ${what}; try ${options.standardize ? '' : '--standardize or '}${smaller}\n`);
}

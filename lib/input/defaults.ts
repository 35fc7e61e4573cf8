// Default optimizer of a fit that names none.
import { nameOf } from './read.js';

/** Options that update rules alone have, and their values that ask for nothing. */
const ofRules: ReadonlyMap<string, unknown> = new Map(
  Object.entries({
    schedule: undefined,
    batchSize: undefined,
    averaging: 'none',
    clipNorm: 0,
    clipValue: 0,
    keepState: false,
    sampler: 'full',
  }),
);

/** An option among those that are given that a solver cannot honour. */
export function ofRule(given: Readonly<Record<string, unknown>>): string | undefined {
  return Object.keys(given).find((name) => {
    return ofRules.has(name) && given[name] !== undefined && nameOf(given[name]) !== ofRules.get(name);
  });
}

/** The optimizer of options without one: a solver, unless one of them, or the loss, is for update rules alone. */
export function usualOptimizer(given: Readonly<Record<string, unknown>>): 'auto' | 'adam' {
  if (nameOf(given.loss) === 'perceptron') return 'adam';
  const isOfRule = given.gram !== undefined || given.history === 'step' || ofRule(given) !== undefined;
  return isOfRule ? 'adam' : 'auto';
}

// Catalog of the measures of cross-validation.
import type { Entry } from './entry.js';

export interface MeasureEntry extends Entry {
  /** What it can be taken of: numbers (values and means), classes, or all. */
  readonly of: 'numbers' | 'classes' | 'all';
  /** Whether more is better. */
  readonly rises: boolean;
}

/** What cross-validation compares models by, on the rows held out. */
export const measures = {
  deviance: { help: 'twice what the loss is above its least', of: 'all', rises: false, parameters: {} },
  loss: { help: 'the mean loss, without penalty', of: 'all', rises: false, parameters: {} },
  mse: { help: 'the mean squared error', of: 'numbers', rises: false, parameters: {} },
  mae: { help: 'the mean absolute error', of: 'numbers', rises: false, parameters: {} },
  accuracy: { help: 'the part of the classes that is right', of: 'classes', rises: true, parameters: {} },
  auc: { help: 'the area under the ROC curve, of two classes', of: 'classes', rises: true, parameters: {} },
} as const satisfies Record<string, MeasureEntry>;

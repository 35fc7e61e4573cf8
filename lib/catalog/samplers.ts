// Catalog of the samplers of batches, and of the averages of weights.
// Order counts: a name’s index is its number, and a parameter’s index is its slot, in native/ and reference/.
import { boolean, type Entry, number, whole } from './entry.js';

/** Which rows make the next batch. */
export const samplers = {
  full: { help: 'all rows in every step: batch gradient descent', parameters: {} },
  sequential: { help: 'mini-batches in the order of the rows', parameters: {} },
  shuffled: {
    help: 'mini-batches in a new random order every epoch',
    parameters: { once: boolean(false, 'the same random order in every epoch') },
  },
  replacement: { help: 'rows drawn at random with replacement', parameters: {} },
  indices: { help: 'the rows that `indices` names, in that order, every epoch', parameters: {} },
} as const satisfies Record<string, Entry>;

const start = whole(1, '[1, 9007199254740991]', 'the step with which the average begins');

/** Which weights are returned. */
export const averagings = {
  none: { help: 'those of the last step', parameters: {} },
  polyak: { help: 'the mean over all steps from `start` on', parameters: { start } },
  ema: {
    help: 'an exponential running mean',
    parameters: { decay: number(0.999, '[0, 1)', 'what a step leaves of the average'), start },
  },
} as const satisfies Record<string, Entry>;

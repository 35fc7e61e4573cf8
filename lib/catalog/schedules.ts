// Catalog of the schedules of the learning rate.
// Order counts: a name’s index is its number, and a parameter’s index is its slot, in native/ and reference/.
import { type Entry, number, whole } from './entry.js';

const warmup = number(0, '[0, ∞)', 'epochs (or a part of one) over which the rate first rises from 0');
const minimum = number(0, '[0, ∞)', 'the rate does not fall below it');

/** The learning rate at step t, counted from 1; an epoch e may be a fraction. */
export const schedules = {
  constant: { help: 'η throughout', parameters: { warmup } },
  invscaling: {
    help: 'η/t^power, t counting steps',
    parameters: { warmup, power: number(0.25, '[0, 10]', 'how fast the rate falls; .5 for classes if not given') },
  },
  exponential: {
    help: 'η·gamma^epoch',
    parameters: { warmup, gamma: number(0.95, '(0, 1]', 'what an epoch leaves of the rate') },
  },
  step: {
    help: 'times gamma every stepSize epochs',
    parameters: {
      warmup,
      stepSize: whole(30, '[1, 9007199254740991]', 'epochs between two falls'),
      gamma: number(0.1, '(0, 1]', 'what a fall leaves of the rate'),
    },
  },
  polynomial: {
    help: 'down to a minimum at the last step, along a power',
    parameters: { warmup, power: number(1, '(0, 10]', '1 is a straight line'), minimum },
  },
  cosine: {
    help: 'down to a minimum along half a cosine, with restarts if asked',
    parameters: {
      warmup,
      minimum,
      restart: number(0, '[0, ∞)', 'epochs of the first cycle; 0: one cycle over the whole fit'),
      restartFactor: number(1, '[1, ∞)', 'how much longer each cycle is than the last'),
    },
  },
  onecycle: {
    help: 'up to η, then down to almost nothing',
    parameters: {
      warmup,
      start: number(0.3, '(0, 1)', 'the part of the steps in which the rate rises'),
      divisor: number(25, '[1, ∞)', 'η over the first rate'),
      finalDivisor: number(1e4, '[1, ∞)', 'the first rate over the last'),
    },
  },
  plateau: {
    help: 'times factor when the loss has not fallen for some epochs',
    parameters: {
      warmup,
      factor: number(0.1, '(0, 1)', 'what a fall leaves of the rate'),
      patience: whole(10, '[0, 9007199254740991]', 'epochs without improvement that are waited for'),
      threshold: number(1e-4, '[0, 1)', 'the relative change that counts as improvement'),
      minimum,
    },
  },
  optimal: {
    help: '1/(alpha (t₀ + t)), t₀ by Bottou; does not use learningRate',
    parameters: { warmup, alpha: number(1e-4, '(0, ∞)', 'α; l2 if that is above 0 and alpha is not given') },
  },
  multistep: {
    help: 'times gamma at each of some milestones (epochs)',
    parameters: { warmup, gamma: number(0.1, '(0, 1]', 'what a milestone leaves of the rate') },
  },
  cyclic: {
    help: 'up to η and down again in straight lines, over and over',
    parameters: {
      warmup,
      rise: number(4, '[0.001, ∞)', 'epochs of the way up'),
      fall: number(4, '[0.001, ∞)', 'epochs of the way down'),
      divisor: number(10, '[1, ∞)', 'η over the lowest rate'),
      gamma: number(1, '(0, 1]', 'what a cycle leaves of the height; .5 is triangular2'),
    },
  },
  sequential: { help: 'one schedule after another, each for some epochs', parameters: { warmup } },
  lambda: { help: 'η times what a function says of the epoch', parameters: { warmup } },
} as const satisfies Record<string, Entry>;

/** Of those, what an option must hold beside numbers and switches: lib/input/schedules. */
export const listedSchedules = { multistep: 'milestones', sequential: 'parts', lambda: 'lambda' } as const;

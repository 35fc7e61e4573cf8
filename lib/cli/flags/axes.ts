// Axes of a fit chosen by name, and their lines in the help.
import type { Entry } from '../../catalog/entry.js';
import { losses } from '../../catalog/losses.js';
import { measures } from '../../catalog/measures.js';
import { histories } from '../../catalog/options.js';
import { rules, solvers } from '../../catalog/rules.js';
import { averagings, samplers } from '../../catalog/samplers.js';
import { schedules } from '../../catalog/schedules.js';
import { usualOptimizer } from '../../input/defaults.js';

type Table = Record<string, Entry>;

/** Some entries of an axis, listed under a title of their own; `each` is what they are together. */
interface Part {
  readonly title: string;
  readonly each: string;
  readonly table: Table;
}

export interface Axis {
  readonly name: string;
  /** The tables of all parts. */
  readonly table: Table;
  readonly parts: readonly Part[];
  /** The choice when none is made, as lib/input/options.ts has it. */
  readonly default: string;
  /** Another choice when none is made but a flag asks for it: told by `help`. */
  readonly otherwise?: {
    readonly choice: string;
    readonly help: string;
    /** Whether one does, of the values of the flags that are given. */
    holds(given: Readonly<Record<string, unknown>>): boolean;
  };
}

// Row numbers are of no use here: the part held out has changed them.
const { indices: _, ...namedSamplers } = samplers;
// Lists and functions are no values of flags.
const { multistep, sequential, lambda, ...namedSchedules } = schedules;

const ofRules = new Set(Object.values(rules).flatMap(({ parameters }) => Object.keys(parameters)));

/** Whether flags ask for an update rule that they do not name; a path takes a solver in any case. */
function asksForRule(given: Readonly<Record<string, unknown>>): boolean {
  if (given.path || given.cv !== undefined) return false;
  return usualOptimizer(given) !== 'auto' || Object.keys(given).some((name) => ofRules.has(name));
}

const whole = (title: string, table: Table): Pick<Axis, 'table' | 'parts'> => ({
  table,
  parts: [{ title, each: '', table }],
});

export const axes: readonly Axis[] = [
  {
    name: 'optimizer',
    table: { ...rules, ...solvers },
    parts: [
      { title: 'Optimizers', each: 'update rules', table: rules },
      { title: 'Optimizers without a learning rate', each: 'solvers', table: solvers },
    ],
    default: 'auto',
    otherwise: {
      choice: 'adam',
      help: 'a flag that update rules alone have, such as --learning-rate or --batch-size',
      holds: asksForRule,
    },
  },
  { name: 'loss', ...whole('Losses', losses), default: 'squared' },
  { name: 'schedule', ...whole('Schedules', namedSchedules), default: 'constant' },
  {
    name: 'sampler',
    ...whole('Samplers', namedSamplers),
    default: 'full',
    otherwise: {
      choice: 'shuffled',
      help: '--batch-size',
      holds: ({ batchSize }) => batchSize !== undefined,
    },
  },
  { name: 'averaging', ...whole('Averagings', averagings), default: 'none' },
  { name: 'history', ...whole('Histories', histories), default: 'epoch' },
];

/** All there is in the catalog. */
export function catalogHelp(): string {
  const parts = axes.flatMap(({ name, parts }) => parts.map((part) => ({ name, ...part })));
  return [...parts, { name: 'measure', title: 'Measures of cross-validation', table: measures as Table }]
    .map(({ name, title, table }) => {
      const width = Math.max(...Object.keys(table).map((key) => key.length));
      const lines = Object.entries(table).map(([key, { help }]) => `  ${key.padEnd(width)}  ${help}`);
      return `${title} (fit --${name}):\n${lines.join('\n')}\n`;
    })
    .join('\n');
}

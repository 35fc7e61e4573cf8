// What a fit chooses by name, and the lines of a help text that tell these names.
import {
  averagings,
  type Entry,
  histories,
  losses,
  measures,
  rules,
  samplers,
  schedules,
  solvers,
} from '../catalog.js';

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
  /** The choice when none is made, as lib/options.ts has it. */
  readonly default: string;
  /** Another choice when none is made but one of these is given. */
  readonly otherwise?: { readonly given: readonly string[]; readonly choice: string };
}

// Row numbers are of no use here: the part held out has changed them.
const { indices: _, ...namedSamplers } = samplers;

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
    default: 'adam',
    otherwise: { given: ['path', 'cv'], choice: 'auto' },
  },
  { name: 'loss', ...whole('Losses', losses), default: 'squared' },
  { name: 'schedule', ...whole('Schedules', schedules), default: 'constant' },
  {
    name: 'sampler',
    ...whole('Samplers', namedSamplers),
    default: 'full',
    otherwise: { given: ['batchSize'], choice: 'shuffled' },
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

// What a fit chooses by name, and the lines of a help text that tell these names.
import { averagings, type Entry, histories, losses, rules, samplers, schedules } from '../catalog.js';

export interface Axis {
  readonly name: string;
  readonly title: string;
  readonly table: Record<string, Entry>;
  /** The choice when none is made, as lib/options.ts has it. */
  readonly default: string;
  /** Another choice when none is made but this option is. */
  readonly otherwise?: { readonly given: string; readonly choice: string };
}

// Row numbers are of no use here: the part held out has changed them.
const { indices: _, ...namedSamplers } = samplers;

export const axes: readonly Axis[] = [
  { name: 'optimizer', title: 'Optimizers', table: rules, default: 'adam' },
  { name: 'loss', title: 'Losses', table: losses, default: 'squared' },
  { name: 'schedule', title: 'Schedules', table: schedules, default: 'constant' },
  {
    name: 'sampler',
    title: 'Samplers',
    table: namedSamplers,
    default: 'full',
    otherwise: { given: 'batchSize', choice: 'shuffled' },
  },
  { name: 'averaging', title: 'Averagings', table: averagings, default: 'none' },
  { name: 'history', title: 'Histories', table: histories, default: 'epoch' },
];

/** All there is in the catalog. */
export function catalogHelp(): string {
  return axes
    .map(({ name, title, table }) => {
      const width = Math.max(...Object.keys(table).map((key) => key.length));
      const lines = Object.entries(table).map(([key, { help }]) => `  ${key.padEnd(width)}  ${help}`);
      return `${title} (fit --${name}):\n${lines.join('\n')}\n`;
    })
    .join('\n');
}

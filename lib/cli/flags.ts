// The flags of a fit, made from the catalog: a new row there is a new name or flag here.
import { type Command, Option } from 'commander';
import { type Entry, fitOptions, histories, losses, type Parameter, rules, samplers, schedules } from '../catalog.js';
import { NablaError, show } from '../errors.js';
import type { FitOptions } from '../options.js';
import { readNumber } from '../read.js';
import { strictNumber } from './text.js';

interface Axis {
  readonly name: string;
  readonly title: string;
  readonly table: Record<string, Entry>;
  /** The choice when none is made, as lib/options.ts has it. */
  readonly default: string;
  readonly note?: string;
}

// Row numbers are of no use here: the part held out has changed them.
const { indices: _, ...namedSamplers } = samplers;

const axes: readonly Axis[] = [
  { name: 'optimizer', title: 'Optimizers', table: rules, default: 'adam' },
  { name: 'loss', title: 'Losses', table: losses, default: 'squared' },
  { name: 'schedule', title: 'Schedules', table: schedules, default: 'constant' },
  { name: 'sampler', title: 'Samplers', table: namedSamplers, default: 'full', note: 'shuffled with --batch-size' },
  { name: 'history', title: 'Histories', table: histories, default: 'epoch' },
];

/** A flag for a parameter, shared by the entries of an axis that have one of that name. */
interface Flag {
  readonly key: string;
  readonly axis: Axis;
  readonly parameter: string;
  readonly owners: Map<string, Parameter>;
}

const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
const title = (name: string): string => name[0].toUpperCase() + name.slice(1);

function parameterFlags(): Flag[] {
  const own = ['target', 'features', 'categorical', 'holdout', 'standardize', 'model', 'plot', 'json', 'delimiter'];
  const taken = new Set([...own, ...Object.keys(fitOptions), ...axes.map(({ name }) => name), 'help', 'version']);
  const flags = new Map<string, Flag>();
  for (const axis of axes) {
    const mine = new Map<string, Flag>();
    for (const [entry, { parameters }] of Object.entries(axis.table)) {
      for (const [parameter, option] of Object.entries(parameters)) {
        // A name that means something else already carries its axis in front.
        const key = taken.has(parameter) ? axis.name + title(parameter) : parameter;
        const flag = mine.get(key) ?? { key, axis, parameter, owners: new Map() };
        mine.set(key, flag);
        flag.owners.set(entry, option);
      }
    }
    for (const [key, flag] of mine) {
      taken.add(key);
      flags.set(key, flag);
    }
  }
  return [...flags.values()];
}

/** The lines of a help text that name all there is in the catalog. */
export function catalogHelp(): string {
  return axes
    .map(({ name, title, table }) => {
      const width = Math.max(...Object.keys(table).map((key) => key.length));
      const lines = Object.entries(table).map(([key, { help }]) => `  ${key.padEnd(width)}  ${help}`);
      return `${title} (fit --${name}):\n${lines.join('\n')}\n`;
    })
    .join('\n');
}

function option(key: string, parameter: Parameter, help: string): Option {
  if (parameter.kind === 'number') return new Option(`--${kebab(key)} <number>`, help);
  return new Option(parameter.default ? `--no-${kebab(key)}` : `--${kebab(key)}`, help);
}

function helpOf(parameter: Parameter, key: string): string {
  if (parameter.kind === 'boolean') return parameter.default ? `do not ${parameter.help}` : parameter.help;
  // batchSize and sampler depend on each other, as its help says.
  const value = key === 'batchSize' ? '' : `; default ${parameter.default}`;
  return `${parameter.help}; in ${parameter.range}${value}`;
}

/** Names of entries by what they say, most of them first: "0.01 (sgd, adagrad), 0.001 (adam)". */
function byText(owners: Map<string, Parameter>, text: (parameter: Parameter) => string): string {
  const groups = new Map<string, string[]>();
  for (const [entry, parameter] of owners) {
    const said = text(parameter);
    groups.set(said, [...(groups.get(said) ?? []), entry]);
  }
  return [...groups].map(([said, entries]) => `${said} (${entries.join(', ')})`).join(', ');
}

export function addFitFlags(command: Command): void {
  command.optionsGroup('What to fit with:');
  for (const { name, table, default: value, note } of axes) {
    const help = `${Object.keys(table).join(', ')}; default ${value}${note ? `, or ${note}` : ''}`;
    command.addOption(new Option(`--${name} <name>`, help));
  }
  for (const [key, parameter] of Object.entries(fitOptions)) {
    command.addOption(option(key, parameter, helpOf(parameter, key)));
  }
  for (const { key, axis, owners } of parameterFlags()) {
    const [first] = owners.values();
    command.optionsGroup(`Parameters of the ${axis.name}:`);
    if (first.kind === 'boolean') {
      command.addOption(option(key, first, `${helpOf(first, key)} (${[...owners.keys()].join(', ')})`));
    } else {
      const range = byText(owners, (parameter) => ('range' in parameter ? parameter.range : ''));
      const same = new Set([...owners.values()].map((parameter) => 'range' in parameter && parameter.range)).size === 1;
      const defaults = byText(owners, (parameter) => String(parameter.default));
      command.addOption(option(key, first, `${first.help}; in ${same ? first.range : range}; default ${defaults}`));
    }
  }
}

function readFlag(flag: string, value: unknown, parameter: Parameter): number | boolean {
  if (typeof value === 'boolean' || parameter.kind === 'boolean') return Boolean(value);
  const number = strictNumber(String(value));
  if (Number.isNaN(number)) {
    throw new NablaError('ERR_INVALID_ARG_TYPE', `${flag} must be a number; got ${show(value)}`);
  }
  return readNumber(flag, number, parameter);
}

/** The options of the library's fit, from what commander read; `given` names what the caller set himself. */
export function readFitFlags(values: Record<string, unknown>, given: readonly string[]): FitOptions {
  const options: Record<string, unknown> = {};
  for (const [key, parameter] of Object.entries(fitOptions)) {
    if (given.includes(key)) options[key] = readFlag(`--${kebab(key)}`, values[key], parameter);
  }
  const chosen = new Map<Axis, Record<string, unknown>>();
  for (const axis of axes) {
    if (!given.includes(axis.name)) continue;
    const name = String(values[axis.name]);
    if (!Object.hasOwn(axis.table, name)) {
      const known = Object.keys(axis.table).join(', ');
      throw new NablaError('ERR_UNKNOWN_OPTION', `--${axis.name} must be one of ${known}; got ${show(name)}`);
    }
    chosen.set(axis, { name });
  }
  for (const { key, axis, parameter, owners } of parameterFlags()) {
    if (!given.includes(key)) continue;
    const choice = chosen.get(axis) ?? { name: axis.default };
    const own = owners.get(String(choice.name));
    if (!own) {
      const others = [...owners.keys()].join(', ');
      throw new NablaError('ERR_UNKNOWN_OPTION', `--${kebab(key)} is for ${axis.name} ${others}, not ${choice.name}`);
    }
    choice[parameter] = readFlag(`--${kebab(key)}`, values[key], own);
    chosen.set(axis, choice);
  }
  // A choice without parameters is its name.
  for (const [axis, choice] of chosen) options[axis.name] = Object.keys(choice).length > 1 ? choice : choice.name;
  return options as FitOptions;
}

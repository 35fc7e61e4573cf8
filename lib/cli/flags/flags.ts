// Flags of a fit, made from the catalog: a new row there is a new name or flag here.
import { type Command, Option } from 'commander';
import { NablaError, show } from '../../base/errors.js';
import { fitOptions } from '../../catalog/options.js';
import type { FitOptions } from '../../input/options.js';
import { type Axis, axes } from './axes.js';
import { helpOf, helpOfFlag, optionsOf } from './flaghelp.js';
import { type Flag, kebab, parameterFlags, partOf } from './parameters.js';
import { readFlag } from './readflag.js';

function readChoices(values: Record<string, unknown>, given: readonly string[]): Map<Axis, Record<string, unknown>> {
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
  return chosen;
}

/** A parameter of the same name that the choice of another axis does have. */
function otherFlag({ key, parameter }: Flag, flags: readonly Flag[], nameOf: (axis: Axis) => string): string {
  const other = flags.find((flag) => {
    return flag.key !== key && flag.parameter === parameter && flag.owners.has(nameOf(flag.axis));
  });
  return other ? `; that of ${other.axis.name} ${nameOf(other.axis)} is --${kebab(other.key)}` : '';
}

/** Reads the options of the library's fit from what commander read; `given` names what the caller set himself. */
export type ReadFitFlags = (values: Record<string, unknown>, given: readonly string[]) => FitOptions;

/** Adds flags for all of the catalog beside those that the command has already. */
export function addFitFlags(command: Command): ReadFitFlags {
  const own = command.options.map((option) => option.attributeName());
  const flags = parameterFlags(
    new Set([...own, ...Object.keys(fitOptions), ...axes.map(({ name }) => name), 'help', 'version']),
  );

  command.optionsGroup('What to fit with:');
  for (const { name, table, default: value, otherwise } of axes) {
    const other = otherwise ? `, or ${otherwise.choice} with ${otherwise.help}` : '';
    const help = `${Object.keys(table).join(', ')}; default ${value}${other}`;
    command.addOption(new Option(`--${name} <name>`, help));
  }
  for (const [key, parameter] of Object.entries(fitOptions)) {
    for (const option of optionsOf(key, [parameter], helpOf(parameter, key))) command.addOption(option);
  }
  for (const flag of flags) {
    command.optionsGroup(`Parameters of the ${flag.axis.name}:`);
    const parameters = [...flag.owners.values()];
    for (const option of optionsOf(flag.key, parameters, helpOfFlag(flag))) command.addOption(option);
  }

  return (values, given) => {
    const options: Record<string, unknown> = {};
    for (const [key, parameter] of Object.entries(fitOptions)) {
      if (given.includes(key)) options[key] = readFlag(`--${kebab(key)}`, values[key], parameter);
    }
    const chosen = readChoices(values, given);
    const asked = { ...Object.fromEntries(given.map((key) => [key, values[key]])), ...options };
    const usual = ({ default: name, otherwise }: Axis): string => (otherwise?.holds(asked) ? otherwise.choice : name);
    const nameOf = (axis: Axis): string => String(chosen.get(axis)?.name ?? usual(axis));
    for (const flag of flags) {
      const { key, axis, parameter, owners } = flag;
      if (!given.includes(key)) continue;
      const own = owners.get(nameOf(axis));
      if (!own) {
        const others = partOf(flag)?.each || `${axis.name} ${[...owners.keys()].join(', ')}`;
        const hint = otherFlag(flag, flags, nameOf);
        const message = `--${kebab(key)} is for ${others}, not ${nameOf(axis)}${hint}`;
        throw new NablaError('ERR_UNKNOWN_OPTION', message);
      }
      const choice = chosen.get(axis) ?? { name: nameOf(axis) };
      choice[parameter] = readFlag(`--${kebab(key)}`, values[key], own);
      chosen.set(axis, choice);
    }
    // A choice without parameters is its name.
    for (const [axis, choice] of chosen) options[axis.name] = Object.keys(choice).length > 1 ? choice : choice.name;
    return options as FitOptions;
  };
}

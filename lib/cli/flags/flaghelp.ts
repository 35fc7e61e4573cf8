// Help lines of flags, merged where many entries of the catalog share one.
import { Option } from 'commander';
import type { Parameter } from '../../catalog/entry.js';
import { type Flag, kebab, partOf } from './parameters.js';

/** One flag, or two for a switch that some entries have on and others off. */
export function optionsOf(key: string, parameters: readonly Parameter[], help: string): Option[] {
  if (parameters[0].kind === 'number') return [new Option(`--${kebab(key)} <number>`, help)];
  const on = new Option(`--${kebab(key)}`, help);
  const defaults = new Set(parameters.map((parameter) => parameter.default));
  const not = defaults.has(false) ? `the opposite of --${kebab(key)}` : `do not ${help}`;
  const off = new Option(`--no-${kebab(key)}`, not);
  return [...(defaults.has(false) ? [on] : []), ...(defaults.has(true) ? [off] : [])];
}

/** What the command adds to an option of the library. */
const notes: { readonly [key: string]: string } = {
  standardize: '; with loss squared and a learning rate the target too, which makes the rate one of that scale',
  epochs: ', or 1000 with an optimizer without a learning rate',
  tolerance: ', or 1e-8 where no optimizer is named and auto is the default',
};

export function helpOf(parameter: Parameter, key: string): string {
  if (parameter.kind === 'boolean') return parameter.help + (notes[key] ?? '');
  // batchSize and sampler depend on each other, as its help says.
  const value = key === 'batchSize' ? '' : `; default ${parameter.default}`;
  return `${parameter.help}; in ${parameter.range}${value}${notes[key] ?? ''}`;
}

/**
 * Entries by what is said of them: "0.01 (adamw), 0 (all others)". Where it is a parameter of all entries of the axis,
 * or of one of its parts, the largest group comes last and goes without its names.
 */
function byText(flag: Flag, text: (parameter: Parameter) => string): string {
  const { owners } = flag;
  const groups = new Map<string, string[]>();
  for (const [entry, parameter] of owners) {
    const said = text(parameter);
    groups.set(said, [...(groups.get(said) ?? []), entry]);
  }
  const list = [...groups];
  const part = partOf(flag);
  if (part) {
    list.sort(([, a], [, b]) => a.length - b.length);
    const { each } = part;
    const all = each === '' ? 'all' : `all ${each}`;
    const others = each === '' ? 'all others' : `all other ${each}`;
    list[list.length - 1][1] = [list.length > 1 ? others : all];
  }
  return list.map(([said, entries]) => `${said} (${entries.join(', ')})`).join(', ');
}

export function helpOfFlag(flag: Flag): string {
  const [first] = flag.owners.values();
  if (first.kind === 'boolean') {
    const on = [...flag.owners].filter(([, parameter]) => parameter.default).map(([entry]) => entry);
    const usual = on.length > 0 ? `; default for ${on.join(', ')}` : '';
    return `${first.help} (${byText(flag, () => '').replace(/^ \(|\)$/g, '')})${usual}`;
  }
  const ranges = new Set([...flag.owners.values()].map((parameter) => ('range' in parameter ? parameter.range : '')));
  const range = ranges.size === 1 ? first.range : byText(flag, (owner) => ('range' in owner ? owner.range : ''));
  return `${first.help}; in ${range}; default ${byText(flag, (owner) => String(owner.default))}`;
}

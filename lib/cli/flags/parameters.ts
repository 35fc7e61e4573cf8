// Parameters of the catalog by the name of their flag.
import type { Parameter } from '../../catalog/entry.js';
import { type Axis, axes } from './axes.js';

/** A flag for a parameter, shared by the entries of an axis that have one of that name. */
export interface Flag {
  readonly key: string;
  readonly axis: Axis;
  readonly parameter: string;
  readonly owners: Map<string, Parameter>;
}

export const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
const title = (name: string): string => name[0].toUpperCase() + name.slice(1);

/** A flag for every parameter. A name that means something else already carries its axis in front. */
export function parameterFlags(taken: Set<string>): Flag[] {
  return axes.flatMap((axis) => {
    const flags = new Map<string, Flag>();
    for (const [entry, { parameters }] of Object.entries(axis.table)) {
      for (const [parameter, option] of Object.entries(parameters)) {
        const key = taken.has(parameter) ? axis.name + title(parameter) : parameter;
        const flag = flags.get(key) ?? { key, axis, parameter, owners: new Map() };
        flags.set(key, flag);
        flag.owners.set(entry, option);
      }
    }
    for (const key of flags.keys()) taken.add(key);
    return [...flags.values()];
  });
}

/** The part of the axis whose entries all have the parameter, and no other has. */
export function partOf({ axis, owners }: Flag): { readonly each: string } | undefined {
  return axis.parts.find(({ table }) => {
    const names = Object.keys(table);
    return names.length === owners.size && names.every((name) => owners.has(name));
  });
}

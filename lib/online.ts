// What a model remembers of its update rule, so that partialFit goes on where the rule was.
import { rules } from './catalog.js';
import { invalid, NablaError } from './errors.js';
import type { OptimizerSpec } from './options.js';
import { type Chosen, readChoice, readObject } from './read.js';
import { rules as referenceRules } from './reference/kernels/updates.js';
import { maxRunning } from './reference/solver/optimizer.js';

/** An update rule as it was chosen, and what it carries over to the next fit: epochs, steps, products, arrays. */
export interface Online {
  readonly optimizer: OptimizerSpec;
  readonly carried: Float64Array;
}

/** In a model's JSON: the state as the base64 of little-endian doubles, so that it keeps every bit. */
export interface OnlineJSON {
  optimizer: OptimizerSpec;
  carried: string;
}

/** A choice of a rule as callers write it, all parameters named. */
export function specOf({ name, parameters }: Chosen): OptimizerSpec {
  const own = Object.entries(rules[name as keyof typeof rules].parameters);
  const values = own.map(([key, { kind }], slot) => {
    return [key, kind === 'boolean' ? parameters[slot] !== 0 : parameters[slot]];
  });
  return { name, ...Object.fromEntries(values) } as OptimizerSpec;
}

export function writeOnline({ optimizer, carried }: Online): OnlineJSON {
  const bytes = Buffer.alloc(carried.byteLength);
  carried.forEach((value, i) => {
    bytes.writeDoubleLE(value, 8 * i);
  });
  return { optimizer, carried: bytes.toString('base64') };
}

/** Back from what {@link writeOnline} wrote. */
export function decodeCarried(text: unknown): Float64Array {
  const bytes = typeof text === 'string' ? Buffer.from(text, 'base64') : Buffer.alloc(0);
  if (bytes.length % 8 !== 0 || bytes.toString('base64') !== text) {
    throw invalid('ERR_MODEL_FORMAT', 'model.online.carried', 'the base64 of numbers', text);
  }
  return Float64Array.from({ length: bytes.length / 8 }, (_, i) => bytes.readDoubleLE(8 * i));
}

/** `carriedOf`: its array; `coefficients`, `intercepts`: how many the model has. */
export function readOnline(
  json: unknown,
  carriedOf: () => Float64Array,
  coefficients: number,
  intercepts: number,
): Online | null {
  if (json === undefined) return null;
  let rule: Chosen;
  try {
    rule = readChoice(
      'model.online.optimizer',
      readObject('model.online', json, ['optimizer', 'carried']).optimizer,
      rules,
    );
  } catch (error) {
    throw new NablaError('ERR_MODEL_FORMAT', (error as Error).message, { cause: error });
  }
  const carried = carriedOf();
  const fixed = 2 + maxRunning; // epochs, steps and the running products
  const { states } = referenceRules[rule.index];
  const lengths = [coefficients, coefficients + intercepts].map((size) => fixed + states * size);
  const isCount = (value: number) => Number.isSafeInteger(value) && value >= 0;
  const isRight = lengths.includes(carried.length) && carried.every(Number.isFinite);
  if (!isRight || !isCount(carried[0]) || !isCount(carried[1])) {
    throw invalid('ERR_MODEL_FORMAT', 'model.online.carried', `${lengths.join(' or ')} finite numbers`, carried);
  }
  return { optimizer: specOf(rule), carried };
}

// Options of a fit that its model remembers for partialFit.

import type { Plan } from '../backend/plan.js';
import { invalid, NablaError } from '../base/errors.js';
import type { losses } from '../catalog/losses.js';
import { fitOptions } from '../catalog/options.js';
import { rules } from '../catalog/rules.js';
import { averagings, samplers } from '../catalog/samplers.js';
import { isList, readBounds, readPenaltyFactors } from '../input/bounds.js';
import type { Label } from '../input/labels.js';
import { type FitOptions, type ReadOptions, readFitOptions } from '../input/options.js';
import { nameOf, readChoice, readObject, specOf } from '../input/read.js';
import { scheduleSpec } from '../input/schedules.js';
import { plainClassWeight, readClassWeight } from '../input/targets.js';

/** What belongs to one call and its rows, and not to those that go on from it. */
const ofCall = ['epochs', 'keepState'] as const;
const numbers = Object.keys(fitOptions).filter((name) => !(ofCall as readonly string[]).includes(name));
/** Those that are kept as they were given; of a penalty the plan's own are. */
const plain: ReadonlySet<string> = new Set([...numbers.filter((name) => name !== 'l1' && name !== 'l2'), 'history']);
const others = ['optimizer', 'schedule', 'sampler', 'averaging', 'history', 'penaltyFactors', 'classWeight'] as const;
const names: readonly string[] = [...others, ...numbers];

/** As plain data, in the form of options; the loss is the model's own. A solver is left out. */
export type KeptOptions = Pick<
  FitOptions,
  (typeof others)[number] | Exclude<keyof typeof fitOptions, (typeof ofCall)[number]>
>;

/** A sampler whose row numbers are of one table alone takes the next ones in their order. */
function keptSampler(value: unknown): FitOptions['sampler'] {
  const { indices: _, ...choice } = (typeof value === 'object' ? value : { name: value }) as Record<string, unknown>;
  return choice.name === 'indices'
    ? 'sequential'
    : (specOf(readChoice('sampler', choice, samplers), samplers) as never);
}

/** Options that are kept in another form than the caller's. */
const forms = new Map<string, (value: unknown, plan: Plan) => unknown>([
  ['schedule', (_, plan) => scheduleSpec(plan.schedule, plan.scheduleParameters, plan.scheduleList)],
  ['sampler', keptSampler],
  ['averaging', (value) => specOf(readChoice('averaging', value, averagings), averagings)],
  ['penaltyFactors', (value) => Array.from(value as ArrayLike<number>)],
  ['classWeight', plainClassWeight],
  ['lowerBounds', (value) => (isList(value) ? Array.from(value) : value)],
  ['upperBounds', (value) => (isList(value) ? Array.from(value) : value)],
]);

/** Of options that were read, and the plan made of them, whose penalty may be another's than the caller's. */
export function keptOptions({ given, rule }: ReadOptions, plan: Plan): KeptOptions {
  const kept: Record<string, unknown> = {};
  if (rule) kept.optimizer = specOf(rule, rules);
  // Those that are given: to ask for each that may be takes longer.
  for (const name of Object.keys(given)) {
    const form = forms.get(name);
    if (form) kept[name] = form(given[name], plan);
    else if (plain.has(name)) kept[name] = given[name];
  }
  if (plan.l1 !== 0) kept.l1 = plan.l1;
  if (plan.l2 !== 0) kept.l2 = plan.l2;
  return kept;
}

/** Row numbers are not kept. */
function readSamplerName(value: unknown): void {
  const { name } = readChoice('sampler', value, samplers);
  if (name === 'indices') throw invalid('ERR_OUT_OF_RANGE', 'sampler', 'another than indices', name);
}

/** What options must agree with. */
interface Fitted {
  loss: keyof typeof losses;
  labels: readonly Label[];
  cols: number;
  outputs: number;
}

const noRows = { codes: new Float64Array(0), used: new Uint32Array(0) };

/** From the JSON of a model: each option as a fit of such a model takes it. */
export function readKept(json: unknown, { loss, labels, cols, outputs }: Fitted): KeptOptions | null {
  if (json === undefined) return null;
  try {
    const kept = readObject('model.options', json, names) as KeptOptions;
    readFitOptions({ ...kept });
    if (kept.optimizer !== undefined) readChoice('optimizer', kept.optimizer, rules);
    if (kept.sampler !== undefined) readSamplerName(kept.sampler);
    readBounds(kept, cols, outputs);
    readPenaltyFactors(kept.penaltyFactors, cols, outputs);
    if (kept.classWeight !== undefined) {
      readClassWeight(kept.classWeight, loss, labels, noRows.codes, noRows.used);
    }
    return { ...kept };
  } catch (error) {
    if (!(error instanceof NablaError)) throw error;
    throw new NablaError('ERR_MODEL_FORMAT', `model.options: ${error.message}`, { cause: error });
  }
}

/** The options of a fit that goes on: those given, and of the others those kept, unless the given ones replace them. */
export function onwardOptions(kept: KeptOptions, given: FitOptions): FitOptions {
  const { validationFraction, sampler, batchSize, gram, ...rest } = kept;
  const isFull = (value: unknown) => nameOf(value) === 'full';
  const isBatched = given.batchSize !== undefined || (given.sampler !== undefined && !isFull(given.sampler));
  return {
    ...rest,
    ...(given.validation === undefined && validationFraction !== undefined && { validationFraction }),
    ...(sampler !== undefined && !(isBatched && isFull(sampler)) && { sampler }),
    ...(batchSize !== undefined && !isFull(given.sampler) && { batchSize }),
    ...(gram !== undefined && !isBatched && { gram }),
    ...given,
  };
}

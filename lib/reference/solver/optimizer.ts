// Update rule with its state, and the clipping of gradients before it.
// Twin: native/solver/optimizer.h.
import { nrm2 } from '../kernels/dense.js';
import { type Due, type Modifiers, modifiedPass, updatePass } from '../kernels/passes.js';
import { isActive, type Penalty } from '../kernels/penalties.js';
import { type Leader, type Rule, rules } from '../kernels/updates.js';
import type { Archive } from '../objective/archive.js';

/** What a step needs beside the rule's own parameters. */
export interface UpdateOptions {
  /** 0: none */
  clipNorm: number;
  /** 0: none */
  clipValue: number;
  penalty: Penalty;
  /** up the gradient, not down */
  maximize?: boolean;
  /** of the gradient that is clipped, where these weights are a part of others; 0: of this one */
  norm?: number;
  /** gradients are of batches, so that l1 must be cumulative */
  isNoisy?: boolean;
  /** of the penalty's; 1 unless given */
  largestFactor?: number;
}

/** Running products that a rule keeps, and coefficients of a step. */
export const maxRunning = 4;
const coefficients = new Float64Array(12);
const noPenalty: Penalty = { l1: 0, l2: 0, factors: null, bounds: null };

/**
 * One step t, counted from 1, of a rule over weights from … to-1. `running` holds its running products (1 at first).
 * The first `penalized` of them are subject to weight decay and penalty, the others (intercepts) are not.
 * Returns whether decay ended at 0 where it asked for more: such steps lead to no minimum of the objective.
 */
export function updateStep(
  rule: Rule,
  parameters: Float64Array,
  options: UpdateOptions,
  rate: number,
  t: number,
  running: Float64Array,
  weights: Float64Array,
  gradient: Float64Array,
  state: readonly Float64Array[],
  held: Float64Array | null,
  from: number,
  to: number,
  penalized: number,
): boolean {
  const c = coefficients.fill(0);
  rule.begin(parameters, rate, t, running, c);
  const formula = { step: rule.step(parameters), settle: rule.settle };
  const { penalty, clipNorm, clipValue } = options;
  const decay = parameters[1];
  const isCoupled = parameters[2] === 0;
  const length = rule.stepLength(parameters, c);
  const isLeader = rule.leader !== 'none';
  const due = dueOf(rule.leader, isLeader ? state[0] : held, t);
  const isL2Proximal = isLeader || (penalty.l1 !== 0 && !due);
  const modifiers: Modifiers = {
    scale: options.maximize ? -1 : 1,
    clipValue,
    coupled: isCoupled ? decay : 0,
    mostPull: length > 0 ? 1 / length : Infinity,
    decoupled: (isCoupled ? 1 : Math.max(1 - rate * decay, 0)) * rule.shrink(c),
    l2: isL2Proximal ? 0 : penalty.l2,
    penalty: isL2Proximal ? penalty : { ...penalty, l2: 0 },
    due,
  };
  if (clipNorm > 0) {
    const norm = options.norm || nrm2(gradient.subarray(from, to));
    if (norm > clipNorm) modifiers.scale *= clipNorm / norm;
  }
  const isModified = modifiers.scale !== 1 || clipValue > 0 || modifiers.decoupled !== 1 || decay !== 0;
  if (!isModified && !isActive(penalty)) {
    updatePass(formula, weights, gradient, state, from, to, c);
    return false;
  }
  const middle = from + penalized;
  modifiedPass(formula, weights, gradient, state, from, middle, c, modifiers);
  const rest = { ...modifiers, coupled: 0, decoupled: 1, l2: 0, penalty: noPenalty, due: null };
  modifiedPass(formula, weights, gradient, state, middle, to, c, rest);
  const isDecayCut = modifiers.coupled + modifiers.l2 * (options.largestFactor ?? 1) > modifiers.mostPull;
  return isDecayCut || (!isCoupled && rate * decay > 1);
}

function dueOf(leader: Leader, held: Float64Array | null, t: number): Due | null {
  if (!held) return null;
  return leader === 'once' ? { held, before: 1, steps: 1 } : { held, before: t - 1, steps: t };
}

export class Optimizer {
  readonly options: UpdateOptions;
  readonly #rule: Rule;
  readonly #state: Float64Array[] = [];
  /** What l1 holds at 0, of noisy gradients. */
  readonly #held: Float64Array | null;
  readonly #running = new Float64Array(maxRunning).fill(1);

  constructor(
    rule: number,
    readonly parameters: Float64Array,
    options: UpdateOptions,
    readonly size: number,
    readonly penalized: number,
  ) {
    const { factors } = options.penalty;
    this.options = { ...options, largestFactor: factors ? factors.reduce((a, b) => Math.max(a, b), 0) : 1 };
    this.#rule = rules[rule];
    for (let k = 0; k < this.#rule.states; k++) {
      this.#state.push(new Float64Array(size).fill(this.#rule.initialState(parameters, k)));
    }
    const isCumulative = options.isNoisy && options.penalty.l1 !== 0 && this.#rule.leader === 'none';
    this.#held = isCumulative ? new Float64Array(size) : null;
  }

  /** Returns what {@link updateStep} does. */
  step(weights: Float64Array, gradient: Float64Array, rate: number, t: number): boolean {
    const { parameters, options, size, penalized } = this;
    return updateStep(
      this.#rule,
      parameters,
      options,
      rate,
      t,
      this.#running,
      weights,
      gradient,
      this.#state,
      this.#held,
      0,
      size,
      penalized,
    );
  }

  serialize(archive: Archive): void {
    archive.array(this.#running, 'part');
    this.#state.forEach((state, k) => {
      archive.array(state, this.#rule.squares.includes(k) ? 'measured' : 'any');
    });
    if (archive.flag(this.#held !== null)) archive.array(this.#held ?? new Float64Array(this.size), 'any');
  }
}

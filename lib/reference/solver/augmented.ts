// Augmented Lagrangian of a nonsmooth objective (method of multipliers, Rockafellar 1976).
// Every row's loss is max d·m over a box (objective/pieces); subtracting μ/(2·weight)·(d - d₀)² makes it smooth. l1 and
// bounds of a coefficient become their Moreau envelope about u₀. d and u follow from the weights; any d in its boxes
// bounds the minimum from below. Twin: native/solver/augmented.cc.
import { coefficientCount, type Plan, type Table, weightCount } from '../../backend/plan.js';
import type { Penalty } from '../kernels/penalties.js';
import type { Archive } from '../objective/archive.js';
import { LinearMap } from '../objective/linearmap.js';
import type { Evaluator } from '../objective/objective.js';
import { lowOf, marginOf, pieceCount, wallOf } from '../objective/pieces.js';
import type { Scaling } from '../objective/scaling.js';

const halvings = 60; // of the shift that balances d
const far = 2 ** 10; // times its size: where the minimum is not, of a weight without a penalty

export class Augmented implements Evaluator {
  readonly everything: { start: number; count: number; index: Uint32Array | null };
  /** The weights as l1 and bounds would have them: exact zeros, within the bounds. Of the last evaluation. */
  readonly feasible: Float64Array;
  readonly #plan: Plan;
  readonly #table: Table;
  readonly #scaling: Scaling;
  readonly #penalty: Penalty;
  readonly #map: LinearMap;
  readonly #pieces: number;
  readonly #own: Float64Array; // weights of one output, and slopes in them
  readonly #z: Float64Array; // margins of the rows, but for the walls
  readonly #rows: Float64Array; // sums of d over a row's terms, and behind them 0 for each coefficient
  readonly #d: Float64Array; // of the last evaluation: outputs × pieces × rows
  readonly #d0: Float64Array;
  readonly #u: Float64Array; // likewise, of coefficients
  readonly #u0: Float64Array;
  readonly #slopes: Float64Array; // likewise, Xᵀd/rows of all weights
  readonly #residual: Float64Array; // likewise, the gradient

  /** How far d may go from d₀ for a margin. */
  mu = 1;
  /** A usual margin. */
  room = 1;
  /** By how much d and u fall short of losses and l1, at the last evaluation. */
  shortfall = Infinity;
  #margins = 0; // the mean of d·m there

  constructor(plan: Plan, table: Table, scaling: Scaling, penalty: Penalty) {
    const { count, index } = table;
    this.everything = { start: 0, count, index };
    this.#plan = plan;
    this.#table = table;
    this.#scaling = scaling;
    this.#penalty = penalty;
    this.#map = new LinearMap(plan, table, scaling);
    this.#pieces = pieceCount(plan);
    const size = weightCount(plan);
    this.feasible = new Float64Array(size);
    this.#own = new Float64Array(this.#map.size);
    this.#z = new Float64Array(count + plan.cols);
    this.#rows = new Float64Array(count + plan.cols);
    this.#d = new Float64Array(plan.outputs * this.#pieces * count);
    this.#d0 = new Float64Array(this.#d.length);
    this.#u = new Float64Array(coefficientCount(plan));
    this.#u0 = new Float64Array(this.#u.length);
    this.#slopes = new Float64Array(size);
    this.#residual = new Float64Array(size);
    for (let k = 0; k < plan.outputs; k++) {
      this.#eachTermOf(k, (t, i, low) => {
        this.#d0[t] = this.#weight(i) * (low + 0.5);
      });
    }
  }

  /** Sets μ to a part of the usual margin at the weights. */
  begin(weights: Float64Array, part: number): void {
    let sum = 0;
    for (let k = 0; k < this.#plan.outputs; k++) {
      this.#spread(k, weights);
      this.#eachTermOf(k, (_t, i, _low, wall) => {
        sum += this.#weight(i) * Math.abs(this.#z[i] - wall);
      });
    }
    const mean = sum / this.#d.length;
    this.room = mean > 0 ? mean : 1;
    this.mu = part * this.room;
  }

  /** Returns the sum over the rows and writes its mean gradient; l2 is PenalizedObjective's. */
  evaluate(_batch: object, weights: Float64Array, gradient: Float64Array): number {
    const { outputs, cols } = this.#plan;
    const { count } = this.#table;
    const { mu } = this;
    const d = this.#d;
    const z = this.#z;
    const rows = this.#rows;
    let value = 0;
    let margins = 0;
    let shortfall = 0;
    for (let k = 0; k < outputs; k++) {
      this.#spread(k, weights);
      rows.fill(0);
      this.#eachTermOf(k, (t, i, low, wall) => {
        const s = this.#weight(i);
        if (!(s > 0)) return;
        const m = z[i] - wall;
        const least = s * low;
        const most = least + s;
        const aim = this.#d0[t] + (s * m) / mu;
        d[t] = aim < least ? least : aim > most ? most : aim;
        const off = d[t] - this.#d0[t];
        value += d[t] * m - (mu * (off * off)) / (2 * s);
        margins += d[t] * m;
        shortfall += (m > 0 ? most - d[t] : least - d[t]) * m;
        rows[i] += d[t];
      });
      this.#gather(k);
    }
    for (let at = 0; at < gradient.length; at++) gradient[at] = -this.#slopes[at];
    this.#margins = margins / count;
    this.shortfall = shortfall / count;
    this.feasible.set(weights);
    let envelopes = 0;
    for (let at = 0; at < this.#u.length; at++) {
      const nu = mu / this.#scaling.square[at % cols];
      const x = weights[at] + nu * this.#u0[at];
      const l1 = this.#l1(at);
      const size = Math.abs(x) - nu * l1;
      const free = size > 0 ? (x > 0 ? size : -size) : 0;
      const v = this.#within(at, free);
      const u = v === free && v !== 0 ? (v > 0 ? l1 : -l1) : (x - v) / nu;
      const off = u - this.#u0[at];
      const moved = nu * off; // the weight less v
      this.feasible[at] = v;
      this.#u[at] = u;
      envelopes += l1 * Math.abs(v) + u * moved - 0.5 * (moved * off);
      this.shortfall += Math.abs(u * moved);
      gradient[at] += u;
    }
    for (let at = 0; at < gradient.length; at++) {
      const l2 = at < this.#u.length ? this.#l2(at) : 0;
      this.#residual[at] = gradient[at] + l2 * weights[at];
    }
    return value + count * envelopes;
  }

  /** What the gradient of the last evaluation may hide of the minimum. */
  hidden(weights: Float64Array): number {
    let sum = 0;
    for (let at = 0; at < weights.length; at++) {
      const left = Math.abs(this.#residual[at]);
      const l2 = at < this.#u.length ? this.#l2(at) : 0;
      const byReach = left * this.#reach(at, weights[at]);
      const byL2 = l2 > 0 ? (left * left) / (2 * l2) : byReach;
      sum += byL2 < byReach ? byL2 : byReach;
    }
    return sum;
  }

  /** Takes d and u as d₀ and u₀. */
  recentre(): void {
    this.#d0.set(this.#d);
    this.#u0.set(this.#u);
  }

  /**
   * Below the minimum: the dual function at the d of the last evaluation, at these weights, made feasible: balanced where there
   * are intercepts, and smaller where a slope is more than l1. A coefficient without penalty is taken to be no further away
   * than 1,024 times its size and that of a usual margin, an intercept than 1,024 usual margins.
   */
  bound(weights: Float64Array): number {
    if (this.#plan.intercept) this.#balance(weights);
    let value = this.#margins;
    let share = 1;
    for (let at = 0; at < weights.length; at++) {
      const r = this.#slopes[at];
      value += r * weights[at];
      if (at >= this.#u.length || this.#l2(at) > 0) continue;
      const l1 = this.#l1(at);
      const size = Math.abs(this.#within(at, r > 0 ? Infinity : -Infinity)) < Infinity ? 0 : Math.abs(r);
      if (l1 > 0 && size * share > l1) share = l1 / size;
    }
    value *= share;
    for (let at = 0; at < weights.length; at++) {
      const r = share * this.#slopes[at];
      value -=
        at < this.#u.length ? this.#conjugate(at, r, weights[at]) : r * weights[at] + Math.abs(r) * far * this.room;
    }
    return value;
  }

  serialize(archive: Archive): void {
    for (const array of [this.#d0, this.#u0]) archive.array(array, 'any');
    this.mu = archive.number(this.mu, 'measured');
    this.room = archive.number(this.room, 'measured');
  }

  /** z becomes the margins of these weights, but for the walls. */
  #spread(k: number, weights: Float64Array): void {
    const { count, offset, y } = this.#table;
    const { outputs, targets } = this.#plan;
    const z = this.#z;
    for (let j = 0; j < this.#own.length; j++) this.#own[j] = weights[this.#place(k, j)];
    this.#map.spread(this.#own, z);
    for (let i = 0; i < count; i++) {
      const own = offset ? z[i] + offset[this.#row(i) * outputs + k] : z[i];
      z[i] = marginOf(this.#plan, y[this.#row(i) * targets + k], own);
    }
  }

  /** Takes the slopes of the sums over each row's terms. */
  #gather(k: number): void {
    this.#own.fill(0);
    this.#map.gather(this.#rows, this.#own);
    for (let j = 0; j < this.#own.length; j++) this.#slopes[this.#place(k, j)] = this.#own[j] / this.#table.count;
  }

  /** Moves d within its boxes until it adds up to 0 in each output, and takes slopes and margins anew. */
  #balance(weights: Float64Array): void {
    const { count } = this.#table;
    const d = this.#d;
    let margins = 0;
    for (let k = 0; k < this.#plan.outputs; k++) {
      const at = (t: number, i: number, low: number, shift: number) => {
        const s = this.#weight(i);
        const moved = d[t] + s * shift;
        return moved < s * low ? s * low : moved > s * low + s ? s * low + s : moved;
      };
      const total = (shift: number) => {
        let sum = 0;
        this.#eachTermOf(k, (t, i, low) => {
          sum += at(t, i, low, shift);
        });
        return sum;
      };
      let low = -1;
      let high = 1;
      for (let i = 0; i < halvings; i++) {
        const middle = 0.5 * (low + high);
        if (total(middle) > 0) high = middle;
        else low = middle;
      }
      this.#spread(k, weights);
      this.#rows.fill(0);
      this.#eachTermOf(k, (t, i, least, wall) => {
        d[t] = at(t, i, least, low);
        margins += d[t] * (this.#z[i] - wall);
        this.#rows[i] += d[t];
      });
      this.#gather(k);
    }
    this.#margins = margins / count;
  }

  /** A coefficient's value, or the bound that is nearest. */
  #within(at: number, v: number): number {
    const { bounds } = this.#penalty;
    if (!bounds) return v;
    return v < bounds.lower[at] ? bounds.lower[at] : v > bounds.upper[at] ? bounds.upper[at] : v;
  }

  /** The most of r·v less the penalty of v. */
  #conjugate(at: number, r: number, w: number): number {
    const l1 = this.#l1(at);
    const l2 = this.#l2(at);
    const size = Math.abs(r) - l1;
    const free = !(size > 0) ? 0 : l2 > 0 ? size / l2 : Infinity;
    const best = this.#within(at, r > 0 ? free : -free);
    if (l1 > 0 && !(Math.abs(best) < Infinity)) return 0;
    const reach = this.#reach(at, w);
    const v = best > reach ? reach : best < -reach ? -reach : best;
    return r * v - l1 * Math.abs(v) - 0.5 * (l2 * (v * v));
  }

  /** How far off the minimum a weight without a penalty is taken to be, at most. */
  #reach(at: number, w: number): number {
    const { cols } = this.#plan;
    const deviation = at < this.#u.length ? Math.sqrt(this.#scaling.square[at % cols]) : 1;
    return far * (Math.abs(w) + this.room / deviation);
  }

  #l1(at: number): number {
    const { l1, factors } = this.#penalty;
    return factors ? l1 * factors[at] : l1;
  }

  #l2(at: number): number {
    const { l2, factors } = this.#penalty;
    return factors ? l2 * factors[at] : l2;
  }

  #row(i: number): number {
    const { index } = this.#table;
    return index ? index[i] : i;
  }

  #weight(i: number): number {
    const { sampleWeight } = this.#table;
    return sampleWeight ? sampleWeight[this.#row(i)] : 1;
  }

  /** A weight's place among those of all outputs. */
  #place(k: number, j: number): number {
    const { cols, outputs } = this.#plan;
    return j < cols ? k * cols + j : outputs * cols + k;
  }

  /** The terms of an output: their place, row, lower end of the box and wall. */
  #eachTermOf(k: number, visit: (t: number, i: number, low: number, wall: number) => void): void {
    const { count, y } = this.#table;
    for (let piece = 0; piece < this.#pieces; piece++) {
      const begin = (k * this.#pieces + piece) * count;
      const wall = wallOf(this.#plan, piece);
      for (let i = 0; i < count; i++) {
        visit(begin + i, i, lowOf(this.#plan, piece, y[this.#row(i) * this.#plan.targets + k]), wall);
      }
    }
  }
}

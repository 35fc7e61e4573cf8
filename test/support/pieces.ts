// Whether a model of a piecewise-linear loss is at the minimum of its objective: some subgradient is 0, with slopes of the
// rows at breakpoints that make up for all others. Nothing of the solvers is used.
import { type Options, type Problem, scalesOf, zOf } from './optimum.js';

/** A convex function of straight pieces: where it bends, and its slopes from left to right. */
interface Pieces {
  breaks: number[];
  slopes: number[];
}

function piecesOf({ loss, parameter = 0 }: Options, y: number): Pieces {
  switch (loss) {
    case 'quantile':
      return { breaks: [y], slopes: [-parameter, 1 - parameter] };
    case 'epsilon_insensitive':
      return { breaks: [y - parameter, y + parameter], slopes: [-1, 0, 1] };
    default:
      return { breaks: [loss === 'hinge' ? y : 0], slopes: y > 0 ? [-1, 0] : [0, 1] };
  }
}

/** f(a) - f(b). */
function difference({ breaks, slopes }: Pieces, a: number, b: number): number {
  if (a < b) return -difference({ breaks, slopes }, b, a);
  let [from, sum] = [b, 0];
  breaks.forEach((at, k) => {
    if (at <= from || at >= a) return;
    sum += slopes[k] * (at - from);
    from = at;
  });
  return sum + slopes[breaks.filter((at) => at <= from).length] * (a - from);
}

/** What f lies above its tangent of slope s, at z. */
function gapOf(pieces: Pieces, z: number, s: number): number {
  return Math.max(0, ...pieces.breaks.map((at) => difference(pieces, z, at) - s * (z - at)));
}

/** One number to choose of a range, and what it adds to the slopes. */
interface Choice {
  low: number;
  high: number;
  column: Float64Array;
}

const dot = (a: Float64Array, b: Float64Array) => a.reduce((sum, value, i) => sum + value * b[i], 0);

/** Least squares over `free` columns: what is to be added to their numbers (modified Gram-Schmidt, twice). */
function correction(choices: Choice[], free: number[], residual: Float64Array): number[] {
  const n = free.length;
  const basis: Float64Array[] = [];
  const R: number[][] = [];
  const rest = residual.slice();
  const shares: number[] = [];
  free.forEach((at, k) => {
    const column = choices[at].column.slice();
    R.push(new Array<number>(n).fill(0));
    for (let pass = 0; pass < 2; pass++) {
      basis.forEach((q, i) => {
        const share = dot(q, column);
        R[i][k] += share;
        q.forEach((value, j) => {
          column[j] -= share * value;
        });
      });
    }
    const norm = Math.sqrt(dot(column, column));
    R[k][k] = norm;
    basis.push(column.map((value) => (norm > 0 ? value / norm : 0)));
  });
  for (const q of basis) {
    const share = dot(q, rest);
    shares.push(share);
    q.forEach((value, j) => {
      rest[j] -= share * value;
    });
  }
  const found = new Array<number>(n).fill(0);
  for (let k = n - 1; k >= 0; k--) {
    let sum = -shares[k];
    for (let i = k + 1; i < n; i++) sum -= R[k][i] * found[i];
    found[k] = R[k][k] > 0 ? sum / R[k][k] : 0;
  }
  return found;
}

/** The numbers whose columns leave least of `slopes`, within their ranges (Stark and Parker 1995). Changes `slopes`. */
function leastSquares(choices: Choice[], slopes: Float64Array): Float64Array {
  const s = Float64Array.from(choices, ({ low, high }) => (low > -Infinity ? low : high));
  const residual = slopes;
  const add = (at: number, by: number) => {
    s[at] += by;
    choices[at].column.forEach((value, j) => {
      residual[j] += by * value;
    });
  };
  choices.forEach(({ column }, at) => {
    column.forEach((value, j) => {
      residual[j] += s[at] * value;
    });
  });
  let free: number[] = [];
  let barred: number[] = []; // those that could not move, since the residual changed
  for (let tries = 0; tries < 20 * (choices.length + residual.length); tries++) {
    let [best, most] = [-1, 1e-15];
    choices.forEach(({ low, high, column }, at) => {
      if (free.includes(at) || barred.includes(at)) return;
      const gain = -dot(column, residual) / Math.sqrt(dot(column, column));
      const canMove = gain > 0 ? s[at] < high : s[at] > low;
      if (canMove && Math.abs(gain) > most) [best, most] = [at, Math.abs(gain)];
    });
    if (best < 0) break;
    free.push(best);
    while (free.length > 0) {
      const by = correction(choices, free, residual);
      let share = 1;
      let stop = -1;
      free.forEach((at, k) => {
        const { low, high } = choices[at];
        const to = s[at] + by[k];
        const part = to < low ? (low - s[at]) / by[k] : to > high ? (high - s[at]) / by[k] : 1;
        if (part < share) [share, stop] = [part, at];
      });
      free.forEach((at, k) => {
        add(at, share * by[k]);
      });
      if (share > 0) barred = [];
      else barred.push(stop);
      if (stop < 0) break;
      const { low, high } = choices[stop];
      add(stop, (s[stop] - low < high - s[stop] ? low : high) - s[stop]);
      free = free.filter((at) => at !== stop);
    }
  }
  return s;
}

/** How far from a breakpoint rows may be that count as at it, as parts of the mean distance. */
const rooms = [0, ...Array.from({ length: 31 }, (_, k) => 10 ** (-14 + 0.4 * k))];

/**
 * How far the objective may be above its minimum, over the mean distance of rows from breakpoints: by what the best choice of
 * slopes leaves between the objective and its tangents, and of the slopes in the weights.
 */
export function violationOfPieces(problem: Problem, options: Options, w: Float64Array, intercept: number): number {
  const { X, y, cols } = problem;
  const { l1 = 0, l2 = 0, lowerBounds, upperBounds } = options;
  const { weight, total, mean, deviation, rows } = scalesOf(problem, options);
  const hasIntercept = options.intercept ?? true;
  const pieces = Array.from({ length: rows }, (_, i) => piecesOf(options, y[i]));
  const at = Array.from({ length: rows }, (_, i) => zOf(problem, i, w, hasIntercept ? intercept : 0));
  const used = [...at.keys()].filter((i) => weight(i) > 0);
  const distance = (i: number) => Math.min(...pieces[i].breaks.map((to) => Math.abs(at[i].z - to)));
  const unit = used.reduce((sum, i) => sum + distance(i), 0) / used.length;
  const size = cols + (hasIntercept ? 1 : 0);
  const element = (i: number, j: number) =>
    ((j < cols ? (X[i * cols + j] - mean[j]) / deviation[j] : 1) * weight(i)) / total;
  const isFixed = (j: number) => j < cols && lowerBounds !== undefined && lowerBounds[j] === upperBounds?.[j];
  const most = Math.max(...used.map((i) => at[i].size));
  const scale = Float64Array.from({ length: cols }, (_, j) => {
    return Math.max(...used.map((i) => Math.abs(X[i * cols + j] - mean[j])));
  });
  // As far as a weight may go to gain what its slope has left: as moves z by as much as rows are from breakpoints.
  const reach = Float64Array.from({ length: size }, (_, j) => {
    return j < cols ? Math.abs(w[j] * deviation[j]) + (unit * deviation[j]) / scale[j] : unit;
  });
  const ofL2 = (j: number) => (j < cols ? l2 : 0);
  // Slopes are measured by what they gain.
  const terms = Float64Array.from({ length: size }, (_, j) => {
    return isFixed(j) ? Infinity : Math.max(unit / reach[j], Math.sqrt(2 * ofL2(j) * unit));
  });
  const scoreAt = (room: number): number => {
    const slopes = new Float64Array(size);
    const choices: Choice[] = [];
    const chosen: number[] = [];
    const ofColumns: number[] = [];
    for (let j = 0; j < cols; j++) {
      const own = w[j] * deviation[j];
      // As near to 0 or a bound as rows are to breakpoints.
      const near = (room * unit + 2 ** -48 * most) / scale[j];
      let low = l2 * own + (w[j] > near ? l1 : -l1);
      let high = l2 * own + (w[j] < -near ? -l1 : l1);
      if (w[j] <= (lowerBounds?.[j] ?? -Infinity) + near) low = -Infinity;
      if (w[j] >= (upperBounds?.[j] ?? Infinity) - near) high = Infinity;
      if (isFixed(j)) continue;
      const column = new Float64Array(size);
      column[j] = 1 / terms[j];
      if (low < high) {
        choices.push({ low, high, column });
        ofColumns.push(j);
      } else slopes[j] += low / terms[j];
    }
    for (const i of used) {
      const { breaks, slopes: own } = pieces[i];
      const near = room * unit + 2 ** -48 * (at[i].size + Math.abs(y[i]));
      const low = own[breaks.filter((to) => to < at[i].z - near).length];
      const high = own[breaks.filter((to) => to <= at[i].z + near).length];
      const column = Float64Array.from({ length: size }, (_, j) => element(i, j) / terms[j]);
      if (low < high) {
        choices.push({ low, high, column });
        chosen.push(i);
      } else {
        column.forEach((value, j) => {
          slopes[j] += low * value;
        });
      }
    }
    const s = leastSquares(choices, slopes);
    const gap = chosen.reduce((sum, i, k) => {
      return sum + (weight(i) / total) * gapOf(pieces[i], at[i].z, s[ofColumns.length + k]);
    }, 0);
    // The same of penalties and bounds: by how much another coefficient is better for such a slope of the loss.
    const ofPenalty = ofColumns.reduce((sum, j, k) => {
      const slope = s[k] - l2 * w[j] * deviation[j];
      const ends = [0, lowerBounds?.[j] ?? 0, upperBounds?.[j] ?? 0].filter(Number.isFinite);
      const gain = (v: number) => deviation[j] * (slope * v - l1 * Math.abs(v));
      return sum + Math.max(0, ...ends.map((v) => gain(v) - gain(w[j])));
    }, 0);
    const roundoff = used.reduce((sum, i) => sum + (weight(i) / total) * 2 ** -48 * (at[i].size + Math.abs(y[i])), 0);
    let hidden = 0;
    for (let j = 0; j < size; j++) {
      if (isFixed(j)) continue;
      const left = Math.abs(slopes[j] * terms[j]);
      const byL2 = ofL2(j) > 0 ? (left * left) / (2 * ofL2(j)) : Infinity;
      hidden += Math.min(left * reach[j], byL2);
    }
    const above = gap + ofPenalty + hidden - roundoff;
    return above > 0 ? above / unit : 0;
  };
  let least = Infinity;
  for (const room of rooms) {
    least = Math.min(least, scoreAt(room));
    if (least === 0) break;
  }
  return least;
}

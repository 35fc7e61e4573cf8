// Line search for the strong Wolfe conditions (Nocedal and Wright, Numerical Optimization, 3.5).
// By bracketing and cubic interpolation. Where rounding hides the decrease it takes the approximate conditions of Hager
// and Zhang (2005), which use the slope alone. Twin: native/solver/linesearch.h.

/** A point of the ray: how far, the value there and the slope. */
export interface RayPoint {
  t: number;
  value: number;
  slope: number;
}

const decrease = 1e-4;
const curvature = 0.9;
const most = 20;
const shorter = 2 ** -30; // of a trial
const widest = 2 ** 10; // high.t / low.t of a bracket in which a cubic says something
const patient = 5; // trials after which a step that is far too long shrinks faster

/** The minimum of the cubic through two points; kept off the ends of the interval. */
function between(low: RayPoint, high: RayPoint): number {
  const width = high.t - low.t;
  const middle = low.t + 0.5 * width;
  if (!(high.value < Infinity)) return low.t + 0.1 * width;
  const d1 = low.slope + high.slope - (3 * (high.value - low.value)) / width;
  const square = d1 * d1 - low.slope * high.slope;
  if (!(square >= 0)) return middle;
  const d2 = Math.sqrt(square);
  const t = high.t - (width * (high.slope + d2 - d1)) / (high.slope - low.slope + 2 * d2);
  return t >= low.t + 0.1 * width && t <= low.t + 0.9 * width ? t : middle;
}

/** The next trial where those before were too long: of the slopes' secant where that is much shorter. */
function nearStart(start: RayPoint, high: RayPoint, tries: number): number {
  const secant = (-start.slope * high.t) / (high.slope - start.slope);
  if (secant > 0 && secant < shorter * high.t) return secant;
  return tries >= patient ? 0.01 * high.t : between(start, high);
}

/** The next trial in a bracket: where its ends are of different magnitudes, of the magnitude between them. */
function inside(low: RayPoint, high: RayPoint): number {
  return high.t > widest * low.t ? Math.sqrt(low.t) * Math.sqrt(high.t) : between(low, high);
}

/**
 * Searches from `start` (t = 0) with a first trial at `t`. `at` evaluates and returns a point; the last one evaluated
 * is the one that is returned. `roundoff`: smaller changes of the value are rounding. t = 0: nothing lowers the value.
 */
export function wolfe(start: RayPoint, first: number, roundoff: number, at: (t: number) => RayPoint): RayPoint {
  let low = start;
  let high: RayPoint | null = null;
  let best = start;
  let t = first;
  for (let tries = 0; tries < most; tries++) {
    const point = at(t);
    const { value, slope } = point;
    const level = Math.abs(value - start.value) <= roundoff;
    const lower = level ? slope <= (2 * decrease - 1) * start.slope : value <= start.value + decrease * t * start.slope;
    if (lower && Math.abs(slope) <= -curvature * start.slope) return point;
    if (lower && value < best.value) best = point;
    if (lower && slope < 0) low = point;
    else high = point;
    // A parabola whose slope has not fallen to 0.9 has its minimum beyond 10 t.
    t = !high ? 10 * t : low.t === 0 ? nearStart(start, high, tries) : inside(low, high);
    if (!(t > low.t && t < Infinity)) break;
  }
  return best.t > 0 ? at(best.t) : start;
}

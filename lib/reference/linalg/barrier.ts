// Terms of a piecewise-linear objective as an interior point method sees them.
// A term is max d·m over low <= d <= high, where m is a margin: that of a row, or the distance of a coefficient from 0.
// With e = d - low, c = high - d and m = u - v, none of the four is negative. At an optimum c·u = 0 and e·v = 0; on the
// central path both products are about μ. Twin: native/linalg/barrier.h.

// The direction of a term, as the last formula has it; c goes against e.
let de = 0;
let du = 0;
let dv = 0;

/** How much of dx x can take, up to `most`, without being negative. */
function reach(x: number, dx: number, most: number): number {
  return x + most * dx < 0 ? -x / dx : most;
}

/**
 * Passes go over n terms from t on; what belongs to rows and coefficients (changes of z, sums over a row's terms) begins
 * at `at`.
 */
export class Barrier {
  readonly low: Float64Array;
  readonly m: Float64Array;
  readonly e: Float64Array; // 0: the term is left out, since low = high
  readonly c: Float64Array;
  readonly u: Float64Array;
  readonly v: Float64Array;
  // Of the last bend(): 1/e, 1/c and the second derivative in m.
  readonly #inverseE: Float64Array;
  readonly #inverseC: Float64Array;
  readonly #curvature: Float64Array;

  /** Sums over the terms: d·m, by how much d falls short of the most, the products, and how many these are. */
  value = 0;
  gap = 0;
  products = 0;
  pairs = 0;
  /** How much of the direction u and v, and how much of it e and c, can take. */
  primal = 0;
  dual = 0;
  #target = 0; // μ
  #second = 0; // how much the products of the affine direction's parts count
  // The change of the products along the affine direction, in u and v, in e and c, and in both.
  #inPrimal = 0;
  #inDual = 0;
  #inBoth = 0;

  constructor(terms: number) {
    const array = () => new Float64Array(terms);
    [this.low, this.m, this.e, this.c, this.u, this.v] = [array(), array(), array(), array(), array(), array()];
    [this.#inverseE, this.#inverseC, this.#curvature] = [array(), array(), array()];
  }

  /** A term begins in the middle of its box, `room` beyond its margin. */
  begin(t: number, width: number, room: number): void {
    const m = this.m[t];
    this.e[t] = this.c[t] = 0.5 * width;
    this.u[t] = (m > 0 ? m : 0) + room;
    this.v[t] = (m < 0 ? -m : 0) + room;
  }

  /** A term whose margin may not be positive, and is not: there is no end to its box. */
  beginBound(t: number, e: number): void {
    this.e[t] = e;
    this.c[t] = Infinity;
    this.u[t] = 0;
    this.v[t] = -this.m[t];
  }

  reset(): void {
    this.value = this.gap = this.products = this.pairs = 0;
  }

  /** Adds up the terms where they are; of each row d, the second derivatives, and these times m. */
  addCurvature(
    t: number,
    n: number,
    slope: Float64Array,
    curvature: Float64Array,
    pull: Float64Array,
    at: number,
  ): void {
    const { low, m, e, c, u, v } = this;
    for (const end = t + n; t < end; t++, at++) {
      if (!(e[t] > 0)) continue;
      const d = low[t] + e[t];
      const inverseE = 1 / e[t];
      const inverseC = 1 / c[t];
      const D = 1 / (u[t] * inverseC + v[t] * inverseE);
      this.#inverseE[t] = inverseE;
      this.#inverseC[t] = inverseC;
      this.#curvature[t] = D;
      slope[at] += d;
      curvature[at] += D;
      pull[at] += D * m[t];
      this.value += d * m[t];
      this.gap += m[t] > 0 ? c[t] * m[t] : -(e[t] * m[t]);
      this.products += e[t] * v[t];
      this.pairs++;
      if (!(u[t] > 0)) continue;
      this.products += c[t] * u[t];
      this.pairs++;
    }
  }

  /** Before a direction, of which no more than `most` will be asked for. */
  turn(most: number): void {
    this.primal = this.dual = most;
    this.#inPrimal = this.#inDual = this.#inBoth = 0;
  }

  /** How far the affine direction goes, to where the products would be 0, and what becomes of them. */
  aim(t: number, n: number, affine: Float64Array, at: number): void {
    const { e, c, u, v } = this;
    for (const end = t + n; t < end; t++, at++) {
      if (!(e[t] > 0)) continue;
      this.#affine(t, affine[at]);
      this.#limit(t);
      const turned = de * (u[t] - v[t]);
      this.#inPrimal += turned - e[t] * v[t] - (u[t] > 0 ? c[t] * u[t] : 0);
      this.#inDual -= turned;
      this.#inBoth += de * (dv - du);
    }
  }

  /**
   * Chooses μ by what the affine direction leaves of the products, of whose sum `least` is to stay. `isIdle`: the last
   * iteration gained next to nothing, as where terms are far from central and second-order corrections send them to and fro;
   * so half of the products stay, and there are no such corrections.
   */
  center(least: number, isIdle: boolean): void {
    const { primal, dual, products } = this;
    const both = primal * dual;
    const left = products + primal * this.#inPrimal + dual * this.#inDual + both * this.#inBoth;
    const share = left > 0 ? left / products : 0;
    const floor = isIdle && 0.5 * products > least ? 0.5 * products : least;
    const rest = share * share * share * products;
    this.#second = isIdle ? 0 : both;
    this.#target = (rest > floor ? rest : floor) / this.pairs;
  }

  /** Adds what μ and the affine direction's second order ask of each row beside `bend`. */
  correct(t: number, n: number, affine: Float64Array, pull: Float64Array, at: number): void {
    for (const end = t + n; t < end; t++, at++) {
      if (this.e[t] > 0) pull[at] += this.#curvature[t] * this.#correction(t, affine[at]);
    }
  }

  /** How far the corrected direction goes. */
  measure(t: number, n: number, affine: Float64Array, along: Float64Array, at: number): void {
    for (const end = t + n; t < end; t++, at++) {
      if (!(this.e[t] > 0)) continue;
      this.#corrected(t, affine[at], along[at]);
      this.#limit(t);
    }
  }

  /** Goes it, `primal` and `dual` of it. */
  move(
    t: number,
    n: number,
    affine: Float64Array,
    along: Float64Array,
    at: number,
    primal: number,
    dual: number,
  ): void {
    for (const end = t + n; t < end; t++, at++) {
      if (!(this.e[t] > 0)) continue;
      this.#corrected(t, affine[at], along[at]);
      this.e[t] += dual * de;
      this.c[t] -= dual * de;
      this.u[t] += primal * du;
      this.v[t] += primal * dv;
    }
  }

  /** Whether m goes to 0 and d does not go to an end of its box, beside what is usual for both. */
  isAtBreakpoint(t: number, width: number, room: number): boolean {
    const inside = this.e[t] < this.c[t] ? this.e[t] : this.c[t];
    const off = this.u[t] > this.v[t] ? this.u[t] : this.v[t];
    return inside * room > off * width;
  }

  #affine(t: number, change: number): void {
    de = this.#curvature[t] * (this.m[t] - change);
    du = this.u[t] * (de * this.#inverseC[t] - 1);
    dv = -(this.v[t] * (de * this.#inverseE[t] + 1));
  }

  #correction(t: number, affine: number): number {
    this.#affine(t, affine);
    const second = this.#second * de;
    return (this.#target - second * dv) * this.#inverseE[t] - (this.#target + second * du) * this.#inverseC[t];
  }

  #corrected(t: number, affine: number, change: number): void {
    const correction = this.#correction(t, affine);
    const second = this.#second * de;
    const toU = (this.#target + second * du) * this.#inverseC[t];
    const toV = (this.#target - second * dv) * this.#inverseE[t];
    de = this.#curvature[t] * (this.m[t] + correction - change);
    du = toU + this.u[t] * (de * this.#inverseC[t] - 1);
    dv = toV - this.v[t] * (de * this.#inverseE[t] + 1);
  }

  #limit(t: number): void {
    this.dual = reach(this.c[t], -de, reach(this.e[t], de, this.dual));
    this.primal = reach(this.v[t], dv, reach(this.u[t], du, this.primal));
  }
}

// Systems (XᵀDX + E)s = g, D and E diagonal, with as many equations as rows.
// For fewer rows than columns (solver/dual); an intercept, which E does not penalise, is solved along with them. Twin:
// native/solver/rowequations.cc.
import type { Plan, Table } from '../../backend/plan.js';
import { axpy, dot } from '../kernels/dense.js';
import type { Penalty } from '../kernels/penalties.js';
import { factorize, solveFactorized } from '../linalg/cholesky.js';
import type { Gram } from '../objective/gram.js';
import type { LinearMap } from '../objective/linearmap.js';

const fewColumns = 32; // native code fits problems of few columns side by side, by Newton's equations

export class RowEquations {
  readonly #rows: number;
  readonly #cols: number;
  readonly #intercept: boolean;
  readonly #map: LinearMap;
  readonly #E: Float64Array;
  readonly #least: number;
  readonly #shift: number; // σ, with an intercept that has no `least`, where D has no end
  readonly #products: Float64Array; // XE⁻¹Xᵀ + σ11ᵀ
  readonly #inverse: Float64Array; // 1/E
  readonly #root: Float64Array; // √D
  readonly #ofRoot: Float64Array; // what the equations make of it
  readonly #share: Float64Array; // h = D(Xs + b), and behind it of coefficients
  readonly #product: Float64Array; // as long
  #D: Float64Array = new Float64Array(0);

  /**
   * Whether they are worth it: columns are many, rows fewer, and every coefficient has l2 alone. Other terms of coefficients
   * would cost digits.
   */
  static suit({ cols, l1, l2, bounded }: Plan, { count }: Table, { factors }: Penalty): boolean {
    if (factors?.some((factor) => !(factor > 0))) return false;
    return cols > fewColumns && l2 > 0 && l1 === 0 && !bounded && count < cols;
  }

  /**
   * E > 0, of the coefficients, must stay. `gram`: of the columns that columnsOf() gives. `least`: what the intercept has for
   * a second derivative where the rows leave it less.
   */
  constructor({ cols, intercept }: Plan, rows: number, E: Float64Array, least: number, map: LinearMap, gram: Gram) {
    this.#rows = rows;
    this.#cols = cols;
    this.#intercept = intercept;
    this.#E = E;
    this.#least = least;
    this.#map = map;
    this.#products = new Float64Array(rows * rows);
    this.#inverse = E.map((e) => 1 / e);
    gram.evaluate(this.#inverse, this.#products);
    const isShifted = intercept && !(least > 0);
    let trace = 0;
    for (let i = 0; isShifted && i < rows; i++) trace += this.#products[i * rows + i];
    this.#shift = trace / rows;
    for (let at = 0; at < this.#products.length; at++) this.#products[at] += this.#shift;
    this.#root = new Float64Array(rows);
    this.#ofRoot = new Float64Array(rows);
    this.#share = new Float64Array(rows + cols);
    this.#product = new Float64Array(rows + cols);
  }

  /** For D of the rows, which must stay; H becomes a factor of K = √D (XE⁻¹Xᵀ + σ11ᵀ) √D + I, of rows². */
  factorize(D: Float64Array, H: Float64Array): void {
    const rows = this.#rows;
    const root = this.#root;
    const products = this.#products;
    this.#D = D;
    for (let i = 0; i < rows; i++) root[i] = Math.sqrt(D[i]);
    for (let i = 0; i < rows; i++) {
      for (let k = 0; k <= i; k++) H[i * rows + k] = root[i] * products[i * rows + k] * root[k];
      H[i * rows + i] += 1;
    }
    factorize(H, rows);
    this.#ofRoot.set(root);
    solveFactorized(H, rows, this.#ofRoot);
  }

  /**
   * g becomes s; z becomes Xs and the intercept's step, and behind it s, with the digits that rows of a large D need. Once
   * more for what the first solution leaves.
   */
  solve(H: Float64Array, g: Float64Array, z: Float64Array): void {
    const rows = this.#rows;
    const cols = this.#cols;
    const D = this.#D;
    const s = new Float64Array(g.length);
    const h = this.#share.fill(0);
    const left = g.slice();
    z.fill(0);
    for (let round = 0; round < 2; round++) {
      this.#solveOnce(H, left, z);
      for (let j = 0; j < g.length; j++) s[j] += left[j];
      for (let i = 0; i < rows; i++) h[i] += z[i];
      if (round > 0) break;
      // What is left: g - Es - Xᵀh of the coefficients, Xs + b - D⁻¹h of the rows.
      for (let j = 0; j < cols; j++) h[rows + j] = this.#E[j] * s[j];
      left.fill(0);
      this.#map.gather(h, left);
      for (let j = 0; j < g.length; j++) left[j] = g[j] - left[j];
      this.#map.spread(s, z);
      for (let i = 0; i < rows; i++) z[i] = D[i] > 0 ? z[i] - h[i] / D[i] : 0;
    }
    g.set(s);
    for (let i = 0; i < rows; i++) z[i] = D[i] > 0 ? h[i] / D[i] : 0;
    for (let j = 0; j < cols; j++) z[rows + j] = s[j];
  }

  /**
   * Es + Xᵀh = g and D⁻¹h - Xs - b = r: (D⁻¹ + XE⁻¹Xᵀ)h = XE⁻¹g + b + r, where 1ᵀh is the intercept's part of g, which
   * tells b. Columns that are centred leave XE⁻¹Xᵀ nothing along 1, where large D would cost all digits: σ11ᵀh of both sides
   * makes up for it. g becomes s and b, r becomes h.
   */
  #solveOnce(H: Float64Array, g: Float64Array, r: Float64Array): void {
    const root = this.#root;
    const inverse = this.#inverse;
    const cols = this.#cols;
    const product = this.#product;
    const own = r.subarray(0, this.#rows);
    const part = g.map((slope, j) => (j < cols ? inverse[j] * slope : 0));
    this.#map.spread(part, product);
    for (let i = 0; i < own.length; i++) own[i] = root[i] * (product[i] + own[i]);
    solveFactorized(H, own.length, own);
    if (this.#intercept) {
      const curvature = dot(root, this.#ofRoot);
      const moved = (g[cols] - dot(root, own)) / (curvature > this.#least ? curvature : this.#least);
      axpy(moved, this.#ofRoot, own);
      g[cols] = moved - this.#shift * g[cols];
    }
    for (let i = 0; i < own.length; i++) own[i] *= root[i];
    product.fill(0).set(own);
    part.fill(0);
    this.#map.gather(product, part);
    for (let j = 0; j < cols; j++) g[j] = inverse[j] * (g[j] - part[j]);
  }
}

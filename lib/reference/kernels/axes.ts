// Reductions of tensors over one axis.
// Twins: native/objective/tensors.cc, native/kernels/elementwise.h.
import { rowsPerBlock, Tree } from '../objective/blocks.js';
import { sum } from './sums.js';

/** g += the rows from `at` on, in fours, (0 + 1) + (2 + 3), and what is left row after row. */
function addRows(x: Float64Array, at: number, count: number, inner: number, g: Float64Array): void {
  let l = 0;
  for (; l + 4 <= count; l += 4) {
    const first = at + l * inner;
    for (let i = 0; i < inner; i++) {
      const k = first + i;
      g[i] += x[k] + x[k + inner] + (x[k + 2 * inner] + x[k + 3 * inner]);
    }
  }
  for (; l < count; l++) {
    const first = at + l * inner;
    for (let i = 0; i < inner; i++) g[i] += x[first + i];
  }
}

/** The sum over the middle of three axes; see TensorKernels for the order. */
export function sumAxis(x: Float64Array, outer: number, length: number, inner: number, out: Float64Array): void {
  if (inner === 1) {
    for (let o = 0; o < outer; o++) out[o] = sum(x, o * length, length);
    return;
  }
  out.fill(0);
  if (length === 0 || inner === 0) return;
  const block = rowsPerBlock(inner);
  if (length <= block) {
    for (let o = 0; o < outer; o++) addRows(x, o * length * inner, length, inner, out.subarray(o * inner));
    return;
  }
  const tree = new Tree(inner);
  for (let o = 0; o < outer; o++) {
    tree.reset();
    for (let l = 0; l < length; l += block) {
      addRows(x, (o * length + l) * inner, Math.min(block, length - l), inner, tree.next());
      tree.push();
    }
    out.set(tree.total(), o * inner);
  }
}

/** The first extreme over the middle of three axes, and where it is; a NaN wins. */
export function extremeAxis(
  least: boolean,
  x: Float64Array,
  outer: number,
  length: number,
  inner: number,
  out: Float64Array,
  index: Int32Array,
): void {
  for (let o = 0, to = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++, to++) {
      const from = o * length * inner + i;
      let best = x[from];
      let at = 0;
      for (let l = 1; l < length && !Number.isNaN(best); l++) {
        const value = x[from + l * inner];
        if (least ? value < best : value > best) {
          best = value;
          at = l;
        } else if (Number.isNaN(value)) {
          best = value;
          at = l;
        }
      }
      out[to] = best;
      index[to] = at;
    }
  }
}

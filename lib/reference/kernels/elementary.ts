// Elementary functions of tensors.
// Stand-ins of the host until the project's own are here.
import { log1p as log1pNear, exp as ownExp } from './math.js';

export const exp = ownExp;
export const log = Math.log;
export const log1p = (x: number): number => (x >= -0.29 && x <= 1 ? log1pNear(x) : Math.log1p(x));
export const expm1 = Math.expm1;
export const sin = Math.sin;
export const cos = Math.cos;
export const tan = Math.tan;
export const asin = Math.asin;
export const atan = Math.atan;
export const tanh = Math.tanh;
export const pow = Math.pow;

/** Series of erf, and the continued fraction of its complement. */
export function erf(x: number): number {
  const a = Math.abs(x);
  if (a < 2.5) {
    let term = x;
    let total = x;
    for (let n = 1; n < 80; n++) {
      term *= (-x * x) / n;
      total += term / (2 * n + 1);
    }
    return (total * 2) / Math.sqrt(Math.PI);
  }
  let f = 0;
  for (let n = 60; n > 0; n--) f = n / 2 / (a + f);
  return Math.sign(x) * (1 - Math.exp(-a * a) / ((a + f) * Math.sqrt(Math.PI)));
}

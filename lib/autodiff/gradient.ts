// Public gradient of nabla/textbook: the three derivatives of a lecture.
import { derivative, grad, type Traceable } from './derivatives.js';
import { Tensor } from './tensor.js';
import type { Kind } from './trees.js';

/** See `gradient` of nabla/textbook. */
export interface GradientOf {
  (f: Traceable, x: Float64Array): Float64Array;
  (f: Traceable, x: Tensor): Tensor;
  (f: Traceable, x: number): number | Float64Array | Tensor;
  <X extends readonly (readonly number[])[]>(f: Traceable, x: X): Kind<X>;
}

/** By a scalar forwards (f may return a vector), else of a scalar. */
export const gradient = ((f: Traceable, x: number | Float64Array | Tensor) => {
  const isScalar = typeof x === 'number' || (x instanceof Tensor && x.shape.length === 0);
  return isScalar ? derivative(f)(x) : grad(f)(x);
}) as GradientOf;

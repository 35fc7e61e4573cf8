// customOp: an op with a caller's own forward computation and gradient.
import { isSameShape, shapeError, showShape, typeError } from './shape.js';
import { madeOf, operandsOf, unrecorded } from './tape.js';
import { type Operand, operand, Rule, Tensor } from './tensor.js';

/** An op of a caller. */
export interface CustomOp {
  /** In errors and graphs. Default `'custom'`. */
  name?: string;
  /** The result of the operands, which are constant here; ops in it are not recorded. */
  forward(...operands: Tensor[]): Operand;
  /**
   * Gradients in the operands, of the gradient in the result: an array of one each (null: 0), or the one of a single operand.
   * Written in ops, it can be differentiated again.
   */
  vjp(gradient: Tensor, result: Tensor, ...operands: Tensor[]): Operand | readonly (Operand | null)[];
}

/**
 * An op from a forward computation and its vector-Jacobian product.
 *
 * @throws NablaError `ERR_INVALID_ARG_TYPE`; `ERR_SHAPE`, when a gradient has another shape than its operand
 */
export function customOp({ name = 'custom', forward, vjp }: CustomOp): (...operands: Operand[]) => Tensor {
  if (typeof name !== 'string') throw typeError('customOp', 'name', 'a string', name);
  if (typeof forward !== 'function') throw typeError(name, 'forward', 'a function', forward);
  if (typeof vjp !== 'function') throw typeError(name, 'vjp', 'a function', vjp);
  const rule = new Rule(name, [], (g, r) => {
    const count = r.detail as number;
    const operands = operandsOf(r, count);
    const returned = vjp(g, r, ...operands);
    const isList = count !== 1 || (Array.isArray(returned) && returned.length === 1 && typeof returned[0] !== 'number');
    const list = (isList ? returned : [returned]) as readonly (Operand | null)[];
    if (!Array.isArray(list) || list.length !== count) {
      throw typeError(name, 'the result of vjp', `an array of ${count} gradients, one for each operand`, returned);
    }
    return list.map((item, i) => {
      if (item === null) return null;
      const gradient = operand(name, `gradient ${i} of vjp`, item);
      if (isSameShape(gradient.shape, operands[i].shape)) return gradient;
      const shapes = `${showShape(operands[i].shape)}; got ${showShape(gradient.shape)}`;
      throw shapeError(name, `gradient ${i} of vjp must have the shape of its operand, ${shapes}`);
    });
  });
  return (...given) => {
    const operands = given.map((item, i) => operand(name, `operand ${i}`, item));
    const constants = operands.map((x) => new Tensor(x.data, x.shape));
    const { data, shape } = unrecorded(() => operand(name, 'the result of forward', forward(...constants)));
    return madeOf(rule, data, shape, operands, operands.length);
  };
}

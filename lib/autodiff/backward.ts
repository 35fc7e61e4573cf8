// Backward pass: gradients in the inputs of a derivative, in reverse order of creation.
import { add } from './ops/arithmetic.js';
import { sumTo } from './ops/broadcast.js';
import { filled } from './ops/structure.js';
import { isSameShape } from './shape.js';
import { type Level, operandsOf } from './tape.js';
import type { Rule, Tensor } from './tensor.js';

/** Adds to the gradient of an operand: those of several uses add up as they come. */
function give(x: Tensor, gradient: Tensor | null): void {
  if (gradient === null) return;
  const own = isSameShape(gradient.shape, x.shape) ? gradient : sumTo(gradient, x.shape);
  x.gradient = x.gradient === null ? own : add(x.gradient, own);
}

/** Hands the gradient of a result on to its operands. */
function propagate(level: Level, result: Tensor, gradient: Tensor): void {
  const { vjps, all } = result.rule as Rule;
  if (all !== null) {
    const gradients = all(gradient, result);
    operandsOf(result, gradients.length).forEach((x, k) => {
      if (level.reaches(x)) give(x, gradients[k]);
    });
    return;
  }
  if (level.reaches(result.a)) give(result.a, vjps[0](gradient, result));
  if (vjps.length === 1) return;
  if (level.reaches(result.b)) give(result.b, vjps[1](gradient, result));
  for (let k = 2; k < vjps.length; k++) {
    const x = result.more[k - 2];
    if (level.reaches(x)) give(x, vjps[k](gradient, result));
  }
}

/**
 * Gradients in the level's inputs of Σ ⟨seed, output⟩; zeros where no output depends on an input. The ops that compute them
 * are recorded for whichever derivatives record.
 *
 * @param visit - told of each result and its gradient
 */
export function backward(
  level: Level,
  outputs: readonly Tensor[],
  seeds: readonly Tensor[],
  visit?: (result: Tensor, gradient: Tensor) => void,
): Tensor[] {
  const { nodes, first, inputs } = level;
  let at = nodes.length;
  try {
    for (let i = 0; i < outputs.length; i++) if (level.reaches(outputs[i])) give(outputs[i], seeds[i]);
    while (--at >= first) {
      const result = nodes[at];
      const { gradient } = result;
      if (gradient === null) continue;
      result.gradient = null;
      visit?.(result, gradient);
      propagate(level, result, gradient);
    }
    return inputs.map((input) => input.gradient ?? filled(0, input.shape));
  } finally {
    for (at = Math.min(at, nodes.length - 1); at >= first; at--) nodes[at].gradient = null; // where an op has thrown
    for (const input of inputs) input.gradient = null;
  }
}

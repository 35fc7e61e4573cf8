// Update rules. A rule says what it computes once a step (`begin`) and what it does to one weight (`step`): the next
// weight and, in `stepSize`, the size of the step, which a proximal step after it needs. Parameters 0 … 2 are
// learningRate, weightDecay and decoupled for all. Twins: native/kernels/updates.h and the lifts in passes.h.
import { power, sign } from './math.js';
import { type Penalty, proximal } from './penalties.js';

/** What may be done to a gradient and a step beside the rule itself. */
export interface Modifiers {
  /** of the gradient: 1, or what clipping by norm asks for */
  scale: number;
  /** largest magnitude of a gradient's element; 0: any */
  clipValue: number;
  /** weight decay added to the gradient */
  coupled: number;
  /** what weight decay and l2 add to the gradient is at most this times the weight */
  mostPull: number;
  /** factor on the weights before the step: 1, or max(0, 1 - ηλ) */
  decoupled: number;
  /** l1 and l2 by a proximal step; otherwise l2 joins the gradient */
  proximal: boolean;
  penalty: Penalty;
}

/** The next weight i, from weight w and gradient g; states s change in place, c holds the step's coefficients. */
type Step = (w: number, g: number, s: readonly Float64Array[], i: number, c: Float64Array) => number;

/** How far the last Step goes for each unit of gradient, were the gradient always the same: momentum included. */
let stepSize = 0;

export interface Rule {
  name: string;
  /** Names, space-separated, in the order of catalog.ts. */
  parameters: string;
  states: number;
  /** takes l2, too, by a proximal step */
  proximal: boolean;
  initialState(p: Float64Array): number;
  /** Advances the running products (1 at first) to step t and writes the pass's coefficients. */
  begin(p: Float64Array, rate: number, t: number, running: Float64Array, c: Float64Array): void;
  /**
   * How far one unit of this step's gradient moves a weight, of a rule that does not divide by the gradient's size:
   * decay by more than the inverse would turn the sign of a weight. 0: it divides.
   */
  stepLength(p: Float64Array, c: Float64Array): number;
  step(p: Float64Array): Step;
}

/** x/root, and 0 where the root is 0: a square of 0, or one that has underflown, allows no step. */
function divided(x: number, root: number): number {
  return root === 0 ? 0 : x / root;
}

/** w -= ηg; weight decay and l2 are a factor on w, max(0, 1 - ηλ), which cannot turn its sign */
const sgd: Step = (w, g, _s, _i, c) => {
  stepSize = c[0];
  return w - c[0] * g;
};
/** v = μv + (1-τ)g (the first v is g); w -= ηv */
const momentum: Step = (w, g, s, i, c) => {
  s[0][i] = c[1] * s[0][i] + c[2] * g;
  stepSize = c[3];
  return w - c[0] * s[0][i];
};
/** v as in momentum; w -= η(g + μv) */
const nesterov: Step = (w, g, s, i, c) => {
  s[0][i] = c[1] * s[0][i] + c[2] * g;
  stepSize = c[4];
  return w - c[0] * (g + c[1] * s[0][i]);
};
/** learningRate weightDecay decoupled momentum dampening nesterov */
const beginSgd: Rule['begin'] = (p, rate, t, _running, c) => {
  c[0] = rate;
  c[1] = p[3];
  c[2] = t === 1 ? 1 : 1 - p[4];
  c[3] = (rate * (1 - p[4])) / (1 - p[3]); // how far a steady gradient goes, for a proximal step
  c[4] = rate + p[3] * c[3];
};

const momentumLength: Rule['stepLength'] = (_p, c) => c[0] * c[2];
const nesterovLength: Rule['stepLength'] = (_p, c) => c[0] * (1 + c[1] * c[2]);
const sgdLength: Rule['stepLength'] = (p, c) => (p[5] !== 0 ? nesterovLength(p, c) : momentumLength(p, c));

/** G += g²; w -= η/(1+(t-1)d) · g/(√G + ε) */
const adagrad: Step = (w, g, s, i, c) => {
  s[0][i] += g * g;
  const root = Math.sqrt(s[0][i]) + c[1];
  stepSize = divided(c[0], root);
  return w - divided(c[0] * g, root);
};
/** … epsilon learningRateDecay initialAccumulator */
const beginAdagrad: Rule['begin'] = (p, rate, t, _running, c) => {
  c[0] = rate / (1 + (t - 1) * p[4]);
  c[1] = p[3];
};

/** V = ρV + (1-ρ)g²; Δ = g√(D+ε)/√(V+ε); D = ρD + (1-ρ)Δ²; w -= ηΔ */
const adadelta: Step = (w, g, s, i, c) => {
  s[0][i] = c[1] * s[0][i] + c[2] * (g * g);
  const scale = divided(Math.sqrt(s[1][i] + c[3]), Math.sqrt(s[0][i] + c[3]));
  const d = scale * g;
  s[1][i] = c[1] * s[1][i] + c[2] * (d * d);
  stepSize = c[0] * scale;
  return w - c[0] * d;
};
/** … decay epsilon */
const beginAdadelta: Rule['begin'] = (p, rate, _t, _running, c) => {
  c[0] = rate;
  c[1] = p[3];
  c[2] = 1 - p[3];
  c[3] = p[4];
};

/** v = αv + (1-α)g²; w -= η g/(√v + ε) */
const rmsprop: Step = (w, g, s, i, c) => {
  s[0][i] = c[1] * s[0][i] + c[2] * (g * g);
  const root = Math.sqrt(s[0][i]) + c[3];
  stepSize = divided(c[0], root);
  return w - c[0] * divided(g, root);
};
/** b = μb + g/(√v + ε); w -= ηb */
const rmspropMomentum: Step = (w, g, s, i, c) => {
  s[0][i] = c[1] * s[0][i] + c[2] * (g * g);
  const root = Math.sqrt(s[0][i]) + c[3];
  s[1][i] = c[4] * s[1][i] + divided(g, root);
  stepSize = divided(c[5], root);
  return w - c[0] * s[1][i];
};
/** √max(0, v - ḡ²) in place of √v, with momentum (0 is none) */
const rmspropCentered: Step = (w, g, s, i, c) => {
  s[0][i] = c[1] * s[0][i] + c[2] * (g * g);
  s[2][i] = c[1] * s[2][i] + c[2] * g;
  const variance = s[0][i] - s[2][i] * s[2][i];
  // Of a square that has overflown ∞, not NaN.
  const least = s[0][i] < Infinity ? 0 : s[0][i];
  const root = Math.sqrt(variance > 0 ? variance : least) + c[3];
  s[1][i] = c[4] * s[1][i] + divided(g, root);
  stepSize = divided(c[5], root);
  return w - c[0] * s[1][i];
};
/** … decay epsilon momentum centered */
const beginRmsprop: Rule['begin'] = (p, rate, _t, _running, c) => {
  c[0] = rate;
  c[1] = p[3];
  c[2] = 1 - p[3];
  c[3] = p[4];
  c[4] = p[5];
  c[5] = rate / (1 - p[5]); // how far a steady gradient goes
};

/** w -= c₀ m/root, as Adam and its kin end. */
function down(w: number, m: number, root: number, c: Float64Array): number {
  stepSize = divided(c[0], root);
  return w - divided(c[0] * m, root);
}

/** m = β₁m + (1-β₁)g; v = β₂v + (1-β₂)g²; w -= η/(1-β₁ᵗ) · m/(√v/√(1-β₂ᵗ) + ε) */
const adam: Step = (w, g, s, i, c) => {
  s[0][i] = c[1] * s[0][i] + c[2] * g;
  s[1][i] = c[3] * s[1][i] + c[4] * (g * g);
  return down(w, s[0][i], Math.sqrt(s[1][i]) * c[5] + c[6], c);
};
/** V = max(V, v) in place of v */
const amsgrad: Step = (w, g, s, i, c) => {
  s[0][i] = c[1] * s[0][i] + c[2] * g;
  s[1][i] = c[3] * s[1][i] + c[4] * (g * g);
  s[2][i] = s[2][i] > s[1][i] ? s[2][i] : s[1][i];
  return down(w, s[0][i], Math.sqrt(s[2][i]) * c[5] + c[6], c);
};
/** v -= (1-β₂) sign(v - g²) g²; else adam */
const yogi: Step = (w, g, s, i, c) => {
  s[0][i] = c[1] * s[0][i] + c[2] * g;
  const square = g * g;
  if (s[1][i] !== square) s[1][i] -= c[4] * (sign(s[1][i] - square) * square); // ∞ - ∞ is NaN
  return down(w, s[0][i], Math.sqrt(s[1][i]) * c[5] + c[6], c);
};
/** s = β₂s + (1-β₂)(g - m)² + ε; adam with s */
const adabelief: Step = (w, g, s, i, c) => {
  s[0][i] = c[1] * s[0][i] + c[2] * g;
  const d = g - s[0][i];
  s[1][i] = c[3] * s[1][i] + c[4] * (d * d) + c[6];
  return down(w, s[0][i], Math.sqrt(s[1][i]) * c[5] + c[6], c);
};
/** … beta1 beta2 epsilon [amsgrad]; running: β₁ᵗ, β₂ᵗ */
const beginAdam: Rule['begin'] = (p, rate, _t, running, c) => {
  running[0] *= p[3];
  running[1] *= p[4];
  c[0] = rate / (1 - running[0]);
  c[1] = p[3];
  c[2] = 1 - p[3];
  c[3] = p[4];
  c[4] = 1 - p[4];
  c[5] = 1 / Math.sqrt(1 - running[1]);
  c[6] = p[5];
};

/** u = max(β₂u, |g| + ε); w -= η/(1-β₁ᵗ) · m/u */
const adamax: Step = (w, g, s, i, c) => {
  s[0][i] = c[1] * s[0][i] + c[2] * g;
  const old = c[3] * s[1][i];
  const now = Math.abs(g) + c[6];
  s[1][i] = old > now ? old : now;
  return down(w, s[0][i], s[1][i], c);
};

/** w -= η[(1-μₜ)g/(1-Πμ) + μₜ₊₁m/(1-Πμ·μₜ₊₁)]/(√v̂ + ε) */
const nadam: Step = (w, g, s, i, c) => {
  s[0][i] = c[1] * s[0][i] + c[2] * g;
  s[1][i] = c[3] * s[1][i] + c[4] * (g * g);
  const root = Math.sqrt(s[1][i]) * c[5] + c[6];
  stepSize = divided(c[8], root);
  return w - divided(c[0] * g + c[7] * s[0][i], root);
};
/**
 * … beta1 beta2 epsilon momentumDecay; μₜ = β₁(1 - ½·.96^(tψ)); running: β₁ᵗ, β₂ᵗ, Πμ (Dozat 2016, algorithm 8;
 * PyTorch ≥ 2).
 */
const beginNadam: Rule['begin'] = (p, rate, t, running, c) => {
  beginAdam(p, rate, t, running, c);
  const now = p[3] * (1 - 0.5 * power(0.96, t * p[6]));
  const next = p[3] * (1 - 0.5 * power(0.96, (t + 1) * p[6]));
  running[2] *= now;
  c[0] = (rate * (1 - now)) / (1 - running[2]);
  c[7] = (rate * next) / (1 - running[2] * next);
  c[8] = rate;
};

/** ρₜ > 5: w -= η m̂ r √(1-β₂ᵗ)/(√v + ε), else w -= η m̂: c[7] is 1 or 0 */
const radam: Step = (w, g, s, i, c) => {
  s[0][i] = c[1] * s[0][i] + c[2] * g;
  s[1][i] = c[3] * s[1][i] + c[4] * (g * g);
  return down(w, s[0][i], c[7] === 0 ? 1 : Math.sqrt(s[1][i]) + c[6], c);
};
const beginRadam: Rule['begin'] = (p, rate, t, running, c) => {
  beginAdam(p, rate, t, running, c);
  const limit = 2 / (1 - p[4]) - 1;
  const rho = limit - (2 * t * running[1]) / (1 - running[1]);
  c[7] = rho > 5 ? 1 : 0;
  if (rho > 5) {
    const ratio = ((rho - 4) * (rho - 2) * limit) / ((limit - 4) * (limit - 2) * rho);
    c[0] = c[0] * Math.sqrt(ratio) * Math.sqrt(1 - running[1]);
  }
};

/** Before the variance is known its steps are those of momentum. */
const radamLength: Rule['stepLength'] = (_p, c) => (c[7] === 0 ? c[0] * c[2] : 0);

/** w -= η sign(β₁m + (1-β₁)g); m = β₂m + (1-β₂)g */
const lion: Step = (w, g, s, i, c) => {
  const next = w - c[0] * sign(c[1] * s[0][i] + c[2] * g);
  s[0][i] = c[3] * s[0][i] + c[4] * g;
  stepSize = c[0];
  return next;
};
/** … beta1 beta2 */
const beginLion: Rule['begin'] = (p, rate, _t, _running, c) => {
  c[0] = rate;
  c[1] = p[3];
  c[2] = 1 - p[3];
  c[3] = p[4];
  c[4] = 1 - p[4];
};

/** σ = (√(n+g²) - √n)/α; z += g - σw; n += g²; the proximal step from -z α/(β + √n) */
const ftrl: Step = (w, g, s, i, c) => {
  const next = s[1][i] + g * g;
  s[0][i] += g - ((Math.sqrt(next) - Math.sqrt(s[1][i])) / c[0]) * w;
  s[1][i] = next;
  const rate = divided(c[0], c[1] + Math.sqrt(next));
  stepSize = rate;
  return -(s[0][i] * rate);
};
/** … beta */
const beginFtrl: Rule['begin'] = (p, rate, _t, _running, c) => {
  c[0] = rate;
  c[1] = p[3];
};

const common = 'learningRate weightDecay decoupled ';
const zero = (): number => 0;

function rule(
  name: string,
  parameters: string,
  states: number,
  begin: Rule['begin'],
  step: Rule['step'],
  more: Partial<Rule> = {},
): Rule {
  const usual = { proximal: false, initialState: zero, stepLength: zero };
  return { name, parameters: common + parameters, states, begin, step, ...usual, ...more };
}

export const rules: readonly Rule[] = [
  rule(
    'sgd',
    'momentum dampening nesterov',
    1,
    beginSgd,
    (p) => (p[3] === 0 ? sgd : p[5] !== 0 ? nesterov : momentum),
    { stepLength: sgdLength },
  ),
  rule('momentum', 'momentum dampening', 1, beginSgd, () => momentum, { stepLength: momentumLength }),
  rule('nesterov', 'momentum dampening', 1, beginSgd, () => nesterov, { stepLength: nesterovLength }),
  rule('adagrad', 'epsilon learningRateDecay initialAccumulator', 1, beginAdagrad, () => adagrad, {
    initialState: (p) => p[5],
  }),
  rule('adadelta', 'decay epsilon', 2, beginAdadelta, () => adadelta),
  rule('rmsprop', 'decay epsilon momentum centered', 3, beginRmsprop, (p) =>
    p[6] !== 0 ? rmspropCentered : p[5] !== 0 ? rmspropMomentum : rmsprop,
  ),
  rule('adam', 'beta1 beta2 epsilon amsgrad', 3, beginAdam, (p) => (p[6] !== 0 ? amsgrad : adam)),
  rule('adamw', 'beta1 beta2 epsilon amsgrad', 3, beginAdam, (p) => (p[6] !== 0 ? amsgrad : adam)),
  rule('adamax', 'beta1 beta2 epsilon', 2, beginAdam, () => adamax),
  rule('nadam', 'beta1 beta2 epsilon momentumDecay', 2, beginNadam, () => nadam),
  rule('radam', 'beta1 beta2 epsilon', 2, beginRadam, () => radam, { stepLength: radamLength }),
  rule('lion', 'beta1 beta2', 1, beginLion, () => lion),
  rule('yogi', 'beta1 beta2 epsilon', 2, beginAdam, () => yogi),
  rule('adabelief', 'beta1 beta2 epsilon', 2, beginAdam, () => adabelief),
  rule('ftrl', 'beta', 2, beginFtrl, () => ftrl, { proximal: true }),
];

/** One step over weights from … to-1. */
export function updatePass(
  step: Step,
  w: Float64Array,
  g: Float64Array,
  s: readonly Float64Array[],
  from: number,
  to: number,
  c: Float64Array,
): void {
  for (let i = from; i < to; i++) w[i] = step(w[i], g[i], s, i, c);
}

/** The same with clipping, weight decay and penalty; its factors and bounds belong to weight `from` on. */
export function modifiedPass(
  step: Step,
  w: Float64Array,
  g: Float64Array,
  s: readonly Float64Array[],
  from: number,
  to: number,
  c: Float64Array,
  { scale, clipValue, coupled, mostPull, decoupled, proximal: byProximal, penalty }: Modifiers,
): void {
  for (let i = from; i < to; i++) {
    const before = w[i];
    const factor = penalty.factors === null ? 1 : penalty.factors[i - from];
    let gradient = g[i] * scale;
    if (clipValue > 0) {
      gradient = gradient < clipValue ? gradient : clipValue;
      gradient = gradient > -clipValue ? gradient : -clipValue;
    }
    let kept = before * decoupled;
    if (coupled !== 0 || (!byProximal && penalty.l2 !== 0)) {
      const pull = coupled + (byProximal ? 0 : penalty.l2) * factor;
      if (step === sgd) kept *= Math.max(1 - c[0] * pull, 0);
      else gradient += (pull < mostPull ? pull : mostPull) * before;
    }
    let next = step(kept, gradient, s, i, c);
    if (byProximal) next = proximal(next, stepSize, factor, penalty);
    if (penalty.bounds !== null) {
      const { lower, upper } = penalty.bounds;
      if (next < lower[i - from]) next = lower[i - from];
      if (next > upper[i - from]) next = upper[i - from];
    }
    w[i] = next;
  }
}

// Update rules (docs/equations.md), with PyTorch's placement of epsilon.
// A rule defines what it computes once a step (`begin`) and what it does to one weight (`step`): the next weight and,
// in `stepSize`, the size of the step, which a proximal step after it needs. Parameters 0 … 2 are learningRate,
// weightDecay and decoupled for all. Twin: native/kernels/updates.h.
import { power, sign } from './math.js';

/** What is done to states with the next weight i. */
type Settle = (next: number, s: readonly Float64Array[], i: number, c: Float64Array) => void;
/** The next weight i, from weight w and gradient g; states s change in place, c holds the step's coefficients. */
type Step = (w: number, g: number, s: readonly Float64Array[], i: number, c: Float64Array) => number;

/** What is done to one weight. */
export interface Formula {
  step: Step;
  settle: Settle | null;
}

/** How far the last Step goes for each unit of gradient, were the gradient always the same: momentum included. */
export let stepSize = 0;

/** Whether a rule's penalty is cumulative by itself: against the sum of the mean loss's gradients, or McMahan's once. */
export type Leader = 'none' | 'mean' | 'once';

export interface Rule {
  name: string;
  /** Names, space-separated, in the order of lib/catalog/rules.ts. */
  parameters: string;
  states: number;
  /** those that are never negative */
  squares: readonly number[];
  /** what is `held` is the first state then */
  leader: Leader;
  /** State k at first. */
  initialState(p: Float64Array, k: number): number;
  /** Advances the running products (1 at first) to step t and writes the pass's coefficients. */
  begin(p: Float64Array, rate: number, t: number, running: Float64Array, c: Float64Array): void;
  /**
   * How far one unit of this step's gradient moves a weight, of a rule that does not divide by the gradient's size:
   * decay by more than the inverse would turn the sign of a weight. 0: it divides.
   */
  stepLength(p: Float64Array, c: Float64Array): number;
  /** Factor on penalised weights before the step. */
  shrink(c: Float64Array): number;
  step(p: Float64Array): Step;
  /** Of states that hold next weights. */
  settle: Settle | null;
}

/** x/root, and 0 where the root is 0: a square of 0, or one that has underflown, allows no step. */
export function divided(x: number, root: number): number {
  return root === 0 ? 0 : x / root;
}

/** w -= ηg; weight decay and l2 are a factor on w, max(0, 1 - ηλ), which cannot turn its sign */
export const sgd: Step = (w, g, _s, _i, c) => {
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
const sgdLength: Rule['stepLength'] = (p, c) => {
  if (p[3] === 0) return c[0]; // without momentum nothing is dampened
  return p[5] !== 0 ? nesterovLength(p, c) : momentumLength(p, c);
};

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

/**
 * n += g²; w -= ηg/(β + √n), with a cumulative penalty. That is z += g - σw with σ the growth of (β + √n)/η: z is then
 * -w(β + √n)/η less the penalties taken, so the step needs no z. The first state is z of coefficients that are 0.
 */
const ftrl: Step = (w, g, s, i, c) => {
  s[1][i] += g * g;
  stepSize = divided(c[0], c[1] + Math.sqrt(s[1][i]));
  return w - stepSize * g;
};
/** … beta */
const beginFtrl: Rule['begin'] = (p, rate, _t, _running, c) => {
  c[0] = rate;
  c[1] = p[3];
};

/**
 * The step size grows by η⁺ where a gradient keeps its sign, and shrinks by η⁻ where it changes: then no step is made
 * (Riedmiller and Braun 1993; PyTorch). w -= sign(g) · step size; a schedule scales all steps.
 */
const rprop: Step = (w, g, s, i, c) => {
  const turn = sign(g) * sign(s[0][i]);
  const size = s[1][i] * (turn > 0 ? c[2] : turn < 0 ? c[1] : 1);
  const least = size > c[3] ? size : c[3];
  s[1][i] = least < c[4] ? least : c[4];
  s[0][i] = turn < 0 ? 0 : g;
  stepSize = 0;
  return w - c[0] * (sign(s[0][i]) * s[1][i]);
};
/** … etaMinus etaPlus minStep maxStep */
const beginRprop: Rule['begin'] = (p, rate, _t, _running, c) => {
  c[0] = rate / p[0];
  for (let k = 1; k <= 4; k++) c[k] = p[2 + k];
};

/** w = (1 - λη)w - ηg; the average, ā += (w - ā)μ, is the state (Polyak and Juditsky 1992; PyTorch) */
const asgd: Step = (w, g, _s, _i, c) => {
  stepSize = c[0];
  return w - c[0] * g;
};
/** … lambd alpha t0; η = rate/(1 + λ rate (t-1))^α, μ = 1/max(1, t - 1 - t₀) */
const beginAsgd: Rule['begin'] = (p, rate, t, _running, c) => {
  c[0] = rate / power(1 + p[3] * rate * (t - 1), p[4]);
  c[1] = 1 / Math.max(1, t - 1 - p[5]);
  c[2] = Math.max(1 - p[3] * c[0], 0);
};
const settleAsgd: Settle = (w, s, i, c) => {
  s[0][i] = c[1] === 1 ? w : s[0][i] + (w - s[0][i]) * c[1];
};

const common = 'learningRate weightDecay decoupled ';
const zero = (): number => 0;
const one = (): number => 1;

function rule(
  name: string,
  parameters: string,
  states: number,
  begin: Rule['begin'],
  step: Rule['step'],
  more: Partial<Rule> = {},
): Rule {
  const usual = {
    squares: [],
    leader: 'none',
    initialState: zero,
    stepLength: zero,
    shrink: one,
    settle: null,
  } as const;
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
    squares: [0],
    initialState: (p) => p[5],
  }),
  rule('adadelta', 'decay epsilon', 2, beginAdadelta, () => adadelta, { squares: [0, 1] }),
  rule(
    'rmsprop',
    'decay epsilon momentum centered',
    3,
    beginRmsprop,
    (p) => (p[6] !== 0 ? rmspropCentered : p[5] !== 0 ? rmspropMomentum : rmsprop),
    { squares: [0] },
  ),
  rule('adam', 'beta1 beta2 epsilon amsgrad', 3, beginAdam, (p) => (p[6] !== 0 ? amsgrad : adam), { squares: [1, 2] }),
  rule('adamw', 'beta1 beta2 epsilon amsgrad', 3, beginAdam, (p) => (p[6] !== 0 ? amsgrad : adam), { squares: [1, 2] }),
  rule('adamax', 'beta1 beta2 epsilon', 2, beginAdam, () => adamax, { squares: [1] }),
  rule('nadam', 'beta1 beta2 epsilon momentumDecay', 2, beginNadam, () => nadam, { squares: [1] }),
  rule('radam', 'beta1 beta2 epsilon', 2, beginRadam, () => radam, { squares: [1], stepLength: radamLength }),
  rule('lion', 'beta1 beta2', 1, beginLion, () => lion),
  rule('yogi', 'beta1 beta2 epsilon', 2, beginAdam, () => yogi, { squares: [1] }),
  rule('adabelief', 'beta1 beta2 epsilon', 2, beginAdam, () => adabelief, { squares: [1] }),
  rule('ftrl', 'beta', 2, beginFtrl, () => ftrl, { squares: [1], leader: 'mean' }),
  rule('ftrlProximal', 'beta', 2, beginFtrl, () => ftrl, { squares: [1], leader: 'once' }),
  rule('rprop', 'etaMinus etaPlus minStep maxStep', 2, beginRprop, () => rprop, {
    squares: [1],
    initialState: (p, k) => (k === 1 ? p[0] : 0),
  }),
  rule('asgd', 'lambd alpha t0', 1, beginAsgd, () => asgd, {
    stepLength: (_p, c) => c[0],
    shrink: (c) => c[2],
    settle: settleAsgd,
  }),
];

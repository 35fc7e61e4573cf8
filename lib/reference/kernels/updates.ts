// Update rules. A rule says what it computes once a step (`begin`) and what it does to the weights (`pass`).
// Twin: native/kernels/updates.h.

/** One step over the first n weights: w and the states s change in place; c holds the step's coefficients. */
export type UpdatePass = (w: Float64Array, g: Float64Array, s: Float64Array[], n: number, c: Float64Array) => void;

export interface Rule {
  name: string;
  /** Names, space-separated, in the order of catalog.ts; the first is always learningRate. */
  parameters: string;
  states: number;
  initialState(p: Float64Array): number;
  /** Advances the running products (1 at first) to step t and writes the pass's coefficients. */
  begin(p: Float64Array, rate: number, t: number, running: Float64Array, c: Float64Array): void;
  pass(p: Float64Array): UpdatePass;
}

/** w -= ηg */
const sgd: UpdatePass = (w, g, _s, n, c) => {
  for (let i = 0; i < n; i++) w[i] -= c[0] * g[i];
};
/** v = μv + (1-τ)g (the first v is g); w -= ηv */
const momentum: UpdatePass = (w, g, [v], n, c) => {
  for (let i = 0; i < n; i++) {
    v[i] = c[1] * v[i] + c[2] * g[i];
    w[i] -= c[0] * v[i];
  }
};
/** v as in momentum; w -= η(g + μv) */
const nesterov: UpdatePass = (w, g, [v], n, c) => {
  for (let i = 0; i < n; i++) {
    v[i] = c[1] * v[i] + c[2] * g[i];
    w[i] -= c[0] * (g[i] + c[1] * v[i]);
  }
};

/** G += g²; w -= η/(1+(t-1)d) · g/(√G + ε) */
const adagrad: UpdatePass = (w, g, [G], n, c) => {
  for (let i = 0; i < n; i++) {
    G[i] += g[i] * g[i];
    w[i] -= (c[0] * g[i]) / (Math.sqrt(G[i]) + c[1]);
  }
};

/** v = αv + (1-α)g²; w -= η g/(√v + ε) */
const rmsprop: UpdatePass = (w, g, [v], n, c) => {
  for (let i = 0; i < n; i++) {
    v[i] = c[1] * v[i] + c[2] * (g[i] * g[i]);
    w[i] -= c[0] * (g[i] / (Math.sqrt(v[i]) + c[3]));
  }
};
/** b = μb + g/(√v + ε); w -= ηb */
const rmspropMomentum: UpdatePass = (w, g, [v, b], n, c) => {
  for (let i = 0; i < n; i++) {
    v[i] = c[1] * v[i] + c[2] * (g[i] * g[i]);
    b[i] = c[4] * b[i] + g[i] / (Math.sqrt(v[i]) + c[3]);
    w[i] -= c[0] * b[i];
  }
};
/** √(v - ḡ²) in place of √v, with momentum (0 is none) */
const rmspropCentered: UpdatePass = (w, g, [v, b, mean], n, c) => {
  for (let i = 0; i < n; i++) {
    v[i] = c[1] * v[i] + c[2] * (g[i] * g[i]);
    mean[i] = c[1] * mean[i] + c[2] * g[i];
    b[i] = c[4] * b[i] + g[i] / (Math.sqrt(v[i] - mean[i] * mean[i]) + c[3]);
    w[i] -= c[0] * b[i];
  }
};

/** m = β₁m + (1-β₁)g; v = β₂v + (1-β₂)g²; w -= η/(1-β₁ᵗ) · m/(√v/√(1-β₂ᵗ) + ε) */
const adam: UpdatePass = (w, g, [m, v], n, c) => {
  for (let i = 0; i < n; i++) {
    m[i] = c[1] * m[i] + c[2] * g[i];
    v[i] = c[3] * v[i] + c[4] * (g[i] * g[i]);
    w[i] -= (c[0] * m[i]) / (Math.sqrt(v[i]) * c[5] + c[6]);
  }
};

const zero = (): number => 0;

export const rules: readonly Rule[] = [
  {
    name: 'sgd',
    parameters: 'learningRate momentum dampening nesterov',
    states: 1,
    initialState: zero,
    begin(p, rate, t, _running, c) {
      c[0] = rate;
      c[1] = p[1];
      c[2] = t === 1 ? 1 : 1 - p[2];
    },
    pass: (p) => (p[1] === 0 ? sgd : p[3] !== 0 ? nesterov : momentum),
  },
  {
    name: 'adagrad',
    parameters: 'learningRate epsilon learningRateDecay initialAccumulator',
    states: 1,
    initialState: (p) => p[3],
    begin(p, rate, t, _running, c) {
      c[0] = rate / (1 + (t - 1) * p[2]);
      c[1] = p[1];
    },
    pass: () => adagrad,
  },
  {
    name: 'rmsprop',
    parameters: 'learningRate decay epsilon momentum centered',
    states: 3,
    initialState: zero,
    begin(p, rate, _t, _running, c) {
      c[0] = rate;
      c[1] = p[1];
      c[2] = 1 - p[1];
      c[3] = p[2];
      c[4] = p[3];
    },
    pass: (p) => (p[4] !== 0 ? rmspropCentered : p[3] !== 0 ? rmspropMomentum : rmsprop),
  },
  {
    name: 'adam',
    parameters: 'learningRate beta1 beta2 epsilon',
    states: 2,
    initialState: zero,
    begin(p, rate, _t, running, c) {
      running[0] *= p[1];
      running[1] *= p[2];
      c[0] = rate / (1 - running[0]);
      c[1] = p[1];
      c[2] = 1 - p[1];
      c[3] = p[2];
      c[4] = 1 - p[2];
      c[5] = 1 / Math.sqrt(1 - running[1]);
      c[6] = p[3];
    },
    pass: () => adam,
  },
];

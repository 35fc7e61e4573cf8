// Update rules (docs/equations.md), with PyTorch's placement of epsilon.
// A rule defines what it computes once a step (`begin`) and what it does to eight weights (`step`): the next
// weights and the size of the step for each, which a proximal step after it needs. Parameters 0 … 2 are
// learningRate, weightDecay and decoupled for all (see passes.h). Twin: lib/reference/kernels/updates.ts.
#pragma once

#include "math.h"
#include "table.h"

namespace nabla {
namespace NABLA_TARGET {

struct Step {
  Vec w, rate;
};

// Base of the rules. `shrinks`: weight decay and l2 are a factor on the weights, max(0, 1 - ηλ), which is
// the same as in the gradient and cannot turn a sign.
template <int count, bool byFactor = false>
struct RuleOf {
  static constexpr int states = count;
  static constexpr bool shrinks = byFactor;
  // What is done to states with the next weights.
  NABLA_INLINE void settle(Vec, Vec*, const double*) {}
};

// The passes of a rule's variant (passes.h).
template <class U, bool decays = false>
static Passes passesOf(const double*);

// x/root, and 0 where the root is 0: a square of 0, or one that has underflown, allows no step.
NABLA_INLINE Vec divided(Vec x, Vec root) { return select(root == 0.0, 0.0, x / root); }
NABLA_INLINE Vec divided(double x, Vec root) { return divided(splat(x), root); }

NABLA_INLINE Vec bounded(Vec x) { return max(min(x, splat(__DBL_MAX__)), splat(-__DBL_MAX__)); }

struct Sgd : RuleOf<0, true> {  // w -= ηg
  NABLA_INLINE Step step(Vec w, Vec g, Vec*, const double* c) { return {w - c[0] * g, splat(c[0])}; }
};
struct Momentum : RuleOf<1> {  // v = μv + (1-τ)g (the first v is g); w -= ηv
  NABLA_INLINE Step step(Vec w, Vec g, Vec* s, const double* c) {
    s[0] = c[1] * s[0] + c[2] * g;
    return {w - c[0] * s[0], splat(c[3])};
  }
};
struct Nesterov : RuleOf<1> {  // v as in momentum; w -= η(g + μv)
  NABLA_INLINE Step step(Vec w, Vec g, Vec* s, const double* c) {
    s[0] = c[1] * s[0] + c[2] * g;
    return {w - c[0] * (g + c[1] * s[0]), splat(c[4])};
  }
};
// learningRate weightDecay decoupled momentum dampening nesterov
NABLA_INLINE void beginSgd(const double* p, double rate, double t, double*, double* c) {
  c[0] = rate;
  c[1] = p[3];
  c[2] = t == 1.0 ? 1.0 : 1.0 - p[4];
  c[3] = rate * (1.0 - p[4]) / (1.0 - p[3]);  // how far a steady gradient goes, for a proximal step
  c[4] = rate + p[3] * c[3];
}

static double momentumLength(const double*, const double* c) { return c[0] * c[2]; }
static double nesterovLength(const double*, const double* c) { return c[0] * (1.0 + c[1] * c[2]); }
static double sgdLength(const double* p, const double* c) {
  if (p[3] == 0.0) return c[0];  // without momentum nothing is dampened
  return p[5] != 0.0 ? nesterovLength(p, c) : momentumLength(p, c);
}

struct Adagrad : RuleOf<1> {  // G += g²; w -= η/(1+(t-1)d) · g/(√G + ε)
  NABLA_INLINE Step step(Vec w, Vec g, Vec* s, const double* c) {
    s[0] = s[0] + g * g;
    const Vec root = sqrt(s[0]) + c[1];
    return {w - divided(c[0] * g, root), divided(c[0], root)};
  }
};
// … epsilon learningRateDecay initialAccumulator
NABLA_INLINE void beginAdagrad(const double* p, double rate, double t, double*, double* c) {
  c[0] = rate / (1.0 + (t - 1.0) * p[4]);
  c[1] = p[3];
}

struct Adadelta : RuleOf<2> {  // V = ρV + (1-ρ)g²; Δ = g√(D+ε)/√(V+ε); D = ρD + (1-ρ)Δ²; w -= ηΔ
  NABLA_INLINE Step step(Vec w, Vec g, Vec* s, const double* c) {
    s[0] = c[1] * s[0] + c[2] * (g * g);
    const Vec scale = divided(sqrt(s[1] + c[3]), sqrt(s[0] + c[3]));
    const Vec d = scale * g;
    s[1] = c[1] * s[1] + c[2] * (d * d);
    return {w - c[0] * d, c[0] * scale};
  }
};
// … decay epsilon
NABLA_INLINE void beginAdadelta(const double* p, double rate, double, double*, double* c) {
  c[0] = rate;
  c[1] = p[3];
  c[2] = 1.0 - p[3];
  c[3] = p[4];
}

struct Rmsprop : RuleOf<1> {  // v = αv + (1-α)g²; w -= η g/(√v + ε)
  NABLA_INLINE Step step(Vec w, Vec g, Vec* s, const double* c) {
    s[0] = c[1] * s[0] + c[2] * (g * g);
    const Vec root = sqrt(s[0]) + c[3];
    return {w - c[0] * divided(g, root), divided(c[0], root)};
  }
};
struct RmspropMomentum : RuleOf<2> {  // b = μb + g/(√v + ε); w -= ηb
  NABLA_INLINE Step step(Vec w, Vec g, Vec* s, const double* c) {
    s[0] = c[1] * s[0] + c[2] * (g * g);
    const Vec root = sqrt(s[0]) + c[3];
    s[1] = c[4] * s[1] + divided(g, root);
    return {w - c[0] * s[1], divided(c[5], root)};
  }
};
struct RmspropCentered : RuleOf<3> {  // √max(0, v - ḡ²) in place of √v, with momentum (0 is none)
  NABLA_INLINE Step step(Vec w, Vec g, Vec* s, const double* c) {
    s[0] = c[1] * s[0] + c[2] * (g * g);
    s[2] = c[1] * s[2] + c[2] * g;
    const Vec variance = s[0] - s[2] * s[2];
    // Of a square that has overflown ∞, not NaN.
    const Vec least = select(s[0] < __builtin_inf(), splat(0.0), s[0]);
    const Vec root = sqrt(select(variance > 0.0, variance, least)) + c[3];
    s[1] = c[4] * s[1] + divided(g, root);
    return {w - c[0] * s[1], divided(c[5], root)};
  }
};
// … decay epsilon momentum centered
NABLA_INLINE void beginRmsprop(const double* p, double rate, double, double*, double* c) {
  c[0] = rate;
  c[1] = p[3];
  c[2] = 1.0 - p[3];
  c[3] = p[4];
  c[4] = p[5];
  c[5] = rate / (1.0 - p[5]);  // how far a steady gradient goes
}

// m = β₁m + (1-β₁)g, as every rule below keeps it.
NABLA_INLINE Vec firstMoment(Vec m, Vec g, const double* c) { return c[1] * m + c[2] * g; }
NABLA_INLINE Vec secondMoment(Vec v, Vec g, const double* c) { return c[3] * v + c[4] * (g * g); }

struct Adam : RuleOf<2> {  // m; v = β₂v + (1-β₂)g²; w -= η/(1-β₁ᵗ) · m/(√v/√(1-β₂ᵗ) + ε)
  NABLA_INLINE Step step(Vec w, Vec g, Vec* s, const double* c) {
    s[0] = firstMoment(s[0], g, c);
    s[1] = secondMoment(s[1], g, c);
    const Vec root = sqrt(s[1]) * c[5] + c[6];
    return {w - divided(c[0] * s[0], root), divided(c[0], root)};
  }
};
struct Amsgrad : RuleOf<3> {  // V = max(V, v) in place of v
  NABLA_INLINE Step step(Vec w, Vec g, Vec* s, const double* c) {
    s[0] = firstMoment(s[0], g, c);
    s[1] = secondMoment(s[1], g, c);
    s[2] = max(s[2], s[1]);
    const Vec root = sqrt(s[2]) * c[5] + c[6];
    return {w - divided(c[0] * s[0], root), divided(c[0], root)};
  }
};
struct Yogi : RuleOf<2> {  // v -= (1-β₂) sign(v - g²) g²; else adam
  NABLA_INLINE Step step(Vec w, Vec g, Vec* s, const double* c) {
    s[0] = firstMoment(s[0], g, c);
    const Vec square = g * g, next = s[1] - c[4] * (sign(s[1] - square) * square);
    s[1] = select(s[1] == square, square, next);  // ∞ - ∞ is NaN
    const Vec root = sqrt(s[1]) * c[5] + c[6];
    return {w - divided(c[0] * s[0], root), divided(c[0], root)};
  }
};
struct Adabelief : RuleOf<2> {  // s = β₂s + (1-β₂)(g - m)² + ε; adam with s
  NABLA_INLINE Step step(Vec w, Vec g, Vec* s, const double* c) {
    s[0] = firstMoment(s[0], g, c);
    s[1] = secondMoment(s[1], g - s[0], c) + c[6];
    const Vec root = sqrt(s[1]) * c[5] + c[6];
    return {w - divided(c[0] * s[0], root), divided(c[0], root)};
  }
};
// … beta1 beta2 epsilon [amsgrad]; running: β₁ᵗ, β₂ᵗ
static void beginAdam(const double* p, double rate, double, double* running, double* c) {
  running[0] *= p[3];
  running[1] *= p[4];
  c[0] = rate / (1.0 - running[0]);
  c[1] = p[3];
  c[2] = 1.0 - p[3];
  c[3] = p[4];
  c[4] = 1.0 - p[4];
  c[5] = 1.0 / __builtin_sqrt(1.0 - running[1]);
  c[6] = p[5];
}

struct Adamax : RuleOf<2> {  // u = max(β₂u, |g| + ε); w -= η/(1-β₁ᵗ) · m/u
  NABLA_INLINE Step step(Vec w, Vec g, Vec* s, const double* c) {
    s[0] = firstMoment(s[0], g, c);
    s[1] = max(c[3] * s[1], abs(g) + c[6]);
    return {w - divided(c[0] * s[0], s[1]), divided(c[0], s[1])};
  }
};

// w -= η[(1-μₜ)g/(1-Πμ) + μₜ₊₁m/(1-Πμ·μₜ₊₁)]/(√v̂ + ε)
struct Nadam : RuleOf<2> {
  NABLA_INLINE Step step(Vec w, Vec g, Vec* s, const double* c) {
    s[0] = firstMoment(s[0], g, c);
    s[1] = secondMoment(s[1], g, c);
    const Vec root = sqrt(s[1]) * c[5] + c[6];
    return {w - divided(c[0] * g + c[7] * s[0], root), divided(c[8], root)};
  }
};
// … beta1 beta2 epsilon momentumDecay; μₜ = β₁(1 - ½·.96^(tψ)); running: β₁ᵗ, β₂ᵗ, Πμ.
// Dozat 2016, algorithm 8; PyTorch ≥ 2.
static void beginNadam(const double* p, double rate, double t, double* running, double* c) {
  beginAdam(p, rate, t, running, c);
  const double now = p[3] * (1.0 - 0.5 * power(0.96, t * p[6]));
  const double next = p[3] * (1.0 - 0.5 * power(0.96, (t + 1.0) * p[6]));
  running[2] *= now;
  c[0] = rate * (1.0 - now) / (1.0 - running[2]);
  c[7] = rate * next / (1.0 - running[2] * next);
  c[8] = rate;
}

struct Radam : RuleOf<2> {  // ρₜ > 5: w -= η m̂ r √(1-β₂ᵗ)/(√v + ε), else w -= η m̂: c[7] is 1 or 0
  NABLA_INLINE Step step(Vec w, Vec g, Vec* s, const double* c) {
    s[0] = firstMoment(s[0], g, c);
    s[1] = secondMoment(s[1], g, c);
    const Vec root = select(splat(c[7]) == 0.0, splat(1.0), sqrt(s[1]) + c[6]);
    return {w - divided(c[0] * s[0], root), divided(c[0], root)};
  }
};
static void beginRadam(const double* p, double rate, double t, double* running, double* c) {
  beginAdam(p, rate, t, running, c);
  const double limit = 2.0 / (1.0 - p[4]) - 1.0;
  const double rho = limit - 2.0 * t * running[1] / (1.0 - running[1]);
  c[7] = rho > 5.0 ? 1.0 : 0.0;
  if (rho > 5.0) {
    const double ratio = (rho - 4.0) * (rho - 2.0) * limit / ((limit - 4.0) * (limit - 2.0) * rho);
    c[0] = c[0] * __builtin_sqrt(ratio) * __builtin_sqrt(1.0 - running[1]);
  }
}

// Before the variance is known its steps are those of momentum.
static double radamLength(const double*, const double* c) { return c[7] == 0.0 ? c[0] * c[2] : 0.0; }

struct Lion : RuleOf<1> {  // w -= η sign(β₁m + (1-β₁)g); m = β₂m + (1-β₂)g
  NABLA_INLINE Step step(Vec w, Vec g, Vec* s, const double* c) {
    const Vec next = w - c[0] * sign(firstMoment(s[0], g, c));
    s[0] = c[3] * s[0] + c[4] * g;
    return {next, splat(c[0])};
  }
};
// … beta1 beta2
NABLA_INLINE void beginLion(const double* p, double rate, double, double*, double* c) {
  c[0] = rate;
  c[1] = p[3];
  c[2] = 1.0 - p[3];
  c[3] = p[4];
  c[4] = 1.0 - p[4];
}

// n += g²; w -= ηg/(β + √n), with a cumulative penalty. That is z += g - σw with σ the growth of (β + √n)/η:
// z is then -w(β + √n)/η less the penalties taken, so the step needs no z. The first state is z of
// coefficients that are 0.
struct Ftrl : RuleOf<2> {
  NABLA_INLINE Step step(Vec w, Vec g, Vec* s, const double* c) {
    s[1] = s[1] + g * g;
    const Vec rate = divided(c[0], c[1] + sqrt(s[1]));
    return {w - rate * g, rate};
  }
};
// … beta
NABLA_INLINE void beginFtrl(const double* p, double rate, double, double*, double* c) {
  c[0] = rate;
  c[1] = p[3];
}

// The step size grows by η⁺ where a gradient keeps its sign, and shrinks by η⁻ where it changes: then no step
// is made (Riedmiller and Braun 1993; PyTorch). w -= sign(g) · step size; a schedule scales all steps.
struct Rprop : RuleOf<2> {
  NABLA_INLINE Step step(Vec w, Vec g, Vec* s, const double* c) {
    const Vec turn = sign(g) * sign(s[0]);
    const Vec size = s[1] * select(turn > 0.0, splat(c[2]), select(turn < 0.0, splat(c[1]), splat(1.0)));
    s[1] = min(max(size, splat(c[3])), splat(c[4]));
    s[0] = select(turn < 0.0, 0.0, g);
    return {w - c[0] * (sign(s[0]) * s[1]), zero()};
  }
};
// … etaMinus etaPlus minStep maxStep
static void beginRprop(const double* p, double rate, double, double*, double* c) {
  c[0] = rate / p[0];
  for (int k = 1; k <= 4; ++k) c[k] = p[2 + k];
}
static double firstStepSize(const double* p, int k) { return k == 1 ? p[0] : 0.0; }

// w = (1 - λη)w - ηg; the average, ā += (w - ā)μ, is the state (Polyak and Juditsky 1992; PyTorch)
struct Asgd : RuleOf<1> {
  NABLA_INLINE Step step(Vec w, Vec g, Vec*, const double* c) { return {w - c[0] * g, splat(c[0])}; }
  NABLA_INLINE void settle(Vec next, Vec* s, const double* c) {
    s[0] = c[1] == 1.0 ? next : s[0] + (next - s[0]) * c[1];
  }
};
// … lambd alpha t0; η = rate/(1 + λ rate (t-1))^α, μ = 1/max(1, t - 1 - t₀)
static void beginAsgd(const double* p, double rate, double t, double*, double* c) {
  c[0] = rate / power(1.0 + p[3] * rate * (t - 1.0), p[4]);
  const double after = t - 1.0 - p[5];
  c[1] = 1.0 / (after > 1.0 ? after : 1.0);
  const double rest = 1.0 - p[3] * c[0];
  c[2] = rest > 0.0 ? rest : 0.0;
}
static double asgdLength(const double*, const double* c) { return c[0]; }
static double asgdShrink(const double* c) { return c[2]; }

// Which variant the parameters ask for.
static Passes sgdPasses(const double* p) {
  if (p[3] == 0.0) return passesOf<Sgd>(p);
  return p[5] != 0.0 ? passesOf<Nesterov>(p) : passesOf<Momentum>(p);
}
static Passes rmspropPasses(const double* p) {
  if (p[6] != 0.0) return passesOf<RmspropCentered>(p);
  return p[5] != 0.0 ? passesOf<RmspropMomentum>(p) : passesOf<Rmsprop>(p);
}
static Passes adamPasses(const double* p) {
  return p[6] != 0.0 ? passesOf<Amsgrad>(p) : passesOf<Adam, true>(p);
}
static Passes lionPasses(const double* p) { return passesOf<Lion, true>(p); }
static double initialAccumulator(const double* p, int) { return p[5]; }

// All of them, in the order of lib/catalog/rules.ts: name, parameters, states, which of them are never
// negative, leader, what the states begin with (null: 0), begin, step length, shrink, passes.
#define NABLA_COMMON "learningRate weightDecay decoupled "
#define NABLA_ADAM NABLA_COMMON "beta1 beta2 epsilon"
// clang-format off
#define NABLA_RULES(rule) \
  rule("sgd", NABLA_COMMON "momentum dampening nesterov", 1, 0, Leader::none, nullptr, beginSgd, sgdLength, nullptr, sgdPasses) \
  rule("momentum", NABLA_COMMON "momentum dampening", 1, 0, Leader::none, nullptr, beginSgd, momentumLength, nullptr, \
       passesOf<Momentum>) \
  rule("nesterov", NABLA_COMMON "momentum dampening", 1, 0, Leader::none, nullptr, beginSgd, nesterovLength, nullptr, \
       passesOf<Nesterov>) \
  rule("adagrad", NABLA_COMMON "epsilon learningRateDecay initialAccumulator", 1, 0b1, Leader::none, initialAccumulator, \
       beginAdagrad, nullptr, nullptr, passesOf<Adagrad>) \
  rule("adadelta", NABLA_COMMON "decay epsilon", 2, 0b11, Leader::none, nullptr, beginAdadelta, nullptr, nullptr, passesOf<Adadelta>) \
  rule("rmsprop", NABLA_COMMON "decay epsilon momentum centered", 3, 0b1, Leader::none, nullptr, beginRmsprop, nullptr, nullptr, rmspropPasses) \
  rule("adam", NABLA_ADAM " amsgrad", 3, 0b110, Leader::none, nullptr, beginAdam, nullptr, nullptr, adamPasses) \
  rule("adamw", NABLA_ADAM " amsgrad", 3, 0b110, Leader::none, nullptr, beginAdam, nullptr, nullptr, adamPasses) \
  rule("adamax", NABLA_ADAM, 2, 0b10, Leader::none, nullptr, beginAdam, nullptr, nullptr, passesOf<Adamax>) \
  rule("nadam", NABLA_ADAM " momentumDecay", 2, 0b10, Leader::none, nullptr, beginNadam, nullptr, nullptr, passesOf<Nadam>) \
  rule("radam", NABLA_ADAM, 2, 0b10, Leader::none, nullptr, beginRadam, radamLength, nullptr, passesOf<Radam>) \
  rule("lion", NABLA_COMMON "beta1 beta2", 1, 0, Leader::none, nullptr, beginLion, nullptr, nullptr, lionPasses) \
  rule("yogi", NABLA_ADAM, 2, 0b10, Leader::none, nullptr, beginAdam, nullptr, nullptr, passesOf<Yogi>) \
  rule("adabelief", NABLA_ADAM, 2, 0b10, Leader::none, nullptr, beginAdam, nullptr, nullptr, passesOf<Adabelief>) \
  rule("ftrl", NABLA_COMMON "beta", 2, 0b10, Leader::mean, nullptr, beginFtrl, nullptr, nullptr, passesOf<Ftrl>) \
  rule("ftrlProximal", NABLA_COMMON "beta", 2, 0b10, Leader::once, nullptr, beginFtrl, nullptr, nullptr, \
       passesOf<Ftrl>) \
  rule("rprop", NABLA_COMMON "etaMinus etaPlus minStep maxStep", 2, 0b10, Leader::none, firstStepSize, beginRprop, \
       nullptr, nullptr, passesOf<Rprop>) \
  rule("asgd", NABLA_COMMON "lambd alpha t0", 1, 0, Leader::none, nullptr, beginAsgd, asgdLength, asgdShrink, \
       passesOf<Asgd>)
// clang-format on

}  // namespace NABLA_TARGET
}  // namespace nabla

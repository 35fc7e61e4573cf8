// Update rules (EQUATIONS.md; PyTorch's placement of epsilon). A rule says what it computes once a step
// (`begin`) and what it does to eight weights (`step`): the next weights and the size of the step for each,
// which a proximal step after it needs. Parameters 0 … 2 are learningRate, weightDecay and decoupled for all
// (see passes.h). Twin: lib/reference/kernels/updates.ts.
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
};

// The passes of a rule's variant (passes.h).
template <class U, bool decays = false>
static Passes passesOf(const double*);

// x/root, and 0 where the root is 0: a square of 0, or one that has underflown, allows no step.
NABLA_INLINE Vec divided(Vec x, Vec root) { return select(root == 0.0, 0.0, x / root); }
NABLA_INLINE Vec divided(double x, Vec root) { return divided(splat(x), root); }

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

struct Ftrl : RuleOf<2> {  // σ = (√(n+g²) - √n)/α; z += g - σw; n += g²; the proximal step from -z α/(β + √n)
  NABLA_INLINE Step step(Vec w, Vec g, Vec* s, const double* c) {
    const Vec n = s[1] + g * g;
    s[0] = s[0] + (g - (sqrt(n) - sqrt(s[1])) / c[0] * w);
    s[1] = n;
    const Vec rate = divided(c[0], c[1] + sqrt(n));
    return {-(s[0] * rate), rate};
  }
};
// … beta
NABLA_INLINE void beginFtrl(const double* p, double rate, double, double*, double* c) {
  c[0] = rate;
  c[1] = p[3];
}

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
static double initialAccumulator(const double* p) { return p[5]; }

// All of them, in the order of lib/catalog.ts: name, parameters, states, whether l2 is taken by a proximal
// step, what the states begin with (null: 0), begin, step length, passes.
#define NABLA_COMMON "learningRate weightDecay decoupled "
#define NABLA_ADAM NABLA_COMMON "beta1 beta2 epsilon"
// clang-format off
#define NABLA_RULES(rule) \
  rule("sgd", NABLA_COMMON "momentum dampening nesterov", 1, false, nullptr, beginSgd, sgdLength, sgdPasses) \
  rule("momentum", NABLA_COMMON "momentum dampening", 1, false, nullptr, beginSgd, momentumLength, \
       passesOf<Momentum>) \
  rule("nesterov", NABLA_COMMON "momentum dampening", 1, false, nullptr, beginSgd, nesterovLength, \
       passesOf<Nesterov>) \
  rule("adagrad", NABLA_COMMON "epsilon learningRateDecay initialAccumulator", 1, false, initialAccumulator, \
       beginAdagrad, nullptr, passesOf<Adagrad>) \
  rule("adadelta", NABLA_COMMON "decay epsilon", 2, false, nullptr, beginAdadelta, nullptr, passesOf<Adadelta>) \
  rule("rmsprop", NABLA_COMMON "decay epsilon momentum centered", 3, false, nullptr, beginRmsprop, nullptr, rmspropPasses) \
  rule("adam", NABLA_ADAM " amsgrad", 3, false, nullptr, beginAdam, nullptr, adamPasses) \
  rule("adamw", NABLA_ADAM " amsgrad", 3, false, nullptr, beginAdam, nullptr, adamPasses) \
  rule("adamax", NABLA_ADAM, 2, false, nullptr, beginAdam, nullptr, passesOf<Adamax>) \
  rule("nadam", NABLA_ADAM " momentumDecay", 2, false, nullptr, beginNadam, nullptr, passesOf<Nadam>) \
  rule("radam", NABLA_ADAM, 2, false, nullptr, beginRadam, radamLength, passesOf<Radam>) \
  rule("lion", NABLA_COMMON "beta1 beta2", 1, false, nullptr, beginLion, nullptr, lionPasses) \
  rule("yogi", NABLA_ADAM, 2, false, nullptr, beginAdam, nullptr, passesOf<Yogi>) \
  rule("adabelief", NABLA_ADAM, 2, false, nullptr, beginAdam, nullptr, passesOf<Adabelief>) \
  rule("ftrl", NABLA_COMMON "beta", 2, true, nullptr, beginFtrl, nullptr, passesOf<Ftrl>)
// clang-format on

}  // namespace NABLA_TARGET
}  // namespace nabla

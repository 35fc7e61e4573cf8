// Lifts a formula on eight values to a pass over an array. Twin: lib/reference/kernels/passes.ts.
#pragma once

#include "losses.h"
#include "penalties.h"
#include "stream.h"
#include "sums.h"
#include "table.h"
#include "updates.h"

namespace nabla {
namespace NABLA_TARGET {

template <class L, bool weighted>
NABLA_INLINE double elementwise(const LossArgs& a, size_t output) {
  const double* y = a.y + output * a.stride;
  double* z = a.z + output * a.stride;
  return foldedSum(a.n, [&](size_t i, size_t count) {
    auto at = L::at(load(y + i, count), load(z + i, count), a.parameters);
    if (weighted) {
      const Vec s = load(a.weights + i, count);
      at = {s * at.loss, s * at.gradient};
    }
    store(z + i, at.gradient, count);
    return keep(at.loss, count);
  });
}

template <class L>
static double lossPass(const LossArgs& a) {
  double sum = 0.0;
  for (size_t k = 0; k < a.outputs; ++k)
    sum += a.weights ? elementwise<L, true>(a, k) : elementwise<L, false>(a, k);
  return sum;
}

template <class L>
static LossPoint lossAt(double y, double z, const double* parameters) {
  const LossGradient at = L::at(splat(y), splat(z), parameters);
  return {first(at.loss), first(at.gradient)};
}

template <class L>
static double curvaturePass(const LossArgs& a, double* out) {
  double sum = 0.0;
  for (size_t k = 0; k < a.outputs; ++k) {
    const size_t at = k * a.stride;
    sum += foldedSum(a.n, [&](size_t i, size_t count) {
      const auto c = L::curvature(load(a.y + at + i, count), load(a.z + at + i, count), a.parameters);
      const Vec weight = a.weights ? load(a.weights + i, count) : splat(1.0);
      store(a.z + at + i, weight * c.gradient, count);
      store(out + at + i, weight * c.curvature, count);
      return keep(weight * c.loss, count);
    });
  }
  return sum;
}

// `curvature`: the formula with the second derivative, `slope` the first alone.
template <class Curvature, class Slope>
NABLA_INLINE void points(const PointArgs& args, Curvature curvature, Slope slope) {
  const PointArgs a = args;  // a copy: stores cannot change it
  const auto weight = [=](size_t i) { return a.weights ? load(a.weights + i) : splat(1.0); };
  const auto fetch = [=](size_t i) {
    for (size_t line = 0; line < a.linesAhead; ++line)
      __builtin_prefetch(a.ahead + i * a.linesAhead + 8 * line);
  };
  if (a.losses) {
    for (size_t i = 0; i < a.n; i += 8) {
      fetch(i);
      const LossCurvature at = curvature(load(a.y + i), load(a.z + i), a.parameters);
      store(a.z + i, weight(i) * at.gradient);
      store(a.curvature + i, weight(i) * at.curvature);
      store(a.losses + i, weight(i) * at.loss);
    }
    return;
  }
  Vec reach = load(a.reach);
  for (size_t i = 0; i < a.n; i += 8) {
    fetch(i);
    const Vec y = load(a.y + i), z = load(a.z + i), gradient = slope(y, z, a.parameters);
    reach += (abs(y) + abs(z)) + abs(gradient);
    store(a.z + i, weight(i) * gradient);
  }
  store(a.reach, reach);
}

template <class L>
static void pointsPass(const PointArgs& a) {
  points(a, L::curvature, [](Vec y, Vec z, const double* p) { return L::at(y, z, p).gradient; });
}

// Losses behind a call for eight values, and one pass for all of them: those whose own would cost more of the
// binary than they save of a fit.
using Formula = LossCurvature (*)(Vec y, Vec z, const double* parameters);
template <class L>
__attribute__((noinline)) static LossCurvature called(Vec y, Vec z, const double* parameters) {
  return L::curvature(y, z, parameters);
}
// `out`: null, or where second derivatives go.
__attribute__((noinline)) static double callingPass(Formula formula, const LossArgs& a, double* out) {
  double sum = 0.0;
  for (size_t k = 0; k < a.outputs; ++k) {
    const size_t at = k * a.stride;
    sum += foldedSum(a.n, [&](size_t i, size_t count) {
      const auto c = formula(load(a.y + at + i, count), load(a.z + at + i, count), a.parameters);
      const Vec weight = a.weights ? load(a.weights + i, count) : splat(1.0);
      store(a.z + at + i, weight * c.gradient, count);
      if (out) store(out + at + i, weight * c.curvature, count);
      return keep(weight * c.loss, count);
    });
  }
  return sum;
}
__attribute__((noinline)) static void callingPoints(Formula formula, const PointArgs& a) {
  points(a, formula, [=](Vec y, Vec z, const double* p) { return formula(y, z, p).gradient; });
}
template <class L>
static constexpr Loss behindCall(const char* name, const char* parameters) {
  return {name,
          parameters,
          [](const LossArgs& a) { return callingPass(called<L>, a, nullptr); },
          [](const LossArgs& a, double* out) { return callingPass(called<L>, a, out); },
          [](const PointArgs& a) { callingPoints(called<L>, a); },
          [](double y, double z, const double* parameters) {
            const LossCurvature c = called<L>(splat(y), splat(z), parameters);
            return LossPoint{first(c.loss), first(c.gradient)};
          }};
}

// ln Σ e^z_k - z_y over the outputs, the largest subtracted first; y in {0 … outputs-1}.
template <bool curved>
NABLA_INLINE double softmax(const LossArgs& a, double* out) {
  return foldedSum(a.n, [&](size_t i, size_t count) {
    const auto z = [&](size_t k) { return a.z + k * a.stride + i; };
    const Vec y = load(a.y + i, count);
    const Vec weight = a.weights ? load(a.weights + i, count) : splat(1.0);
    Vec largest = load(z(0), count);
    for (size_t k = 1; k < a.outputs; ++k) largest = max(load(z(k), count), largest);
    Vec total = zero(), own = zero();
    for (size_t k = 0; k < a.outputs; ++k) {
      const Vec shifted = load(z(k), count) - largest;
      own = select(y == static_cast<double>(k), shifted, own);
      const Vec power = exp(shifted);
      store(z(k), power, count);
      total += power;
    }
    for (size_t k = 0; k < a.outputs; ++k) {
      const Vec hit = select(y == static_cast<double>(k), 1.0, 0.0);
      const Vec probability = load(z(k), count) / total;
      store(z(k), weight * (probability - hit), count);
      if (curved) store(out + k * a.stride + i, probability, count);
    }
    return keep(weight * (log(total) - own), count);
  });
}

static double softmaxPass(const LossArgs& a) { return softmax<false>(a, nullptr); }
static double softmaxCurvaturePass(const LossArgs& a, double* out) { return softmax<true>(a, out); }

template <class U>
NABLA_INLINE void fetchWeights(const double* w, const double* g, double* const* state, size_t i) {
  __builtin_prefetch(w + i);
  __builtin_prefetch(g + i);
  for (int k = 0; k < U::states; ++k) __builtin_prefetch(state[k] + i);
}

// `decays`: from weights times `rest`.
template <class U, bool decays>
static void plainPass(double* w, const double* g, double* const* state, size_t n, const double* coefficients,
                      double rest) {
  double c[maxCoefficients];  // a copy: stores to w cannot change it, so it stays in registers
  for (int k = 0; k < maxCoefficients; ++k) c[k] = coefficients[k];
  double* s[maxStates] = {};
  for (int k = 0; k < U::states; ++k) s[k] = state[k];
  const size_t ahead = early(n);
  eachVec(n, [&](size_t i, size_t count) {
    fetchWeights<U>(w, g, s, i + ahead);
    Vec v[maxStates];
    for (int k = 0; k < U::states; ++k) v[k] = load(s[k] + i, count);
    const Vec before = decays ? load(w + i, count) * rest : load(w + i, count);
    const Vec next = U::step(before, load(g + i, count), v, c).w;
    U::settle(next, v, c);
    for (int k = 0; k < U::states; ++k) store(s[k] + i, v[k], count);
    store(w + i, next, count);
  });
}

template <class U>
static void updatePass(double* w, const double* g, double* const* state, size_t n, const double* c) {
  plainPass<U, false>(w, g, state, n, c, 1.0);
}

// Weights and gradient as modifiers leave them to a rule's step. `shrinks`: RuleOf's, by this learning rate.
struct Modified {
  Vec w, gradient;
};
NABLA_INLINE Modified modified(Vec before, Vec g, Vec factor, const Modifiers& m, bool shrinks, double rate) {
  Vec gradient = g * m.scale;
  if (m.clipValue > 0.0) gradient = max(min(gradient, splat(m.clipValue)), splat(-m.clipValue));
  Vec kept = before * m.decoupled;
  if (m.coupled != 0.0 || m.l2 != 0.0) {
    const Vec pull = m.coupled + m.l2 * factor;
    if (shrinks)
      kept = kept * max(1.0 - rate * pull, splat(0.0));
    else
      gradient = gradient + min(pull, splat(m.mostPull)) * before;
  }
  return {kept, gradient};
}

// The next weights after a rule's step from `kept`: what the penalty and bounds leave of it, and what a
// cumulative penalty holds then.
struct Constrained {
  Vec w, held;
};
NABLA_INLINE Constrained constrained(Vec kept, const Step& step, Vec factor, size_t i, size_t count,
                                     const Modifiers& m) {
  const bool isProximal = m.penalty.l1 != 0.0 || m.penalty.l2 != 0.0;
  const Vec size = min(step.rate, splat(__DBL_MAX__));
  Vec next = step.w, held = zero();
  if (isProximal && m.held) {
    held = select(kept == 0.0, load(m.held + i, count), -m.before * penaltySlope(kept, factor, m.penalty));
    next = proximal(step.w - size * held, m.steps * size, factor, m.penalty);
  } else if (isProximal) {
    next = proximal(step.w, size, factor, m.penalty);
  }
  if (m.penalty.bounded()) next = project(next, i, count, m.penalty);
  if (isProximal && m.held) held = select(next == 0.0, bounded(held - divided(step.w, size)), 0.0);
  return {next, held};
}

NABLA_INLINE bool isCumulative(const Modifiers& m) {
  return m.held && (m.penalty.l1 != 0.0 || m.penalty.l2 != 0.0);
}

// Whether there is decoupled weight decay alone.
static bool onlyDecays(const Modifiers& m) {
  const bool clips = m.scale != 1.0 || m.clipValue > 0.0;
  return !clips && m.coupled == 0.0 && m.l2 == 0.0 && !m.penalty.active();
}

// A step with clipping, weight decay and penalty, in one loop.
// `decays`: by decoupled weight decay alone often enough for a pass of its own.
template <class U, bool decays>
static void modifiedPass(double* w, const double* g, double* const* state, size_t n, const double* c,
                         const Modifiers& modifiers) {
  const Modifiers m = modifiers;  // a copy: stores cannot change it
  if (decays && onlyDecays(m)) return plainPass<U, true>(w, g, state, n, c, m.decoupled);
  const size_t ahead = early(n);
  eachVec(n, [&](size_t i, size_t count) {
    fetchWeights<U>(w, g, state, i + ahead);
    Vec v[maxStates];
    for (int k = 0; k < U::states; ++k) v[k] = load(state[k] + i, count);
    const Vec factor = factorsAt(m.penalty, i, count);
    const Modified from = modified(load(w + i, count), load(g + i, count), factor, m, U::shrinks, c[0]);
    const Step step = U::step(from.w, from.gradient, v, c);
    const Constrained next = constrained(from.w, step, factor, i, count, m);
    U::settle(next.w, v, c);
    for (int k = 0; k < U::states; ++k) store(state[k] + i, v[k], count);
    // After the states, of which it is one of a leader's.
    if (isCumulative(m)) store(m.held + i, next.held, count);
    store(w + i, next.w, count);
  });
}

// The same in three loops over some weights at a time, of which the second alone is the rule's own: up to
// half as long again where all is in cache, for half the code.
constexpr size_t atATime = 64;
struct SomeWeights {
  alignas(64) double kept[atATime], gradient[atATime], w[atATime], rate[atATime];
};

__attribute__((noinline)) static void modifySome(const double* w, const double* g, size_t at, size_t n,
                                                 size_t ahead, const Modifiers& m, SomeWeights& some) {
  eachVec(n, [&](size_t j, size_t count) {
    const size_t i = at + j;
    __builtin_prefetch(w + i + ahead);
    __builtin_prefetch(g + i + ahead);
    const Modified from =
        modified(load(w + i, count), load(g + i, count), factorsAt(m.penalty, i, count), m, false, 0.0);
    store(some.kept + j, from.w, count);
    store(some.gradient + j, from.gradient, count);
  });
}

__attribute__((noinline)) static void constrainSome(const SomeWeights& some, size_t at, size_t n,
                                                    const Modifiers& m, double* w) {
  eachVec(n, [&](size_t j, size_t count) {
    const size_t i = at + j;
    const Step step{load(some.w + j, count), load(some.rate + j, count)};
    const Constrained next =
        constrained(load(some.kept + j, count), step, factorsAt(m.penalty, i, count), i, count, m);
    if (isCumulative(m)) store(m.held + i, next.held, count);
    store(w + i, next.w, count);
  });
}

template <class U>
static void stepSome(double* const* state, size_t at, size_t n, size_t ahead, const double* coefficients,
                     SomeWeights& some) {
  double c[maxCoefficients];  // a copy: stores cannot change it
  for (int k = 0; k < maxCoefficients; ++k) c[k] = coefficients[k];
  double* s[maxStates] = {};
  for (int k = 0; k < U::states; ++k) s[k] = state[k] + at;
  eachVec(n, [&](size_t j, size_t count) {
    Vec v[maxStates];
    for (int k = 0; k < U::states; ++k) {
      __builtin_prefetch(s[k] + j + ahead);
      v[k] = load(s[k] + j, count);
    }
    const Step step = U::step(load(some.kept + j, count), load(some.gradient + j, count), v, c);
    for (int k = 0; k < U::states; ++k) store(s[k] + j, v[k], count);
    store(some.w + j, step.w, count);
    store(some.rate + j, step.rate, count);
  });
}

template <class U, bool decays>
static void modifiedInParts(double* w, const double* g, double* const* state, size_t n, const double* c,
                            const Modifiers& m) {
  if (decays && onlyDecays(m)) return plainPass<U, true>(w, g, state, n, c, m.decoupled);
  const size_t ahead = early(n);
  SomeWeights some;
  for (size_t at = 0; at < n; at += atATime) {
    const size_t count = n - at < atATime ? n - at : atATime;
    modifySome(w, g, at, count, ahead, m, some);
    stepSome<U>(state, at, count, ahead, c, some);
    constrainSome(some, at, count, m, w);
  }
}

template <class U, bool decays>
static Passes passesOf(const double*) {
  return {updatePass<U>, modifiedPass<U, decays>};
}
template <class U, bool decays>
static Passes seldomPassesOf(const double*) {
  return {updatePass<U>, modifiedInParts<U, decays>};
}

}  // namespace NABLA_TARGET
}  // namespace nabla

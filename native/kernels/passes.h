// Lifts of formulas on eight values, losses and updates, to passes over arrays.
// An update pass includes clipping, weight decay and penalty. Twin: lib/reference/kernels/passes.ts.
#pragma once

#include "losses.h"
#include "penalties.h"
#include "prefetch.h"
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

// The same with clipping, weight decay and penalty. `decays`: by decoupled weight decay alone often enough
// for a pass of its own.
template <class U, bool decays>
static void modifiedPass(double* w, const double* g, double* const* state, size_t n, const double* c,
                         const Modifiers& modifiers) {
  const Modifiers m = modifiers;  // a copy: stores cannot change it
  const bool clips = m.scale != 1.0 || m.clipValue > 0.0;
  if (decays && !clips && m.coupled == 0.0 && m.l2 == 0.0 && !m.penalty.active())
    return plainPass<U, true>(w, g, state, n, c, m.decoupled);
  const bool isProximal = m.penalty.l1 != 0.0 || m.penalty.l2 != 0.0, isCumulative = isProximal && m.held;
  const size_t ahead = early(n);
  eachVec(n, [&](size_t i, size_t count) {
    fetchWeights<U>(w, g, state, i + ahead);
    Vec v[maxStates];
    for (int k = 0; k < U::states; ++k) v[k] = load(state[k] + i, count);
    const Vec before = load(w + i, count);
    const Vec factor = factorsAt(m.penalty, i, count);
    Vec gradient = load(g + i, count) * m.scale;
    if (m.clipValue > 0.0) gradient = max(min(gradient, splat(m.clipValue)), splat(-m.clipValue));
    Vec kept = before * m.decoupled;
    if (m.coupled != 0.0 || m.l2 != 0.0) {
      const Vec pull = m.coupled + m.l2 * factor;
      if (U::shrinks)
        kept = kept * max(1.0 - c[0] * pull, splat(0.0));
      else
        gradient = gradient + min(pull, splat(m.mostPull)) * before;
    }
    const Step step = U::step(kept, gradient, v, c);
    const Vec size = min(step.rate, splat(__DBL_MAX__));
    Vec next = step.w, held = zero();
    if (isCumulative) {
      held = select(kept == 0.0, load(m.held + i, count), -m.before * penaltySlope(kept, factor, m.penalty));
      next = proximal(step.w - size * held, m.steps * size, factor, m.penalty);
    } else if (isProximal) {
      next = proximal(step.w, size, factor, m.penalty);
    }
    if (m.penalty.bounded()) next = project(next, i, count, m.penalty);
    U::settle(next, v, c);
    for (int k = 0; k < U::states; ++k) store(state[k] + i, v[k], count);
    if (isCumulative)  // after the states, of which it is one of a leader's
      store(m.held + i, select(next == 0.0, bounded(held - divided(step.w, size)), 0.0), count);
    store(w + i, next, count);
  });
}

template <class U, bool decays>
static Passes passesOf(const double*) {
  return {updatePass<U>, modifiedPass<U, decays>};
}

}  // namespace NABLA_TARGET
}  // namespace nabla

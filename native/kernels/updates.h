// Update rules (EQUATIONS.md; PyTorch's placement of epsilon). A rule says what it computes once a step
// (`begin`) and what it does to eight weights (`step`). Twin: lib/reference/kernels/updates.ts.
#pragma once

#include "simd.h"
#include "table.h"

namespace nabla {
namespace NABLA_TARGET {

struct Sgd {  // w -= ηg
  static constexpr int states = 0;
  NABLA_INLINE Vec step(Vec w, Vec g, Vec*, const double* c) { return w - c[0] * g; }
};
struct Momentum {  // v = μv + (1-τ)g (the first v is g); w -= ηv
  static constexpr int states = 1;
  NABLA_INLINE Vec step(Vec w, Vec g, Vec* s, const double* c) {
    s[0] = c[1] * s[0] + c[2] * g;
    return w - c[0] * s[0];
  }
};
struct Nesterov {  // v as in momentum; w -= η(g + μv)
  static constexpr int states = 1;
  NABLA_INLINE Vec step(Vec w, Vec g, Vec* s, const double* c) {
    s[0] = c[1] * s[0] + c[2] * g;
    return w - c[0] * (g + c[1] * s[0]);
  }
};
NABLA_INLINE void beginSgd(const double* p, double rate, double t, double*, double* c) {
  c[0] = rate;
  c[1] = p[1];
  c[2] = t == 1.0 ? 1.0 : 1.0 - p[2];
}

struct Adagrad {  // G += g²; w -= η/(1+(t-1)d) · g/(√G + ε)
  static constexpr int states = 1;
  NABLA_INLINE Vec step(Vec w, Vec g, Vec* s, const double* c) {
    s[0] = s[0] + g * g;
    return w - c[0] * g / (sqrt(s[0]) + c[1]);
  }
};
NABLA_INLINE void beginAdagrad(const double* p, double rate, double t, double*, double* c) {
  c[0] = rate / (1.0 + (t - 1.0) * p[2]);
  c[1] = p[1];
}

struct Rmsprop {  // v = αv + (1-α)g²; w -= η g/(√v + ε)
  static constexpr int states = 1;
  NABLA_INLINE Vec step(Vec w, Vec g, Vec* s, const double* c) {
    s[0] = c[1] * s[0] + c[2] * (g * g);
    return w - c[0] * (g / (sqrt(s[0]) + c[3]));
  }
};
struct RmspropMomentum {  // b = μb + g/(√v + ε); w -= ηb
  static constexpr int states = 2;
  NABLA_INLINE Vec step(Vec w, Vec g, Vec* s, const double* c) {
    s[0] = c[1] * s[0] + c[2] * (g * g);
    s[1] = c[4] * s[1] + g / (sqrt(s[0]) + c[3]);
    return w - c[0] * s[1];
  }
};
struct RmspropCentered {  // √(v - ḡ²) in place of √v, with momentum (0 is none)
  static constexpr int states = 3;
  NABLA_INLINE Vec step(Vec w, Vec g, Vec* s, const double* c) {
    s[0] = c[1] * s[0] + c[2] * (g * g);
    s[2] = c[1] * s[2] + c[2] * g;
    s[1] = c[4] * s[1] + g / (sqrt(s[0] - s[2] * s[2]) + c[3]);
    return w - c[0] * s[1];
  }
};
NABLA_INLINE void beginRmsprop(const double* p, double rate, double, double*, double* c) {
  c[0] = rate;
  c[1] = p[1];
  c[2] = 1.0 - p[1];
  c[3] = p[2];
  c[4] = p[3];
}

struct Adam {  // m = β₁m + (1-β₁)g; v = β₂v + (1-β₂)g²; w -= η/(1-β₁ᵗ) · m/(√v/√(1-β₂ᵗ) + ε)
  static constexpr int states = 2;
  NABLA_INLINE Vec step(Vec w, Vec g, Vec* s, const double* c) {
    s[0] = c[1] * s[0] + c[2] * g;
    s[1] = c[3] * s[1] + c[4] * (g * g);
    return w - c[0] * s[0] / (sqrt(s[1]) * c[5] + c[6]);
  }
};
static void beginAdam(const double* p, double rate, double, double* running, double* c) {
  running[0] *= p[1];
  running[1] *= p[2];
  c[0] = rate / (1.0 - running[0]);
  c[1] = p[1];
  c[2] = 1.0 - p[1];
  c[3] = p[2];
  c[4] = 1.0 - p[2];
  c[5] = 1.0 / __builtin_sqrt(1.0 - running[1]);
  c[6] = p[3];
}

}  // namespace NABLA_TARGET
}  // namespace nabla

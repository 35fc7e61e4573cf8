// Losses l(y, z) and their derivative in z (EQUATIONS.md). Twin: lib/reference/kernels/losses.ts.
#pragma once

#include "simd.h"

namespace nabla {
namespace NABLA_TARGET {

struct LossGradient {
  Vec loss, gradient;
};

struct Squared {  // ½(z - y)²
  static constexpr const char* name = "squared";
  static constexpr const char* parameters = "";
  NABLA_INLINE LossGradient at(Vec y, Vec z, const double*) {
    const Vec r = z - y;
    return {0.5 * (r * r), r};
  }
};

}  // namespace NABLA_TARGET
}  // namespace nabla

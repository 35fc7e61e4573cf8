#include "huberstart.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "../objective/linearmap.h"

namespace nabla {

namespace {

constexpr int mostStages = 64;
constexpr int mostIterations = 30;  // of a stage, which need not come to its end
constexpr double shrinks = 0.125;   // delta from stage to stage, at least

// Sizes of the residuals of rows that weigh: their median, and the largest.
struct Residuals {
  double median, largest;
};

Residuals residualsOf(const Kernels& kernels, const Plan& plan, const Table& table, const Scaling& scaling,
                      const double* weights, const Team& team) {
  const size_t cols = plan.cols, outputs = plan.outputs, count = table.count;
  LinearMap map(kernels, plan, table, scaling, team);
  std::vector<double> z(count + cols), w(map.size()), sizes;
  sizes.reserve(count * outputs);
  for (size_t k = 0; k < outputs; ++k) {
    std::copy_n(weights + k * cols, cols, w.data());
    if (plan.intercept) w[cols] = weights[plan.coefficients() + k];
    map.spread(w.data(), z.data());
    for (size_t i = 0; i < count; ++i) {
      const size_t row = table.index ? table.index[i] : i, at = row * outputs + k;
      if (table.sampleWeight && !(table.sampleWeight[row] > 0.0)) continue;
      sizes.push_back(std::fabs((table.offset ? z[i] + table.offset[at] : z[i]) - table.y[at]));
    }
  }
  if (sizes.empty()) return {0.0, 0.0};
  // As if in order, NaN last.
  const auto numbers = std::partition(sizes.begin(), sizes.end(), [](double r) { return !std::isnan(r); });
  const auto middle = sizes.begin() + static_cast<std::ptrdiff_t>(sizes.size() / 2);
  const double largest = numbers == sizes.end() ? *std::max_element(sizes.begin(), sizes.end()) : NAN;
  if (middle >= numbers) return {NAN, largest};
  std::nth_element(sizes.begin(), middle, numbers);
  return {*middle, largest};
}

}  // namespace

void approachHuber(const Kernels& kernels, const Plan& plan, const Table& table, const Scaling& scaling,
                   const Penalty& penalty, double* weights, const Team& team,
                   const std::function<std::unique_ptr<Method>(const Plan&, PenalizedObjective&)>& methodOf) {
  if (plan.loss != huberLoss) return;
  const double delta = plan.lossParameters[0];
  Residuals residuals = residualsOf(kernels, plan, table, scaling, weights, team);
  if (!(residuals.median > delta)) return;
  double wide = residuals.largest;
  for (int stage = 0; stage < mostStages && wide > delta && wide < INFINITY; ++stage) {
    Plan own = plan;
    own.lossParameters[0] = wide;
    PenalizedObjective smooth(kernels, own, table, &scaling, penalty, team);
    const std::unique_ptr<Method> method = methodOf(own, smooth);
    for (int i = 0; i < mostIterations && method->ended == Status::maxEpochs; ++i) {
      if (!std::isfinite(method->epoch(static_cast<uint64_t>(i))) || team.stopped()) return;
    }
    residuals = residualsOf(kernels, plan, table, scaling, weights, team);
    wide = residuals.median < shrinks * wide ? residuals.median : shrinks * wide;
  }
}

}  // namespace nabla

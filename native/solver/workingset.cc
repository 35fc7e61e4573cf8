#include "workingset.h"

#include <algorithm>
#include <cmath>

namespace nabla {

namespace {

constexpr size_t fewest = 64;  // columns that may join at once, if half of those that are in are fewer

}  // namespace

WorkingSet::WorkingSet(const Plan& plan, const Scaling& scaling, const PenalizedObjective& smooth,
                       bool isSparse)
    : plan_(plan), scaling_(scaling), smooth_(smooth), isSparse_(isSparse), gains_(isSparse ? plan.cols : 0) {
  if (isSparse_) return;
  columns_.resize(plan.cols);
  for (size_t j = 0; j < plan.cols; ++j) columns_[j] = static_cast<uint32_t>(j);
}

double WorkingSet::bound(size_t place) const { return smooth_.penalty().l1 * smooth_.factor(place); }

// Whether a column's coefficients are all at 0 and l1 holds them there, or at bounds.
bool WorkingSet::isHeld(size_t column, const double* weights) const {
  const Penalty& penalty = smooth_.penalty();
  for (size_t j = column; j < plan_.coefficients(); j += plan_.cols) {
    const double w = weights[j];
    if (!((w == 0.0 && bound(j) > 0.0) || penalty.isAtLower(j, w) || penalty.isAtUpper(j, w))) return false;
  }
  return true;
}

// How steeply the objective falls where a coefficient leaves its place, the way that it may go.
double WorkingSet::slope(size_t place, const double* weights, const double* gradient) const {
  const Penalty& penalty = smooth_.penalty();
  const double w = weights[place], most = bound(place);
  const double right = gradient[place] + (w < 0.0 ? -most : most);
  const double left = gradient[place] + (w > 0.0 ? most : -most);
  if (right < 0.0 && !penalty.isAtUpper(place, w)) return -right;
  return left > 0.0 && !penalty.isAtLower(place, w) ? left : 0.0;
}

// What a column promises, in units that all share.
double WorkingSet::gain(size_t column, const double* weights, const double* gradient) const {
  double gain = 0.0;
  for (size_t j = column; j < plan_.coefficients(); j += plan_.cols) {
    const double steep = slope(j, weights, gradient);
    gain += (steep * steep) / scaling_.square()[column];
  }
  return gain;
}

bool WorkingSet::choose(const double* weights, const double* gradient) {
  if (!isSparse_) return false;
  before_.swap(columns_);
  columns_.clear();
  left_.clear();
  for (uint32_t j = 0; j < plan_.cols; ++j) {
    gains_[j] = gain(j, weights, gradient);
    if (!isHeld(j, weights))
      columns_.push_back(j);
    else if (gains_[j] > 0.0)
      left_.push_back(j);
  }
  std::sort(left_.begin(), left_.end(), [&](uint32_t a, uint32_t b) {
    return gains_[a] > gains_[b] || (gains_[a] == gains_[b] && a < b);
  });
  left_.resize(std::min(left_.size(), std::max(fewest, columns_.size() / 2)));
  columns_.insert(columns_.end(), left_.begin(), left_.end());
  std::sort(columns_.begin(), columns_.end());
  return columns_ != before_;
}

double WorkingSet::decreaseOutsideWorkingSet(const double* weights, const double* gradient,
                                             const double* curvature) const {
  double gain = 0.0;
  size_t next = 0;
  for (size_t column = 0; column < plan_.cols && !isWhole(); ++column) {
    if (next < columns_.size() && columns_[next] == column) {
      ++next;
      continue;
    }
    for (size_t k = 0; k < plan_.outputs; ++k) {
      const double steep = slope(k * plan_.cols + column, weights, gradient);
      if (steep > 0.0) gain += (0.5 * steep * steep) / (curvature[k] * scaling_.square()[column]);
    }
  }
  return gain;
}

}  // namespace nabla

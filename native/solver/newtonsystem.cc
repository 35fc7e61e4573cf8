#include "newtonsystem.h"

#include <algorithm>
#include <cmath>

namespace nabla {

namespace {

// The penalty of some of the weights.
Penalty penaltyOf(const Penalty& penalty, const AlignedBuffer& factors, const AlignedBuffer& lower,
                  const AlignedBuffer& upper) {
  const auto own = [](const double* all, const AlignedBuffer& some) { return all ? some.data() : nullptr; };
  return {penalty.l1, penalty.l2, own(penalty.factors, factors), own(penalty.lower, lower),
          own(penalty.upper, upper)};
}

}  // namespace

NewtonSystem::NewtonSystem(const Kernels& kernels, const Plan& plan, const Scaling& scaling,
                           const PenalizedObjective& smooth, const std::vector<uint32_t>& columns,
                           size_t output, const double* G, const Team& team)
    : smooth_(smooth),
      output_(output),
      isCoupled_(plan.loss == softmaxLoss),
      columns_(columns.size()),
      places_((isCoupled_ ? plan.outputs : 1) * (columns_ + (plan.intercept ? 1 : 0))),
      penalized_((isCoupled_ ? plan.outputs : 1) * columns_),
      own_(G && columns_ == plan.cols ? 0 : places_.size() * places_.size()),
      hessian_(own_.size() > 0 ? own_.data() : G),
      unit_(places_.size()),
      factors_(smooth.penalty().factors ? penalized_ : 0),
      lower_(smooth.penalty().bounded() ? penalized_ : 0),
      upper_(lower_.size()),
      added_(places_.size()),
      model_(kernels, places_.size(), penalized_, penaltyOf(smooth.penalty(), factors_, lower_, upper_),
             team),
      g_(places_.size()),
      w_(places_.size()),
      v_(places_.size()),
      slope_(places_.size()) {
  own_.clear();
  const size_t n = places_.size(), side = plan.cols + (plan.intercept ? 1 : 0);
  const auto inG = [&](size_t i) { return i < columns_ ? columns[i] : plan.cols; };
  for (size_t i = 0; G && own_.size() > 0 && i < n && !team.stopped(); ++i)
    for (size_t k = 0; k < n; ++k) own_.data()[i * n + k] = G[inG(i) * side + inG(k)];
  for (size_t i = 0; i < n; ++i) {
    const size_t k = isCoupled_ && columns_ > 0 ? i / columns_ : output;
    const size_t column = i < penalized_ ? columns[i % columns_] : 0;
    places_[i] = i < penalized_ ? k * plan.cols + column : plan.coefficients() + output + (i - penalized_);
    unit_.data()[i] = i < penalized_ ? scaling.square()[column] : 1.0;
    if (i < factors_.size()) factors_.data()[i] = smooth.factor(places_[i]);
    if (i >= lower_.size()) continue;
    lower_.data()[i] = smooth.penalty().lower[places_[i]];
    upper_.data()[i] = smooth.penalty().upper[places_[i]];
  }
}

void NewtonSystem::complete(double damping) {
  for (size_t i = 0; i < places_.size(); ++i) {
    const double l2 = i < penalized_ ? smooth_.penalty().l2 * smooth_.factor(places_[i]) : 0.0;
    added_.data()[i] = l2 + damping * unit_.data()[i];
  }
  model_.setHessian(hessian_, added_.data());
}

double NewtonSystem::minimizeModel(const double* gradient, const double* weights, double* modelMinimizer) {
  for (size_t i = 0; i < places_.size(); ++i) {
    g_.data()[i] = gradient[places_[i]];
    w_.data()[i] = weights[places_[i]];
  }
  const double fall = model_.minimize(g_.data(), w_.data(), v_.data());
  for (size_t i = 0; i < places_.size(); ++i) modelMinimizer[places_[i]] = v_.data()[i];
  return fall;
}

double NewtonSystem::unmodelledDecrease(double damping, double* gradient) {
  const Penalty& penalty = smooth_.penalty();
  const size_t n = places_.size();
  double* slope = slope_.data();
  std::copy_n(g_.data(), n, slope);
  for (size_t i = 0; i < n; ++i) {
    const double moved = model_.moved()[i];
    if (moved == 0.0) continue;  // often, beside l1
    model_.addColumn(moved, i, slope);
    slope[i] -= damping * unit_.data()[i] * moved;
  }
  double unmodelledDecrease = 0.0;
  for (size_t i = 0; i < n; ++i) {
    const double v = v_.data()[i];
    gradient[places_[i]] = slope[i];
    const double bound = i < penalized_ ? penalty.l1 * smooth_.factor(places_[i]) : 0.0;
    const double right = slope[i] + (v < 0.0 ? -bound : bound);
    const double decreaseLeft = slope[i] + (v > 0.0 ? bound : -bound);
    const bool isLow = i < penalized_ && penalty.isAtLower(places_[i], v);
    const bool isHigh = i < penalized_ && penalty.isAtUpper(places_[i], v);
    const double steep = right < 0.0 && !isHigh ? right : decreaseLeft > 0.0 && !isLow ? decreaseLeft : 0.0;
    unmodelledDecrease += (0.5 * steep * steep) / (leastDamping * unit_.data()[i]);
  }
  return unmodelledDecrease;
}

std::vector<std::vector<double>> NewtonSystem::weakDirections(size_t size) const {
  // What the last class would tell the others have told.
  const size_t count = isCoupled_ ? penalized_ - columns_ : places_.size();
  std::vector<std::vector<double>> directions = model_.weakDirections(count);
  for (std::vector<double>& direction : directions) {
    std::vector<double> u(size);
    for (size_t i = 0; i < direction.size(); ++i) u[places_[i]] = direction[i];
    direction.swap(u);
  }
  return directions;
}

}  // namespace nabla

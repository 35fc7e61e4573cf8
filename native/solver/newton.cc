#include "newton.h"

#include <string.h>

#include <cmath>

namespace nabla {

namespace {

constexpr int mostDampings = 25;

void copy(const double* from, double* to, size_t n) {
  if (n > 0) memcpy(to, from, n * sizeof(double));
}

}  // namespace

Newton::Newton(const Kernels& kernels, const Plan& plan, const Table& table, const Scaling& scaling,
               Smooth& smooth, double* weights, const Team& team, double* known)
    : kernels_(kernels),
      plan_(plan),
      table_(table),
      scaling_(scaling),
      smooth_(smooth),
      team_(team),
      w_(weights),
      gramMatrix_(isSquared() ? 0 : (plan.cols + 1) * (plan.cols + 1)),
      g_(plan.size()),
      trial_(plan.size()),
      trialGradient_(plan.size()),
      target_(plan.size()),
      curvature_(isSquared() ? 0 : plan.outputs * table.count),
      rowCurvature_(isCoupled() ? table.count : 0) {
  g_.clear();
  for (size_t j = 0; smooth.penalty().nonNegative && j < smooth.penalized(); ++j)
    if (w_[j] < 0.0) w_[j] = 0.0;
  if (isSquared())
    expansion_.reset(new Expansion(kernels, plan, table, &scaling, smooth.objective(), w_, team,
                                   Expansion::Units::means, known));
  else
    gram_.reset(new Gram(kernels, {table.X, plan.cols, table.count, table.index},
                         plan.intercept ? scaling.mean() : nullptr, team));
  const size_t cols = plan.cols, outputs = plan.outputs;
  for (size_t k = 0; k < (isCoupled() ? 1 : outputs); ++k) {
    const size_t penalized = isCoupled() ? outputs * cols : cols;
    const size_t n = penalized + (plan.intercept ? (isCoupled() ? outputs : 1) : 0);
    std::vector<size_t> places(n);
    for (size_t i = 0; i < n; ++i)
      places[i] = i < penalized ? k * cols + i : plan.coefficients() + k + (i - penalized);
    Penalty penalty = smooth.penalty();
    if (penalty.factors) penalty.factors += k * cols;
    systems_.emplace_back(new System{k, std::move(places), penalized, Doubles(isSquared() ? 0 : n * n),
                                     Doubles(n), Quadratic(kernels, n, penalized, penalty, team), Doubles(n),
                                     Doubles(n), Doubles(n), Doubles(n)});
    systems_.back()->hessian.clear();
  }
}

double Newton::epoch(uint64_t) {
  if (!begun_) {
    begun_ = true;
    value_ = evaluate(w_, g_.data());
    meanLoss = smooth_.meanLoss();
    first_ = std::fabs(value_);
    if (!std::isfinite(value_)) return value_;
  }
  if (!isCurrent_) bend();
  double promised = NAN;
  const double length = step(promised);
  rate = length;
  double left = promised;
  if (length > 0.0) {
    ++steps;
    copy(trial_.data(), w_, plan_.size());
    copy(trialGradient_.data(), g_.data(), plan_.size());
    left = length == 1.0 && isMinimal() ? 0.0 : remaining();
    isCurrent_ = isSquared();
    if (length == 1.0)
      damp(damping_ > leastDamping ? 0.1 * damping_ : 0.0);
    else if (length < 0.1)
      dampMore();
  }
  change = left;
  if (left <= 0x1p-4 * nothing())
    ended = Status::converged;
  else if (length == 0.0)
    ended = left <= 64.0 * nothing() ? Status::converged : Status::stalled;
  gradientNorm = smooth_.norm(w_, g_.data());
  if (plan_.stepHistory && length > 0.0) stepLosses.push_back(value_);
  return value_;
}

// The objective, the gradient of its smooth part, and the second derivatives.
double Newton::evaluate(const double* weights, double* gradient) {
  return penalized(expansion_ ? expansion_->evaluate(weights, gradient)
                              : smooth_.objective().curve(weights, gradient, curvature_.data()),
                   weights, gradient);
}

// From the sum of the losses, and the gradient of their mean.
double Newton::penalized(double sum, const double* weights, double* gradient) {
  return smooth_.penalize(sum / static_cast<double>(table_.count), weights, gradient);
}

// What of the objective cannot be told from rounding; a minimum of 0 is known by where the fit came from.
double Newton::nothing() const { return newtonRounding * (std::fabs(value_) + 0x1p-16 * first_); }

// Takes a step, with more damping if there is none without. Returns which part of it; `promised`: by the
// first model.
double Newton::step(double& promised) {
  for (int tries = 0; tries < mostDampings && !stopped(); ++tries) {
    const double fall = aim();
    const double rest = untold();
    if (tries == 0) promised = fall + rest;
    if (damping_ > 0.0 || rest <= nothing() || isTold()) {
      const double length = search(fall);
      if (length > 0.0) return length;
      if (!(fall > nothing())) break;
    }
    dampMore();
  }
  return 0.0;
}

void Newton::dampMore() { damp(damping_ > 0.0 ? 10.0 * damping_ : leastDamping); }

// Adds to the Hessians what so large a second derivative of the loss would add to their diagonals.
void Newton::damp(double damping) {
  if (damping == damping_) return;
  damping_ = damping;
  for (const auto& system : systems_) complete(*system);
}

void Newton::complete(System& system) {
  const size_t n = system.places.size();
  for (size_t i = 0; i < n; ++i) {
    const double l2 = i < system.penalized ? plan_.l2 * smooth_.factor(system.places[i]) : 0.0;
    system.added.data()[i] = l2 + damping_ * unit(i, system.penalized);
  }
  system.model.setHessian(expansion_ ? expansion_->G() : system.hessian.data(), system.added.data());
}

// The mean square of a variable's column.
double Newton::unit(size_t i, size_t penalized) const {
  return i < penalized ? scaling_.square()[i % plan_.cols] : 1.0;
}

// Writes the slopes of the models without damping at the target to the trial's gradient.
void Newton::slopeAtTarget() {
  for (const auto& system : systems_) {
    const size_t n = system->places.size();
    double* w = system->w.data();
    double* slope = system->slope.data();
    copy(system->g.data(), slope, n);
    for (size_t i = 0; i < n; ++i) {
      w[i] = system->v.data()[i] - w[i];
      if (w[i] == 0.0) continue;  // often, beside l1
      system->model.addColumn(w[i], i, slope);
      slope[i] -= damping_ * unit(i, system->penalized) * w[i];
    }
    for (size_t i = 0; i < n; ++i) trialGradient_.data()[system->places[i]] = slope[i];
  }
}

// What the objective could still fall by at the target, where the models are flat but for the least damping.
double Newton::untold() {
  slopeAtTarget();
  const Penalty& penalty = smooth_.penalty();
  double untold = 0.0;
  for (const auto& system : systems_) {
    for (size_t i = 0; i < system->places.size(); ++i) {
      const size_t j = system->places[i];
      const double v = system->v.data()[i], slope = trialGradient_.data()[j];
      const double bound = j < smooth_.penalized() ? penalty.l1 * smooth_.factor(j) : 0.0;
      const double right = slope + (v < 0.0 ? -bound : bound);
      const double left = slope + (v > 0.0 ? bound : -bound);
      const bool isBound = penalty.nonNegative && j < smooth_.penalized() && !(v > 0.0);
      const double steep = right < 0.0 ? right : left > 0.0 && !isBound ? left : 0.0;
      untold += (0.5 * steep * steep) / (leastDamping * unit(i, system->penalized));
    }
  }
  return untold;
}

// Whether the models account for most of the gradient.
bool Newton::isTold() const {
  return smooth_.norm(target_.data(), trialGradient_.data()) <= 0.5 * smooth_.norm(w_, g_.data());
}

// The Hessians at the weights.
void Newton::bend() {
  for (const auto& system : systems_) {
    if (isCoupled())
      bendClasses(*system);
    else if (!expansion_)
      spread(*system, curvature_.data() + system->output * table_.count, system->output, system->output);
    complete(*system);
  }
  isCurrent_ = true;
}

// Whether the models' minimum is the objective's, but for rounding: as of an expansion, unless it says too
// little.
bool Newton::isMinimal() const {
  for (const auto& system : systems_)
    if (!system->model.isSolved() || !(system->model.leastPivot() > leastExpandedPivot)) return false;
  return expansion_ && damping_ == 0.0;
}

// What the objective can still fall by.
double Newton::remaining() {
  if (expansion_) {
    value_ = penalized(expansion_->begin(w_, g_.data()), w_, g_.data());
    meanLoss = smooth_.meanLoss();
  }
  const double fall = aim();
  return fall + untold();
}

// Of softmax: between classes k and l the second derivative is p_k (δ_kl - p_l).
void Newton::bendClasses(System& system) {
  const size_t count = table_.count;
  const double* p = curvature_.data();
  double* d = rowCurvature_.data();
  for (size_t k = 0; k < plan_.outputs; ++k) {
    for (size_t l = 0; l <= k && !stopped(); ++l) {
      for (size_t i = 0; i < count; ++i) {
        const double own = p[k * count + i], other = p[l * count + i];
        const size_t row = table_.index ? table_.index[i] : i;
        const double weight = table_.sampleWeight ? table_.sampleWeight[row] : 1.0;
        d[i] = weight * (k == l ? own * (1.0 - own) : -own * other);
      }
      spread(system, d, k, l);
    }
  }
}

// Writes the part of a Hessian that is between outputs k and l: the mean of d·xxᵀ in the solver's columns.
void Newton::spread(System& system, const double* d, size_t k, size_t l) {
  const size_t cols = plan_.cols, size = gram_->size(), n = system.places.size();
  const double count = static_cast<double>(table_.count);
  const double* deviation = scaling_.deviation();
  double* hessian = system.hessian.data();
  const double* G = gramMatrix_.data();
  gram_->evaluate(d, gramMatrix_.data());
  // Where a system's variables of an output begin, and its intercept.
  const auto at = [&](size_t output, size_t j) {
    return !isCoupled() ? j : j < cols ? output * cols + j : plan_.outputs * cols + output;
  };
  for (size_t j = 0; j < size; ++j) {
    const size_t row = at(k, j);
    const double rowScale = j == cols ? 1.0 : deviation[j];
    for (size_t m = 0; m < size; ++m) {
      const size_t column = at(l, m);
      const double scale = rowScale * (m == cols ? 1.0 : deviation[m]);
      const double h = G[j * size + m] / count / scale;
      hessian[row * n + column] = h;
      hessian[column * n + row] = h;
    }
  }
}

// Writes where the models have their minimum to `target`; returns by how much they fall.
double Newton::aim() {
  double fall = 0.0;
  for (const auto& system : systems_) {
    const size_t n = system->places.size();
    for (size_t i = 0; i < n; ++i) {
      system->g.data()[i] = g_.data()[system->places[i]];
      system->w.data()[i] = w_[system->places[i]];
    }
    fall += system->model.minimize(system->g.data(), system->w.data(), system->v.data());
    for (size_t i = 0; i < n; ++i) target_.data()[system->places[i]] = system->v.data()[i];
  }
  return fall;
}

// Goes towards the target, all the way if the objective falls enough; returns which part, 0 if nothing is
// gained.
double Newton::search(double promised) {
  if (!(promised > 0.0)) return 0.0;
  const double noise = nothing();
  const double* target = target_.data();
  double* trial = trial_.data();
  double t = 1.0;
  for (int tries = 0; tries < 60 && !stopped(); ++tries) {
    if (t == 1.0)
      copy(target, trial, plan_.size());
    else
      for (size_t j = 0; j < plan_.size(); ++j) trial[j] = w_[j] + t * (target[j] - w_[j]);
    const double value = evaluate(trial, trialGradient_.data());
    // A decrease that rounding hides is believed once.
    const bool isLower = promised > noise ? value <= value_ - 1e-4 * t * promised : value <= value_ + noise;
    if (isLower) {
      value_ = value;
      meanLoss = smooth_.meanLoss();
      return t;
    }
    t *= value < INFINITY ? 0.5 : 0.1;
  }
  return 0.0;
}

void Newton::exchange(Archive& archive) {
  Method::exchange(archive);
  archive.flag(begun_);
  archive.array(w_, plan_.size());
  archive.number(value_);
  archive.number(first_);
  archive.number(damping_);
  archive.array(g_.data(), plan_.size());
  if (expansion_) expansion_->exchange(archive);
  // What follows from the weights is made anew.
  isCurrent_ = false;
  if (!begun_) return;
  evaluate(w_, trialGradient_.data());
  meanLoss = smooth_.meanLoss();
}

}  // namespace nabla

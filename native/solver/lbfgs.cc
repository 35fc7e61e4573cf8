#include "lbfgs.h"

#include <string.h>

#include <vector>

#include "../objective/bounds.h"
#include "huberstart.h"
#include "rowslopes.h"

namespace nabla {

namespace {

constexpr double rounding = 0x1p-48;  // of the objective: smaller changes are not to be told from rounding
constexpr int mostSampled = 30;       // iterations on a sample
constexpr uint64_t longest = 12;      // iterations with one preconditioner, where taking it anew costs little
// Of the slopes of rows, at most, what rounding may leave at a minimum where all of them are 0.
constexpr double slopeRounding = 0x1p-24;
constexpr double leastSlope = 0x1p-15;  // of the slopes of rows, what a minimum may leave
constexpr double leastSeen =
    0x1p-120;  // of the size of the objective, a decrease that no digit of a weight tells
constexpr uint64_t patience =
    8;  // iterations in which rounding hides the decrease, without a quarter of the least one predicted

void copy(const double* from, double* to, size_t n) {
  if (n > 0) memcpy(to, from, n * sizeof(double));
}

}  // namespace

Lbfgs::Lbfgs(const Kernels& kernels, const Plan& plan, const Table& table, const Scaling& scaling,
             PenalizedObjective& smooth, double* weights, const Team& team, bool isFirst)
    : kernels_(kernels),
      plan_(plan),
      table_(table),
      scaling_(scaling),
      smooth_(smooth),
      team_(team),
      isFirst_(isFirst),
      sample_(table, plan.cols),
      preconditioner_(kernels, plan, scaling, smooth, team),
      isSmooth_(!isPiecewiseLinear(plan.loss)),
      meter_(plan, table, scaling),
      size_(plan.size()),
      memory_(static_cast<size_t>(plan.solverParameters[0])),
      isOrthantWise_(smooth.penalty().l1 != 0.0 || smooth.penalty().bounded()),
      stepHistory_(plan.stepHistory),
      w_(weights),
      hessianPoint_(size_),
      g_(size_),
      trial_(size_),
      trialGradient_(size_),
      steepest_(size_),
      direction_(size_),
      turned_(size_),
      s_(memory_ * size_),
      y_(memory_ * size_),
      products_(memory_),
      alpha_(memory_) {
  for (AlignedBuffer* vector : {&g_, &hessianPoint_, &steepest_, &direction_, &s_, &y_, &products_})
    vector->clear();
}

// To where the first iteration starts.
void Lbfgs::begin() {
  bool isNothing = true;
  for (size_t j = 0; j < smooth_.penalized(); ++j) isNothing = isNothing && w_[j] == 0.0;
  // Where the caller starts may be better than where a sample ends.
  const bool approaches = isNothing && sample_.isPart() && !isPiecewiseLinear(plan_.loss);
  const std::vector<double> start(w_, w_ + size_);
  const double expected = approaches ? approach() : 0.0;
  approachByDelta();
  copy(w_, hessianPoint_.data(), size_);
  updateHessian();
  value_ = smooth_.evaluate(w_, g_.data());
  if (!approaches || value_ - expected <= std::fabs(expected)) return;
  // The sample says little of the other rows.
  copy(start.data(), trial_.data(), size_);
  const double value = smooth_.evaluate(trial_.data(), trialGradient_.data());
  if (value_ <= value) return;
  value_ = value;
  copy(trial_.data(), w_, size_);
  copy(trialGradient_.data(), g_.data(), size_);
}

void Lbfgs::restart() {
  begun_ = false;
  count_ = 0;
  ended = Status::maxEpochs;
}

void Lbfgs::approachByDelta() {
  if (!isFirst_) return;
  approachHuber(
      kernels_, plan_, table_, scaling_, smooth_.penalty(), w_, team_,
      [&](const Plan& plan, PenalizedObjective& smooth) {
        return std::unique_ptr<Method>(new Lbfgs(kernels_, plan, table_, scaling_, smooth, w_, team_, false));
      });
}

void Lbfgs::updateHessian() {
  if (bentByAll_)
    preconditioner_.updateHessian(table_, false, hessianPoint_.data());
  else
    preconditioner_.updateHessian(sample_.table(), sample_.isPart(), hessianPoint_.data());
}

// Goes to where the objective of a sample is least, about as near as that is to the minimum over all rows;
// returns what it is there.
double Lbfgs::approach() {
  const Table& table = sample_.table();
  const double far = 0.5 * (static_cast<double>(size_) / static_cast<double>(table.count));
  PenalizedObjective smooth(kernels_, plan_, table, &scaling_, smooth_.penalty(), team_);
  Lbfgs fit(kernels_, plan_, table, scaling_, smooth, w_, team_);
  double value = NAN;
  for (int i = 0; i < mostSampled && fit.ended == Status::maxEpochs && !smooth_.stopped(); ++i) {
    value = fit.epoch(0);
    if (!(fit.change > far * std::fabs(value))) break;
  }
  return value;
}

double Lbfgs::epoch(uint64_t) {
  if (!begun_) {
    begin();
    begun_ = true;
    updatePseudoGradient();
    if (!std::isfinite(value_)) return value_;
  }
  if (preconditioner_.hasHessian() && aged_ >= longest + plan_.cols / 8) {
    aged_ = 0;
    bentByAll_ = true;
    copy(w_, hessianPoint_.data(), size_);
    updateHessian();
    updatePseudoGradient();
  }
  ++aged_;
  const double before = value_;
  double length = search();
  if (length == 0.0 && count_ > 0) {
    count_ = 0;  // what is remembered misleads: once more along the gradient
    updatePseudoGradient();
    length = search();
  }
  rate = length;
  if (length > 0.0) {
    ++steps;
    remember();
    updatePseudoGradient();
  }
  const double gain = before - value_;
  const double still = -0.5 * dot(steepest_.data(), direction_.data());  // what the next step promises
  change = gain > still ? gain : still;
  lastDecrease = gain;
  if (!isPiecewiseLinear(plan_.loss)) remainingDecrease = still;
  gradientNorm = smooth_.norm(w_, g_.data());
  if (isSmooth_) ended = verdict(length, still);          // multipliers.h judges an augmented Lagrangian
  if (ended == Status::stalled) remainingDecrease = NAN;  // by a model that has failed
  if (stepHistory_ && length > 0.0) stepLosses.push_back(value_);
  return value_;
}

// How the fit ends after a step of that length, 0 if there is none, with such a decrease predicted for the
// next one; maxEpochs: it goes on.
Status Lbfgs::verdict(double length, double predicted) {
  Status verdict = verdictOfHidden(predicted);
  if (length == 0.0) verdict = predicted <= hidden() ? Status::converged : Status::stalled;
  // Of a sum of squares that is 0, slopes are rounding, whatever the scale of their column.
  if (meter_.isZero(w_, value_)) return Status::converged;
  return verdict == Status::converged && !isStationary() ? Status::stalled : verdict;
}

// What the steps that go by the gradient, where rounding hides what they gain, have come to; maxEpochs: they
// go on.
Status Lbfgs::verdictOfHidden(double predicted) {
  if (change > roundoff()) {
    least_ = INFINITY;
    waited_ = 0;
    return Status::maxEpochs;
  }
  ++waited_;
  if (predicted <= 0.25 * least_) {
    least_ = predicted;
    waited_ = 0;
  }
  if (predicted <= leastSeen * size()) return Status::converged;
  const bool isHidden = predicted <= hidden();
  if (waited_ < (isHidden ? 1 : patience)) return Status::maxEpochs;
  return isHidden ? Status::converged : Status::stalled;
}

// Whether no weight has more of a slope, in the scale of its column, than a small part of the slopes of rows.
bool Lbfgs::isStationary() {
  const double slope = meter_.slope(std::fabs(value_ - smooth_.penaltyAt(w_)));
  const double* g = steepest_.data();
  const auto unit = [&](size_t j) {
    return j < smooth_.penalized() ? std::sqrt(scaling_.square()[j % plan_.cols]) : 1.0;
  };
  const auto isWithin = [&](double part) {
    for (size_t j = 0; j < size_; ++j)
      if (!(std::fabs(g[j]) <= part * slope * unit(j))) return false;
    return true;
  };
  if (!isWithin(leastSlope)) return false;
  if (!meter_.isSlopeRough() || isWithin(slopeRounding)) return true;
  const double l1 = smooth_.penalty().l1, l2 = smooth_.penalty().l2;
  const std::vector<double> terms = rowSlopes(smooth_.objective(), table_, w_, size_);
  for (size_t j = 0; j < size_; ++j) {
    const double ofPenalty = j < smooth_.penalized() ? smooth_.factor(j) * (l1 + l2 * std::fabs(w_[j])) : 0.0;
    if (!(std::fabs(g[j]) <= leastSlope * (terms[j] + ofPenalty) + slopeRounding * slope * unit(j)))
      return false;
  }
  return true;
}

// Decreases that rounding hides in the gradient, too: of the order of the square of what it hides in the
// objective; with l1, of whose steps signs are part, of the order of that.
double Lbfgs::hidden() const {
  const double roundoff = this->roundoff();
  return isOrthantWise_ ? roundoff : 16.0 * roundoff * (roundoff / size());
}

double Lbfgs::roundoff() const {
  if (!isSmooth_) return rounding * std::fabs(value_);
  return meter_.level(w_, value_, value_ - smooth_.penaltyAt(w_));
}

// The shortest subgradient at the weights, and the direction to go.
void Lbfgs::updatePseudoGradient() {
  const Penalty& penalty = smooth_.penalty();
  double* steepest = steepest_.data();
  copy(g_.data(), steepest, size_);
  for (size_t j = 0; isOrthantWise_ && j < smooth_.penalized(); ++j) {
    const double bound = penalty.l1 * smooth_.factor(j);
    const double up = steepest[j] + bound;    // the slope to the right
    const double down = steepest[j] - bound;  // and from the left
    if (w_[j] > 0.0)
      steepest[j] = up;
    else if (w_[j] < 0.0)
      steepest[j] = down;
    else
      steepest[j] = up < 0.0 ? up : down > 0.0 ? down : 0.0;
    if (steepest[j] < 0.0 ? penalty.isAtUpper(j, w_[j]) : penalty.isAtLower(j, w_[j])) steepest[j] = 0.0;
  }
  twoLoopRecursion();
  if (dot(steepest, direction_.data()) < 0.0) return;
  count_ = 0;
  twoLoopRecursion();
}

// direction = -H·steepest by the two loops over what is remembered, newest first, then oldest first.
void Lbfgs::twoLoopRecursion() {
  double* d = direction_.data();
  const double* steepest = steepest_.data();
  double* alpha = alpha_.data();
  const double* products = products_.data();
  for (size_t j = 0; j < size_; ++j) d[j] = -steepest[j];
  for (size_t age = 0; age < count_ && !smooth_.stopped(); ++age) {
    const size_t k = place(age);
    alpha[k] = dot(s(k), d) / products[k];
    kernels_.axpy(-alpha[k], y(k), d, size_);
  }
  preconditioner_.divide(d);
  if (count_ > 0) {
    const double* newest = y(place(0));
    copy(newest, turned_.data(), size_);
    preconditioner_.divide(turned_.data());
    kernels_.scal(products[place(0)] / dot(turned_.data(), newest), d, size_);
  }
  for (size_t age = count_; age-- > 0 && !smooth_.stopped();) {
    const size_t k = place(age);
    kernels_.axpy(alpha[k] - dot(y(k), d) / products[k], s(k), d, size_);
  }
  // A step may not leave the orthant in which the subgradient is a gradient.
  for (size_t j = 0; isOrthantWise_ && j < smooth_.penalized(); ++j)
    if (d[j] * steepest[j] >= 0.0) d[j] = 0.0;
}

// Goes along the direction to `trial`; returns how far, 0 if nothing is gained.
double Lbfgs::search() {
  const double slope = dot(steepest_.data(), direction_.data());
  if (!(slope < 0.0)) return 0.0;
  const double first = count_ > 0 ? 1.0 : firstLength;
  if (isOrthantWise_) return backtrack(first);
  const RayPoint found = wolfe({0.0, value_, slope}, first, roundoff(), [this](double t) { return at(t); });
  if (found.t > 0.0) value_ = found.value;
  return found.t;
}

RayPoint Lbfgs::at(double t) {
  copy(w_, trial_.data(), size_);
  kernels_.axpy(t, direction_.data(), trial_.data(), size_);
  // Told to stop: whatever is returned, it ends the search.
  if (smooth_.stopped()) return {t, value_, 0.0};
  const double value = smooth_.evaluate(trial_.data(), trialGradient_.data());
  return {t, value, dot(trialGradient_.data(), direction_.data())};
}

// Halves the step until the objective falls enough; coefficients that would pass 0 against l1, or a bound,
// stay there.
double Lbfgs::backtrack(double t) {
  double* trial = trial_.data();
  const double* steepest = steepest_.data();
  const Penalty& penalty = smooth_.penalty();
  const double roundoff = this->roundoff();
  for (int tries = 0; tries < 50 && !smooth_.stopped(); ++tries, t *= 0.5) {
    copy(w_, trial, size_);
    kernels_.axpy(t, direction_.data(), trial, size_);
    double slope = 0.0;
    for (size_t j = 0; j < smooth_.penalized(); ++j) {
      const double side = w_[j] == 0.0 ? -steepest[j] : w_[j];
      if (penalty.l1 * smooth_.factor(j) > 0.0 && !(trial[j] * side > 0.0)) trial[j] = 0.0;
    }
    if (penalty.bounded()) project(penalty, trial, smooth_.penalized());
    for (size_t j = 0; j < size_; ++j) slope += steepest[j] * (trial[j] - w_[j]);
    const double value = smooth_.evaluate(trial, trialGradient_.data());
    const bool isHidden = std::fabs(value - value_) <= roundoff;
    if (isHidden ? slopeBack() <= (2e-4 - 1.0) * slope : value < value_ && value <= value_ + 1e-4 * slope) {
      value_ = value;
      return t;
    }
  }
  return 0.0;
}

// Of the objective along the step to `trial`, where that ends.
double Lbfgs::slopeBack() const {
  const double* trial = trial_.data();
  double slope = 0.0;
  for (size_t j = 0; j < size_; ++j) {
    const double bound = j < smooth_.penalized() ? smooth_.penalty().l1 * smooth_.factor(j) : 0.0;
    const double side = trial[j] == 0.0 ? w_[j] : trial[j];
    const double steep = trialGradient_.data()[j] + (side == 0.0 ? 0.0 : side > 0.0 ? bound : -bound);
    slope += steep * (trial[j] - w_[j]);
  }
  return slope;
}

// Takes the step to `trial` and remembers it, if the curvature along it is positive.
void Lbfgs::remember() {
  double* step = s(next_);
  double* turned = y(next_);
  for (size_t j = 0; j < size_; ++j) {
    step[j] = trial_.data()[j] - w_[j];
    turned[j] = trialGradient_.data()[j] - g_.data()[j];
  }
  copy(trial_.data(), w_, size_);
  copy(trialGradient_.data(), g_.data(), size_);
  const double product = dot(step, turned);
  const double length = kernels_.nrm2(step, size_), change = kernels_.nrm2(turned, size_);
  if (!(product > 0x1p-52 * (length * change)) || !(product < INFINITY)) return;
  products_.data()[next_] = product;
  next_ = (next_ + 1) % memory_;
  if (count_ < memory_) ++count_;
}

void Lbfgs::serialize(Archive& archive) {
  Method::serialize(archive);
  archive.flag(begun_);
  archive.number(value_, Range::any);
  archive.count(count_, memory_);
  archive.count(next_, memory_ - 1);
  archive.array(w_, size_);
  archive.array(hessianPoint_.data(), size_);
  archive.flag(bentByAll_);
  archive.count(aged_);
  archive.number(least_, Range::notNaN);
  archive.count(waited_);
  for (AlignedBuffer* vector : {&g_, &direction_, &steepest_, &products_, &s_, &y_})
    archive.array(vector->data(), vector->size(), Range::any);
  // What follows from the weights is made anew.
  if (begun_) updateHessian();
}

}  // namespace nabla

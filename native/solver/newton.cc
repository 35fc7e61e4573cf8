#include "newton.h"

#include <string.h>

#include <algorithm>
#include <cmath>

#include "huberstart.h"
#include "shortest.h"
#include "weakdirections.h"

namespace nabla {

namespace {

constexpr int mostDampings = 25;
constexpr double mostLeft = 0x1p-10;  // of the objective, to be gained from a fit that is called converged
// Of the slopes of rows, what those of weights may leave where models say little.
constexpr double leastSlope = 0x1p-28;
// And where damping holds steps back.
constexpr double leastDampedSlope = 0x1p-21;
constexpr uint64_t mostStuck = 8;
// Of what models promise, the rounding that leaves it digits.
constexpr double leastDigits = 0x1p-4;
// Of the round-off level of the objective, a decrease along directions in which models say nothing that is
// worth a step.
constexpr double leastWeak = 0x1p-6;
constexpr size_t mostExpandedColumns = 2000;
constexpr size_t fewExpandedColumns = 128;

void copy(const double* from, double* to, size_t n) {
  if (n > 0) memcpy(to, from, n * sizeof(double));
}

}  // namespace

Newton::HessianBuilder::HessianBuilder(const Kernels& kernels, const Plan& plan, const Table& table,
                                       const Scaling& scaling, const WorkingSet& set, const Team& team)
    : mean(set.columns().size()),
      gram(kernels, {table.X, plan.cols, table.count, table.index, set.isWhole() ? nullptr : &set.columns()},
           plan.intercept ? mean.data() : nullptr, team),
      H(gram.size() * gram.size()) {
  for (size_t j = 0; j < mean.size(); ++j) mean.data()[j] = scaling.mean()[set.columns()[j]];
}

Newton::Newton(const Kernels& kernels, const Plan& plan, const Table& table, const Scaling& scaling,
               PenalizedObjective& smooth, double* weights, const Team& team, double* known, bool isFirst)
    : kernels_(kernels),
      plan_(plan),
      table_(table),
      scaling_(scaling),
      smooth_(smooth),
      team_(team),
      isFirst_(isFirst),
      w_(weights),
      expands_(isExpanded(known)),
      set_(plan, scaling, smooth, isSparse()),
      g_(plan.size()),
      trial_(plan.size()),
      trialGradient_(plan.size()),
      modelMinimizer_(plan.size()),
      slope_(plan.size()),
      roundoff_(plan, table, scaling),
      curvature_(expands_ ? 0 : plan.outputs * table.count),
      rowCurvature_(isCoupled() ? table.count : 0) {
  g_.clear();
  if (expands_)
    expansion_.reset(new GramObjective(kernels, plan, table, &scaling, smooth.objective(), w_, team,
                                       GramObjective::Units::means, known));
  if (!set_.isSparse()) makeSystems();
}

// The squared loss is, unless that takes all of many columns where l1 or a bound may need few, for one fit.
bool Newton::isExpanded(const double* known) const {
  if (!isSquared()) return false;
  if (!(plan_.l1 > 0.0 || plan_.bounded)) return true;
  return plan_.cols <= (known ? 4 : 1) * table_.count && plan_.cols <= mostExpandedColumns;
}

// Whether columns are left out of models: of few, whose Hessian there is, it would gain nothing.
bool Newton::isSparse() const {
  return (plan_.l1 > 0.0 || plan_.bounded) && !(expands_ && plan_.cols <= fewExpandedColumns);
}

// Of the columns that are chosen.
void Newton::makeSystems() {
  systems_.clear();
  if (!expands_) bending_.reset(new HessianBuilder(kernels_, plan_, table_, scaling_, set_, team_));
  for (size_t k = 0; k < (isCoupled() ? 1 : plan_.outputs); ++k)
    systems_.push_back(std::make_unique<NewtonSystem>(kernels_, plan_, scaling_, smooth_, set_.columns(), k,
                                                      expands_ ? expansion_->G() : nullptr, team_));
}

double Newton::epoch(uint64_t) {
  if (!begun_) {
    begun_ = true;
    approach();
    value_ = evaluate(w_, g_.data());
    meanLoss = smooth_.meanLoss();
    if (!std::isfinite(value_)) return value_;
  }
  if (!isCurrent_) updateHessian();
  if (stopped()) return value_;
  const double before = value_;
  double predictedDecrease = NAN;
  const double length = step(predictedDecrease);
  rate = length;
  double decreaseLeft = predictedDecrease;
  isLastStepTrusted_ = false;
  const bool isDamped = damping_ > 0.0;
  if (length > 0.0) {
    ++steps;
    copy(trial_.data(), w_, plan_.size());
    copy(trialGradient_.data(), g_.data(), plan_.size());
    decreaseLeft = isZero() || (length == 1.0 && isMinimal(before)) ? 0.0 : remaining();
    isCurrent_ = expands_ && !set_.isSparse();
    if (length == 1.0 && damping_ == 0.0) {
      isLastStepTrusted_ = isTrusted(predictedDecrease, decreaseLeft, size());
      decreaseLeft = polish(decreaseLeft);
    } else if (length == 1.0)
      damp(damping_ > leastDamping ? 0.1 * damping_ : 0.0);
    else if (length < 0.1)
      dampMore();
  }
  decreaseLeft = isZero() ? 0.0 : decreaseLeft + decreaseOutsideWorkingSet();
  change = remainingDecrease = decreaseLeft;
  const double roundoff = level();
  // A step after which as much is promised as before: by models that say little of a direction.
  const bool isStuck = length > 0.0 && decreaseLeft > 0.25 * predictedDecrease;
  const bool isHidden = length > 0.0 && before - value_ <= roundoff;
  if (!isHidden || (isDamped && isSmooth())) least_ = INFINITY;
  countStuck(isHidden, predictedDecrease, decreaseLeft);
  // Steps that damping shortens leave as much as those that rounding hides do.
  const bool isShort = isDamped && isSteeper(leastDampedSlope, slopeNoise());
  if (isAtMinimum(isShort ? INFINITY : predictedDecrease, decreaseLeft, roundoff, size()))
    ended = Status::converged;
  else if (isStuck && isSmooth() && !isSteeper(leastSlope, 0.0))
    ended = Status::converged;
  else if (stuck_ >= mostStuck)
    ended = !isSmooth() && least_ <= 64.0 * roundoff ? Status::converged : Status::stalled;
  else if (length == 0.0)
    ended = decreaseLeft <= 64.0 * roundoff ? Status::converged : Status::stalled;
  // Where weights run away the round-off level is no measure: it hides what models still promise.
  if (ended == Status::converged && !isSmooth() && decreaseLeft > mostLeft * size()) ended = Status::stalled;
  const bool isOver = ended != Status::maxEpochs || decreaseLeft < Stopping::toleranceOf(plan_, value_);
  const bool isWeak = (isOver || isStuck) && isSmooth() && descendWeak(isOver);
  gradientNorm = smooth_.norm(w_, g_.data());
  if (!isWeak && isLastStepTrusted_ &&
      (ended != Status::maxEpochs || decreaseLeft < Stopping::toleranceOf(plan_, value_)))
    finish(decreaseLeft);
  lastDecrease = before - value_;
  if (plan_.stepHistory && length > 0.0) stepLosses.push_back(value_);
  return value_;
}

// Rounding may turn models in a circle, in which one promises less than the one before.
void Newton::countStuck(bool isHidden, double promised, double left) {
  const double least = least_ < promised ? least_ : promised;
  stuck_ = isHidden && left > 0.25 * least ? stuck_ + 1 : 0;
  if (isHidden && left < least_) least_ = left;
}

// Where models say that nothing is left, or as much as before: a step along the directions in which they say
// nothing, if the objective falls there. Whether it does; the fit goes on then. One that is over has stalled
// if no such step is found.
bool Newton::descendWeak(bool isOver) {
  const double damping = damping_;
  damp(0.0);
  if (stepWeak(isOver)) return true;
  damp(damping);
  return false;
}

bool Newton::stepWeak(bool isOver) {
  std::vector<std::vector<std::vector<double>>> of;
  bool any = false;
  for (const auto& system : systems_) {
    of.push_back(system->weakDirections(plan_.size()));
    any = any || !of.back().empty();
  }
  if (!any || stopped()) return false;
  // The second derivatives of the weights; of the squared loss the gradient over the rows.
  if (!expands_) evaluate(w_, trialGradient_.data());
  const WeakPoint at{w_, g_.data(), expands_ ? nullptr : curvature_.data(), meanLoss};
  std::vector<double> modelMinimizer(w_, w_ + plan_.size());
  double predictedDecrease = 0.0;
  for (size_t i = 0; i < of.size(); ++i)
    if (!of[i].empty())
      predictedDecrease += stepAlong(kernels_, of[i], systems_[i]->output(), at, plan_, table_, scaling_,
                                     smooth_, roundoff_, team_, modelMinimizer.data());
  const double roundoff = level();
  if (!(predictedDecrease > leastWeak * roundoff && predictedDecrease > Stopping::toleranceOf(plan_, value_)))
    return false;
  // Beside rounding that hides it, what is left is to fall by half each time.
  if (predictedDecrease <= roundoff && predictedDecrease > 0.5 * weakDecrease_) return false;
  const Segment segment{w_, modelMinimizer.data(), plan_.size(), value_, predictedDecrease, roundoff};
  // An expansion has no more digits there than the Hessian.
  const BacktrackResult result = backtrack(segment, trial_.data(), team_, [&](const double* trial) {
    return expands_ ? smooth_.evaluate(trial, trialGradient_.data()) : evaluate(trial, trialGradient_.data());
  });
  if (!(result.part > 0.0) && !isOver) {
    evaluate(w_, trialGradient_.data());
    return false;
  }
  weakDecrease_ = predictedDecrease;
  change = remainingDecrease = predictedDecrease;
  ended = result.part > 0.0 ? Status::maxEpochs : Status::stalled;
  if (!(result.part > 0.0)) return true;
  value_ = result.value;
  meanLoss = smooth_.meanLoss();
  copy(trial_.data(), w_, plan_.size());
  copy(trialGradient_.data(), g_.data(), plan_.size());
  if (expands_)
    remaining();
  else
    isCurrent_ = false;
  stuck_ = 0;
  least_ = INFINITY;
  return true;
}

// To where the first iteration starts.
void Newton::approach() {
  if (!isFirst_) return;
  approachHuber(kernels_, plan_, table_, scaling_, smooth_.penalty(), w_, team_,
                [&](const Plan& plan, PenalizedObjective& smooth) {
                  return std::unique_ptr<Method>(
                      new Newton(kernels_, plan, table_, scaling_, smooth, w_, team_, nullptr, false));
                });
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

// Near the minimum, where rounding hides decreases of the objective and the Hessian changes little: goes on
// with it, as long as each step leaves a sixteenth of what the models promise. Returns what they do at last.
double Newton::polish(double predictedDecrease) {
  const double size = this->size();
  double decreaseLeft = predictedDecrease;
  while (decreaseLeft <= nearby * size && decreaseLeft > leastLeft * size &&
         decreaseLeft >= Stopping::toleranceOf(plan_, value_) && !stopped()) {
    copy(modelMinimizer_.data(), trial_.data(), plan_.size());
    const double value = evaluate(trial_.data(), trialGradient_.data());
    const double next = promise(trial_.data(), trialGradient_.data());
    if (!(value <= value_ + level() && next <= leastGain * decreaseLeft)) {
      // The second derivatives are to be those of the weights; the target is that of those that were refused.
      evaluate(w_, trialGradient_.data());
      isLastStepTrusted_ = false;
      return decreaseLeft;
    }
    value_ = value;
    meanLoss = smooth_.meanLoss();
    copy(trial_.data(), w_, plan_.size());
    copy(trialGradient_.data(), g_.data(), plan_.size());
    decreaseLeft = next;
  }
  return decreaseLeft;
}

// Whether a weight has more of a slope, in the scale of its column, than such a part of the slopes of rows
// and `noise` of each of them.
bool Newton::isSteeper(double part, double noise) const {
  if (!isSmooth()) return false;
  const double most = part * roundoff_.slope(std::fabs(meanLoss)) + noise;
  for (size_t j = 0; j < plan_.size(); ++j) {
    const double room = j < smooth_.penalized() ? most * std::sqrt(scaling_.square()[j % plan_.cols]) : most;
    if (!(std::fabs(g_.data()[j]) <= room)) return true;
  }
  return false;
}

// The last step, of a length that is not worth an evaluation: what is left is what the objective falls by.
void Newton::finish(double decreaseLeft) {
  ended = Status::converged;
  copy(modelMinimizer_.data(), w_, plan_.size());
  value_ -= decreaseLeft;
  meanLoss = value_ - smooth_.penaltyAt(w_);
}

// Takes a step, with more damping if there is none without. Returns which part of it; `promised`: by the
// first model.
double Newton::step(double& predictedDecrease) {
  for (int tries = 0; tries < mostDampings && !stopped(); ++tries) {
    const double fall = minimizeModel(w_, g_.data());
    const double rest = unmodelledDecrease();
    if (tries == 0) predictedDecrease = fall + rest;
    if (damping_ > 0.0 || rest <= level() || modelExplainsGradient()) {
      const double length = search(fall);
      if (length > 0.0) return length;
      if (std::fabs(fall) <= level()) break;
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
  for (const auto& system : systems_) system->complete(damping_);
}

// What the objective could still fall by at the target; writes the models' slopes there, without damping.
double Newton::unmodelledDecrease() {
  slope_.clear();
  double unmodelledDecrease = 0.0;
  for (const auto& system : systems_)
    unmodelledDecrease += system->unmodelledDecrease(damping_, slope_.data());
  return unmodelledDecrease;
}

// Whether the models account for most of the gradient.
bool Newton::modelExplainsGradient() const {
  return smooth_.norm(modelMinimizer_.data(), slope_.data()) <= 0.5 * smooth_.norm(w_, g_.data());
}

// The Hessians at the weights.
void Newton::updateHessian() {
  if (set_.choose(w_, g_.data()) || systems_.empty()) makeSystems();
  for (const auto& system : systems_) {
    if (isCoupled())
      softmaxHessian(*system);
    else if (!expands_)
      scatterHessian(*system, curvature_.data() + system->output() * table_.count, system->output(),
                     system->output());
    system->complete(damping_);
  }
  isCurrent_ = true;
}

// Whether the models' minimum is the objective's, but for rounding: as of a quadratic, unless its equations
// say too little.
bool Newton::isMinimal(double before) const {
  if (scaling_.isFar() || !(value_ >= leastRest * before)) return false;
  for (const auto& system : systems_)
    if (!system->model().isSolved() || !(system->model().leastPivot() > leastExpandedPivot)) return false;
  return isSquared() && damping_ == 0.0;
}

// The last Hessians tell that columns are not; with l1 or bounds they are of those that are not held.
bool Newton::mayBeCollinear() const {
  if (!isSmooth()) return true;
  for (const auto& system : systems_)
    if (!(system->model().leastPivot() > independentPivot)) return true;
  return damping_ > 0.0;
}

// What the objective can still fall by.
double Newton::remaining() {
  if (expansion_) {
    value_ = penalized(expansion_->begin(w_, g_.data()), w_, g_.data());
    meanLoss = smooth_.meanLoss();
  }
  return promise(w_, g_.data());
}

// By how much the models fall from these weights.
double Newton::promise(const double* weights, const double* gradient) {
  const double fall = minimizeModel(weights, gradient);
  const double rest = unmodelledDecrease();
  // Models that are all but flat may lose all digits on their way to a minimum: they say nothing.
  return fall >= -level() ? fall + rest : INFINITY;
}

// What it could fall by in columns that the models leave out.
double Newton::decreaseOutsideWorkingSet() {
  if (set_.isWhole()) return 0.0;
  std::vector<double> curvature(plan_.outputs, 1.0);
  const size_t count = table_.count;
  for (size_t k = 0; !isSquared() && k < plan_.outputs; ++k) {
    const double* own = curvature_.data() + k * count;
    const double sum = kernels_.sum(own, count), squares = kernels_.dot(own, own, count);
    curvature[k] = (isCoupled() ? sum - squares : sum) / static_cast<double>(count);
  }
  return set_.decreaseOutsideWorkingSet(w_, g_.data(), curvature.data());
}

// Of softmax: between classes k and l the second derivative is p_k (δ_kl - p_l).
void Newton::softmaxHessian(NewtonSystem& system) {
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
      scatterHessian(system, d, k, l);
    }
  }
}

// Writes the part of a Hessian that is between outputs k and l: the mean of d·xxᵀ in the solver's columns.
void Newton::scatterHessian(NewtonSystem& system, const double* d, size_t k, size_t l) {
  const std::vector<uint32_t>& columns = set_.columns();
  const size_t cols = columns.size(), size = bending_->gram.size();
  const double count = static_cast<double>(table_.count);
  const double* deviation = scaling_.deviation();
  const double* H = bending_->H.data();
  bending_->gram.evaluate(d, bending_->H.data());
  for (size_t j = 0; j < size && !stopped(); ++j) {
    const double rowScale = j == cols ? 1.0 : deviation[columns[j]];
    for (size_t m = 0; m < size; ++m) {
      const double scale = rowScale * (m == cols ? 1.0 : deviation[columns[m]]);
      system.set(k, j, l, m, H[j * size + m] / count / scale);
    }
  }
}

// Writes where the models have their minimum to `modelMinimizer_`; returns by how much they fall. They are
// damped where that is so far away that rounding leaves nothing else of it.
double Newton::minimizeModel(const double* weights, const double* gradient) {
  if (!set_.isWhole()) copy(weights, modelMinimizer_.data(), plan_.size());
  for (int tries = 0;; ++tries) {
    double fall = 0.0, noise = 0.0;
    for (const auto& system : systems_) {
      fall += system->minimizeModel(gradient, weights, modelMinimizer_.data());
      noise += system->model().noise();
    }
    const bool isResolved = noise <= leastDigits * fall || noise <= leastLeft * size();
    if (isResolved || tries == mostDampings || stopped()) return fall;
    dampMore();
  }
}

// Goes towards the target; returns which part, 0 if nothing is gained.
double Newton::search(double predictedDecrease) {
  const Segment segment{w_, modelMinimizer_.data(), plan_.size(), value_, predictedDecrease, level()};
  const BacktrackResult result = backtrack(segment, trial_.data(), team_, [&](const double* trial) {
    return evaluate(trial, trialGradient_.data());
  });
  if (result.part > 0.0) {
    value_ = result.value;
    meanLoss = smooth_.meanLoss();
  }
  return result.part;
}

void Newton::serialize(Archive& archive) {
  Method::serialize(archive);
  archive.flag(begun_);
  archive.array(w_, plan_.size());
  archive.number(value_, Range::notNaN);
  archive.number(damping_, Range::size);
  archive.count(stuck_);
  archive.number(least_, Range::notNaN);
  archive.number(weakDecrease_, Range::measured);
  archive.array(g_.data(), plan_.size(), Range::any);
  if (expansion_) expansion_->serialize(archive);
  // What follows from the weights is made anew.
  isCurrent_ = false;
  if (!begun_) return;
  evaluate(w_, trialGradient_.data());
  meanLoss = smooth_.meanLoss();
}

}  // namespace nabla

#include "leastsquares.h"

#include <string.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include "../linalg/cholesky.h"
#include "completeorthogonal.h"
#include "dual.h"

namespace nabla {

namespace {

// Of a diagonal element, what has to remain when the columns before it are taken out. Steps of refinement
// then gain four digits each; near the rounding of the sums they would gain none.
constexpr double leastPivot = 0x1p-33;
constexpr int mostSteps = 16;

// What a · b loses when it is rounded to `product` (kernels/doubledouble.h).
double lostByProduct(double a, double b, double product) {
  constexpr double splitter = 0x1p27 + 1.0;
  const double c = splitter * a, d = splitter * b;
  const double aHigh = c - (c - a), bHigh = d - (d - b);
  const double aLow = a - aHigh, bLow = b - bHigh;
  return aLow * bLow - (((product - aHigh * bHigh) - aLow * bHigh) - aHigh * bLow);
}

class LeastSquares {
 public:
  LeastSquares(const Kernels& kernels, const Plan& plan, const Table& table, const Penalty& penalty,
               const Scaling& scaling, const Team& team)
      : kernels_(kernels),
        plan_(plan),
        table_(table),
        scaling_(scaling),
        team_(team),
        n_(static_cast<double>(table.count)),
        lengths_(plan.cols),
        reader_(kernels, {table.X, plan.cols, table.count, table.index}, rowsPerBlock(plan.cols)),
        step_(plan.cols),
        reach_(plan.cols),
        gradient_(2 * (plan.cols + 1)) {
    if (penalty.l2 > 0.0) diagonal_.assign(plan.cols, n_ * penalty.l2);
    for (size_t j = 0; j < diagonal_.size() && penalty.factors; ++j) diagonal_[j] *= penalty.factors[j];
    for (size_t j = 0; j < plan.cols; ++j) lengths_[j] = std::sqrt(scaling.square()[j] * n_);
  }

  // `value`, `first`: the objective, and minus the gradient of the sum, where the scaled weights are 0.
  void solve(PenalizedObjective& smooth, const double* G, double value, const double* first,
             double* weights) {
    if (std::any_of(first, first + plan_.size(), [](double g) { return !std::isfinite(g); })) {
      std::fill_n(weights, plan_.size(), NAN);
      return;
    }
    if (G ? normalEquations(G) : dualEquations()) {
      if (isPlain_ && solvePlain(smooth, value, first, weights)) return;
      size_t k = 0;
      while (k < plan_.outputs && refine(k, first, weights)) ++k;
      if (k == plan_.outputs) return;
    }
    if (stopped()) return;
    orthogonalize();
    for (size_t k = 0; k < plan_.outputs && !stopped(); ++k) refine(k, first, weights);
    // The first correction is as long as what it corrects: rounding has the say in some direction, which is
    // left out.
    for (int tries = 0; tries < 8 && isMisled_ && !stopped(); ++tries) {
      cutoff_ *= 64.0;
      orthogonalize();
      for (size_t k = 0; k < plan_.outputs && !stopped(); ++k) refine(k, first, weights);
    }
  }

 private:
  bool stopped() const { return team_.stopped(); }

  // False: ill-conditioned.
  bool normalEquations(const double* G) {
    const size_t cols = plan_.cols, side = cols + (plan_.intercept ? 1 : 0);
    const double* deviation = scaling_.deviation();
    L_.resize(cols * cols);
    std::vector<double> diagonal(cols);
    for (size_t j = 0; j < cols; ++j) {
      double* row = &L_[j * cols];
      std::copy_n(G + j * side, j + 1, row);
      if (!diagonal_.empty()) row[j] += diagonal_[j];
      if (deviation[j] == INFINITY) row[j] = 1.0;
      diagonal[j] = row[j];
    }
    if (factorize(kernels_, L_.data(), cols, team_) > 0) return false;
    isPlain_ = isNear();
    for (size_t j = 0; j < cols; ++j) {
      const double root = L_[j * cols + j];
      if (!(root * root > leastPivot * diagonal[j])) return false;
      isPlain_ &= root * root > plainPivot * diagonal[j];
    }
    return true;
  }

  // False: ill-conditioned, or there are none.
  bool dualEquations() {
    if (diagonal_.empty() ||
        std::any_of(diagonal_.begin(), diagonal_.end(), [](double d) { return d <= 0.0; }))
      return false;
    dual_.reset(new Dual(kernels_, plan_, table_, scaling_, diagonal_.data(), team_));
    isPlain_ = dual_->leastPivot() > plainPivot && isNear();
    return dual_->leastPivot() > leastPivot;
  }

  // Whether no column is far from 0.
  bool isNear() const {
    for (size_t j = 0; j < plan_.cols; ++j) {
      const double width = scaling_.deviation()[j] * std::sqrt(scaling_.square()[j]);
      if (!(std::fabs(scaling_.mean()[j]) <= farFromZero * width)) return false;
    }
    return true;
  }

  // With one step of refinement; false if a double's digits are too few for its gradient.
  bool solvePlain(PenalizedObjective& smooth, double value, const double* first, double* weights) {
    const size_t cols = plan_.cols;
    std::vector<double> w(plan_.size()), g(plan_.size());
    const auto descend = [&](const double* slope) {
      for (size_t k = 0; k < plan_.outputs && !stopped(); ++k) {
        std::copy_n(slope + k * cols, cols, step_.data());
        solveNormal(step_.data());
        for (size_t j = 0; j < cols; ++j) w[k * cols + j] += step_[j];
      }
      for (size_t i = plan_.coefficients(); i < plan_.size(); ++i) w[i] += slope[i] / n_;
    };
    descend(first);
    if (!(smooth.evaluate(w.data(), g.data()) >= plainRest * value)) return false;
    for (double& slope : g) slope *= -n_;
    descend(g.data());
    scaling_.toOriginal(w.data(), weights);
    return true;
  }

  void orthogonalize() {
    isMisled_ = false;
    const Triangle triangle =
        triangleOf(kernels_, plan_, table_, scaling_, diagonal_.empty() ? nullptr : diagonal_.data(), team_);
    const std::vector<double> rounding = roundingOf(kernels_, triangle, scaling_, table_.count, cutoff_);
    orthogonal_.reset(new Orthogonal(kernels_, triangle, rounding.data(), team_));
  }

  // A gradient in the scaled coefficients becomes the step to where it is 0.
  void solveNormal(double* g) {
    if (orthogonal_) return orthogonal_->solve(g);
    if (dual_) return dual_->solve(g);
    solveFactorized(kernels_, L_.data(), plan_.cols, g);
  }

  // How far scaled coefficients reach in the predictions, about.
  template <class Scaled>
  double reach(Scaled scaled) {
    for (size_t j = 0; j < plan_.cols; ++j) reach_[j] = scaled(j) * lengths_[j];
    return kernels_.nrm2(reach_.data(), plan_.cols);
  }

  // From 0; returns whether the steps became as short as rounding lets them.
  bool refine(size_t k, const double* first, double* weights) {
    const size_t cols = plan_.cols;
    const double* mean = scaling_.mean();
    const double* deviation = scaling_.deviation();
    double* w = weights + k * cols;
    double* b = plan_.intercept ? weights + plan_.coefficients() + k : nullptr;
    std::fill_n(w, cols, 0.0);
    double shift = b ? first[plan_.coefficients() + k] : 0.0;
    // A double's digits leave too little of the gradient where the matrix is ill-conditioned; and of columns
    // far from 0, whose means are rounded, unless the residuals add up to 0.
    const bool isExact = orthogonal_ || scaling_.isFar();
    if (b) *b = isExact ? shift / n_ : 0.0;
    if (isExact)
      shift = evaluate(k, w, b ? *b : 0.0);
    else
      std::copy_n(first + k * cols, cols, step_.data());
    double before = INFINITY;
    for (int n = 0; n < mostSteps && !stopped(); ++n) {
      solveNormal(step_.data());
      const double change = reach([&](size_t j) { return step_[j]; });
      const double size =
          reach([&](size_t j) { return deviation[j] < INFINITY ? w[j] * deviation[j] : 0.0; });
      if (!(change < 0.5 * before)) {
        if (before == INFINITY) std::fill_n(w, cols, NAN);
        if (n == 1 && change > 0.0) isMisled_ = true;
        return before <= 0x1p-40 * size;
      }
      for (size_t j = 0; j < cols; ++j) {
        step_[j] /= deviation[j];
        w[j] += step_[j];
      }
      if (b) *b += shift / n_ - kernels_.dot(mean, step_.data(), cols);
      if (before < INFINITY && change * (change / before) <= 0x1p-64 * size) return true;
      before = change;
      shift = evaluate(k, w, b ? *b : 0.0);
    }
    return false;
  }

  // Minus the gradient of the sum in the scaled coefficients, to step_; returns that in the intercept.
  double evaluate(size_t k, const double* w, double b) {
    const size_t cols = plan_.cols, outputs = plan_.outputs;
    std::fill(gradient_.begin(), gradient_.end(), 0.0);
    double* g = gradient_.data();
    const size_t step = rowsPerBlock(cols);
    for (size_t at = 0; at < table_.count && !stopped(); at += step) {
      const Rows rows = reader_.rows(at, std::min(step, table_.count - at));
      const uint32_t* index = table_.index ? table_.index + at : nullptr;
      const size_t from = index ? 0 : at;
      const Targets targets{table_.y + from * outputs + k,
                            table_.sampleWeight ? table_.sampleWeight + from : nullptr,
                            table_.offset ? table_.offset + from * outputs + k : nullptr, outputs, index};
      kernels_.residuals(rows, targets, w, b, g);
    }
    const double* low = g + cols + 1;
    for (size_t j = 0; j < cols; ++j) {
      const double m = scaling_.mean()[j], deviation = scaling_.deviation()[j];
      const double shift = m * g[cols];
      const double lost = lostByProduct(m, g[cols], shift) + m * low[cols];
      const double centred = g[j] - shift + (low[j] - lost);
      const double penalty =
          !diagonal_.empty() && deviation < INFINITY ? diagonal_[j] * (w[j] * deviation) : 0.0;
      step_[j] = centred / deviation - penalty;
    }
    return g[cols] + low[cols];
  }

  const Kernels& kernels_;
  const Plan& plan_;
  const Table& table_;
  const Scaling& scaling_;
  const Team& team_;
  double n_;
  std::vector<double> diagonal_;  // what the penalty adds to the sum's second derivative; empty: nothing
  std::vector<double> lengths_;   // of the scaled columns
  Reader reader_;
  std::vector<double> step_, reach_;
  std::vector<double> gradient_;  // cols + 1 high parts, and low ones
  std::vector<double> L_;
  std::unique_ptr<Dual> dual_;
  std::unique_ptr<Orthogonal> orthogonal_;
  double cutoff_ = 1.0;    // of the roundings below which a column depends on others
  bool isPlain_ = false;   // plain doubles are enough
  bool isMisled_ = false;  // refinement did not come nearer
};

}  // namespace

void leastSquares(const Kernels& kernels, const Plan& plan, const Table& table, const Scaling& scaling,
                  PenalizedObjective& smooth, const double* G, double value, const double* gradient,
                  double* weights, const Team& team) {
  std::vector<double> first(gradient, gradient + plan.size());
  for (double& g : first) g *= -static_cast<double>(table.count);
  LeastSquares(kernels, plan, table, smooth.penalty(), scaling, team)
      .solve(smooth, G, value, first.data(), weights);
}

}  // namespace nabla

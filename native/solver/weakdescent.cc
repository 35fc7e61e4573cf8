#include "weakdescent.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "../objective/objective.h"
#include "combinations.h"
#include "roundoff.h"

namespace nabla {

namespace {

constexpr double leastPart = 0x1p-42;  // of the terms of a combination, what remains of it beyond rounding
constexpr double mostPart = 4.0;       // times a combination, a term without which it is one of fewer columns
constexpr double firstStep = 0x1p-26;  // of that which takes a straight objective from its size to 0
constexpr int mostSteps = 96;          // each twice the one before
constexpr double noise = 0x1p-44;      // of the size of an objective

// Writes what rows have of a combination. False: nothing but rounding. Leaves out columns that it is told
// without.
bool columnOf(const Kernels& kernels, std::vector<double>& u, ScaledRows& rows, const Scaling& scaling,
              std::vector<double>& t) {
  double size = 0.0;
  for (int round = 0; round < 2; ++round) {
    rows.products(u.data(), 0.0, t.data());
    size = kernels.nrm2(t.data(), t.size()) / std::sqrt(static_cast<double>(t.size()));
    for (size_t j = 0; round == 0 && j < u.size(); ++j)
      if (std::fabs(u[j]) * std::sqrt(scaling.square()[j]) <= mostPart * size) u[j] = 0.0;
  }
  double terms = 0.0;
  for (size_t j = 0; j < u.size(); ++j) terms += std::fabs(u[j]) * std::sqrt(scaling.square()[j]);
  return size > leastPart * terms;
}

// y, weights and z of the table's rows, one after the other; `z`: rows × outputs.
struct Gathered {
  std::vector<double> y, sampleWeight, z;

  Gathered(const Plan& plan, const Table& table, const double* w, ScaledRows& rows)
      : z(table.count * plan.outputs) {
    const size_t outputs = plan.outputs;
    const auto pick = [&](const double* all, size_t of) {
      std::vector<double> own(table.count * of);
      for (size_t i = 0; i < own.size(); ++i) {
        const size_t row = table.index ? table.index[i / of] : i / of;
        own[i] = all[row * of + i % of];
      }
      return own;
    };
    y = pick(table.y, plan.targets);
    if (table.sampleWeight) sampleWeight = pick(table.sampleWeight, 1);
    std::vector<double> one(table.count);
    for (size_t k = 0; k < outputs; ++k) {
      rows.products(w + k * plan.cols, plan.intercept ? w[plan.coefficients() + k] : 0.0, one.data());
      for (size_t i = 0; i < table.count; ++i) {
        const size_t row = table.index ? table.index[i] : i;
        z[i * outputs + k] = table.offset ? one[i] + table.offset[row * outputs + k] : one[i];
      }
    }
  }

  // With a combination for the only column, and z for the offset.
  Table table(const std::vector<double>& t) const {
    const double* weights = sampleWeight.empty() ? nullptr : sampleWeight.data();
    return {Matrix(t.data()), y.data(), weights, z.data(), nullptr, t.size()};
  }
};

Plan ofOneColumn(const Plan& plan) {
  Plan one = plan;
  one.cols = 1;
  one.intercept = false;
  return one;
}

// The objective as one of a combination's weights, of each output, from where it is.
class Along {
 public:
  Along(const Kernels& kernels, const Plan& plan, const Table& table, size_t cols, const Penalty& penalty,
        const double* u, const double* w, const Team& team)
      : penalty_(penalty),
        cols_(cols),
        u_(u),
        w_(w),
        objective_(kernels, plan, table, nullptr, table.count, team),
        tau_(plan.outputs) {}

  // The mean loss and its slopes there.
  double begin(double* slopes) {
    std::fill(tau_.begin(), tau_.end(), 0.0);
    return mean(slopes);
  }

  // How far output k may go in a direction.
  double reach(size_t k, double direction) const {
    double reach = INFINITY;
    for (size_t j = 0; penalty_.bounded() && j < cols_; ++j) {
      const double d = direction * u_[j];
      const size_t place = k * cols_ + j;
      if (d == 0.0) continue;
      const double bound = d > 0.0 ? penalty_.upper[place] : penalty_.lower[place];
      const double room = (bound - w_[place]) / d;
      if (room < reach) reach = room;
    }
    return reach;
  }

  // By how much the penalty changes if output k goes so far.
  double penaltyChange(size_t k, double tau) const {
    const double l1 = penalty_.l1, l2 = penalty_.l2;
    double change = 0.0;
    for (size_t j = 0; (l1 != 0.0 || l2 != 0.0) && j < cols_; ++j) {
      const double d = tau * u_[j];
      if (d == 0.0) continue;
      const size_t place = k * cols_ + j;
      const double from = w_[place], to = from + d;
      const double factor = penalty_.factors ? penalty_.factors[place] : 1.0;
      change += factor * (l1 * (std::fabs(to) - std::fabs(from)) + l2 * (d * (from + 0.5 * d)));
    }
    return change;
  }

  // And the mean loss.
  double loss(size_t k, double tau) {
    std::fill(tau_.begin(), tau_.end(), 0.0);
    tau_[k] = tau;
    return mean(nullptr);
  }

 private:
  double mean(double* slopes) {
    const Batch rows = objective_.everything();
    return objective_.evaluate(rows, tau_.data(), slopes) / static_cast<double>(rows.count);
  }

  const Penalty& penalty_;
  const size_t cols_;
  const double* u_;
  const double* w_;
  Objective objective_;
  std::vector<double> tau_;
};

// The most by which the objective falls where one output's weight of a combination changes.
double fallOf(Along& along, size_t k, double loss, double slope, double size, const Team& team) {
  double most = 0.0;
  for (const double direction : {-1.0, 1.0}) {
    const double reach = along.reach(k, direction);
    double step = firstStep * (size / std::fabs(slope));
    for (int i = 0; i < mostSteps && step < INFINITY && !team.stopped(); ++i, step *= 2.0) {
      const double tau = step < reach ? step : reach;
      if (!(tau > 0.0)) break;
      const double fall = loss - along.loss(k, direction * tau) - along.penaltyChange(k, direction * tau);
      if (fall > most)
        most = fall;
      else if (!(fall > -noise * size) || most > 0.0)
        break;
      if (step >= reach) break;
    }
  }
  return most;
}

}  // namespace

double fallAlongWeak(const Kernels& kernels, const Plan& plan, const Table& table, const Scaling& scaling,
                     const Penalty& penalty, const double* w, double value, const Team& team) {
  const Roundoff roundoff(plan, table, scaling);
  if (roundoff.isZero(w, value)) return 0.0;
  ScaledRows rows(kernels, plan, table, scaling, team);
  std::vector<std::vector<double>> combinations = weakCombinations(kernels, plan, table, scaling, rows, team);
  if (combinations.empty()) return 0.0;
  const Gathered gathered(plan, table, w, rows);
  const Plan one = ofOneColumn(plan);
  std::vector<double> slopes(plan.outputs), t(table.count);
  double most = 0.0;
  for (auto& u : combinations) {
    if (team.stopped()) break;
    if (!columnOf(kernels, u, rows, scaling, t)) continue;
    const Table own = gathered.table(t);
    Along along(kernels, one, own, plan.cols, penalty, u.data(), w, team);
    const double loss = along.begin(slopes.data());
    const double size = roundoff.size(value, loss);
    for (size_t k = 0; k < plan.outputs; ++k) {
      if (slopes[k] == 0.0) continue;
      const double fall = fallOf(along, k, loss, slopes[k], size, team);
      if (fall > most) most = fall;
    }
  }
  return most;
}

}  // namespace nabla

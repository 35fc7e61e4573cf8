#include "weakdirections.h"

#include <algorithm>
#include <cmath>

#include "../linalg/cholesky.h"

namespace nabla {

namespace {

// Of what the terms of a combination make, what has to remain of it to be more than rounding.
constexpr double leastPart = 0x1p-42;

// Of the combinations: the lower triangle of the sum of their second derivatives, and their squares.
struct Sums {
  std::vector<double> M;
  std::vector<double> squares;
};

Sums sumsOf(const Kernels& kernels, const std::vector<std::vector<double>>& directions, size_t output,
            const double* curvature, const Plan& plan, const Table& table, const Scaling& scaling,
            const Team& team) {
  const bool isCoupled = plan.loss == softmaxLoss;
  const size_t m = directions.size(), cols = plan.cols;
  const size_t first = isCoupled ? 0 : output, last = isCoupled ? plan.outputs : output + 1;
  Sums sums{std::vector<double>(m * m), std::vector<double>(m)};
  std::vector<double> z(m * (last - first)), x(cols);
  const size_t step = rowsPerBlock(cols);
  Reader reader(kernels, {table.X, cols, table.count, table.index}, step);
  for (size_t start = 0; start < table.count; start += step) {
    const Rows rows = reader.rows(start, std::min(step, table.count - start));
    for (size_t r = 0; r < rows.count; ++r) {
      if (team.stopped()) return sums;
      const size_t i = start + r;
      const double* given = rows.row(r);
      const double weight = table.sampleWeight ? table.sampleWeight[table.index ? table.index[i] : i] : 1.0;
      for (size_t j = 0; j < cols; ++j) x[j] = (given[j] - scaling.mean()[j]) / scaling.deviation()[j];
      for (size_t a = 0; a < m; ++a) {
        const double* u = directions[a].data();
        double centre = 0.0;
        for (size_t k = first; k < last; ++k) {
          double sum = plan.intercept ? u[plan.coefficients() + k] : 0.0;
          for (size_t j = 0; j < cols; ++j) sum += u[k * cols + j] * x[j];
          sums.squares[a] += sum * sum;
          z[(k - first) * m + a] = sum;
          if (isCoupled) centre += curvature[k * table.count + i] * sum;
        }
        for (size_t k = first; isCoupled && k < last; ++k) z[(k - first) * m + a] -= centre;
      }
      for (size_t k = first; k < last; ++k) {
        const double own = curvature ? curvature[k * table.count + i] : weight;
        const double d = isCoupled ? weight * own : own;
        const double* at = z.data() + (k - first) * m;
        for (size_t a = 0; a < m; ++a) {
          const double part = d * at[a];
          for (size_t b = 0; b <= a; ++b) sums.M[a * m + b] += part * at[b];
        }
      }
    }
  }
  return sums;
}

}  // namespace

double stepAlong(const Kernels& kernels, const std::vector<std::vector<double>>& directions, size_t output,
                 const WeakPoint& at, const Plan& plan, const Table& table, const Scaling& scaling,
                 const PenalizedObjective& smooth, const Roundoff& roundoff, const Team& team,
                 double* modelMinimizer) {
  const size_t m = directions.size();
  Sums sums = sumsOf(kernels, directions, output, at.curvature, plan, table, scaling, team);
  double* M = sums.M.data();
  const double count = static_cast<double>(table.count);
  const double l2 = smooth.penalty().l2, noise = roundoff.slope(std::fabs(at.meanLoss));
  std::vector<double> slope(m), own(m), step(m);
  for (size_t a = 0; a < m && !team.stopped(); ++a) {
    const double* u = directions[a].data();
    double terms = 0.0, steep = 0.0;
    for (size_t j = 0; j < plan.size(); ++j) {
      terms += std::fabs(u[j]) * (j < smooth.penalized() ? std::sqrt(scaling.square()[j % plan.cols]) : 1.0);
      steep += at.gradient[j] * u[j];
    }
    own[a] = std::sqrt(sums.squares[a] / count) > leastPart * terms ? 1.0 : 0.0;
    // What rounding makes of it.
    const double most = 0x1p-50 * noise * terms;
    slope[a] = own[a] == 0.0 || std::fabs(steep) <= most ? 0.0 : steep;
    for (size_t b = 0; b <= a; ++b) {
      double penalty = 0.0;
      for (size_t j = 0; l2 != 0.0 && j < smooth.penalized(); ++j)
        penalty += l2 * smooth.factor(j) * u[j] * directions[b][j];
      M[a * m + b] = own[a] * own[b] * (M[a * m + b] / count + penalty);
    }
  }
  factorize(kernels, M, m, team);
  for (size_t a = 0; a < m; ++a) step[a] = -slope[a];
  solveFactorized(kernels, M, m, step.data());
  double fall = 0.0;
  for (size_t a = 0; a < m; ++a) {
    fall -= 0.5 * slope[a] * step[a];
    if (step[a] == 0.0) continue;
    for (size_t j = 0; j < plan.size(); ++j) modelMinimizer[j] += step[a] * directions[a][j];
  }
  return fall;
}

}  // namespace nabla

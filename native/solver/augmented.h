// Augmented Lagrangian of a nonsmooth objective (method of multipliers, Rockafellar 1976).
// Every row's loss is max d·m over a box (objective/pieces); subtracting μ/(2·weight)·(d - d₀)² makes it
// smooth. l1 and bounds of a coefficient become their Moreau envelope about u₀. d and u follow from the
// weights; any d in its boxes bounds the minimum from below. Twin: lib/reference/solver/augmented.ts.
#pragma once

#include <cmath>

#include "../objective/archive.h"
#include "../objective/linearmap.h"
#include "../objective/penalizedobjective.h"
#include "../objective/pieces.h"
#include "../objective/scaling.h"

namespace nabla {

class Augmented final : public Evaluator {
 public:
  Augmented(const Kernels& kernels, const Plan& plan, const Table& table, const Scaling& scaling,
            const Penalty& penalty, const Team& team);

  // Sets μ to a part of the usual margin at the weights.
  void begin(const double* weights, double part);
  // Returns the sum over the rows and writes its mean gradient; l2 is PenalizedObjective's.
  double evaluate(const double* weights, double* gradient) override;
  // What the gradient of the last evaluation may hide of the minimum.
  double hidden(const double* weights) const;
  // Takes d and u as d₀ and u₀.
  void recentre();
  // Below the minimum: the dual function at the d of the last evaluation, at these weights, made feasible:
  // balanced where there are intercepts, and smaller where a slope is more than l1. A coefficient without
  // penalty is taken to be no further away than 1,024 times its size and that of a usual margin.
  double bound(const double* weights);
  void serialize(Archive& archive);

  // The weights as l1 and bounds would have them: exact zeros, within the bounds. Of the last evaluation.
  const double* feasible() const { return feasible_.data(); }

  double mu = 1.0;              // how far d may go from d₀ for a margin
  double room = 1.0;            // a usual margin
  double shortfall = INFINITY;  // of d and u from losses and l1, at the last evaluation

 private:
  void spread(size_t k, const double* weights);
  void gather(size_t k);
  void balance(const double* weights);
  // A coefficient's value, or the bound that is nearest.
  double within(size_t at, double v) const {
    if (!penalty_.bounded()) return v;
    return v < penalty_.lower[at] ? penalty_.lower[at] : v > penalty_.upper[at] ? penalty_.upper[at] : v;
  }
  double conjugate(size_t at, double r, double w) const;
  double reach(size_t at, double w) const;
  template <class Visit>
  void eachTerm(size_t k, Visit visit) const;
  double factor(size_t at) const { return penalty_.factors ? penalty_.factors[at] : 1.0; }
  double l1(size_t at) const { return penalty_.l1 * factor(at); }
  double l2(size_t at) const { return penalty_.l2 * factor(at); }
  size_t row(size_t i) const { return table_.index ? table_.index[i] : i; }
  double weight(size_t i) const { return table_.sampleWeight ? table_.sampleWeight[row(i)] : 1.0; }
  // A weight's place among those of all outputs.
  size_t place(size_t k, size_t j) const {
    return j < plan_.cols ? k * plan_.cols + j : plan_.coefficients() + k;
  }

  const Plan& plan_;
  const Table& table_;
  const Scaling& scaling_;
  const Penalty penalty_;
  const Team& team_;
  LinearMap map_;
  const size_t pieces_;
  AlignedBuffer feasible_;
  AlignedBuffer own_;       // weights of one output, and slopes in them
  AlignedBuffer z_;         // margins of the rows, but for the walls
  AlignedBuffer rows_;      // sums of d over a row's terms, and behind them 0 for each coefficient
  AlignedBuffer d_, d0_;    // of the last evaluation: outputs × pieces × rows
  AlignedBuffer u_, u0_;    // likewise, of coefficients
  AlignedBuffer slopes_;    // likewise, Xᵀd/rows of all weights
  AlignedBuffer residual_;  // likewise, the gradient
  double margins_ = 0.0;    // the mean of d·m there
};

}  // namespace nabla

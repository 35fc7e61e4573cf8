// Primal-dual interior point method for the program of one output of a piecewise-linear loss.
// Every row is a term or two, every coefficient with l1 or bounds one more for each; only l2 is quadratic.
// Steps have a predictor and a corrector (Mehrotra 1992; for quantiles Portnoy and Koenker 1997). Their
// equations are those of a Newton step, as many as weights, or as rows where these are fewer (solver/dual).
// Twin: lib/reference/solver/qp.ts.
#pragma once

#include <cmath>
#include <memory>

#include "../linalg/barrier.h"
#include "../objective/archive.h"
#include "../objective/gram.h"
#include "../objective/linearmap.h"
#include "../objective/pieces.h"
#include "../objective/plan.h"
#include "../objective/scaling.h"
#include "rowequations.h"

namespace nabla {

class Program {
 public:
  // Of an objective: what cannot be told from rounding.
  static constexpr double rounding = 0x1p-46;

  // `gram`: of the table's rows, by rows of the columns that columnsOf() gives; lent for each step, as is H,
  // of gram's size.
  Program(const Kernels& kernels, const Plan& plan, const Table& table, const Scaling& scaling,
          const Penalty& penalty, Gram& gram, size_t output, const Team& team);

  // Starts at the weights of all outputs; coefficients with bounds begin between them.
  void begin(const double* weights);
  // Writes the weights among those of all outputs; coefficients that seem to go to 0 or to a bound as that,
  // if it is asked for.
  void write(double* weights, bool snaps) const;
  // One iteration: returns how much of a step was taken, 0 if none can be. `roundoff`: of the sum over the
  // rows.
  double iterate(double* H, double roundoff);
  // Sets up the equations where it is.
  void weigh();
  // What that says of the minimum, and whether to go on.
  void judge(double roundoff);
  void serialize(Archive& archive);

  double bound = -INFINITY;  // the minimum of the sum over the rows is no lower
  bool done = false;         // nothing more is to be gained

 private:
  size_t row(size_t i) const { return table_.index ? table_.index[i] : i; }
  double weight(size_t i) const { return table_.sampleWeight ? table_.sampleWeight[row(i)] : 1.0; }
  double y(size_t i) const { return table_.y[row(i) * plan_.targets + output_]; }
  // Terms that a coefficient may have: of l1, and with bounds of the lower and the upper one. What goes
  // beyond the upper one is w - upper, so that slopes and changes of w count the other way.
  enum Kind { l1Term, lowerTerm, upperTerm };
  // A coefficient's term.
  size_t term(size_t j, Kind kind = l1Term) const { return pieces_ * table_.count + kind * plan_.cols + j; }
  // A weight's place among those of all outputs.
  size_t place(size_t j) const {
    return j < plan_.cols ? output_ * plan_.cols + j : plan_.coefficients() + output_;
  }
  double factor(size_t j) const {
    return penalty_.factors ? penalty_.factors[output_ * plan_.cols + j] : 1.0;
  }
  double l1(size_t j) const { return count() * penalty_.l1 * factor(j); }
  double count() const { return static_cast<double>(table_.count); }
  // The root of the mean square of a column.
  double deviation(size_t j) const { return j < plan_.cols ? std::sqrt(scaling_.square()[j]) : 1.0; }
  double lower(size_t j) const { return bounded_ ? penalty_.lower[output_ * plan_.cols + j] : -INFINITY; }
  double upper(size_t j) const { return bounded_ ? penalty_.upper[output_ * plan_.cols + j] : INFINITY; }
  // Whether a coefficient cannot move, and has no terms.
  bool isFixed(size_t j) const { return j < plan_.cols && lower(j) == upper(j); }
  bool hasTerm(size_t j, Kind kind) const;
  // Of a weight, as much as moves z by a usual margin.
  double room(size_t j) const { return margin_ / deviation(j); }
  // Of a term's box; where that has no end, about the steepest slope there is.
  double width(size_t j, Kind kind) const { return kind == l1Term ? 2.0 * l1(j) : count() * deviation(j); }
  bool isAtBreakpoint(size_t j, Kind kind) const {
    return barrier_.isAtBreakpoint(term(j, kind), hasTerm(j, kind) ? width(j, kind) : 0.0, usual(j));
  }
  double usual(size_t j) const;
  void beginBetween(size_t j);
  void keepBetween();
  double leastAlong(size_t j, double r, double l1, double addCurvature);
  void foldBounds(double* ofCoefficients) const;
  void spreadMargins();
  template <class Pass>
  void each(Pass pass);
  template <class Pass>
  void eachRow(Pass pass);
  void couple();
  void factorize(double* H);
  void solve(const double* H, double* g, double* z);

  const Kernels& kernels_;
  const Plan& plan_;
  const Table& table_;
  const Scaling& scaling_;
  const Penalty penalty_;
  Gram& gram_;
  const size_t output_;
  const Team& team_;
  LinearMap map_;
  const size_t size_;
  const size_t pieces_;  // terms of a row: piece after piece, and behind them the coefficients'
  const bool bounded_;
  const size_t ofCoefficients_;  // their terms, one of each kind after the other
  Barrier barrier_;
  std::unique_ptr<RowEquations> byRows_;  // null: as many equations as weights
  AlignedBuffer w_;                       // coefficients and, behind them, the intercept
  AlignedBuffer step_;
  AlignedBuffer residual_;    // the slopes that are left
  AlignedBuffer right_;       // of the equations
  AlignedBuffer curvatures_;  // l2 of the coefficients, of the sum
  // Of rows and, behind them, of coefficients' terms.
  AlignedBuffer slope_, curvature_, pull_;
  AlignedBuffer affine_, along_;
  double margin_ = 0.0;  // a usual one where it began
  double bound_ = 0.0;   // the least of the Lagrangian, d being as it is
  double left_ = 0.0;    // by how much the objective is above its minimum at most
  bool isFeasible_ = false;
  double least_ = INFINITY;  // of what was left to gain
  double leastProducts_ = INFINITY;
  uint64_t idle_ = 0;
};

}  // namespace nabla

// Coordinate descent on a quadratic model with l1 and bounds.
// Coordinate descent finds which variables are at 0 or at a bound; a direct solve for the others makes the
// minimum exact. Twin: lib/reference/linalg/coordinatedescent.ts.
#pragma once

#include <vector>

#include "../kernels/table.h"
#include "../threads/team.h"
#include "alignedbuffer.h"

namespace nabla {

// Of a diagonal element, a pivot that rounding of the Hessian has left few digits: 12 bits and less.
constexpr double weakPivot = 0x1p-36;

class Quadratic {
 public:
  // Of `size` variables l1 and bounds concern the first `penalized`; l2 is the caller's.
  Quadratic(const Kernels& kernels, size_t size, size_t penalized, const Penalty& penalty, const Team& team);

  // H (size × size, symmetric, positive semidefinite), and what is added to its diagonal, must stay until
  // minimize() has been called.
  void setHessian(const double* H, const double* added);
  // Writes the v that minimizes m(v) = gᵀ(v - w) + ½(v - w)ᵀH(v - w) + Σ l1 f |v|; a variable of which the
  // model says nothing stays as it is. Returns m(w) - m(v).
  double minimize(const double* g, const double* w, double* v);
  // Of a diagonal element of the equations that were solved last, the least that remained when the variables
  // before it were taken out; constant columns have none.
  double leastPivot() const;
  // Without l1 and bounds: directions in which the model says little or nothing, one for each of the first
  // `count` variables that all but depend on those before it. To the others they are conjugate.
  std::vector<std::vector<double>> weakDirections(size_t count) const;
  // g += d times column j of the Hessian.
  void addColumn(double d, size_t j, double* g) const {
    kernels_.axpy(d, row(j), g, size_);
    g[j] += d * added_[j];
  }
  // v - w, before v is rounded.
  const double* moved() const { return moved_.data(); }
  // Whether v is the minimum, and not where the rounds ended.
  bool isSolved() const { return solved_; }
  // What rounding makes of m(w) - m(v): all of it where H is all but singular and v far away.
  double noise() const { return noise_; }

 private:
  const double* row(size_t j) const { return H_ + j * size_; }
  double bound(size_t j) const { return penalty_.l1 * (penalty_.factors ? penalty_.factors[j] : 1.0); }
  bool isNonsmooth(size_t j) const { return j < penalized_ && (penalty_.bounded() || bound(j) > 0.0); }
  bool isAtLower(size_t j) const { return j < penalized_ && penalty_.isAtLower(j, v_[j]); }
  bool isAtUpper(size_t j) const { return j < penalized_ && penalty_.isAtUpper(j, v_[j]); }
  bool isActive(size_t j) const {
    return !isNonsmooth(j) || !((v_[j] == 0.0 && bound(j) > 0.0) || isAtLower(j) || isAtUpper(j));
  }
  double within(size_t j, double v) const;
  double breakpointAhead(size_t j, double v, bool up) const;
  double distance(size_t j) const;
  double partTo(size_t i) const;
  bool stopped() const { return team_.stopped(); }
  double best(size_t j) const;
  double sweep(bool all);
  void polish();
  void order();
  size_t drop();
  size_t factorizeActive(size_t known);
  double steepness(size_t j) const;
  bool leaveFlat();
  size_t crossing(size_t count) const;
  bool solveActive();
  double value() const;
  double gain() const;
  void refresh();
  bool isSettled() const;
  bool isOptimal() const;

  const Kernels& kernels_;
  size_t size_;
  size_t penalized_;
  Penalty penalty_;
  bool plain_;
  const Team& team_;
  const double* H_ = nullptr;
  const double* added_ = nullptr;
  const double* g_ = nullptr;
  const double* w_ = nullptr;
  double* v_ = nullptr;
  AlignedBuffer diagonal_;
  AlignedBuffer L_;      // of H, or of its active rows and columns
  AlignedBuffer slope_;  // g + Hδ
  AlignedBuffer moved_;
  AlignedBuffer step_;
  AlignedBuffer kept_;
  AlignedBuffer settled_;  // v after the round before
  std::vector<size_t> active_;
  bool solved_ = false;
  double noise_ = 0.0;
};

}  // namespace nabla

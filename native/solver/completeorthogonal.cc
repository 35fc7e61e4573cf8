#include "completeorthogonal.h"

#include <string.h>

#include <algorithm>
#include <numeric>

#include "../linalg/cholesky.h"

namespace nabla {

Orthogonal::Orthogonal(const Kernels& kernels, const Triangle& triangle, const double* rounding,
                       const Team& team)
    : kernels_(kernels), cols_(triangle.cols()), order_(cols_), x_(cols_) {
  std::iota(order_.begin(), order_.end(), static_cast<size_t>(0));
  Triangle R = inUnits(triangle, rounding);
  rank_ = pivot(R, team);
  for (size_t j = 0; j < cols_; ++j) kernels_.scal(rounding[order_[j]], R.column(j), rank_);
  Z_.resize(rank_ * (cols_ - rank_));
  tau_.resize(rank_);
  for (size_t k = rank_; k-- > 0 && rank_ < cols_ && !team.stopped();) reflect(R, k);
  L_.resize(rank_ * rank_);
  for (size_t j = 0; j < rank_ && !team.stopped(); ++j)
    for (size_t i = 0; i <= j; ++i)
      L_[j * rank_ + i] = R.column(i)[i] < 0.0 ? -R.column(j)[i] : R.column(j)[i];
}

// A copy with 0 below the diagonal, each column divided by its unit.
Triangle Orthogonal::inUnits(const Triangle& triangle, const double* units) const {
  Triangle copy(kernels_, cols_, triangle.rows);
  copy.rows = triangle.rows;
  for (size_t j = 0; j < cols_; ++j) {
    const size_t height = std::min(copy.rows, j + 1);
    memcpy(copy.column(j), triangle.column(j), height * sizeof(double));
    kernels_.divide(units[j], copy.column(j), height);
  }
  return copy;
}

// Makes a triangle again, of the longest columns first; returns how many say something.
size_t Orthogonal::pivot(Triangle& R, const Team& team) {
  for (size_t k = 0; k < R.rows; ++k) {
    if (team.stopped()) return k;
    double longest = 0.0;
    size_t pivot = k;
    for (size_t j = k; j < cols_; ++j) {
      const double squares = kernels_.dot(R.column(j) + k, R.column(j) + k, R.rows - k);
      if (squares > longest) {
        longest = squares;
        pivot = j;
      }
    }
    if (!(longest > 1.0) || team.stopped()) return k;
    if (pivot != k) {
      std::swap_ranges(R.column(k), R.column(k) + R.rows, R.column(pivot));
      std::swap(order_[k], order_[pivot]);
    }
    R.reflect(k, k + 1, R.rows);
  }
  return R.rows;
}

// Reflects columns k and those beyond the rank, so that row k is 0 in the latter.
void Orthogonal::reflect(Triangle& R, size_t k) {
  const size_t rest = cols_ - rank_;
  AlignedBuffer v(1 + rest);
  double* z = v.data() + 1;
  v.data()[0] = R.column(k)[k];
  for (size_t j = 0; j < rest; ++j) z[j] = R.column(rank_ + j)[k];
  const double norm = kernels_.nrm2(v.data(), 1 + rest);
  const double reflected = v.data()[0] > 0.0 ? -norm : norm;
  tau_[k] = (reflected - v.data()[0]) / reflected;
  kernels_.divide(v.data()[0] - reflected, z, rest);
  std::copy_n(z, rest, &Z_[k * rest]);
  R.column(k)[k] = reflected;
  double* sums = x_.data();
  std::copy_n(R.column(k), k, sums);
  for (size_t j = 0; j < rest; ++j) kernels_.axpy(z[j], R.column(rank_ + j), sums, k);
  kernels_.axpy(-tau_[k], sums, R.column(k), k);
  for (size_t j = 0; j < rest; ++j) kernels_.axpy(-tau_[k] * z[j], sums, R.column(rank_ + j), k);
}

// Inverts the triangle between the reflections, or leaves it out.
void Orthogonal::apply(double* g, bool solves) {
  double* x = x_.data();
  for (size_t j = 0; j < cols_; ++j) x[j] = g[order_[j]];
  for (size_t k = rank_; k-- > 0;) turn(k, x);
  if (solves) solveFactorized(kernels_, L_.data(), rank_, x);
  std::fill(x + rank_, x + cols_, 0.0);
  for (size_t k = 0; k < rank_; ++k) turn(k, x);
  for (size_t j = 0; j < cols_; ++j) g[order_[j]] = x[j];
}

void Orthogonal::turn(size_t k, double* x) const {
  const size_t rest = cols_ - rank_;
  if (rest == 0) return;
  const double* z = &Z_[k * rest];
  const double factor = tau_[k] * (x[k] + kernels_.dot(z, x + rank_, rest));
  x[k] -= factor;
  kernels_.axpy(-factor, z, x + rank_, rest);
}

}  // namespace nabla

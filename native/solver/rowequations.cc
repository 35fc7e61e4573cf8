#include "rowequations.h"

#include <algorithm>
#include <cmath>

#include "../linalg/cholesky.h"

namespace nabla {

namespace {

// More of them than problems that are fitted side by side may have: their bits are those of Newton's.
constexpr size_t fewColumns = 32;
static_assert(fewColumns >= mostBatched);

}  // namespace

bool RowEquations::suit(const Plan& plan, const Table& table, const Penalty& penalty) {
  for (size_t j = 0; penalty.factors && j < plan.coefficients(); ++j)
    if (!(penalty.factors[j] > 0.0)) return false;
  if (plan.cols <= fewColumns) return false;
  return plan.l2 > 0.0 && plan.l1 == 0.0 && !plan.bounded && table.count < plan.cols;
}

RowEquations::RowEquations(const Kernels& kernels, const Plan& plan, size_t rows, const double* E,
                           double least, LinearMap& map, Gram& gram, const Team& team)
    : kernels_(kernels),
      rows_(rows),
      cols_(plan.cols),
      intercept_(plan.intercept),
      E_(E),
      least_(least),
      map_(map),
      team_(team),
      products_(rows * rows),
      inverse_(plan.cols),
      root_(rows),
      ofRoot_(rows),
      share_(rows + plan.cols),
      product_(rows + plan.cols),
      step_(map.size()),
      part_(map.size()),
      left_(map.size()) {
  for (size_t j = 0; j < cols_; ++j) inverse_.data()[j] = 1.0 / E[j];
  gram.evaluate(inverse_.data(), products_.data());
  const bool isShifted = intercept_ && !(least > 0.0);
  for (size_t i = 0; isShifted && i < rows; ++i) shift_ += products_.data()[i * rows + i];
  shift_ /= static_cast<double>(rows);
  for (size_t at = 0; at < products_.size(); ++at) products_.data()[at] += shift_;
}

// K = √D (XE⁻¹Xᵀ + σ11ᵀ) √D + I.
void RowEquations::factorize(const double* D, double* H) {
  double *root = root_.data(), *products = products_.data();
  D_ = D;
  for (size_t i = 0; i < rows_; ++i) root[i] = std::sqrt(D[i]);
  for (size_t i = 0; i < rows_ && !team_.stopped(); ++i) {
    for (size_t k = 0; k <= i; ++k) H[i * rows_ + k] = root[i] * products[i * rows_ + k] * root[k];
    H[i * rows_ + i] += 1.0;
  }
  nabla::factorize(kernels_, H, rows_, team_);
  std::copy_n(root, rows_, ofRoot_.data());
  solveFactorized(kernels_, H, rows_, ofRoot_.data());
}

void RowEquations::solve(const double* H, double* g, double* z) {
  double *s = step_.data(), *h = share_.data(), *left = left_.data();
  step_.clear();
  share_.clear();
  std::copy_n(g, map_.size(), left);
  std::fill_n(z, rows_ + cols_, 0.0);
  for (int round = 0; round < 2; ++round) {
    solveOnce(H, left, z);
    for (size_t j = 0; j < map_.size(); ++j) s[j] += left[j];
    for (size_t i = 0; i < rows_; ++i) h[i] += z[i];
    if (round > 0 || team_.stopped()) break;
    // What is left: g - Es - Xᵀh of the coefficients, Xs + b - D⁻¹h of the rows.
    for (size_t j = 0; j < cols_; ++j) h[rows_ + j] = E_[j] * s[j];
    std::fill_n(left, map_.size(), 0.0);
    map_.gather(h, left);
    for (size_t j = 0; j < map_.size(); ++j) left[j] = g[j] - left[j];
    map_.spread(s, z);
    for (size_t i = 0; i < rows_; ++i) z[i] = D_[i] > 0.0 ? z[i] - h[i] / D_[i] : 0.0;
  }
  std::copy_n(s, map_.size(), g);
  for (size_t i = 0; i < rows_; ++i) z[i] = D_[i] > 0.0 ? h[i] / D_[i] : 0.0;
  std::copy_n(s, cols_, z + rows_);
}

// Es + Xᵀh = g and D⁻¹h - Xs - b = r: (D⁻¹ + XE⁻¹Xᵀ)h = XE⁻¹g + b + r, where 1ᵀh is the intercept's part of
// g, which tells b. Columns that are centred leave XE⁻¹Xᵀ nothing along 1, where large D would cost all
// digits: σ11ᵀh of both sides makes up for it. g becomes s and b, r becomes h.
void RowEquations::solveOnce(const double* H, double* g, double* r) {
  const double *root = root_.data(), *inverse = inverse_.data();
  double *part = part_.data(), *product = product_.data();
  for (size_t j = 0; j < map_.size(); ++j) part[j] = j < cols_ ? inverse[j] * g[j] : 0.0;
  map_.spread(part, product);
  for (size_t i = 0; i < rows_; ++i) r[i] = root[i] * (product[i] + r[i]);
  solveFactorized(kernels_, H, rows_, r);
  if (intercept_) {
    const double curvature = kernels_.dot(root, ofRoot_.data(), rows_);
    const double moved =
        (g[cols_] - kernels_.dot(root, r, rows_)) / (curvature > least_ ? curvature : least_);
    kernels_.axpy(moved, ofRoot_.data(), r, rows_);
    g[cols_] = moved - shift_ * g[cols_];
  }
  for (size_t i = 0; i < rows_; ++i) r[i] *= root[i];
  std::copy_n(r, rows_, product);
  std::fill_n(product + rows_, cols_, 0.0);
  part_.clear();
  map_.gather(product, part);
  for (size_t j = 0; j < cols_; ++j) g[j] = inverse[j] * (g[j] - part[j]);
}

}  // namespace nabla

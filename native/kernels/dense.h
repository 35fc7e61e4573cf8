// Vector and matrix kernels on dense rows. Twin: lib/reference/kernels/dense.ts.
#pragma once

#include "sums.h"
#include "table.h"

namespace nabla {
namespace NABLA_TARGET {

static double dot(const double* x, const double* y, size_t n) {
  return foldedSum(n, [=](size_t i, size_t count) { return load(x + i, count) * load(y + i, count); });
}

static double sum(const double* x, size_t n) {
  return foldedSum(n, [=](size_t i, size_t count) { return load(x + i, count); });
}

static double asum(const double* x, size_t n) {
  return foldedSum(n, [=](size_t i, size_t count) { return abs(load(x + i, count)); });
}

NABLA_INLINE double sumOfSquares(const double* x, size_t n, double scale) {
  return foldedSum(n, [=](size_t i, size_t count) {
    const Vec v = load(x + i, count) * scale;
    return v * v;
  });
}

// √Σx². Where the squares leave the normal range, once more on x scaled by a power of two (exact).
static double nrm2(const double* x, size_t n) {
  const double squares = sumOfSquares(x, n, 1.0);
  if (squares > 0x1p-900 && squares < __builtin_inf()) return __builtin_sqrt(squares);
  if (squares != squares) return squares;
  const double scale = squares < 1.0 ? 0x1p600 : 0x1p-600;
  return __builtin_sqrt(sumOfSquares(x, n, scale)) / scale;
}

static void axpy(double a, const double* x, double* y, size_t n) {
  eachVec(n,
          [=](size_t i, size_t count) { store(y + i, load(y + i, count) + a * load(x + i, count), count); });
}

static void scal(double a, double* x, size_t n) {
  eachVec(n, [=](size_t i, size_t count) { store(x + i, a * load(x + i, count), count); });
}

static void divide(double a, double* x, size_t n) {
  eachVec(n, [=](size_t i, size_t count) { store(x + i, load(x + i, count) / a, count); });
}

// Rows taken together in matvec: the loads of w are shared and the adds of one row hide behind another's.
constexpr int together = W == 8 ? 4 : 1;

// For `together` rows: the dot product with w, folded down to eight partials.
template <int R>
NABLA_INLINE void dotRows(const double* const row[R], const double* w, size_t cols, Vec folded[R]) {
  Vec a[R][4];
#pragma GCC unroll 4
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
    for (int k = 0; k < 4; ++k) a[r][k] = zero();
  }
  size_t j = 0;
  for (; j + 32 <= cols; j += 32) {
#pragma GCC unroll 4
    for (int k = 0; k < 4; ++k) {
      const Vec v = load(w + j + 8 * k);
#pragma GCC unroll 4
      for (int r = 0; r < R; ++r) a[r][k] += load(row[r] + j + 8 * k) * v;
    }
  }
#pragma GCC unroll 4
  for (int k = 0; k < 4; ++k) {
    if (j >= cols) break;
    const size_t count = cols - j < 8 ? cols - j : 8;
    if (count == 8) {
      const Vec v = load(w + j);
#pragma GCC unroll 4
      for (int r = 0; r < R; ++r) a[r][k] += load(row[r] + j) * v;
    } else {
      const Vec v = load(w + j, count);
#pragma GCC unroll 4
      for (int r = 0; r < R; ++r) a[r][k] += load(row[r] + j, count) * v;
    }
    j += count;
  }
#pragma GCC unroll 4
  for (int r = 0; r < R; ++r) folded[r] = foldQuarters(a[r]);
}

static void matvec(const Rows& rows, const double* w, double b, double* z) {
  size_t i = 0;
  for (; i + 8 <= rows.count; i += 8) {
    Vec folded[8];
#pragma GCC unroll 8
    for (int r = 0; r < 8; r += together) {
      const double* row[together];
      for (int k = 0; k < together; ++k) row[k] = rows.row(i + r + k);
      dotRows<together>(row, w, rows.cols, folded + r);
    }
    store(z + i, foldEach(folded) + b);
  }
  for (; i < rows.count; ++i) {
    const double* row[1] = {rows.row(i)};
    Vec folded[1];
    dotRows<1>(row, w, rows.cols, folded);
    z[i] = fold(folded[0]) + b;
  }
}

// g += Σ r_i x_i, row after row; R rows at a time keep g in registers.
template <int R>
NABLA_INLINE void addRows(const Rows& rows, size_t i, const double* r, double* g) {
  const double* row[R];
  double factor[R];
  for (int k = 0; k < R; ++k) {
    row[k] = rows.row(i + k);
    factor[k] = r[i + k];
  }
  eachVec(rows.cols, [&](size_t j, size_t count) {
    Vec a = load(g + j, count);
#pragma GCC unroll 8
    for (int k = 0; k < R; ++k) a += factor[k] * load(row[k] + j, count);
    store(g + j, a, count);
  });
}

static void rmatvec(const Rows& rows, const double* r, double* g) {
  size_t i = 0;
  for (; i + 8 <= rows.count; i += 8) addRows<8>(rows, i, r, g);
  for (; i < rows.count; ++i) addRows<1>(rows, i, r, g);
}

}  // namespace NABLA_TARGET
}  // namespace nabla

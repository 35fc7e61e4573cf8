// Vector and matrix kernels on dense rows (BLAS levels 1 and 2).
// Twin: lib/reference/kernels/dense.ts.
#pragma once

#include "prefetch.h"
#include "sums.h"
#include "table.h"

namespace nabla {
namespace NABLA_TARGET {

static double dot(const double* x, const double* y, size_t n) {
  const auto term = [=](size_t i, size_t count) { return load(x + i, count) * load(y + i, count); };
#if NABLA_WIDTH == 8
  if (early(n) > 0) {
    Vec a[4] = {zero(), zero(), zero(), zero()};
    Stream xs(x), ys(y);
    size_t i = 0;
    for (; i + 40 <= n; i += 32) {
#pragma GCC unroll 4
      for (int k = 0; k < 4; ++k) a[k] += xs.next() * ys.next();
    }
    return fold(foldedRest(i, n, a, term));
  }
#endif
  return foldedSum(n, term);
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

static void approach(double a, const double* x, double* y, size_t n) {
  eachVec(n, [=](size_t i, size_t count) {
    const Vec v = load(y + i, count);
    store(y + i, v + a * (load(x + i, count) - v), count);
  });
}

static void divide(double a, double* x, size_t n) {
  eachVec(n, [=](size_t i, size_t count) { store(x + i, load(x + i, count) / a, count); });
}

// The dot product of a row with w, folded down to eight partials. One row after the other: taking four at
// once saves loads of w, but halves the speed of a stream from memory.
NABLA_INLINE Vec dotRow(const double* row, const double* w, size_t cols) {
  return foldedVec(cols, [=](size_t j, size_t count) { return load(row + j, count) * load(w + j, count); });
}

// Rows in no order come from memory a line at a time, each as late as it is asked for: they are asked for
// early.
constexpr size_t fetchedAhead = 16;

template <class T>
NABLA_INLINE void fetch(const RowsOf<T>& rows, size_t i) {
  if (i >= rows.count + rows.ahead) return;
  fetchAll(rows.row(i), rows.cols * sizeof(T));
}

// Exact. A plain loop, which compilers turn into the target's own conversions.
NABLA_INLINE void widenRun(const float* __restrict x, double* __restrict out, size_t n) {
  for (size_t i = 0; i < n; ++i) out[i] = static_cast<double>(x[i]);
}

static void widen(const SingleRows& rows, double* out) {
  if (!rows.index) return widenRun(rows.X, out, rows.count * rows.cols);
  for (size_t i = 0; i < rows.count; ++i) {
    fetch(rows, i + fetchedAhead);
    widenRun(rows.row(i), out + i * rows.cols, rows.cols);
  }
}

// z = X w + b, by the product of a row with w that `dot` folds down to eight partials. Zeros may come from it
// as -0.
template <bool picked, class Dot>
NABLA_INLINE void productsBy(const Rows& rows, double b, double* z, Dot dot) {
  const NextRows next = nextOf(rows, true);
  const int turns =
      rows.cols > 128 ? 1 : 2;  // rows from one fetch to the next: neither many lines at once nor few
  size_t i = 0;
  for (; i + 8 <= rows.count; i += 8) {
    Vec folded[8];
#pragma GCC unroll 8
    for (int r = 0; r < 8; ++r) {
      if (picked) fetch(rows, i + r + fetchedAhead);
      if (!picked && next.lines > 0 && (r & (turns - 1)) == 0)
        next.fetch((i + r) * rows.cols, (i + r + turns) * rows.cols);
      folded[r] = dot(rows.row(i + r));
    }
    store(z + i, (zero() + foldEach(folded)) + b);
  }
  for (; i < rows.count; ++i) {
    if (picked) fetch(rows, i + fetchedAhead);
    z[i] = (0.0 + fold(dot(rows.row(i)))) + b;
  }
}

// For V Vecs of columns: w stays in registers.
template <int V, bool full, bool picked>
static void narrowProducts(const Rows& rows, const double* w, double b, double* z) {
  const size_t tail = full ? 8 : rows.cols - 8 * (V - 1);
  Vec u[V];
#pragma GCC unroll 4
  for (int v = 0; v < V; ++v) u[v] = load(w + 8 * v, v + 1 < V ? 8 : tail);
  productsBy<picked>(rows, b, z, [=](const double* row) {
    Vec t[V];
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) t[v] = load(row + 8 * v, v + 1 < V ? 8 : tail) * u[v];
    if constexpr (V == 1) return t[0];
    if constexpr (V == 2) return t[0] + t[1];
    if constexpr (V == 3) return (t[0] + t[2]) + t[1];
    if constexpr (V == 4) return (t[0] + t[2]) + (t[1] + t[3]);
  });
}

template <bool picked>
static void wideProducts(const Rows& rows, const double* w, double b, double* z) {
  productsBy<picked>(rows, b, z, [&](const double* row) { return dotRow(row, w, rows.cols); });
}

template <bool picked>
NABLA_INLINE void products(const Rows& rows, const double* w, double b, double* z) {
  switch (rows.cols) {
    case 8:
      return narrowProducts<1, true, picked>(rows, w, b, z);
    case 16:
      return narrowProducts<2, true, picked>(rows, w, b, z);
    case 32:
      return narrowProducts<4, true, picked>(rows, w, b, z);
  }
  switch ((rows.cols + 7) / 8) {
    case 1:
      return narrowProducts<1, false, picked>(rows, w, b, z);
    case 2:
      return narrowProducts<2, false, picked>(rows, w, b, z);
    case 3:
      return narrowProducts<3, false, picked>(rows, w, b, z);
    case 4:
      return narrowProducts<4, false, picked>(rows, w, b, z);
  }
  wideProducts<picked>(rows, w, b, z);
}

static void matvec(const Rows& rows, const double* w, double b, double* z) {
  if (rows.index) return products<true>(rows, w, b, z);
  products<false>(rows, w, b, z);
}

// Four rows at a time, (r₀x₀ + r₁x₁) + (r₂x₂ + r₃x₃), so that a sum waits for the one before it a quarter as
// often. `at(k)`: where in row i + k.
template <class At>
NABLA_INLINE Vec quad(const double* r, At at, size_t count) {
  return (r[0] * load(at(0), count) + r[1] * load(at(1), count)) +
         (r[2] * load(at(2), count) + r[3] * load(at(3), count));
}

// g += Σ r_i x_i for V Vecs of columns, the last of `tail` lanes: g stays in registers, X is read in order.
// `fresh`: g is +0 before.
template <int V, bool full, bool fresh>
NABLA_INLINE void addNarrowRows(const Rows& rows, const double* r, double* g, size_t tail) {
  const size_t last = full ? 8 : tail;
  Vec a[V];
#pragma GCC unroll 4
  for (int v = 0; v < V; ++v) a[v] = fresh ? zero() : load(g + 8 * v, v + 1 < V ? 8 : last);
  const NextRows next = nextOf(rows, false);
  size_t i = 0;
  for (; i + 4 <= rows.count; i += 4) {
    if (next.lines > 0) next.fetch(i * rows.cols, (i + 4) * rows.cols);
    const double* row[] = {rows.row(i), rows.row(i + 1), rows.row(i + 2), rows.row(i + 3)};
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v)
      a[v] += quad(
          r + i, [&](int k) { return row[k] + 8 * v; }, v + 1 < V ? 8 : last);
  }
  for (; i < rows.count; ++i) {
    const double* row = rows.row(i);
    const double factor = r[i];
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) a[v] += factor * load(row + 8 * v, v + 1 < V ? 8 : last);
  }
#pragma GCC unroll 4
  for (int v = 0; v < V; ++v) store(g + 8 * v, a[v], v + 1 < V ? 8 : last);
}

// Not inlined: beside other code GCC keeps less of it in registers.
template <int V, bool fresh>
__attribute__((noinline)) static void addNarrow(const Rows& rows, const double* r, double* g) {
  const size_t tail = rows.cols - 8 * (V - 1);
  if (tail == 8) return addNarrowRows<V, true, fresh>(rows, r, g, 8);
  addNarrowRows<V, false, fresh>(rows, r, g, tail);
}

// The same for any number of columns: R rows at a time, one or so many fours, so that g is loaded and stored
// once for them.
template <int R>
NABLA_INLINE void addRows(const Rows& rows, size_t i, const double* r, double* g) {
  const double* row[R];
  double factor[R];
  for (int k = 0; k < R; ++k) {
    row[k] = rows.row(i + k);
    factor[k] = r[i + k];
  }
  const NextRows next = nextOf(rows, false);
  eachVec(rows.cols, [&](size_t j, size_t count) {
    if (next.lines > 0) next.fetch(i * rows.cols + R * j, i * rows.cols + R * (j + 8));
    Vec a = load(g + j, count);
    if constexpr (R == 1) a += factor[0] * load(row[0] + j, count);
#pragma GCC unroll 2
    for (int q = 0; q + 4 <= R; q += 4)
      a += quad(
          factor + q, [&](int k) { return row[q + k] + j; }, count);
    store(g + j, a, count);
  });
}

template <bool fresh>
NABLA_INLINE void addProducts(const Rows& rows, const double* r, double* g) {
  switch ((rows.cols + 7) / 8) {
    case 0:
      return;
    case 1:
      return addNarrow<1, fresh>(rows, r, g);
    case 2:
      return addNarrow<2, fresh>(rows, r, g);
    case 3:
      return addNarrow<3, fresh>(rows, r, g);
    case 4:
      return addNarrow<4, fresh>(rows, r, g);
  }
  if (fresh) eachVec(rows.cols, [=](size_t j, size_t count) { store(g + j, zero(), count); });
  size_t i = 0;
  for (; i + 8 <= rows.count; i += 8) addRows<8>(rows, i, r, g);
  if (i + 4 <= rows.count) {
    addRows<4>(rows, i, r, g);
    i += 4;
  }
  for (; i < rows.count; ++i) addRows<1>(rows, i, r, g);
}

// g += Xᵀ r, for each column four rows after four, and what is left row after row.
static void rmatvec(const Rows& rows, const double* r, double* g) { addProducts<false>(rows, r, g); }

// What block() does, of one row, all in registers: what is stored narrow and loaded wide has to wait.
NABLA_INLINE double oneRow(const BlockArgs& a) {
  const size_t cols = a.rows.cols;
  const double* row = a.rows.row(0);
  double z = fold(dotRow(row, a.w, cols)) + (a.intercept ? a.w[cols] : 0.0);
  if (a.offset) z += a.offset[0];
  LossPoint at = a.loss.at(a.y[0], z, a.parameters);
  if (a.sampleWeight) at = {a.sampleWeight[0] * at.loss, a.sampleWeight[0] * at.gradient};
  if (a.gradient) {
    double* g = a.gradient;
    const double r = at.gradient;
    eachVec(cols, [=](size_t j, size_t count) { store(g + j, zero() + r * load(row + j, count), count); });
    if (a.intercept) g[cols] = 0.0 + r;
  }
  return 0.0 + at.loss;
}

// The sum of the losses of a block, and the gradient of their mean.
static double block(const BlockArgs& a) {
  if (a.rows.count == 1 && a.loss.at) return oneRow(a);
  const size_t count = a.rows.count, cols = a.rows.cols;
  matvec(a.rows, a.w, a.intercept ? a.w[cols] : 0.0, a.z);
  if (a.offset) axpy(1.0, a.offset, a.z, count);
  const double total = a.loss.gradient({a.y, a.z, a.sampleWeight, count, 1, count, a.parameters});
  if (!a.gradient) return total;
  addProducts<true>(a.rows, a.z, a.gradient);
  if (a.intercept) a.gradient[cols] = sum(a.z, count);
  divide(static_cast<double>(count), a.gradient, cols + (a.intercept ? 1 : 0));
  return total;
}

// g += Σ r_i (x_i - mean)², in the order of rmatvec.
static void squares(const Rows& rows, const double* r, const double* mean, double* g) {
  const auto square = [&](size_t i, size_t j, size_t count) {
    const Vec d = load(rows.row(i) + j, count) - load(mean + j, count);
    return r[i] * (d * d);
  };
  eachVec(rows.cols, [&](size_t j, size_t count) {
    Vec a = load(g + j, count);
    size_t i = 0;
    for (; i + 4 <= rows.count; i += 4)
      a += (square(i, j, count) + square(i + 1, j, count)) +
           (square(i + 2, j, count) + square(i + 3, j, count));
    for (; i < rows.count; ++i) a += square(i, j, count);
    store(g + j, a, count);
  });
}

}  // namespace NABLA_TARGET
}  // namespace nabla

// Kernels of eight problems of few columns at once: lane k of a Vec belongs to problem k.
// No sum crosses lanes. Arrays hold eight values, one of each problem, where those of one problem hold one;
// each problem's sums are in the order of its own kernels, with the same bits.
#pragma once

#include "penalties.h"
#include "prefetch.h"
#include "simd.h"
#include "table.h"

namespace nabla {
namespace NABLA_TARGET {

// A number that the compiler knows.
template <size_t n>
struct Constant {
  constexpr operator size_t() const { return n; }
};

// Σ term(j) over at most 32, in the order of sums.h: what is left out there or here is +0.
template <class N, class Term>
NABLA_INLINE Vec sumBatched(N n, Term term) {
  Vec t[8];
#pragma GCC unroll 8
  for (size_t j = 0; j < 8; ++j) {
    t[j] = j < n ? term(j) : zero();
    if (j + 16 < n) t[j] += term(j + 16);
    if (j + 8 >= n) continue;
    Vec u = term(j + 8);
    if (j + 24 < n) u += term(j + 24);
    t[j] += u;
  }
#pragma GCC unroll 4
  for (size_t j = 0; j < 4; ++j)
    if (j + 4 < n) t[j] += t[j + 4];
  if (n > 2) t[0] += t[2];
  if (n > 3) t[1] += t[3];
  if (n > 1) t[0] += t[1];
  return zero() + t[0];
}

// Not inlined: they are long.
__attribute__((noinline)) static Vec dotBatched(size_t n, const double* x, const double* y) {
  return sumBatched(n, [=](size_t j) { return load(x + 8 * j) * load(y + 8 * j); });
}

__attribute__((noinline)) static Vec fewBatched(size_t n, const double* x) {
  return sumBatched(n, [=](size_t j) { return load(x + 8 * j); });
}

static void dotsBatched(const double* x, const double* y, size_t n, double* out) {
  store(out, dotBatched(n, x, y));
}

// Σ x over any number.
static void sumsBatched(const double* x, size_t n, double* out) {
  alignas(64) double partials[8 * 32] = {};
  for (size_t i = 0; i < n; ++i) {
    double* partial = partials + 8 * (i % 32);
    store(partial, load(partial) + load(x + 8 * i));
  }
  store(out, sumBatched(Constant<32>(), [&](size_t i) { return load(partials + 8 * i); }));
}

// lane i of row[j] becomes lane j of row[i].
NABLA_INLINE void transpose(Vec row[8]) {
#if NABLA_WIDTH == 8
  Reg a[8], b[8];
#pragma GCC unroll 4
  for (int i = 0; i < 8; i += 2) {
    a[i] = __builtin_shufflevector(row[i].part[0], row[i + 1].part[0], 0, 8, 2, 10, 4, 12, 6, 14);
    a[i + 1] = __builtin_shufflevector(row[i].part[0], row[i + 1].part[0], 1, 9, 3, 11, 5, 13, 7, 15);
  }
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    const int at = i / 2 * 4 + i % 2;
    b[at] = __builtin_shufflevector(a[at], a[at + 2], 0, 1, 8, 9, 4, 5, 12, 13);
    b[at + 2] = __builtin_shufflevector(a[at], a[at + 2], 2, 3, 10, 11, 6, 7, 14, 15);
  }
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    row[i].part[0] = __builtin_shufflevector(b[i], b[i + 4], 0, 1, 2, 3, 8, 9, 10, 11);
    row[i + 4].part[0] = __builtin_shufflevector(b[i], b[i + 4], 4, 5, 6, 7, 12, 13, 14, 15);
  }
#else
  alignas(64) double values[64], turned[64];
  for (int i = 0; i < 8; ++i) store(values + 8 * i, row[i]);
  for (int i = 0; i < 8; ++i)
    for (int j = 0; j < 8; ++j) turned[8 * i + j] = values[8 * j + i];
  for (int i = 0; i < 8; ++i) row[i] = load(turned + 8 * i);
#endif
}

// Arrays of eight problems, `lengths` long, become one of `longest` times eight; +0 behind their ends.
static void interleave(const double* const* from, const size_t* lengths, size_t longest, double* to) {
  size_t shortest = longest;
  for (int k = 0; k < 8; ++k)
    if (lengths[k] < shortest) shortest = lengths[k];
  size_t i = 0;
  for (; i + 8 <= shortest; i += 8) {
    Vec row[8];
#pragma GCC unroll 8
    for (int k = 0; k < 8; ++k) {
      __builtin_prefetch(from[k] + i + 64);
      row[k] = load(from[k] + i);
    }
    transpose(row);
#pragma GCC unroll 8
    for (int k = 0; k < 8; ++k) store(to + 8 * (i + k), row[k]);
  }
  for (; i < longest; ++i)
    for (int k = 0; k < 8; ++k) to[8 * i + k] = i < lengths[k] ? from[k][i] : 0.0;
}

// So many lines, for a row that is gone through.
NABLA_INLINE void fetchAhead(Ahead* ahead, size_t lines) {
  if (!ahead || ahead->at >= ahead->lines) return;
  for (size_t i = 0; i < lines; ++i) fetchLine(ahead->X, ahead->lines, ahead->at + i);
  ahead->at += lines;
  if (ahead->at < ahead->lines || !ahead->y) return;
  *ahead = {ahead->y, ahead->yLines, 0, nullptr, 0};
}

// Σ term(i, j) over the rows for each column j, four rows after four, and what is left of each problem row
// after row. Behind a problem's last row a term is +0 or -0.
template <int J, class Term>
NABLA_INLINE void addRowsOf(const RowsBatched& a, size_t from, size_t to, size_t j, double* g, Term term) {
  Vec sum[J];
#pragma GCC unroll 8
  for (int k = 0; k < J; ++k) sum[k] = load(g + 8 * (j + k));
  size_t i = from;
  const size_t even = to < a.shortest ? to : a.shortest;
  for (; i + 4 <= even; i += 4) {
#pragma GCC unroll 4
    for (int r = 0; r < 4; ++r) fetchAhead(a.ahead, 2);
#pragma GCC unroll 8
    for (int k = 0; k < J; ++k)
      sum[k] += (term(i, j + k) + term(i + 1, j + k)) + (term(i + 2, j + k) + term(i + 3, j + k));
  }
  for (; i < to; i += 4) {
    const Mask whole = splat(static_cast<double>(i + 4)) <= load(a.counts);
#pragma GCC unroll 8
    for (int k = 0; k < J; ++k) {
      Vec t[4];
#pragma GCC unroll 4
      for (size_t r = 0; r < 4; ++r) t[r] = i + r < to ? term(i + r, j + k) : zero();
      sum[k] =
          select(whole, sum[k] + ((t[0] + t[1]) + (t[2] + t[3])), (((sum[k] + t[0]) + t[1]) + t[2]) + t[3]);
    }
  }
#pragma GCC unroll 8
  for (int k = 0; k < J; ++k) store(g + 8 * (j + k), sum[k]);
}

template <class Term>
NABLA_INLINE void addRowsBatched(const RowsBatched& a, size_t from, size_t to, double* g, Term term) {
  constexpr int most = W;  // columns whose sums stay in registers
  size_t j = 0;
  for (; j + most <= a.cols; j += most) addRowsOf<most>(a, from, to, j, g, term);
  for (; j < a.cols; ++j) addRowsOf<1>(a, from, to, j, g, term);
}

// g += Xᵀ r.
static void rmatvecBatched(const RowsBatched& a, size_t from, size_t to, const double* r, double* g) {
  const double* X = a.X;
  const size_t cols = a.cols;
  addRowsBatched(a, from, to, g,
                 [=](size_t i, size_t j) { return load(r + 8 * i) * load(X + 8 * (i * cols + j)); });
}

// g += Σ r (x - mean)².
static void squaresBatched(const RowsBatched& a, size_t from, size_t to, const double* r, const double* mean,
                           double* g) {
  const double* X = a.X;
  const size_t cols = a.cols;
  addRowsBatched(a, from, to, g, [=](size_t i, size_t j) {
    const Vec d = load(X + 8 * (i * cols + j)) - load(mean + 8 * j);
    return load(r + 8 * i) * (d * d);
  });
}

// Rows of which z, the losses and the gradient are taken before the next ones: a multiple of four that stays
// in L1.
NABLA_INLINE size_t rowsAtOnceBatched(size_t cols) { return cols <= 8 ? 32 : 256 / cols / 4 * 4; }

// z of rows from … to - 1.
template <class N>
NABLA_INLINE void predictBatched(const BlockBatched& b, N n, size_t from, size_t to) {
  const double *X = b.rows.X, *offset = b.offset;
  double* z = b.z;
  const Vec intercept = b.intercept ? load(b.w + 8 * n) : zero();
  Vec w[mostBatched];  // of a known number of columns in registers
  for (size_t j = 0; j < n; ++j) w[j] = load(b.w + 8 * j);
  for (size_t i = from; i < to; ++i) {
    const double* x = X + 8 * i * n;
    Vec v = sumBatched(n, [&](size_t j) { return load(x + 8 * j) * w[j]; }) + intercept;
    if (offset) v += load(offset + 8 * i);
    store(z + 8 * i, v);
  }
}

static void blockBatched(const BlockBatched& b) {
  const RowsBatched& a = b.rows;
  const size_t cols = a.cols, chunk = rowsAtOnceBatched(cols);
  const size_t size = cols + (b.intercept ? 1 : 0);
  for (size_t j = 0; b.gradient && j < size; ++j) store(b.gradient + 8 * j, zero());
  store(b.reach, zero());
  for (size_t at = 0; at < a.count; at += chunk) {
    const size_t end = at + chunk < a.count ? at + chunk : a.count;
    if (cols == 8)
      predictBatched(b, Constant<8>(), at, end);
    else
      predictBatched(b, cols, at, end);
    b.loss.points({b.y + 8 * at, b.z + 8 * at, b.sampleWeight ? b.sampleWeight + 8 * at : nullptr,
                   8 * (end - at), b.parameters, b.losses ? b.losses + 8 * at : nullptr, b.curvature + 8 * at,
                   b.reach, a.X + 8 * end * cols, end < a.count ? cols : 0});
    if (b.gradient) rmatvecBatched(a, at, end, b.z, b.gradient);
  }
  if (b.losses) sumsBatched(b.losses, a.count, b.sum);
  if (!b.gradient) return;
  if (b.intercept) sumsBatched(b.z, a.count, b.gradient + 8 * cols);
  const Vec rows = load(a.counts);
  for (size_t j = 0; j < size; ++j) store(b.gradient + 8 * j, load(b.gradient + 8 * j) / rows);
}

// A square of four columns and four others of H; of those on the diagonal its lower triangle.
template <bool onDiagonal, bool isPlain>
NABLA_INLINE void addSquare(const RowsBatched& a, size_t from, size_t to, const double* d, const double* mean,
                            size_t top, size_t left, double* H, size_t stride) {
  // Columns behind the last one are computed as the last one, and not stored.
  size_t row[4], column[4];
  Vec rowMean[4], columnMean[4], sum[4][4];
#pragma GCC unroll 4
  for (size_t k = 0; k < 4; ++k) {
    row[k] = top + k < a.cols ? top + k : a.cols - 1;
    column[k] = left + k < a.cols ? left + k : a.cols - 1;
    rowMean[k] = isPlain ? zero() : load(mean + 8 * row[k]);
    columnMean[k] = isPlain ? zero() : load(mean + 8 * column[k]);
#pragma GCC unroll 4
    for (size_t l = 0; l < (onDiagonal ? k + 1 : 4); ++l)
      sum[k][l] = load(H + 8 * (row[k] * stride + (left + l < a.cols ? left + l : a.cols - 1)));
  }
  for (size_t i = from; i < to; ++i) {
    const double* x = a.X + 8 * i * a.cols;
    fetchAhead(a.ahead, 1);
    Vec factor[4], other[4];
#pragma GCC unroll 4
    for (size_t k = 0; k < 4; ++k) {
      other[k] = load(x + 8 * column[k]);
      if (!isPlain) other[k] = other[k] - columnMean[k];
      factor[k] = onDiagonal ? other[k] : load(x + 8 * row[k]);
      if (!isPlain && !onDiagonal) factor[k] = factor[k] - rowMean[k];
      if (!isPlain) factor[k] = load(d + 8 * i) * factor[k];
    }
#pragma GCC unroll 4
    for (size_t k = 0; k < 4; ++k)
#pragma GCC unroll 4
      for (size_t l = 0; l < (onDiagonal ? k + 1 : 4); ++l) sum[k][l] += factor[k] * other[l];
  }
#pragma GCC unroll 4
  for (size_t k = 0; k < 4; ++k)
#pragma GCC unroll 4
    for (size_t l = 0; l < (onDiagonal ? k + 1 : 4); ++l)
      if (top + k < a.cols && left + l < a.cols) store(H + 8 * ((top + k) * stride + left + l), sum[k][l]);
}

template <bool isPlain>
static void gramOf(const RowsBatched& a, size_t from, size_t to, const double* d, const double* mean,
                   double* H, size_t stride) {
  for (size_t top = 0; top < a.cols; top += 4) {
    for (size_t left = 0; left < top; left += 4)
      addSquare<false, isPlain>(a, from, to, d, mean, top, left, H, stride);
    addSquare<true, isPlain>(a, from, to, d, mean, top, top, H, stride);
  }
}

static void gramBatched(const RowsBatched& a, size_t from, size_t to, const double* d, const double* mean,
                        double* H, size_t stride) {
  static const double zeros[8 * mostBatched] = {};
  if (d) return gramOf<false>(a, from, to, d, mean ? mean : zeros, H, stride);
  gramOf<true>(a, from, to, d, mean, H, stride);
}

// linalg/cholesky.h, for matrices of which every pivot is above `least` times its diagonal element: `good`
// becomes 1 where that holds, else 0.
static void factorizeBatched(double* A, size_t n, double least, double* good) {
  Vec isGood = splat(1.0);
  for (size_t j = 0; j < n; ++j) {
    double* row = A + 8 * j * n;
    for (size_t k = 0; k < j; ++k) {
      const double* other = A + 8 * k * n;
      store(row + 8 * k, (load(row + 8 * k) - dotBatched(k, row, other)) / load(other + 8 * k));
    }
    const Vec diagonal = load(row + 8 * j);
    const Vec pivot = diagonal - dotBatched(j, row, row);
    isGood = select(pivot > least * diagonal, isGood, 0.0);
    store(row + 8 * j, sqrt(pivot));
  }
  store(good, isGood);
}

static void solveBatched(const double* L, size_t n, double* b) {
  for (size_t j = 0; j < n; ++j) {
    const double* row = L + 8 * j * n;
    store(b + 8 * j, (load(b + 8 * j) - dotBatched(j, row, b)) / load(row + 8 * j));
  }
  for (size_t j = n; j-- > 0;) {
    const double* row = L + 8 * j * n;
    const Vec x = load(b + 8 * j) / load(row + 8 * j);
    store(b + 8 * j, x);
    for (size_t k = 0; k < j; ++k) store(b + 8 * k, load(b + 8 * k) + (-x) * load(row + 8 * k));
  }
}

// linalg/coordinatedescent.h.
static void expandBatched(const ExpandArgs& a, const double* rows, double* sums) {
  const size_t cols = a.cols, side = cols + (a.w.intercept ? 1 : 0);
  double *e = a.e, *Ge = a.Ge;
  for (size_t j = 0; j < cols; ++j)
    store(e + 8 * j, load(a.w.coefficients + 8 * j) - load(a.from.coefficients + 8 * j));
  if (a.w.intercept) {
    Vec own = load(a.w.intercept) - load(a.from.intercept);
    if (a.mean) own += dotBatched(cols, a.mean, e);
    store(e + 8 * cols, own);
  }
  for (size_t j = 0; j < side; ++j) store(Ge + 8 * j, zero());
  alignas(64) double sides[8];
  store(sides, splat(static_cast<double>(side)));
  rmatvecBatched({a.G, side, side, side, sides, nullptr}, 0, side, e, Ge);
  Vec linear = dotBatched(cols, a.slope.coefficients, e);
  const Vec n = load(rows);
  Vec last = zero();
  if (a.w.intercept) {
    linear += load(a.slope.intercept) * load(e + 8 * cols);
    last = load(a.slope.intercept) + load(Ge + 8 * cols);
    store(a.gradient.intercept, last / n);
  }
  store(sums, linear);
  store(sums + 8, dotBatched(side, e, Ge));
  alignas(64) double squares[8 * (mostBatched + 1)];
  for (size_t j = 0; j < side; ++j) {
    const Vec v = load(e + 8 * j);
    store(squares + 8 * j, load(a.diagonal + 8 * j) * (v * v));
  }
  store(sums + 16, fewBatched(side, squares));
  for (size_t j = 0; j < cols; ++j) {
    const Vec slope = load(a.slope.coefficients + 8 * j) + load(Ge + 8 * j);
    store(a.gradient.coefficients + 8 * j, (a.mean ? slope + load(a.mean + 8 * j) * last : slope) / n);
  }
}

// penalties.h; factors null: 1.
static void penaltyBatched(const double* w, size_t n, const Penalty& penalty, double* out) {
  const double l1 = penalty.l1, half = 0.5 * penalty.l2;
  alignas(64) double terms[8 * mostBatched];
  for (size_t j = 0; j < n; ++j) {
    const Vec v = load(w + 8 * j);
    store(terms + 8 * j, factorsAt(penalty, 8 * j, 8) * (l1 * abs(v) + half * (v * v)));
  }
  store(out, fewBatched(n, terms));
}

}  // namespace NABLA_TARGET
}  // namespace nabla

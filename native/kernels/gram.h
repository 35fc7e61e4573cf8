// XᵀDX: the one kernel that is bound by arithmetic, not by memory. Twin: lib/reference/kernels/gram.ts.
#pragma once

#include "simd.h"
#include "table.h"

namespace nabla {
namespace NABLA_TARGET {

// A tile of H, tileRows × tileVecs Vecs, stays in registers while rows pass: SSE2 and AVX2 have room for
// eight sums.
#if NABLA_WIDTH == 2 && (defined(__x86_64__) || defined(_M_X64))
constexpr int tileRows = 2;
#else
constexpr int tileRows = 4;
#endif
constexpr int tileVecs = W == 8 ? 2 : 1;

// Columns are packed in panels of eight, row after row, so that tiles read them in order: a chunk of up to
// 128 rows for the columns k, and beside it one panel of D times columns j.
constexpr size_t packedDoubles = 32 * gramSide;
constexpr size_t mostPackedRows = 128;

// `factors` anew, for a compiler that would share a broadcast between two multiplications: with AVX-512 each
// takes its factor from memory at no cost, where a broadcast of its own halves the speed (Zen 4).
NABLA_INLINE const double* unshared(const double* factors) {
  __asm__("" : "+r"(factors));
  return factors;
}

// H += Σ factors xᵀ for J rows and V Vecs of columns of H, in the order of the packed rows.
template <int J, int V>
NABLA_INLINE void addTile(const double* factors, const double* x, size_t count, double* H, size_t stride) {
  Vec sum[J][V];
#pragma GCC unroll 4
  for (int j = 0; j < J; ++j)
#pragma GCC unroll 2
    for (int v = 0; v < V; ++v) sum[j][v] = load(H + j * stride + 8 * v);
#pragma GCC unroll 2
  for (size_t i = 0; i < count; ++i) {
    Vec b[V];
#pragma GCC unroll 2
    for (int v = 0; v < V; ++v) b[v] = load(x + 8 * (v * count + i));
#pragma GCC unroll 4
    for (int j = 0; j < J; ++j) {
#pragma GCC unroll 2
      for (int v = 0; v < V; ++v) {
        const double* of = factors + 8 * i;
        sum[j][v] += (v == 0 ? of : unshared(of))[j] * b[v];
      }
    }
  }
#pragma GCC unroll 4
  for (int j = 0; j < J; ++j)
#pragma GCC unroll 2
    for (int v = 0; v < V; ++v) store(H + j * stride + 8 * v, sum[j][v]);
}

// The same where H may have fewer rows or columns than the tile: `height` and `width` of them.
template <int V>
static void addEdge(const double* factors, const double* x, size_t count, double* H, size_t stride,
                    size_t height, size_t width) {
  if (height >= tileRows && width >= 8 * V) return addTile<tileRows, V>(factors, x, count, H, stride);
  double tile[tileRows * 8 * V] = {};
  if (height > tileRows) height = tileRows;
  if (width > 8 * V) width = 8 * V;
  for (size_t j = 0; j < height; ++j)
    for (size_t k = 0; k < width; ++k) tile[j * 8 * V + k] = H[j * stride + k];
  addTile<tileRows, V>(factors, x, count, tile, 8 * V);
  for (size_t j = 0; j < height; ++j)
    for (size_t k = 0; k < width; ++k) H[j * stride + k] = tile[j * 8 * V + k];
}

// x - mean of `width` columns, times d if there is one; +0 in the lanes behind them.
template <bool scaled>
NABLA_INLINE void packRows(const Rows& rows, size_t at, size_t count, const double* d, const double* mean,
                           size_t column, size_t width, double* to) {
  const Vec m = mean ? load(mean + column, width) : zero();
  for (size_t i = 0; i < count; ++i) {
    const Vec v = load(rows.row(at + i) + column, width) - m;
    store(to + 8 * i, scaled ? d[at + i] * v : v);
  }
}

template <bool scaled>
static void pack(const Rows& rows, size_t at, size_t count, const double* d, const double* mean,
                 size_t column, size_t end, double* to) {
  if (end - column >= 8) return packRows<scaled>(rows, at, count, d, mean, column, 8, to);
  packRows<scaled>(rows, at, count, d, mean, column, end - column, to);
}

static void gram(const Rows& rows, const double* d, const double* mean, const Part& part, double* H,
                 size_t stride) {
  alignas(64) double x[packedDoubles];
  alignas(64) double dx[8 * mostPackedRows];
  const size_t panels = (part.right - part.left + 7) / 8;
  const size_t fit = packedDoubles / (8 * panels);
  const size_t chunk = fit < mostPackedRows ? fit : mostPackedRows;
  for (size_t at = 0; at < rows.count; at += chunk) {
    const size_t count = rows.count - at < chunk ? rows.count - at : chunk;
    for (size_t p = 0; p < panels; ++p)
      pack<false>(rows, at, count, d, mean, part.left + 8 * p, part.right, x + p * 8 * count);
    for (size_t panel = part.top; panel < part.bottom; panel += 8) {
      pack<true>(rows, at, count, d, mean, panel, part.bottom, dx);
      const size_t last = panel + 8 < part.right ? panel + 8 : part.right;  // beyond, k > j
      const size_t end = panel + 8 < part.bottom ? panel + 8 : part.bottom;
      for (size_t j = panel; j < end; j += tileRows) {
        const auto add = [&](auto tile, size_t k) {
          tile(dx + (j - panel), x + (k - part.left) * count, count, H + j * stride + k, stride, end - j,
               last - k);
        };
        size_t k = part.left;
        for (; tileVecs > 1 && k + 8 < last; k += 16) add(addEdge<2>, k);
        for (; k < last; k += 8) add(addEdge<1>, k);
      }
    }
  }
}

}  // namespace NABLA_TARGET
}  // namespace nabla

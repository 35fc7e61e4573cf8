// Gram matrix XᵀDX by tiles: the one kernel bound by arithmetic, not by memory.
// Twin: lib/reference/kernels/gram.ts.
#pragma once

#include "simd.h"
#include "table.h"

namespace nabla {
namespace NABLA_TARGET {

// A tile of H, tileRows × tileVecs Vecs, stays in registers while rows pass: SSE2 and AVX2 have room for
// eight sums, AVX-512 for sixteen and more.
#if NABLA_WIDTH == 8
constexpr int tileRows = 8;
#elif NABLA_WIDTH == 2 && (defined(__x86_64__) || defined(_M_X64))
constexpr int tileRows = 2;
#else
constexpr int tileRows = 4;
#endif
constexpr int tileVecs = W == 8 ? 2 : 1;

// H += Σ factors xᵀ for J rows and V Vecs of columns of H, in the order of the packed rows. `ahead`: as many
// cache lines that will be needed soon.
template <int J, int V>
NABLA_INLINE void addTile(const double* factors, const double* x, size_t count, double* H, size_t stride,
                          const double* ahead) {
  Vec sum[J][V];
#pragma GCC unroll 8
  for (int j = 0; j < J; ++j)
#pragma GCC unroll 2
    for (int v = 0; v < V; ++v) sum[j][v] = load(H + j * stride + 8 * v);
#pragma GCC unroll 2
  for (size_t i = 0; i < count; ++i) {
    __builtin_prefetch(ahead + 8 * i);
    Vec b[V];
#pragma GCC unroll 2
    for (int v = 0; v < V; ++v) b[v] = load(x + 8 * (v * count + i));
#pragma GCC unroll 8
    for (int j = 0; j < J; ++j) {
      const Vec factor = splat(factors[8 * i + j]);
#pragma GCC unroll 2
      for (int v = 0; v < V; ++v) sum[j][v] += factor * b[v];
    }
  }
#pragma GCC unroll 8
  for (int j = 0; j < J; ++j)
#pragma GCC unroll 2
    for (int v = 0; v < V; ++v) store(H + j * stride + 8 * v, sum[j][v]);
}

// The same where H may have fewer rows or columns than the tile: `height` and `width` of them.
template <int V>
static void addEdge(const double* factors, const double* x, size_t count, double* H, size_t stride,
                    size_t height, size_t width, const double* ahead) {
  if (height >= tileRows && width >= 8 * V) return addTile<tileRows, V>(factors, x, count, H, stride, ahead);
  double tile[tileRows * 8 * V] = {};
  if (height > tileRows) height = tileRows;
  if (width > 8 * V) width = 8 * V;
  for (size_t j = 0; j < height; ++j)
    for (size_t k = 0; k < width; ++k) tile[j * 8 * V + k] = H[j * stride + k];
  addTile<tileRows, V>(factors, x, count, tile, 8 * V, ahead);
  for (size_t j = 0; j < height; ++j)
    for (size_t k = 0; k < width; ++k) H[j * stride + k] = tile[j * 8 * V + k];
}

// Panels of x - mean (null: x), in which tiles read in order. Row after row, as they lie in memory.
static void pack(const Rows& rows, const double* mean, double* to) {
  const auto put = [=](const double* row, size_t i, size_t column, size_t width) {
    const Vec v = load(row + column, width);
    store(to + column * rows.count + 8 * i, mean ? v - load(mean + column, width) : v);
  };
  for (size_t i = 0; i < rows.count; ++i) {
    const double* row = rows.row(i);
    size_t column = 0;
    for (; column + 8 <= rows.cols; column += 8) put(row, i, column, 8);
    if (column < rows.cols) put(row, i, column, rows.cols - column);
  }
}

static void gram(const Panels& panels, const double* d, const Part& part, double* H, size_t stride) {
  alignas(64) double dx[8 * mostPackedRows];
  const size_t count = panels.count;
  Ahead* ahead = panels.ahead;
  for (size_t panel = part.top; panel < part.bottom; panel += 8) {
    const size_t last = panel + 8 < part.right ? panel + 8 : part.right;  // beyond, k > j
    const size_t end = panel + 8 < part.bottom ? panel + 8 : part.bottom;
    const double* factors = panels.X + panel * count;
    if (d) {
      for (size_t i = 0; i < count; ++i) store(dx + 8 * i, d[i] * load(factors + 8 * i));
      factors = dx;
    }
    for (size_t j = panel; j < end; j += tileRows) {
      const auto add = [&](auto tile, size_t k) {
        // Memory is at work, too, while tiles are computed.
        const bool isDue = ahead && ahead->at + count <= ahead->lines;
        const double* x = panels.X + k * count;
        tile(factors + (j - panel), x, count, H + j * stride + k, stride, end - j, last - k,
             isDue ? ahead->X + 8 * ahead->at : x);
        if (isDue) ahead->at += count;
      };
      size_t k = part.left;
      for (; tileVecs > 1 && k + 8 < last; k += 16) add(addEdge<2>, k);
      for (; k < last; k += 8) add(addEdge<1>, k);
    }
  }
}

}  // namespace NABLA_TARGET
}  // namespace nabla

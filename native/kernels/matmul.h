// Product of two packed matrices, by tiles that stay in registers while k passes.
// The blocking is that of Goto and van de Geijn 2008. An element is one chain over k, a multiply and an add,
// each rounded (ARCHITECTURE.md, the law, 7), and lanes run along rows of C: tiles and packing change no bit.
// Twin: lib/reference/kernels/matmul.ts.
#pragma once

#include "simd.h"
#include "table.h"

namespace nabla {
namespace NABLA_TARGET {

// Rows of a tile, and registers of a row: room is left for a row of B, a factor and a product. Rows at the
// end of a matrix that fill no tile go in parts of it, then one by one.
#if NABLA_WIDTH == 8
constexpr int panelHeight = 12, panelPart = 4, panelRegs = 2;
#elif NABLA_WIDTH == 4
constexpr int panelHeight = 5, panelPart = 2, panelRegs = 2;
#elif defined(__x86_64__) || defined(_M_X64)
constexpr int panelHeight = 3, panelPart = 1, panelRegs = 4;
#else
constexpr int panelHeight = 10, panelPart = 4, panelRegs = 2;
#endif
constexpr size_t panelWidth = panelRegs * W;

// Rows of the next panel, where so many are left.
NABLA_INLINE size_t panelRows(size_t left) {
  return left >= panelHeight ? panelHeight : left >= panelPart ? panelPart : 1;
}

// A number of memory times all lanes. On AVX-512 the multiplication takes it from there: a broadcast of its
// own costs Zen 4 as much as a multiplication.
NABLA_INLINE Reg times(const double& factor, Reg row) {
#if NABLA_WIDTH == 8
  Reg product;
  __asm__("vmulpd %2%{1to8%}, %1, %0" : "=v"(product) : "v"(row), "m"(factor));
  return product;
#else
  return (factor - Reg{}) * row;
#endif
}

// M rows × R registers of C; rows of B have panelWidth elements.
template <int M, int R>
static void tile(const double* a, const double* b, size_t k, double* c, size_t ldc, bool isFirst) {
  Reg sum[M][R];
#pragma GCC unroll 16
  for (int i = 0; i < M; ++i)
#pragma GCC unroll 4
    for (int r = 0; r < R; ++r)
      sum[i][r] = isFirst ? Reg{} : Reg(*reinterpret_cast<const RegUnaligned*>(c + i * ldc + r * W));
      // Rows of C may lie in one set of L1, 2^n apart.
#pragma GCC unroll 16
  for (int i = 0; i < M; ++i) {
    __builtin_prefetch(c + i * ldc, 1);
    __builtin_prefetch(c + i * ldc + panelWidth - 1, 1);
  }
  for (size_t p = 0; p < k; ++p, a += M, b += panelWidth) {
    Reg row[R];
#pragma GCC unroll 4
    for (int r = 0; r < R; ++r) row[r] = *reinterpret_cast<const Reg*>(b + r * W);
#pragma GCC unroll 16
    for (int i = 0; i < M; ++i) {
#pragma GCC unroll 4
      for (int r = 0; r < R; ++r) sum[i][r] = sum[i][r] + times(a[i], row[r]);
    }
  }
#pragma GCC unroll 16
  for (int i = 0; i < M; ++i)
#pragma GCC unroll 4
    for (int r = 0; r < R; ++r) *reinterpret_cast<RegUnaligned*>(c + i * ldc + r * W) = sum[i][r];
}

template <int R>
NABLA_INLINE void anyTile(size_t rows, const double* a, const double* b, size_t k, double* c, size_t ldc,
                          bool isFirst) {
  if (rows == panelHeight) return tile<panelHeight, R>(a, b, k, c, ldc, isFirst);
  if (rows == panelPart) return tile<panelPart, R>(a, b, k, c, ldc, isFirst);
  tile<1, R>(a, b, k, c, ldc, isFirst);
}

static void multiply(const double* A, const double* B, size_t m, size_t n, size_t k, double* C, size_t ldc,
                     bool isFirst) {
  for (size_t j = 0; j < n; j += panelWidth, B += panelWidth * k) {
    const size_t width = n - j < panelWidth ? n - j : panelWidth;
    const double* a = A;
    for (size_t i = 0, rows; i < m; i += rows, a += rows * k) {
      rows = panelRows(m - i);
      double* c = C + i * ldc + j;
      if (width == panelWidth) {
        anyTile<panelRegs>(rows, a, B, k, c, ldc, isFirst);
        continue;
      }
      alignas(64) double edge[panelHeight * panelWidth];
      for (size_t y = 0; y < rows; ++y)
        for (size_t x = 0; x < width; ++x) edge[y * panelWidth + x] = isFirst ? 0.0 : c[y * ldc + x];
      if (width <= W)
        anyTile<1>(rows, a, B, k, edge, panelWidth, isFirst);
      else
        anyTile<panelRegs>(rows, a, B, k, edge, panelWidth, isFirst);
      for (size_t y = 0; y < rows; ++y)
        for (size_t x = 0; x < width; ++x) c[y * ldc + x] = edge[y * panelWidth + x];
    }
  }
}

static void packLeft(const double* A, size_t row, size_t col, size_t m, size_t k, double* to) {
  for (size_t i = 0, rows; i < m; i += rows, to += rows * k) {
    rows = panelRows(m - i);
    const double* from = A + i * row;
    if (row == 1) {
      for (size_t p = 0; p < k; ++p)
        for (size_t y = 0; y < rows; ++y) to[p * rows + y] = from[p * col + y];
    } else {
      for (size_t y = 0; y < rows; ++y)
        for (size_t p = 0; p < k; ++p) to[p * rows + y] = from[y * row + p * col];
    }
  }
}

static void packRight(const double* B, size_t row, size_t col, size_t k, size_t n, double* to) {
  for (size_t j = 0; j < n; j += panelWidth, to += panelWidth * k) {
    const size_t width = n - j < panelWidth ? n - j : panelWidth;
    const double* from = B + j * col;
    if (col == 1) {
      for (size_t p = 0; p < k; ++p) {
        size_t x = 0;
#pragma GCC unroll 2
        for (int r = 0; r < panelRegs; ++r, x += W) {
          const size_t count = width <= x ? 0 : width - x < W ? width - x : W;
          const double* at = from + p * row + x;
          *reinterpret_cast<Reg*>(to + p * panelWidth + x) =
              count == W ? Reg(*reinterpret_cast<const RegUnaligned*>(at)) : loadPart(at, count);
        }
      }
    } else {
      for (size_t x = 0; x < panelWidth; ++x)
        for (size_t p = 0; p < k; ++p) to[p * panelWidth + x] = x < width ? from[x * col + p * row] : 0.0;
    }
  }
}

}  // namespace NABLA_TARGET
}  // namespace nabla

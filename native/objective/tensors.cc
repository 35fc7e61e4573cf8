#include "tensors.h"

#include <algorithm>
#include <cmath>

#include "blocks.h"

namespace nabla {

namespace {

// Multiplications that an elementary function is worth.
constexpr double elementaryCost = 16.0;

// body(from, count) for runs of n elements, on as many threads as so much work an element is worth.
template <class Body>
void inRuns(size_t n, double cost, const Body& body) {
  constexpr size_t run = 8192;
  const Team& team = everyone();
  const unsigned lanes = n > run ? team.lanes(static_cast<double>(n) * cost) : 1;
  if (lanes == 1) return body(0, n);
  team.each((n + run - 1) / run, lanes,
            [&](size_t i, unsigned) { body(i * run, std::min(run, n - i * run)); });
}

Operand from(Operand a, size_t i) { return {a.x + i * a.step, a.step}; }

}  // namespace

void unary(const Kernels& kernels, size_t op, const double* x, double* out, size_t n) {
  const bool isPlain = op < UnaryOp::exp || op == UnaryOp::relu;
  inRuns(n, isPlain ? 1.0 : elementaryCost,
         [&](size_t i, size_t count) { kernels.tensors.unary[op](x + i, out + i, count); });
}

void binary(const Kernels& kernels, size_t op, Operand a, Operand b, double* out, size_t n) {
  inRuns(n, op == BinaryOp::pow ? 4.0 * elementaryCost : 1.0,
         [&](size_t i, size_t count) { kernels.tensors.binary[op](from(a, i), from(b, i), out + i, count); });
}

void select(const Kernels& kernels, const double* condition, Operand a, Operand b, double* out, size_t n) {
  inRuns(n, 1.0, [&](size_t i, size_t count) {
    kernels.tensors.select(condition + i, from(a, i), from(b, i), out + i, count);
  });
}

void sumAxis(const Kernels& kernels, const double* x, size_t outer, size_t length, size_t inner,
             double* out) {
  if (inner == 0 || outer == 0) return;
  const Team& team = everyone();
  const unsigned lanes =
      team.lanes(static_cast<double>(outer) * static_cast<double>(length) * static_cast<double>(inner));
  const size_t size = length * inner;
  if (inner == 1) {
    const size_t run = std::max<size_t>(1, 8192 / std::max<size_t>(1, length));
    return team.each((outer + run - 1) / run, lanes, [&](size_t i, unsigned) {
      for (size_t o = i * run, end = std::min(outer, o + run); o < end; ++o)
        out[o] = kernels.sum(x + o * length, length);
    });
  }
  const size_t step = rowsPerBlock(inner);
  if (length > step && outer == 1) {
    const size_t blocks = (length + step - 1) / step;
    BlockSum sum(kernels, inner, blocks, lanes);
    const double* total = sum.pass(team, blocks, [&](size_t i, unsigned, double* partial) {
      kernels.tensors.addRows(x + i * step * inner, std::min(step, length - i * step), inner, partial);
    });
    memcpy(out, total, inner * sizeof(double));
    return;
  }
  Tree tree(kernels, length > step ? inner : 0, length / step + 1);
  for (size_t o = 0; o < outer; ++o, x += size, out += inner) {
    if (length <= step) {
      memset(out, 0, inner * sizeof(double));
      kernels.tensors.addRows(x, length, inner, out);
      continue;
    }
    tree.reset();
    for (size_t l = 0; l < length; l += step) {
      kernels.tensors.addRows(x + l * inner, std::min(step, length - l), inner, tree.next());
      tree.push();
    }
    memcpy(out, tree.total(), inner * sizeof(double));
  }
}

void extremeAxis(bool least, const double* x, size_t outer, size_t length, size_t inner, double* out,
                 int32_t* index) {
  const double sign = least ? -1.0 : 1.0;
  for (size_t o = 0; o < outer; ++o, out += inner, index += inner, x += length * inner) {
    if (inner == 1) {  // in registers
      size_t at = 0;
      double best = sign * x[0];
      for (size_t l = 1; l < length && best == best; ++l) {
        const double value = sign * x[l];
        if (value <= best) continue;
        best = value;
        at = l;
      }
      *out = x[at];
      *index = static_cast<int32_t>(at);
      continue;
    }
    for (size_t i = 0; i < inner; ++i) {
      out[i] = x[i];
      index[i] = 0;
    }
    for (size_t l = 1; l < length; ++l) {
      const double* row = x + l * inner;
      for (size_t i = 0; i < inner; ++i) {
        if (sign * row[i] <= sign * out[i] || std::isnan(out[i])) continue;
        out[i] = row[i];
        index[i] = static_cast<int32_t>(l);
      }
    }
  }
}

namespace {

// Of one pass over k: packed rows of A stay in L2 with a panel of B. A longer pass reads and writes C less
// often, which counts more than a panel that fits L1 (bench row matmul 512: 192 is 7 % slower).
constexpr size_t packedK = 384;
constexpr size_t packedRows = 96;
constexpr size_t packedCols = 2048;

}  // namespace

void gemm(const Kernels& kernels, size_t m, size_t n, size_t k, double alpha, Strided A, Strided B,
          double beta, double* C, size_t ldc) {
  if (m == 0 || n == 0) return;
  const TensorKernels& t = kernels.tensors;
  const Team& team = everyone();
  // Tiles multiply four times as fast as passes over rows do.
  const unsigned lanes =
      team.lanes(0.25 * static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k));
  const size_t depth = std::min(k, packedK);
  // Parts of C that threads take by turns: as many rows as L2 holds of A, and columns where rows are few.
  const size_t twelves = (m + 11) / 12;  // rows of a tile, or a multiple of them
  const size_t perPart = packedRows / 12;
  const size_t downParts = std::min(twelves, ((twelves + perPart - 1) / perPart + lanes - 1) / lanes * lanes);
  const auto rowsBefore = [&](size_t part) { return std::min(m, part * twelves / downParts * 12); };
  const size_t mostRows = std::min(m, (twelves + downParts - 1) / downParts * 12);
  const size_t panels = (std::min(n, packedCols) + t.packWidth - 1) / t.packWidth;
  const size_t acrossParts = downParts < lanes ? std::min<size_t>(panels, 2 * lanes) : 1;
  const size_t panelsOfParts = (panels + acrossParts - 1) / acrossParts;

  AlignedBuffer right(panels * t.packWidth * depth);
  const size_t stride = lanes > 1 ? threadStride(mostRows * depth) : mostRows * depth;
  AlignedBuffer left(stride * lanes);
  // The chains begin in C itself where it is not read.
  const bool isApart = beta != 0.0;
  AlignedBuffer apart(isApart ? m * n : 0);
  double* const sums = isApart ? apart.data() : C;
  const size_t ld = isApart ? n : ldc;
  if (k == 0)
    for (size_t i = 0; i < m; ++i) memset(sums + i * ld, 0, n * sizeof(double));

  for (size_t j0 = 0; j0 < n; j0 += packedCols) {
    const size_t cols = std::min(packedCols, n - j0);
    for (size_t p = 0; p < k; p += depth) {
      const size_t count = std::min(depth, k - p);
      const auto colsOf = [&](size_t i) { return std::min(cols, i * panelsOfParts * t.packWidth); };
      const auto pack = [&](size_t i, unsigned) {
        const size_t from = colsOf(i), to = colsOf(i + 1);
        if (from < to)
          t.packRight(B.x + p * B.row + (j0 + from) * B.col, B.row, B.col, count, to - from,
                      right.data() + from * count);
      };
      const auto part = [&](size_t i, unsigned lane) {
        const size_t down = i / acrossParts, across = i % acrossParts;
        const size_t row = rowsBefore(down), rows = rowsBefore(down + 1) - row;
        const size_t from = colsOf(across), to = colsOf(across + 1);
        if (from >= to) return;
        double* const packed = left.data() + lane * stride;
        t.packLeft(A.x + row * A.row + p * A.col, A.row, A.col, rows, count, packed);
        t.multiply(packed, right.data() + from * count, rows, to - from, count, sums + row * ld + j0 + from,
                   ld, p == 0);
      };
      team.each(acrossParts, lanes, pack);
      team.each(downParts * acrossParts, lanes, part);
    }
  }
  if (isApart) {
    for (size_t i = 0; i < m; ++i) t.combine(alpha, sums + i * ld, beta, C + i * ldc, n);
  } else if (alpha != 1.0) {
    for (size_t i = 0; i < m; ++i) kernels.scal(alpha, C + i * ldc, n);
  }
}

namespace {

// Rows or columns of a kernel, from … to - 1, the first of which falls on this one of x.
struct Window {
  size_t from, to, at;
};

// Those of so many that fall inside x, of that size, at an output cell.
Window windowOf(size_t cell, size_t stride, int64_t pad, size_t kernel, size_t size) {
  const int64_t start = static_cast<int64_t>(cell * stride) - pad;
  const int64_t from = std::max<int64_t>(0, -start);
  const int64_t to = std::min<int64_t>(static_cast<int64_t>(kernel), static_cast<int64_t>(size) - start);
  if (to <= from) return {0, 0, 0};
  return {static_cast<size_t>(from), static_cast<size_t>(to), static_cast<size_t>(start + from)};
}

// body(image, lane) for each image, on as many threads as the whole is worth.
template <class Body>
void eachImage(const ConvShape& s, const Body& body) {
  const Team& team = everyone();
  const double cells = static_cast<double>(s.images) * static_cast<double>(s.outRows) *
                       static_cast<double>(s.outCols) * static_cast<double>(s.filters);
  const double taps =
      static_cast<double>(s.kernelRows) * static_cast<double>(s.kernelCols) * static_cast<double>(s.channels);
  team.each(s.images, team.lanes(cells * taps), body);
}

}  // namespace

void conv2d(const Kernels& kernels, const ConvShape& s, const double* x, const double* kernel, double* out) {
  const size_t cells = s.outRows * s.outCols, size = s.rows * s.cols * s.channels;
  if (cells * s.filters == 0) return;  // no result may have no memory
  eachImage(s, [&](size_t image, unsigned) {
    const double* const from = x + image * size;
    double* cell = out + image * cells * s.filters;
    memset(cell, 0, cells * s.filters * sizeof(double));
    for (size_t r = 0; r < s.outRows; ++r) {
      const Window down = windowOf(r, s.strideRows, s.padTop, s.kernelRows, s.rows);
      for (size_t c = 0; c < s.outCols; ++c, cell += s.filters) {
        const Window across = windowOf(c, s.strideCols, s.padLeft, s.kernelCols, s.cols);
        for (size_t p = down.from; p < down.to; ++p)
          kernels.tensors.addChains(from + ((down.at + p - down.from) * s.cols + across.at) * s.channels,
                                    (across.to - across.from) * s.channels,
                                    kernel + (p * s.kernelCols + across.from) * s.channels * s.filters,
                                    s.filters, cell);
      }
    }
  });
}

void conv2dInput(const Kernels& kernels, const ConvShape& s, const double* g, const double* kernel,
                 double* out) {
  const size_t taps = s.kernelRows * s.kernelCols, tap = s.channels * s.filters;
  AlignedBuffer turned(taps * tap);  // kernelRows × kernelCols × filters × channels
  for (size_t i = 0; i < taps; ++i)
    for (size_t k = 0; k < s.channels; ++k)
      for (size_t f = 0; f < s.filters; ++f)
        turned.data()[i * tap + f * s.channels + k] = kernel[i * tap + k * s.filters + f];
  const size_t size = s.rows * s.cols * s.channels;
  if (size == 0) return;
  // The output cell whose kernel's element `at` falls on a row or column of x; false: none.
  const auto cellOf = [](size_t x, int64_t pad, size_t at, size_t stride, size_t cells, size_t& cell) {
    const int64_t first = static_cast<int64_t>(x) + pad - static_cast<int64_t>(at);
    if (first < 0 || first % static_cast<int64_t>(stride) != 0) return false;
    cell = static_cast<size_t>(first) / stride;
    return cell < cells;
  };
  eachImage(s, [&](size_t image, unsigned) {
    const double* const from = g + image * s.outRows * s.outCols * s.filters;
    double* cell = out + image * size;
    memset(cell, 0, size * sizeof(double));
    for (size_t row = 0; row < s.rows; ++row) {
      for (size_t col = 0; col < s.cols; ++col, cell += s.channels) {
        for (size_t p = 0, r; p < s.kernelRows; ++p) {
          if (!cellOf(row, s.padTop, p, s.strideRows, s.outRows, r)) continue;
          for (size_t q = 0, c; q < s.kernelCols; ++q) {
            if (!cellOf(col, s.padLeft, q, s.strideCols, s.outCols, c)) continue;
            kernels.tensors.addChains(from + (r * s.outCols + c) * s.filters, s.filters,
                                      turned.data() + (p * s.kernelCols + q) * tap, s.channels, cell);
          }
        }
      }
    }
  });
}

void conv2dKernel(const Kernels& kernels, const ConvShape& s, const double* x, const double* g, double* out) {
  const size_t size = s.kernelRows * s.kernelCols * s.channels * s.filters;
  if (size == 0) return;
  const size_t cells = s.outRows * s.outCols;
  const Team& team = everyone();
  const double work = static_cast<double>(s.images) * static_cast<double>(cells) * static_cast<double>(size);
  BlockSum sum(kernels, size, s.images, s.images > 1 ? team.lanes(work) : 1);
  const double* total = sum.pass(team, s.images, [&](size_t image, unsigned, double* partial) {
    const double* const from = x + image * s.rows * s.cols * s.channels;
    const double* cell = g + image * cells * s.filters;
    for (size_t r = 0; r < s.outRows; ++r) {
      const Window down = windowOf(r, s.strideRows, s.padTop, s.kernelRows, s.rows);
      for (size_t c = 0; c < s.outCols; ++c, cell += s.filters) {
        const Window across = windowOf(c, s.strideCols, s.padLeft, s.kernelCols, s.cols);
        for (size_t p = down.from; p < down.to; ++p)
          kernels.tensors.addOuter(from + ((down.at + p - down.from) * s.cols + across.at) * s.channels,
                                   (across.to - across.from) * s.channels, cell, s.filters,
                                   partial + (p * s.kernelCols + across.from) * s.channels * s.filters);
      }
    }
  });
  if (s.images == 0)
    memset(out, 0, size * sizeof(double));
  else
    memcpy(out, total, size * sizeof(double));
}

}  // namespace nabla

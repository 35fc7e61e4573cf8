// Tensor kernels for JavaScript, on arrays in place.
#include "../objective/tensors.h"

#include <napi.h>

#include "args.h"
#include "environment.h"
#include "exports.h"

namespace nabla {

namespace {

const Kernels& kernelsOf(const Call& info) { return Environment::of(info.Env()).kernels(); }

size_t opBelow(Napi::Value value, size_t end) {
  const size_t op = count(value);
  if (op >= end) reject("ERR_OUT_OF_RANGE", "no such op");
  return op;
}

// a · b, where it is the length of an array.
size_t product(size_t a, size_t b) {
  if (b != 0 && a > SIZE_MAX / sizeof(double) / b) reject("ERR_SHAPE", "a size overflows");
  return a * b;
}

// An operand of n elements, or of one where its step is 0.
Operand operand(Napi::Value array, size_t step, size_t n) {
  const auto x = doubles(array);
  if (step > 1) reject("ERR_OUT_OF_RANGE", "a step is 0 or 1");
  requireLength(x.length, step == 1 || n == 0 ? n : 1);
  return {x.data, step};
}

// op, x, out
Napi::Value unaryOp(const Call& info) {
  const size_t op = opBelow(info[0], UnaryOp::count);
  const auto x = doubles(info[1]), out = doubles(info[2]);
  requireLength(x.length, out.length);
  unary(kernelsOf(info), op, x.data, out.data, out.length);
  return info.Env().Undefined();
}

// op, a, aStep, b, bStep, out
Napi::Value binaryOp(const Call& info) {
  const size_t op = opBelow(info[0], BinaryOp::count), aStep = count(info[2]), bStep = count(info[4]);
  const auto out = doubles(info[5]);
  const Operand a = operand(info[1], aStep, out.length), b = operand(info[3], bStep, out.length);
  binary(kernelsOf(info), op, a, b, out.data, out.length);
  return info.Env().Undefined();
}

// condition, a, aStep, b, bStep, out
Napi::Value selectOp(const Call& info) {
  const size_t aStep = count(info[2]), bStep = count(info[4]);
  const auto condition = doubles(info[0]), out = doubles(info[5]);
  requireLength(condition.length, out.length);
  const Operand a = operand(info[1], aStep, out.length), b = operand(info[3], bStep, out.length);
  select(kernelsOf(info), condition.data, a, b, out.data, out.length);
  return info.Env().Undefined();
}

// x, outer, length, inner, out
Napi::Value sumOfAxis(const Call& info) {
  const size_t outer = count(info[1]), length = count(info[2]), inner = count(info[3]);
  const auto x = doubles(info[0]), out = doubles(info[4]);
  requireLength(x.length, product(product(outer, length), inner));
  requireLength(out.length, product(outer, inner));
  sumAxis(kernelsOf(info), x.data, outer, length, inner, out.data);
  return info.Env().Undefined();
}

// least, x, outer, length, inner, out, index
Napi::Value extremeOfAxis(const Call& info) {
  const bool least = info[0].ToBoolean();
  const size_t outer = count(info[2]), length = count(info[3]), inner = count(info[4]);
  const auto x = doubles(info[1]), out = doubles(info[5]);
  const auto index = typedArray<int32_t>(info[6], napi_int32_array);
  if (length == 0) reject("ERR_SHAPE", "no extreme of an empty axis");
  requireLength(x.length, product(product(outer, length), inner));
  requireLength(out.length, product(outer, inner));
  requireLength(index.length, product(outer, inner));
  extremeAxis(least, x.data, outer, length, inner, out.data, index.data);
  return info.Env().Undefined();
}

// The matrix op(A), rows × cols as it is multiplied.
Strided matrix(Napi::Value array, bool isTransposed, size_t rows, size_t cols, size_t ld) {
  const auto x = doubles(array);
  const size_t height = isTransposed ? cols : rows, width = isTransposed ? rows : cols;
  if (ld < width) reject("ERR_SHAPE", "rows overlap");
  if (height > 0 && width > 0) requireLength(x.length, product(height - 1, ld) + width);
  return isTransposed ? Strided{x.data, 1, ld} : Strided{x.data, ld, 1};
}

// transA, transB, m, n, k, alpha, A, lda, B, ldb, beta, C, ldc
Napi::Value gemmOf(const Call& info) {
  const bool transA = info[0].ToBoolean(), transB = info[1].ToBoolean();
  const size_t m = count(info[2]), n = count(info[3]), k = count(info[4]);
  const double alpha = number(info[5]), beta = number(info[10]);
  const size_t lda = count(info[7]), ldb = count(info[9]), ldc = count(info[12]);
  const auto C = doubles(info[11]);
  const Strided A = matrix(info[6], transA, m, k, lda), B = matrix(info[8], transB, k, n, ldb);
  const Strided to = matrix(info[11], false, m, n, ldc);
  gemm(kernelsOf(info), m, n, k, alpha, A, B, beta, C.data, to.row);
  return info.Env().Undefined();
}

using Convolution = void (*)(const Kernels&, const ConvShape&, const double*, const double*, double*);

// shape, two operands, out: of x, the kernel and the output, `first` and `second` are the operands.
template <Convolution convolution, int first, int second>
Napi::Value convolve(const Call& info) {
  const auto numbers = doubles(info[0]);
  requireLength(numbers.length, 13);
  size_t sizes[13];
  for (int i = 0; i < 13; ++i) {
    const double v = numbers.data[i], size = i == 9 || i == 10 ? std::fabs(v) : v;
    if (!(size >= 0.0 && size <= 2147483647.0) || v != std::floor(v))
      reject("ERR_OUT_OF_RANGE", "a size of a convolution");
    sizes[i] = static_cast<size_t>(size);
  }
  const auto pad = [&](int i) { return static_cast<int64_t>(numbers.data[i]); };
  const ConvShape s{sizes[0], sizes[1], sizes[2], sizes[3], sizes[4],  sizes[5], sizes[6],
                    sizes[7], sizes[8], pad(9),   pad(10),  sizes[11], sizes[12]};
  if (s.strideRows == 0 || s.strideCols == 0) reject("ERR_OUT_OF_RANGE", "a stride of 0");
  const size_t lengths[3] = {product(product(product(s.images, s.rows), s.cols), s.channels),
                             product(product(product(s.kernelRows, s.kernelCols), s.channels), s.filters),
                             product(product(product(s.images, s.outRows), s.outCols), s.filters)};
  const auto a = doubles(info[1]), b = doubles(info[2]), out = doubles(info[3]);
  requireLength(a.length, lengths[first]);
  requireLength(b.length, lengths[second]);
  requireLength(out.length, lengths[3 - first - second]);
  convolution(kernelsOf(info), s, a.data, b.data, out.data);
  return info.Env().Undefined();
}

}  // namespace

void exportTensors(Napi::Object exports) {
  addFunction<unaryOp>(exports, "unary");
  addFunction<binaryOp>(exports, "binary");
  addFunction<selectOp>(exports, "select");
  addFunction<sumOfAxis>(exports, "sumAxis");
  addFunction<extremeOfAxis>(exports, "extremeAxis");
  addFunction<gemmOf>(exports, "gemm");
  addFunction<convolve<conv2d, 0, 1>>(exports, "conv2d");
  addFunction<convolve<conv2dInput, 2, 1>>(exports, "conv2dInput");
  addFunction<convolve<conv2dKernel, 0, 2>>(exports, "conv2dKernel");
}

}  // namespace nabla

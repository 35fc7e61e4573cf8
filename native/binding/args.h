// Readers of arguments: kind, length and range, for memory safety alone.
// TypeScript has checked what they mean.
#pragma once

#include <napi.h>

#include <cmath>
#include <cstdint>

#include "../data/matrix.h"
#include "../data/span.h"
#include "call.h"

namespace nabla {

// Whether it is a typed array of that kind.
inline bool isKind(Napi::Value value, napi_typedarray_type expected) {
  napi_typedarray_type type;
  return napi_get_typedarray_info(value.Env(), value, &type, nullptr, nullptr, nullptr, nullptr) == napi_ok &&
         type == expected;
}

template <class T>
Span<T> typedArray(Napi::Value value, napi_typedarray_type expected) {
  napi_typedarray_type type;
  size_t length;
  void* data;
  if (napi_get_typedarray_info(value.Env(), value, &type, &length, &data, nullptr, nullptr) != napi_ok ||
      type != expected)
    reject("ERR_INVALID_ARG_TYPE", "expected a typed array of the kernel's element type");
  return {static_cast<T*>(data), length};
}
inline Span<double> doubles(Napi::Value value) { return typedArray<double>(value, napi_float64_array); }
inline Span<uint32_t> indices(Napi::Value value) { return typedArray<uint32_t>(value, napi_uint32_array); }

inline double number(Napi::Value value) {
  double result;
  if (napi_get_value_double(value.Env(), value, &result) != napi_ok)
    reject("ERR_INVALID_ARG_TYPE", "expected a number");
  return result;
}
// A whole number from 0 to 2^53 - 1. N-API's own integer getters turn NaN into 0 and wrap.
inline size_t count(Napi::Value value) {
  const double n = number(value);
  if (!(n >= 0.0 && n <= 9007199254740991.0) || n != std::floor(n))
    reject("ERR_OUT_OF_RANGE", "expected a whole number");
  return static_cast<size_t>(n);
}

inline void requireLength(size_t actual, size_t expected) {
  if (actual < expected) reject("ERR_SHAPE", "an array is shorter than its shape says");
}
inline void requireMatrix(size_t actual, size_t rows, size_t cols) {
  if (cols != 0 && rows > SIZE_MAX / sizeof(double) / cols) reject("ERR_SHAPE", "rows × cols overflows");
  requireLength(actual, rows * cols);
}

// X, in doubles or in singles.
inline Napi::Value elementOf(Napi::Array array, uint32_t i) {
  napi_value value;
  require(napi_get_element(array.Env(), array, i, &value));
  return {array.Env(), value};
}

inline Matrix matrixOf(Napi::Value value, size_t rows, size_t cols) {
  const auto checked = [&](const auto& array) -> Matrix {
    requireMatrix(array.length, rows, cols);
    return array.data;
  };
  if (isKind(value, napi_float32_array)) return checked(typedArray<float>(value, napi_float32_array));
  return checked(doubles(value));
}

}  // namespace nabla

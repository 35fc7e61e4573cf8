// nabla/kernels. X, A, x and y are read, and out is written, in place.
#include <napi.h>

#include "../solver/fit.h"
#include "../solver/products.h"
#include "args.h"
#include "environment.h"
#include "exports.h"

namespace nabla {

namespace {

const Kernels& kernelsOf(const Napi::CallbackInfo& info) { return Environment::of(info.Env()).kernels(); }

Napi::Value dot(const Napi::CallbackInfo& info) {
  const auto x = doubles(info[0]), y = doubles(info[1]);
  requireLength(info.Env(), y.length, x.length);
  return Napi::Number::New(info.Env(), kernelsOf(info).dot(x.data, y.data, x.length));
}

Napi::Value axpy(const Napi::CallbackInfo& info) {
  const double a = number(info[0]);
  const auto x = doubles(info[1]), y = doubles(info[2]);
  requireLength(info.Env(), y.length, x.length);
  kernelsOf(info).axpy(a, x.data, y.data, x.length);
  return info.Env().Undefined();
}

Napi::Value scal(const Napi::CallbackInfo& info) {
  const double a = number(info[0]);
  const auto x = doubles(info[1]);
  kernelsOf(info).scal(a, x.data, x.length);
  return info.Env().Undefined();
}

Napi::Value nrm2(const Napi::CallbackInfo& info) {
  const auto x = doubles(info[0]);
  return Napi::Number::New(info.Env(), kernelsOf(info).nrm2(x.data, x.length));
}

Napi::Value asum(const Napi::CallbackInfo& info) {
  const auto x = doubles(info[0]);
  return Napi::Number::New(info.Env(), kernelsOf(info).asum(x.data, x.length));
}

// How far behind a 64-byte border the array begins, in bytes.
Napi::Value misalignment(const Napi::CallbackInfo& info) {
  const auto address = reinterpret_cast<uintptr_t>(doubles(info[0]).data);
  return Napi::Number::New(info.Env(), static_cast<double>(address % 64));
}

using Product = void (*)(const Kernels&, const double*, size_t, size_t, const double*, double*);

template <Product product, bool transposed>
Napi::Value matrixVector(const Napi::CallbackInfo& info) {
  const size_t rows = count(info[1]), cols = count(info[2]);
  const auto A = doubles(info[0]), x = doubles(info[3]), out = doubles(info[4]);
  requireMatrix(info.Env(), A.length, rows, cols);
  requireLength(info.Env(), x.length, transposed ? rows : cols);
  requireLength(info.Env(), out.length, transposed ? cols : rows);
  product(kernelsOf(info), A.data, rows, cols, x.data, out.data);
  return info.Env().Undefined();
}

Napi::Value evaluate(const Napi::CallbackInfo& info) {
  const Kernels& kernels = kernelsOf(info);
  const size_t loss = count(info[0]);
  if (loss >= static_cast<size_t>(kernels.lossCount)) reject(info.Env(), "ERR_OUT_OF_RANGE", "no such loss");
  const auto parameters = doubles(info[1]), X = doubles(info[2]), y = doubles(info[3]);
  const auto weights = doubles(info[4]), out = doubles(info[5]);
  requireLength(info.Env(), parameters.length, maxParameters);
  requireMatrix(info.Env(), X.length, y.length, weights.length);
  requireLength(info.Env(), out.length, weights.length);
  const Data data{X.data, y.data, y.length, weights.length, nullptr, 0};
  return Napi::Number::New(info.Env(), valueAndGradient(kernels, static_cast<int>(loss), parameters.data,
                                                        data, weights.data, out.data));
}

}  // namespace

void exportKernels(Napi::Env env, Napi::Object exports) {
  const auto add = [&](const char* name, Napi::Function function) { exports.Set(name, function); };
  add("dot", Napi::Function::New<dot>(env, "dot"));
  add("axpy", Napi::Function::New<axpy>(env, "axpy"));
  add("scal", Napi::Function::New<scal>(env, "scal"));
  add("nrm2", Napi::Function::New<nrm2>(env, "nrm2"));
  add("asum", Napi::Function::New<asum>(env, "asum"));
  add("misalignment", Napi::Function::New<misalignment>(env, "misalignment"));
  add("gemv", Napi::Function::New<matrixVector<gemv, false>>(env, "gemv"));
  add("gemvT", Napi::Function::New<matrixVector<gemvT, true>>(env, "gemvT"));
  add("valueAndGradient", Napi::Function::New<evaluate>(env, "valueAndGradient"));
}

}  // namespace nabla

// nabla/kernels, and the step of an optimizer. Arrays are read and written in place.
#include <napi.h>
#include <string.h>

#include "../solver/fit.h"
#include "../solver/optimizer.h"
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

// A, rows, cols, weights (null: 1), out
Napi::Value gramMatrix(const Napi::CallbackInfo& info) {
  const size_t rows = count(info[1]), cols = count(info[2]);
  const bool weighted = !info[3].IsNull();
  const auto A = doubles(info[0]), out = doubles(info[4]);
  const auto weights = weighted ? doubles(info[3]) : Span<double>{nullptr, rows};
  requireMatrix(info.Env(), A.length, rows, cols);
  requireLength(info.Env(), weights.length, rows);
  requireMatrix(info.Env(), out.length, cols, cols);
  gram(kernelsOf(info), A.data, rows, cols, weights.data, out.data);
  return info.Env().Undefined();
}

// loss, parameters, X, y, rows, cols, outputs, weights, out
Napi::Value evaluate(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Kernels& kernels = kernelsOf(info);
  Plan plan{};
  const size_t loss = count(info[0]);
  plan.loss = static_cast<int>(loss);
  plan.rows = count(info[4]);
  plan.cols = count(info[5]);
  plan.outputs = count(info[6]);
  plan.targets = 1;
  if (loss >= static_cast<size_t>(kernels.lossCount)) reject(env, "ERR_OUT_OF_RANGE", "no such loss");
  if (plan.outputs != 1 && (loss != softmaxLoss || plan.outputs == 0 || plan.cols == 0))
    reject(env, "ERR_SHAPE", "not as many outputs as the loss has");
  const auto parameters = doubles(info[1]), X = doubles(info[2]), y = doubles(info[3]);
  const auto weights = doubles(info[7]), out = doubles(info[8]);
  requireLength(env, parameters.length, maxParameters);
  memcpy(plan.lossParameters, parameters.data, sizeof(plan.lossParameters));
  requireMatrix(env, X.length, plan.rows, plan.cols);
  requireLength(env, y.length, plan.rows);
  requireMatrix(env, weights.length, plan.outputs, plan.cols);
  requireMatrix(env, out.length, plan.outputs, plan.cols);
  const Table table{X.data, y.data, nullptr, nullptr, nullptr, plan.rows};
  return Napi::Number::New(env, valueAndGradient(kernels, plan, table, weights.data, out.data));
}

// loss, parameters, y, z, weights (null: 1), outputs, out: the curvature pass of a loss over arrays that
// follow each other, for the tests.
Napi::Value lossCurvature(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Kernels& kernels = kernelsOf(info);
  const size_t loss = count(info[0]), outputs = count(info[5]);
  if (loss >= static_cast<size_t>(kernels.lossCount)) reject(env, "ERR_OUT_OF_RANGE", "no such loss");
  if (outputs == 0) reject(env, "ERR_SHAPE", "no outputs");
  const bool weighted = !info[4].IsNull();
  const auto parameters = doubles(info[1]), y = doubles(info[2]), z = doubles(info[3]),
             out = doubles(info[6]);
  const size_t n = z.length / outputs;
  const auto weights = weighted ? doubles(info[4]) : Span<double>{nullptr, n};
  requireLength(env, parameters.length, maxParameters);
  requireLength(env, y.length, loss == softmaxLoss ? n : n * outputs);
  requireLength(env, weights.length, n);
  requireLength(env, out.length, n * outputs);
  return Napi::Number::New(
      env, kernels.losses[loss].curvature({y.data, z.data, weights.data, n, outputs, n, parameters.data},
                                          out.data));
}

// rule, parameters, options (clipNorm, clipValue, l1, l2, nonNegative), rate, t, running, states, weights,
// gradient, start, end: the step over weights start … end-1.
Napi::Value update(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Kernels& kernels = kernelsOf(info);
  const size_t index = count(info[0]), start = count(info[9]), end = count(info[10]);
  const double rate = number(info[3]), t = number(info[4]);
  if (index >= static_cast<size_t>(kernels.ruleCount)) reject(env, "ERR_OUT_OF_RANGE", "no such rule");
  const Rule& rule = kernels.rules[index];
  const Napi::Array list = info[6].As<Napi::Array>();
  if (!info[6].IsArray() || list.Length() != static_cast<uint32_t>(rule.states))
    reject(env, "ERR_SHAPE", "not the states of this rule");
  const auto parameters = doubles(info[1]), options = doubles(info[2]), running = doubles(info[5]);
  const auto weights = doubles(info[7]), gradient = doubles(info[8]);
  requireLength(env, parameters.length, maxParameters);
  requireLength(env, options.length, 5);
  requireLength(env, running.length, maxRunning);
  requireLength(env, end, start);
  requireLength(env, weights.length, end);
  requireLength(env, gradient.length, end);
  double* state[maxStates] = {};
  for (int k = 0; k < rule.states; ++k) {
    const auto array = doubles(list[static_cast<uint32_t>(k)]);
    requireLength(env, array.length, end);
    state[k] = array.data + start;
  }
  const double* o = options.data;
  updateStep(kernels, rule, parameters.data, {o[0], o[1], {o[2], o[3], o[4] != 0.0, nullptr}}, rate, t,
             running.data, weights.data + start, gradient.data + start, state, end - start, end - start);
  return env.Undefined();
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
  add("gram", Napi::Function::New<gramMatrix>(env, "gram"));
  add("lossCurvature", Napi::Function::New<lossCurvature>(env, "lossCurvature"));
  add("updateStep", Napi::Function::New<update>(env, "updateStep"));
  add("valueAndGradient", Napi::Function::New<evaluate>(env, "valueAndGradient"));
}

}  // namespace nabla

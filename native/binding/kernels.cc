// nabla/kernels and the step of an optimizer for JavaScript, on arrays in place.
// Arrays are read and written in place.
#include <napi.h>
#include <string.h>

#include "../objective/products.h"
#include "../solver/fit.h"
#include "../solver/optimizer.h"
#include "args.h"
#include "environment.h"
#include "exports.h"

namespace nabla {

namespace {

const Kernels& kernelsOf(const Call& info) { return Environment::of(info.Env()).kernels(); }

Napi::Value dot(const Call& info) {
  const auto x = doubles(info[0]), y = doubles(info[1]);
  requireLength(y.length, x.length);
  return Napi::Number::New(info.Env(), kernelsOf(info).dot(x.data, y.data, x.length));
}

Napi::Value axpy(const Call& info) {
  const double a = number(info[0]);
  const auto x = doubles(info[1]), y = doubles(info[2]);
  requireLength(y.length, x.length);
  kernelsOf(info).axpy(a, x.data, y.data, x.length);
  return info.Env().Undefined();
}

Napi::Value scal(const Call& info) {
  const double a = number(info[0]);
  const auto x = doubles(info[1]);
  kernelsOf(info).scal(a, x.data, x.length);
  return info.Env().Undefined();
}

Napi::Value nrm2(const Call& info) {
  const auto x = doubles(info[0]);
  return Napi::Number::New(info.Env(), kernelsOf(info).nrm2(x.data, x.length));
}

Napi::Value asum(const Call& info) {
  const auto x = doubles(info[0]);
  return Napi::Number::New(info.Env(), kernelsOf(info).asum(x.data, x.length));
}

// How far behind a 64-byte border the array begins, in bytes.
Napi::Value misalignment(const Call& info) {
  const auto address = reinterpret_cast<uintptr_t>(doubles(info[0]).data);
  return Napi::Number::New(info.Env(), static_cast<double>(address % 64));
}

using Product = void (*)(const Kernels&, const double*, size_t, size_t, const double*, double*);

template <Product product, bool transposed>
Napi::Value matrixVector(const Call& info) {
  const size_t rows = count(info[1]), cols = count(info[2]);
  const auto A = doubles(info[0]), x = doubles(info[3]), out = doubles(info[4]);
  requireMatrix(A.length, rows, cols);
  requireLength(x.length, transposed ? rows : cols);
  requireLength(out.length, transposed ? cols : rows);
  product(kernelsOf(info), A.data, rows, cols, x.data, out.data);
  return info.Env().Undefined();
}

// A, rows, cols, weights (null: 1), out
Napi::Value gramMatrix(const Call& info) {
  const size_t rows = count(info[1]), cols = count(info[2]);
  const bool weighted = !info[3].IsNull();
  const auto A = doubles(info[0]), out = doubles(info[4]);
  const auto weights = weighted ? doubles(info[3]) : Span<double>{nullptr, rows};
  requireMatrix(A.length, rows, cols);
  requireLength(weights.length, rows);
  requireMatrix(out.length, cols, cols);
  gram(kernelsOf(info), A.data, rows, cols, weights.data, out.data);
  return info.Env().Undefined();
}

// loss, parameters, X, y, rows, cols, outputs, weights, out
Napi::Value evaluate(const Call& info) {
  const Napi::Env env = info.Env();
  const Kernels& kernels = kernelsOf(info);
  Plan plan{};
  const size_t loss = count(info[0]);
  plan.loss = static_cast<int>(loss);
  plan.rows = count(info[4]);
  plan.cols = count(info[5]);
  plan.outputs = count(info[6]);
  plan.targets = 1;
  if (loss >= static_cast<size_t>(kernels.lossCount)) reject("ERR_OUT_OF_RANGE", "no such loss");
  if (plan.outputs != 1 && (loss != softmaxLoss || plan.outputs == 0 || plan.cols == 0))
    reject("ERR_SHAPE", "not as many outputs as the loss has");
  const auto parameters = doubles(info[1]), X = doubles(info[2]), y = doubles(info[3]);
  const auto weights = doubles(info[7]), out = doubles(info[8]);
  requireLength(parameters.length, maxParameters);
  memcpy(plan.lossParameters, parameters.data, sizeof(plan.lossParameters));
  requireMatrix(X.length, plan.rows, plan.cols);
  requireLength(y.length, plan.rows);
  requireMatrix(weights.length, plan.outputs, plan.cols);
  requireMatrix(out.length, plan.outputs, plan.cols);
  const Table table{X.data, y.data, nullptr, nullptr, nullptr, plan.rows};
  return Napi::Number::New(env, valueAndGradient(kernels, plan, table, weights.data, out.data));
}

// loss, parameters, y, z, weights (null: 1), outputs, out: the curvature pass of a loss over arrays that
// follow each other, for the tests.
Napi::Value lossCurvature(const Call& info) {
  const Napi::Env env = info.Env();
  const Kernels& kernels = kernelsOf(info);
  const size_t loss = count(info[0]), outputs = count(info[5]);
  if (loss >= static_cast<size_t>(kernels.lossCount)) reject("ERR_OUT_OF_RANGE", "no such loss");
  if (outputs == 0) reject("ERR_SHAPE", "no outputs");
  const bool weighted = !info[4].IsNull();
  const auto parameters = doubles(info[1]), y = doubles(info[2]), z = doubles(info[3]),
             out = doubles(info[6]);
  const size_t n = z.length / outputs;
  const auto weights = weighted ? doubles(info[4]) : Span<double>{nullptr, n};
  requireLength(parameters.length, maxParameters);
  requireLength(y.length, loss == softmaxLoss ? n : n * outputs);
  requireLength(weights.length, n);
  requireLength(out.length, n * outputs);
  return Napi::Number::New(
      env, kernels.losses[loss].curvature({y.data, z.data, weights.data, n, outputs, n, parameters.data},
                                          out.data));
}

// rule, parameters, options (clipNorm, clipValue, l1, l2, maximize, norm), rate, t, running, states, weights,
// gradient, start, end, lower and upper bounds (null: none): the step over weights start … end-1.
Napi::Value update(const Call& info) {
  const Napi::Env env = info.Env();
  const Kernels& kernels = kernelsOf(info);
  const size_t index = count(info[0]), start = count(info[9]), end = count(info[10]);
  const double rate = number(info[3]), t = number(info[4]);
  if (index >= static_cast<size_t>(kernels.ruleCount)) reject("ERR_OUT_OF_RANGE", "no such rule");
  const Rule& rule = kernels.rules[index];
  const Napi::Array list = info[6].As<Napi::Array>();
  if (!info[6].IsArray() || list.Length() != static_cast<uint32_t>(rule.states))
    reject("ERR_SHAPE", "not the states of this rule");
  const auto parameters = doubles(info[1]), options = doubles(info[2]), running = doubles(info[5]);
  const auto weights = doubles(info[7]), gradient = doubles(info[8]);
  requireLength(parameters.length, maxParameters);
  requireLength(options.length, 6);
  requireLength(running.length, maxRunning);
  requireLength(end, start);
  requireLength(weights.length, end);
  requireLength(gradient.length, end);
  double* state[maxStates] = {};
  for (int k = 0; k < rule.states; ++k) {
    const auto array = doubles(elementOf(list, static_cast<uint32_t>(k)));
    requireLength(array.length, end);
    state[k] = array.data + start;
  }
  const double* o = options.data;
  Penalty penalty{o[2], o[3], nullptr, nullptr, nullptr};
  if (!info[11].IsNull()) {
    const auto lower = doubles(info[11]), upper = doubles(info[12]);
    requireLength(lower.length, end);
    requireLength(upper.length, end);
    penalty.lower = lower.data + start;
    penalty.upper = upper.data + start;
  }
  const UpdateOptions update{o[0], o[1], penalty, o[4] != 0.0, o[5]};
  updateStep(kernels, rule, parameters.data, update, rate, t, running.data, weights.data + start,
             gradient.data + start, state, nullptr, end - start, end - start);
  return env.Undefined();
}

}  // namespace

void exportKernels(Napi::Object exports) {
  addFunction<dot>(exports, "dot");
  addFunction<axpy>(exports, "axpy");
  addFunction<scal>(exports, "scal");
  addFunction<nrm2>(exports, "nrm2");
  addFunction<asum>(exports, "asum");
  addFunction<misalignment>(exports, "misalignment");
  addFunction<matrixVector<gemv, false>>(exports, "gemv");
  addFunction<matrixVector<gemvT, true>>(exports, "gemvT");
  addFunction<gramMatrix>(exports, "gram");
  addFunction<lossCurvature>(exports, "lossCurvature");
  addFunction<update>(exports, "updateStep");
  addFunction<evaluate>(exports, "valueAndGradient");
}

}  // namespace nabla

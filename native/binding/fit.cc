// fitSync and fit. Arguments: plan, X, y, rows, cols, indices or null, initial weights, allocate(n) → a
// Float64Array for a result, and for fit a callback(error, result).
#include "../solver/fit.h"

#include <napi.h>
#include <string.h>

#include <algorithm>

#include "args.h"
#include "environment.h"
#include "exports.h"

namespace nabla {

namespace {

struct Request {
  Plan plan;
  Data data;
  const double* weights;
  size_t size;
};

bool below(int index, int limit) { return index >= 0 && index < limit; }

Request read(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Kernels& kernels = Environment::of(env).kernels();
  const size_t rows = count(info[3]), cols = count(info[4]);
  const auto numbers = doubles(info[0]), X = doubles(info[1]), y = doubles(info[2]),
             weights = doubles(info[6]);
  requireLength(env, numbers.length, Plan::length);
  Request request{Plan::decode(numbers.data), {X.data, y.data, rows, cols, nullptr, 0}, weights.data, 0};
  const Plan& plan = request.plan;
  if (!below(plan.loss, kernels.lossCount) || !below(plan.rule, kernels.ruleCount) ||
      !below(static_cast<int>(plan.sampler), static_cast<int>(SamplerKind::indices) + 1) ||
      plan.batchSize == 0 || rows == 0 || rows > UINT32_MAX)
    reject(env, "ERR_OUT_OF_RANGE", "a plan that no fit can follow");
  if (plan.sampler == SamplerKind::indices) {
    const auto list = indices(info[5]);
    if (list.length == 0 ||
        std::any_of(list.data, list.data + list.length, [&](uint32_t i) { return i >= rows; }))
      reject(env, "ERR_OUT_OF_RANGE", "a row index outside of X");
    request.data.indices = list.data;
    request.data.indexCount = list.length;
  }
  request.size = cols + (plan.intercept ? 1 : 0);
  requireMatrix(env, X.length, rows, cols);
  requireLength(env, y.length, rows);
  requireLength(env, weights.length, request.size);
  return request;
}

Napi::Value copy(Napi::Function allocate, const std::vector<double>& values) {
  const Napi::Value array =
      allocate.Call({Napi::Number::New(allocate.Env(), static_cast<double>(values.size()))});
  const auto target = doubles(array);
  requireLength(allocate.Env(), target.length, values.size());
  if (!values.empty()) memcpy(target.data, values.data(), values.size() * sizeof(double));
  return array;
}

Napi::Object resultOf(Napi::Function allocate, const Outcome& outcome) {
  const Napi::Env env = allocate.Env();
  Napi::Object result = Napi::Object::New(env);
  result.Set("status", Napi::Number::New(env, static_cast<double>(outcome.status)));
  result.Set("epochs", Napi::Number::New(env, static_cast<double>(outcome.epochs)));
  result.Set("steps", Napi::Number::New(env, static_cast<double>(outcome.steps)));
  result.Set("weights", copy(allocate, outcome.weights));
  result.Set("history", copy(allocate, outcome.history));
  return result;
}

Napi::Value fitSync(const Napi::CallbackInfo& info) {
  const Request request = read(info);
  const std::atomic<bool> never{false};
  Outcome outcome;
  try {
    outcome = fit(Environment::of(info.Env()).kernels(), request.plan, request.data, request.weights, never);
  } catch (const std::bad_alloc&) {
    reject(info.Env(), "ERR_OUT_OF_MEMORY", "not enough memory for this fit");
  }
  return resultOf(info[7].As<Napi::Function>(), outcome);
}

// Its arrays belong to nabla (lib/native.ts copies the caller's) or are shared, so none can be detached.
class FitJob final : public ScriptJob {
 public:
  FitJob(const Napi::CallbackInfo& info, const Kernels& kernels)
      : kernels_(kernels),
        request_(read(info)),
        weights_(request_.weights, request_.weights + request_.size) {
    for (size_t i : {1, 2, 5})
      if (info[i].IsTypedArray()) arrays_.push_back(Napi::Persistent(info[i].As<Napi::Object>()));
    allocate_ = Napi::Persistent(info[7].As<Napi::Function>());
    callback_ = Napi::Persistent(info[8].As<Napi::Function>());
  }

  void compute() noexcept override {
    try {
      outcome_ = fit(kernels_, request_.plan, request_.data, weights_.data(), cancelled);
    } catch (...) {
      outOfMemory_ = true;
    }
  }

  void settle(Napi::Env env) override {
    arrays_.clear();
    try {
      if (outOfMemory_) reject(env, "ERR_OUT_OF_MEMORY", "not enough memory for this fit");
      const Napi::Object result = resultOf(allocate_.Value(), outcome_);
      callback_.Call({env.Null(), result});
    } catch (const Napi::Error& error) {
      callback_.Call({error.Value()});
    }
  }

 private:
  const Kernels& kernels_;
  Request request_;
  std::vector<double> weights_;
  std::vector<Napi::ObjectReference> arrays_;
  Napi::FunctionReference allocate_, callback_;
  Outcome outcome_;
  bool outOfMemory_ = false;
};

Napi::Value fitAsync(const Napi::CallbackInfo& info) {
  Environment& environment = Environment::of(info.Env());
  environment.start(std::make_shared<FitJob>(info, environment.kernels()));
  return info.Env().Undefined();
}

Napi::Value close(const Napi::CallbackInfo& info) {
  Environment::of(info.Env()).close();
  return info.Env().Undefined();
}

}  // namespace

void exportFit(Napi::Env env, Napi::Object exports) {
  exports.Set("fitSync", Napi::Function::New<fitSync>(env, "fitSync"));
  exports.Set("fit", Napi::Function::New<fitAsync>(env, "fit"));
  exports.Set("close", Napi::Function::New<close>(env, "close"));
}

}  // namespace nabla

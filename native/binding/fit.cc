// fitSync and fit. Arguments: plan, arrays, allocate(n) → a Float64Array for a result, and for fit a
// callback(error, result). The arrays, each or null: X, y, sampleWeight, offset, rows; the same of the
// validation; indices, penaltyFactors, initial weights, state, what is carried over.
#include "../solver/fit.h"

#include <napi.h>
#include <string.h>

#include <algorithm>
#include <stdexcept>

#include "args.h"
#include "environment.h"
#include "exports.h"
#include "plans.h"

namespace nabla {

namespace {

constexpr uint32_t arrayCount = 15;

struct Request {
  Plan plan;
  Data data;
  Start start;
};

Span<uint32_t> rowNumbers(Napi::Value value, size_t rows) {
  if (value.IsNull()) return {nullptr, 0};
  const auto list = indices(value);
  if (std::any_of(list.data, list.data + list.length, [=](uint32_t i) { return i >= rows; }))
    reject(value.Env(), "ERR_OUT_OF_RANGE", "a row number outside of X");
  return list;
}

const double* optional(Napi::Value value, size_t rows, size_t cols) {
  if (value.IsNull()) return nullptr;
  const auto array = doubles(value);
  requireMatrix(value.Env(), array.length, rows, cols);
  return array.data;
}

// Not null if it is given, however short.
Numbers numbersOf(Napi::Value value) {
  static const double none = 0.0;
  if (value.IsNull()) return {nullptr, 0};
  const auto array = doubles(value);
  return {array.length > 0 ? array.data : &none, array.length};
}

Table readTable(const Napi::Array& arrays, uint32_t at, const Plan& plan, size_t rows) {
  const auto item = [&](uint32_t i) -> Napi::Value { return arrays[at + i]; };
  const auto picked = rowNumbers(item(4), rows);
  return {optional(item(0), rows, plan.cols),
          optional(item(1), rows, plan.targets),
          optional(item(2), rows, 1),
          optional(item(3), rows, plan.outputs),
          picked.data,
          item(4).IsNull() ? rows : picked.length};
}

Request read(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Request request{readPlan(info[0], Environment::of(env).kernels()), {}, {}};
  const Plan& plan = request.plan;
  const Napi::Array arrays = info[1].As<Napi::Array>();
  if (!info[1].IsArray() || arrays.Length() != arrayCount)
    reject(env, "ERR_INVALID_ARG_TYPE", "expected the arrays of a fit");
  Data& data = request.data;
  data.train = readTable(arrays, 0, plan, plan.rows);
  data.validation = readTable(arrays, 5, plan, plan.validationRows);
  const auto list = rowNumbers(arrays[10u], plan.rows);
  data.indices = list.data;
  data.indexCount = list.length;
  data.penaltyFactors = optional(arrays[11u], plan.outputs, plan.cols);
  request.start = {optional(arrays[12u], 1, plan.size()), numbersOf(arrays[13u]), numbersOf(arrays[14u])};
  if (!data.train.X || !data.train.y || data.train.count == 0 || !request.start.weights ||
      (data.validation.X && (!data.validation.y || data.validation.count == 0)) ||
      (plan.sampler == SamplerKind::indices && list.length == 0))
    reject(env, "ERR_SHAPE", "a fit lacks rows");
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

Napi::Object resultOf(Napi::Function allocate, const Outcome& outcome, bool carries) {
  const Napi::Env env = allocate.Env();
  Napi::Object result = Napi::Object::New(env);
  result.Set("status", Napi::Number::New(env, static_cast<double>(outcome.status)));
  result.Set("epochs", Napi::Number::New(env, static_cast<double>(outcome.epochs)));
  result.Set("steps", Napi::Number::New(env, static_cast<double>(outcome.steps)));
  result.Set("weights", copy(allocate, outcome.weights));
  result.Set("loss", copy(allocate, outcome.loss));
  result.Set("validationLoss", copy(allocate, outcome.validationLoss));
  result.Set("learningRate", copy(allocate, outcome.learningRate));
  result.Set("gradientNorm", copy(allocate, outcome.gradientNorm));
  result.Set("state", outcome.status == Status::paused ? copy(allocate, outcome.state) : env.Null());
  result.Set("carried", carries ? copy(allocate, outcome.carried) : env.Null());
  return result;
}

Napi::Value fitSync(const Napi::CallbackInfo& info) {
  const Request request = read(info);
  const std::atomic<bool> never{false};
  Outcome outcome;
  try {
    outcome = fit(Environment::of(info.Env()).kernels(), request.plan, request.data, request.start,
                  Team(never, request.plan.threads));
  } catch (const std::bad_alloc&) {
    reject(info.Env(), "ERR_OUT_OF_MEMORY", "not enough memory for this fit");
  } catch (const std::invalid_argument& wrong) {
    reject(info.Env(), "ERR_SHAPE", wrong.what());
  }
  return resultOf(info[2].As<Napi::Function>(), outcome, request.start.carried.data);
}

// Its arrays belong to nabla (lib/native.ts copies the caller's) or are shared, so none can be detached.
class FitJob final : public ScriptJob {
 public:
  FitJob(const Napi::CallbackInfo& info, const Kernels& kernels)
      : kernels_(kernels),
        request_(read(info)),
        arrays_(Napi::Persistent(info[1].As<Napi::Object>())),
        allocate_(Napi::Persistent(info[2].As<Napi::Function>())),
        callback_(Napi::Persistent(info[3].As<Napi::Function>())) {}

  void compute() noexcept override {
    try {
      outcome_ =
          fit(kernels_, request_.plan, request_.data, request_.start, Team(cancelled, request_.plan.threads));
    } catch (const std::invalid_argument&) {
      error_ = {"ERR_SHAPE", "a state that belongs to another fit"};
    } catch (...) {
      error_ = {"ERR_OUT_OF_MEMORY", "not enough memory for this fit"};
    }
  }

  void settle(Napi::Env env) override {
    arrays_.Reset();
    try {
      if (error_.code) reject(env, error_.code, error_.message);
      const Napi::Object result = resultOf(allocate_.Value(), outcome_, request_.start.carried.data);
      callback_.Call({env.Null(), result});
    } catch (const Napi::Error& error) {
      callback_.Call({error.Value()});
    }
  }

 private:
  const Kernels& kernels_;
  Request request_;
  Napi::ObjectReference arrays_;
  Napi::FunctionReference allocate_, callback_;
  Outcome outcome_;
  struct {
    const char* code;
    const char* message;
  } error_{nullptr, nullptr};
};

Napi::Value fitAsync(const Napi::CallbackInfo& info) {
  Environment& environment = Environment::of(info.Env());
  environment.start(std::make_shared<FitJob>(info, environment.kernels()));
  return info.Env().Undefined();
}

// The threads that there are places for.
Napi::Value threads(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), Pool::instance().threads());
}

Napi::Value setThreads(const Napi::CallbackInfo& info) {
  const size_t n = count(info[0]);
  if (n == 0 || n > maxThreads) reject(info.Env(), "ERR_OUT_OF_RANGE", "not so many threads");
  Pool::instance().setThreads(static_cast<unsigned>(n));
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
  exports.Set("threads", Napi::Function::New<threads>(env, "threads"));
  exports.Set("setThreads", Napi::Function::New<setThreads>(env, "setThreads"));
  exports.Set("close", Napi::Function::New<close>(env, "close"));
}

}  // namespace nabla

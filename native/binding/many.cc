// fitManySync and fitMany for JavaScript.
// Arguments: plan, arrays, and for fitMany a callback(error).
#include "../solver/many.h"

#include <napi.h>

#include "args.h"
#include "environment.h"
#include "exports.h"
#include "plans.h"
#include "synccaller.h"
#include "wire.h"

namespace nabla {

namespace {

struct Request {
  Plan plan;
  Problems problems;
};

// Rising row numbers; returns the last.
size_t requireBorders(const Span<double>& borders, size_t count) {
  requireLength(borders.length, count + 1);
  double before = -1.0;
  for (size_t i = 0; i <= count; ++i) {
    const double border = borders.data[i];
    if (!(border > before && border <= 9007199254740991.0) || border != std::floor(border) ||
        (i > 0 && border - before > UINT32_MAX))
      reject("ERR_SHAPE", "borders of problems that do not rise");
    before = border;
  }
  return static_cast<size_t>(before);
}

Request read(const Call& info) {
  const Napi::Env env = info.Env();
  Request request{readPlan(info[0], Environment::of(env).kernels()), {}};
  const Plan& plan = request.plan;
  const Napi::Array arrays = info[1].As<Napi::Array>();
  if (!info[1].IsArray() || arrays.Length() != manyArrayCount)
    reject("ERR_INVALID_ARG_TYPE", "expected the arrays of many fits");
  if (plan.sampler == SamplerKind::indices || plan.pauseAfter > 0)
    reject("ERR_OUT_OF_RANGE", "a plan that many fits cannot follow");
  Napi::Value items[manyArrayCount];
  for (uint32_t i = 0; i < manyArrayCount; ++i) items[i] = elementOf(arrays, i);
  const auto status = typedArray<uint8_t>(items[ManyArray::statuses], napi_uint8_array);
  const size_t count = status.length;
  const auto borders = doubles(items[ManyArray::borders]);
  const size_t rows = requireBorders(borders, count);
  const auto matrix = [&](uint32_t i, size_t rows, size_t cols) {
    const auto array = doubles(items[i]);
    requireMatrix(array.length, rows, cols);
    return array.data;
  };
  const auto optional = [&](uint32_t i, size_t rows, size_t cols) {
    return items[i].IsNull() ? nullptr : matrix(i, rows, cols);
  };
  request.problems = {matrixOf(items[ManyArray::X], rows, plan.cols),
                      matrix(ManyArray::y, rows, plan.targets),
                      optional(ManyArray::sampleWeight, rows, 1),
                      optional(ManyArray::offset, rows, plan.outputs),
                      count,
                      borders.data,
                      optional(ManyArray::penaltyFactors, plan.outputs, plan.cols),
                      optional(ManyArray::lowerBounds, plan.outputs, plan.cols),
                      optional(ManyArray::upperBounds, plan.outputs, plan.cols),
                      matrix(ManyArray::coefficients, count, plan.coefficients()),
                      matrix(ManyArray::intercepts, count, plan.outputs),
                      status.data,
                      matrix(ManyArray::losses, count, 1),
                      matrix(ManyArray::remaining, count, 1),
                      matrix(ManyArray::epochs, count, 1),
                      matrix(ManyArray::steps, count, 1)};
  const Problems& all = request.problems;
  if (plan.bounded != (all.lowerBounds && all.upperBounds)) reject("ERR_SHAPE", "many fits lack bounds");
  return request;
}

Napi::Value fitManySync(const Call& info) {
  const Request request = read(info);
  const std::atomic<bool> never{false};
  SyncCaller caller(info.Env());
  fitEach(Environment::of(info.Env()).kernels(), request.plan, request.problems,
          Team(never, request.plan.threads, &caller));
  return info.Env().Undefined();
}

// Its arrays belong to nabla, as those of a fit (lib/batch/many.ts).
class ManyJob final : public ScriptJob {
 public:
  ManyJob(const Call& info, const Kernels& kernels)
      : kernels_(kernels),
        request_(read(info)),
        arrays_(Napi::Persistent(info[1].As<Napi::Object>())),
        callback_(Napi::Persistent(info[2].As<Napi::Function>())) {}

  void compute() noexcept override {
    try {
      fitEach(kernels_, request_.plan, request_.problems, Team(cancelled, request_.plan.threads));
    } catch (...) {
      fail(outOfMemory);
    }
  }

  void settle(Napi::Env env) override {
    const Napi::Function callback = callback_.Value();
    drop();
    callback.Call({failure() ? errorOf(env, *failure()) : env.Null()});
  }

  void drop() override {
    arrays_.Reset();
    callback_.Reset();
  }

 private:
  const Kernels& kernels_;
  Request request_;
  Napi::ObjectReference arrays_;
  Napi::FunctionReference callback_;
};

using Handle = Napi::External<std::shared_ptr<ManyJob>>;

Napi::Value fitManyAsync(const Call& info) {
  Environment& environment = Environment::of(info.Env());
  const auto job = std::make_shared<ManyJob>(info, environment.kernels());
  auto held = std::make_unique<std::shared_ptr<ManyJob>>(job);
  const Handle handle =
      Handle::New(info.Env(), held.get(), [](Napi::Env, std::shared_ptr<ManyJob>* job) { delete job; });
  held.release();
  environment.start(job);
  return handle;
}

Napi::Value cancelMany(const Call& info) {
  if (!info[0].IsExternal()) reject("ERR_INVALID_ARG_TYPE", "expected many fits");
  Environment::of(info.Env()).cancel(info[0].As<Handle>().Data()->get());
  return info.Env().Undefined();
}

}  // namespace

void exportMany(Napi::Object exports) {
  addFunction<fitManySync>(exports, "fitManySync");
  addFunction<fitManyAsync>(exports, "fitMany");
  addFunction<cancelMany>(exports, "cancelMany");
}

}  // namespace nabla

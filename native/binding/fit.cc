// Fits for JavaScript: fitSync in one call, the others by a handle.
// fitSync(plan, allocate, ...arrays): `allocate(n)` makes a Float64Array for a result. Any array may be null.
#include "../solver/fit.h"

#include <napi.h>
#include <algorithm>
#include <memory>
#include <mutex>
#include <stdexcept>

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
  Data data;
  InitialState start;
};

Span<uint32_t> rowNumbers(Napi::Value value, size_t rows) {
  if (value.IsNull()) return {nullptr, 0};
  const auto list = indices(value);
  if (std::any_of(list.data, list.data + list.length, [=](uint32_t i) { return i >= rows; }))
    reject("ERR_OUT_OF_RANGE", "a row number outside of X");
  return list;
}

const double* optional(Napi::Value value, size_t rows, size_t cols) {
  if (value.IsNull()) return nullptr;
  const auto array = doubles(value);
  requireMatrix(array.length, rows, cols);
  return array.data;
}

// Not null if it is given, however short.
Span<const double> numbersOf(Napi::Value value) {
  static const double none = 0.0;
  if (value.IsNull()) return {nullptr, 0};
  const auto array = doubles(value);
  return {array.length > 0 ? array.data : &none, array.length};
}

double* knownOf(Napi::Value value, const Plan& plan) {
  if (value.IsNull()) return nullptr;
  const auto array = doubles(value);
  if (plan.cols > UINT32_MAX / 2) reject("ERR_SHAPE", "too many columns");
  requireLength(array.length, InitialState::knownLength(plan));
  if (plan.loss != squaredLoss) reject("ERR_SHAPE", "only the squared loss is known by its rows");
  return array.data;
}

// `item(i)`: the array of that number. `at`: X of the table.
template <class Item>
Table readTable(Item item, uint32_t at, const Plan& plan, size_t rows) {
  const Napi::Value X = item(at + JobArray::trainX), index = item(at + JobArray::trainIndex);
  const auto picked = rowNumbers(index, rows);
  return {X.IsNull() ? Matrix() : matrixOf(X, rows, plan.cols),
          optional(item(at + JobArray::trainY), rows, plan.targets),
          optional(item(at + JobArray::trainSampleWeight), rows, 1),
          optional(item(at + JobArray::trainOffset), rows, plan.outputs),
          picked.data,
          index.IsNull() ? rows : picked.length};
}

template <class Item>
Request read(Napi::Value numbers, Item item) {
  const Napi::Env env = numbers.Env();
  Request request{readPlan(numbers, Environment::of(env).kernels()), {}, {}};
  const Plan& plan = request.plan;
  Data& data = request.data;
  data.train = readTable(item, JobArray::trainX, plan, plan.rows);
  data.validation = readTable(item, JobArray::validationX, plan, plan.validationRows);
  const auto list = rowNumbers(item(JobArray::samplerIndices), plan.rows);
  data.indices = list.data;
  data.indexCount = list.length;
  data.penaltyFactors = optional(item(JobArray::penaltyFactors), plan.outputs, plan.cols);
  data.lowerBounds = optional(item(JobArray::lowerBounds), plan.outputs, plan.cols);
  data.upperBounds = optional(item(JobArray::upperBounds), plan.outputs, plan.cols);
  request.start = {optional(item(JobArray::initialWeights), 1, plan.size()),
                   numbersOf(item(JobArray::pausedState)), numbersOf(item(JobArray::carriedState)),
                   knownOf(item(JobArray::gramCache), plan)};
  if (!data.train.X || !data.train.y || data.train.count == 0 || !request.start.weights ||
      (data.validation.X && (!data.validation.y || data.validation.count == 0)) ||
      (plan.sampler == SamplerKind::indices && list.length == 0) ||
      plan.bounded != (data.lowerBounds && data.upperBounds))
    reject("ERR_SHAPE", "a fit lacks rows or bounds");
  return request;
}

// An outcome as plain numbers, decoded by lib/native/addon.ts: its numbers, the lengths of its lists, the
// lists.
Napi::Value resultOf(Napi::Function allocate, const Outcome& outcome) {
#define NABLA_NUMBER(name) static_cast<double>(outcome.name),
#define NABLA_LIST(name) &outcome.name,
  const double numbers[] = {NABLA_OUTCOME_NUMBERS(NABLA_NUMBER)};
  const std::vector<double>* lists[] = {NABLA_OUTCOME_LISTS(NABLA_LIST)};
#undef NABLA_NUMBER
#undef NABLA_LIST
  size_t length = std::size(numbers) + std::size(lists);
  for (const auto* list : lists) length += list->size();
  const Napi::Env env = allocate.Env();
  const napi_value size = Napi::Number::New(env, static_cast<double>(length));
  napi_value array;
  require(napi_call_function(env, env.Undefined(), allocate, 1, &size, &array));
  const auto target = doubles({env, array});
  requireLength(target.length, length);
  double* at = std::copy(std::begin(numbers), std::end(numbers), target.data);
  for (const auto* list : lists) *at++ = static_cast<double>(list->size());
  for (const auto* list : lists) at = std::copy(list->begin(), list->end(), at);
  return {env, array};
}

// The elements of the array that holds them.
auto itemsOf(Napi::Value value) {
  const Napi::Array arrays = value.As<Napi::Array>();
  if (!value.IsArray() || arrays.Length() != jobArrayCount)
    reject("ERR_INVALID_ARG_TYPE", "expected the arrays of a fit");
  return [arrays](uint32_t i) { return elementOf(arrays, i); };
}

Napi::Value fitSync(const Call& info) {
  if (info.Length() != 2 + jobArrayCount) reject("ERR_INVALID_ARG_TYPE", "expected the arrays of a fit");
  const Request request = read(info[0], [&](uint32_t i) { return info[2 + i]; });
  const std::atomic<bool> never{false};
  SyncCaller caller(info.Env());
  const Outcome outcome = fit(Environment::of(info.Env()).kernels(), request.plan, request.data,
                              request.start, Team(never, request.plan.threads, &caller));
  if (caller.isGone()) return info.Env().Undefined();
  return resultOf(info[1].As<Napi::Function>(), outcome);
}

// Lacks what cannot be set: JavaScript is being terminated then.
Napi::Value valueOf(Napi::Env env, const EpochEnd& end) {
  const Napi::Object value = Napi::Object::New(env);
  const auto set = [&](const char* name, double number) {
    napi_set_named_property(env, value, name, Napi::Number::New(env, number));
  };
  set("epoch", static_cast<double>(end.epoch));
  set("step", static_cast<double>(end.step));
  set("loss", end.loss);
  set("validationLoss", end.validationLoss);
  set("learningRate", end.learningRate);
  return value;
}

// Whether a solver's equations are about as many as rows, or as what l1 or a bound leaves, which is no more.
bool isByRows(const Plan& plan) {
  if (plan.rows >= plan.cols) return false;
  const bool isSparse = plan.l1 > 0.0 || plan.bounded;
  if (isPiecewiseLinear(plan.loss)) return plan.l2 > 0.0 && !isSparse;
  return plan.solver == SolverKind::exact || plan.l2 > 0.0 || isSparse;
}

// About how many bytes a run holds, beside what JavaScript knows of.
int64_t footprint(const Plan& plan) {
  const double size = static_cast<double>(plan.size());
  double doubles = 16.0 * size;
  if (plan.solver == SolverKind::newton || plan.solver == SolverKind::exact) {
    const double rows = static_cast<double>(plan.rows), cols = static_cast<double>(plan.cols);
    const double side = isByRows(plan) ? rows : size;
    doubles += 2.0 * side * side + (isByRows(plan) ? rows * cols : 0.0);
  }
  if (plan.solver == SolverKind::lbfgs) doubles += 2.0 * plan.solverParameters[0] * size;
  return doubles > 1e4 ? static_cast<int64_t>(doubles < 1e15 ? 8.0 * doubles : 8e15) : 0;
}

// A fit in JavaScript's hands: begun, and advanced by so many epochs at a time. What advances on the pool
// works on arrays that belong to nabla (lib/fitting/own.ts) or are shared, so that none can be detached.
class FitJob final : public ScriptJob {
 public:
  FitJob(const Call& info, const Kernels& kernels)
      : env_(info.Env()),
        kernels_(kernels),
        request_(read(info[0], itemsOf(info[1]))),
        caller_(env_),
        team_(cancelled, request_.plan.threads, &caller_),
        arrays_(Napi::Persistent(info[1].As<Napi::Object>())),
        footprint_(footprint(request_.plan)) {
    tellMemory(footprint_);
  }
  ~FitJob() override { tellMemory(-footprint_); }

  bool isBusy() const { return !callback_.IsEmpty(); }
  void begin(size_t epochs, Napi::Function callback, Napi::Value tick) {
    epochs_ = epochs;
    callback_ = Napi::Persistent(callback);
    if (tick.IsFunction()) tick_ = Napi::Persistent(tick.As<Napi::Function>());
    tells_ = !tick_.IsEmpty();
  }

  void compute() noexcept override {
    try {
      completed_ = false;
      for (size_t n = 0; n < epochs_ && (completed_ = advance()); ++n) {
        if (!tells_) continue;
        {
          std::lock_guard<std::mutex> lock(mutex_);
          latest_ = run_->last();
          isNew_ = true;
        }
        askForTick();
      }
    } catch (const std::invalid_argument&) {
      fail(foreignState);
    } catch (...) {
      fail(outOfMemory);
    }
  }

  void tick(Napi::Env env) override {
    EpochEnd latest;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      if (!isNew_) return;
      isNew_ = false;
      latest = latest_;
    }
    tick_.Call({valueOf(env, latest)});
  }

  void settle(Napi::Env env) override {
    const Napi::Function callback = callback_.Value();
    drop();
    if (failure()) {
      callback.Call({errorOf(env, *failure())});
    } else {
      callback.Call({env.Null(), completed_ ? valueOf(env, run_->last()) : env.Null()});
    }
  }

  void drop() override {
    callback_.Reset();
    tick_.Reset();
  }

  // On this thread, in the caller's arrays.
  Napi::Value advanceHere(Napi::Env env) {
    requireSame();
    const bool isUnderWay = advance();
    return isUnderWay && !caller_.isGone() ? valueOf(env, run_->last()) : env.Null();
  }

  Napi::Value outcome(Napi::Function allocate) {
    if (!run_) run_.reset(new Run(kernels_, request_.plan, request_.data, request_.start, team_));
    return resultOf(allocate, run_->outcome());
  }

 private:
  bool advance() {
    if (!run_) run_.reset(new Run(kernels_, request_.plan, request_.data, request_.start, team_));
    return run_->advance();
  }

  void tellMemory(int64_t bytes) {
    int64_t all;
    if (bytes != 0) napi_adjust_external_memory(env_, bytes, &all);
  }

  // JavaScript has run since the pointers were taken: the arrays may have been detached or have shrunk.
  void requireSame() {
    const auto item = itemsOf(arrays_.Value());
    const Plan& plan = request_.plan;
    const auto same = [](const Table& a, const Table& b) {
      return a.X == b.X && a.y == b.y && a.sampleWeight == b.sampleWeight && a.offset == b.offset &&
             a.index == b.index && a.count == b.count;
    };
    if (!same(readTable(item, JobArray::trainX, plan, plan.rows), request_.data.train) ||
        !same(readTable(item, JobArray::validationX, plan, plan.validationRows), request_.data.validation))
      reject("ERR_SHAPE", "the arrays of a fit have changed");
  }

  Napi::Env env_;
  const Kernels& kernels_;
  Request request_;
  SyncCaller caller_;  // asks on JavaScript's thread only, which is in a fit in advanceHere() alone
  const Team team_;
  Napi::ObjectReference arrays_;
  int64_t footprint_;
  std::unique_ptr<Run> run_;
  size_t epochs_ = 0;  // to run
  bool completed_ = false;
  Napi::FunctionReference callback_, tick_;  // while it advances
  bool tells_ = false;
  std::mutex mutex_;
  EpochEnd latest_{};  // not yet told, if it is new
  bool isNew_ = false;
};

using Handle = Napi::External<std::shared_ptr<FitJob>>;

const std::shared_ptr<FitJob>& jobOf(Napi::Value value) {
  if (!value.IsExternal()) reject("ERR_INVALID_ARG_TYPE", "expected a fit");
  return *value.As<Handle>().Data();
}

// The job of a handle that nothing runs on.
const std::shared_ptr<FitJob>& idle(Napi::Value value) {
  const auto& job = jobOf(value);
  if (job->isBusy() || job->cancelled.load()) reject("ERR_INVALID_ARG_TYPE", "a fit that is under way");
  return job;
}

// begin(plan, arrays): a handle.
Napi::Value beginFit(const Call& info) {
  auto held = std::make_unique<std::shared_ptr<FitJob>>(
      std::make_shared<FitJob>(info, Environment::of(info.Env()).kernels()));
  const Handle handle =
      Handle::New(info.Env(), held.get(), [](Napi::Env, std::shared_ptr<FitJob>* job) { delete job; });
  held.release();
  return handle;
}

// advance(handle, epochs, callback(error, the epoch that ended last or null), tick(the epoch that ended) or
// null).
Napi::Value advanceFit(const Call& info) {
  const auto& job = idle(info[0]);
  if (!info[2].IsFunction()) reject("ERR_INVALID_ARG_TYPE", "expected a callback");
  job->begin(count(info[1]), info[2].As<Napi::Function>(), info[3]);
  Environment::of(info.Env()).start(job);
  return info.Env().Undefined();
}

// advanceSync(handle): an epoch on this thread; the epoch that ended, or null.
Napi::Value advanceFitSync(const Call& info) { return idle(info[0])->advanceHere(info.Env()); }

// outcome(handle, allocate): to be asked for once.
Napi::Value outcomeOfFit(const Call& info) { return idle(info[0])->outcome(info[1].As<Napi::Function>()); }

Napi::Value cancelFit(const Call& info) {
  Environment::of(info.Env()).cancel(jobOf(info[0]).get());
  return info.Env().Undefined();
}

// The threads that there are places for.
Napi::Value threads(const Call& info) { return Napi::Number::New(info.Env(), Pool::instance().threads()); }

Napi::Value setThreads(const Call& info) {
  const size_t n = count(info[0]);
  if (n == 0 || n > maxThreads) reject("ERR_OUT_OF_RANGE", "not so many threads");
  Pool::instance().setThreads(static_cast<unsigned>(n));
  return info.Env().Undefined();
}

Napi::Value pause(const Call& info) {
  Environment::of(info.Env()).pause();
  return info.Env().Undefined();
}

Napi::Value resume(const Call& info) {
  Environment::of(info.Env()).resume();
  return info.Env().Undefined();
}

}  // namespace

void exportFit(Napi::Object exports) {
  addFunction<fitSync>(exports, "fitSync");
  addFunction<threads>(exports, "threads");
  addFunction<setThreads>(exports, "setThreads");
  addFunction<beginFit>(exports, "begin");
  addFunction<advanceFit>(exports, "advance");
  addFunction<advanceFitSync>(exports, "advanceSync");
  addFunction<outcomeOfFit>(exports, "outcome");
  addFunction<cancelFit>(exports, "cancel");
  addFunction<pause>(exports, "pause");
  addFunction<resume>(exports, "resume");
}

}  // namespace nabla

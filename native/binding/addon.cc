// Entry of the addon: picks the kernels for this CPU and exports its lists.
#include <napi.h>

#include <cstdlib>
#include <string>

#include "../kernels/dispatch.h"
#include "../objective/plan.h"
#include "../solver/schedule.h"
#include "args.h"
#include "environment.h"
#include "exports.h"
#include "wire.h"

namespace nabla {

namespace {

template <class Entry>
Napi::Array listOf(Napi::Env env, const Entry* entries, size_t length) {
  Napi::Array list = Napi::Array::New(env, length);
  for (size_t i = 0; i < length; ++i) {
    Napi::Object item = Napi::Object::New(env);
    item.Set("name", Napi::String::New(env, entries[i].name));
    item.Set("parameters", Napi::String::New(env, entries[i].parameters));
    list.Set(static_cast<uint32_t>(i), item);
  }
  return list;
}

const Kernels& chooseKernels(Napi::Env env) {
  const char* forced = std::getenv("NABLA_TARGET");
  if (forced && !*forced) forced = nullptr;
  if (const Kernels* kernels = findTarget(forced)) return *kernels;
  std::string message = std::string("NABLA_TARGET=") + forced + ": this CPU and build have";
  for (const Kernels* const* t = supportedTargets(); *t; ++t) message += std::string(" ") + (*t)->target;
  Napi::Error error = Napi::Error::New(env, message);
  error.Set("code", Napi::String::New(env, "ERR_NATIVE_LOAD"));
  throw error;
}

Napi::Value setErrorClass(const Call& info) {
  if (!info[0].IsFunction()) reject("ERR_INVALID_ARG_TYPE", "expected a class");
  Environment::of(info.Env()).setErrorClass(info[0].As<Napi::Function>());
  return info.Env().Undefined();
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  const Kernels& kernels = chooseKernels(env);
  env.SetInstanceData(new Environment(env, kernels));
  exportKernels(exports);
  exportFit(exports);
  exportMany(exports);
  exportTensors(exports);
  addFunction<setErrorClass>(exports, "setErrorClass");
  exports.Set("target", Napi::String::New(env, kernels.target));

  Napi::Object catalog = Napi::Object::New(env);
  catalog.Set("losses", listOf(env, kernels.losses, kernels.lossCount));
  catalog.Set("rules", listOf(env, kernels.rules, kernels.ruleCount));
  catalog.Set("schedules", listOf(env, schedules, std::size(schedules)));
  catalog.Set("samplers", listOf(env, samplers, std::size(samplers)));
  catalog.Set("averagings", listOf(env, averagings, std::size(averagings)));
  catalog.Set("solvers", listOf(env, solvers, std::size(solvers)));
  exports.Set("catalog", catalog);
  Napi::Object wire = Napi::Object::New(env);
  wire.Set("planFields", Napi::String::New(env, " " + Plan::fieldNames()));
  wire.Set("jobArrays", Napi::String::New(env, jobArrayNames));
  wire.Set("manyArrays", Napi::String::New(env, manyArrayNames));
  wire.Set("outcomeNumbers", Napi::String::New(env, outcomeNumberNames));
  wire.Set("outcomeLists", Napi::String::New(env, outcomeListNames));
  wire.Set("unaryOps", Napi::String::New(env, unaryOpNames));
  wire.Set("binaryOps", Napi::String::New(env, binaryOpNames));
  exports.Set("wire", wire);
  return exports;
}

}  // namespace

NODE_API_MODULE(nabla, init)

}  // namespace nabla

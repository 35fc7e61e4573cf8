// Border to JavaScript: reads arguments without allocating and turns exceptions into errors.
// It computes in the default floating-point environment and restores the caller's; errors have a code.
#pragma once

#include <napi.h>

#include <new>
#include <stdexcept>

#include "../threads/floatingpoint.h"

namespace nabla {

// What a call throws to be refused: the code and the message of the error that JavaScript gets.
struct Refusal {
  const char* code;
  const char* message;
};

[[noreturn]] inline void reject(const char* code, const char* message) { throw Refusal{code, message}; }

// What a call throws where an exception is pending already: JavaScript that it called has thrown, or is being
// terminated (vm's timeout, a worker's end), and then not even a Napi::Error can be made.
struct Pending {};

// A step that may run JavaScript, and fails otherwise only for what it was given.
inline void require(napi_status status) {
  if (status == napi_ok) return;
  if (status == napi_pending_exception || status == napi_cannot_run_js) throw Pending{};
  reject("ERR_INVALID_ARG_TYPE", "arguments of another type");
}

constexpr Refusal foreignState{"ERR_CHECKPOINT_MISMATCH", "a state that belongs to another fit"};
constexpr Refusal outOfMemory{"ERR_OUT_OF_MEMORY", "not enough memory for this call"};

// A new error of the environment's class (Environment::setErrorClass), to be thrown or handed to a callback.
napi_value errorOf(napi_env env, const Refusal& refusal);

// The arguments of a call. Napi::CallbackInfo allocates for more than six.
class Call {
 public:
  Call(napi_env env, napi_callback_info info) : env_(env), length_(most) {
    if (napi_get_cb_info(env, info, &length_, values_, nullptr, nullptr) != napi_ok)
      reject("ERR_INVALID_ARG_TYPE", "arguments that cannot be read");
    if (length_ > most) length_ = most;
  }

  Napi::Env Env() const { return env_; }
  size_t Length() const { return length_; }
  // Undefined where none was given.
  Napi::Value operator[](size_t i) const { return {env_, values_[i]}; }

 private:
  static constexpr size_t most = 20;
  napi_env env_;
  size_t length_;
  napi_value values_[most];
};

template <Napi::Value (*function)(const Call&)>
napi_value entry(napi_env env, napi_callback_info info) {
  const DefaultFloatingPoint environment;
  const auto refuse = [env](const Refusal& refusal) { napi_throw(env, errorOf(env, refusal)); };
  try {
    return function(Call(env, info));
  } catch (const Refusal& refusal) {
    refuse(refusal);
  } catch (const Pending&) {
  } catch (const Napi::Error& error) {
    error.ThrowAsJavaScriptException();
  } catch (const std::invalid_argument&) {
    refuse(foreignState);
  } catch (const std::exception&) {  // std::bad_alloc, std::length_error
    refuse(outOfMemory);
  }
  return nullptr;
}

template <Napi::Value (*function)(const Call&)>
void addFunction(Napi::Object exports, const char* name) {
  napi_value value;
  if (napi_create_function(exports.Env(), name, NAPI_AUTO_LENGTH, entry<function>, nullptr, &value) !=
      napi_ok)
    throw std::bad_alloc();
  exports.Set(name, Napi::Value(exports.Env(), value));
}

}  // namespace nabla

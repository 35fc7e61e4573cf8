// JavaScript that calls for a fit on its own thread.
#pragma once

#include <node_api.h>

#include "../threads/team.h"

namespace nabla {

// Gone when its worker is being terminated, where Node waits for native code to return and refuses meanwhile
// to run JavaScript, or when its time is over (vm's timeout and breakOnSigint), which V8 looks at only as it
// runs some: a script that calls nothing, which it compiles once. An exception is pending then.
class SyncCaller final : public Caller {
 public:
  explicit SyncCaller(napi_env env) : env_(env) {}

 private:
  bool hasGone() override {
    napi_handle_scope scope;
    if (napi_open_handle_scope(env_, &scope) != napi_ok) return false;
    napi_value script, result;
    const bool isRefused = napi_create_string_latin1(env_, "0", 1, &script) == napi_ok &&
                           napi_run_script(env_, script, &result) != napi_ok;
    napi_close_handle_scope(env_, scope);
    return isRefused;
  }

  napi_env env_;
};

}  // namespace nabla

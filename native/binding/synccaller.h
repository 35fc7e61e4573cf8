// JavaScript that calls for a fit on its own thread.
#pragma once

#include <node_api.h>

#include "../threads/team.h"

namespace nabla {

// Gone when its worker is being terminated: Node waits for native code to return, and refuses meanwhile what
// may run JavaScript, as it might look for a property.
class SyncCaller final : public Caller {
 public:
  explicit SyncCaller(napi_env env) : env_(env) {}

 private:
  bool hasGone() override {
    napi_handle_scope scope;
    if (napi_open_handle_scope(env_, &scope) != napi_ok) return false;
    napi_value object, key;
    bool has;
    // Its own properties: those of prototypes may be a proxy's.
    const bool isRefused = napi_create_object(env_, &object) == napi_ok &&
                           napi_create_string_latin1(env_, "", 0, &key) == napi_ok &&
                           napi_has_own_property(env_, object, key, &has) != napi_ok;
    napi_close_handle_scope(env_, scope);
    return isRefused;
  }

  napi_env env_;
};

}  // namespace nabla

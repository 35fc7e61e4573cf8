// What each file of this folder adds to the addon.
#pragma once

#include <napi.h>

namespace nabla {

void exportKernels(Napi::Env env, Napi::Object exports);
void exportFit(Napi::Env env, Napi::Object exports);
void exportMany(Napi::Env env, Napi::Object exports);

}  // namespace nabla

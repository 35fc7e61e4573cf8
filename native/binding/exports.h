// Declarations of what each file of this folder adds to the addon.
#pragma once

#include <napi.h>

namespace nabla {

void exportKernels(Napi::Object exports);
void exportFit(Napi::Object exports);
void exportMany(Napi::Object exports);
void exportTensors(Napi::Object exports);

}  // namespace nabla

// Dispatch: which instruction sets this build holds and this CPU has.
#pragma once

#include "table.h"

namespace nabla {

// The targets this CPU can run, narrowest first, ended by null.
const Kernels* const* supportedTargets();

// The widest of them, or the one of that name; null when this CPU or build has no such target.
const Kernels* findTarget(const char* name);

}  // namespace nabla

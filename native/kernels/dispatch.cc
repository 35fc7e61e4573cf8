#include "dispatch.h"

#include <string.h>

#include <initializer_list>

#if defined(__x86_64__) || defined(_M_X64)
#define NABLA_X86 1
#include <cpuid.h>
#endif

namespace nabla {

#if NABLA_X86
namespace baseline {
extern const Kernels table;
}
namespace avx2 {
extern const Kernels table;
}
namespace avx512 {
extern const Kernels table;
}

namespace {

struct Registers {
  unsigned a = 0, b = 0, c = 0, d = 0;
};

Registers cpuid(unsigned leaf) {
  Registers r;
  __get_cpuid_count(leaf, 0, &r.a, &r.b, &r.c, &r.d);
  return r;
}

bool all(unsigned word, std::initializer_list<int> bits) {
  for (int bit : bits)
    if (!(word >> bit & 1)) return false;
  return true;
}

// The operating system saves the register parts in `mask` (XCR0).
bool saved(unsigned mask) {
  if (!all(cpuid(1).c, {27})) return false;
  unsigned low, high;
  __asm__ volatile(".byte 0x0f, 0x01, 0xd0" : "=a"(low), "=d"(high) : "c"(0));
  return (low & mask) == mask;
}

bool hasAvx2() {  // x86-64-v3: FMA MOVBE F16C AVX, BMI1 AVX2 BMI2, LZCNT
  return saved(0x6) && all(cpuid(1).c, {12, 22, 28, 29}) && all(cpuid(7).b, {3, 5, 8}) &&
         all(cpuid(0x80000001).c, {5});
}
bool hasAvx512() {  // x86-64-v4: AVX512 F DQ CD BW VL
  return hasAvx2() && saved(0xe6) && all(cpuid(7).b, {16, 17, 28, 30, 31});
}

}  // namespace

const Kernels* const* supportedTargets() {
  static const Kernels* targets[] = {&baseline::table, hasAvx2() ? &avx2::table : nullptr,
                                     hasAvx512() ? &avx512::table : nullptr, nullptr};
  return targets;
}
#else
namespace neon {
extern const Kernels table;
}

const Kernels* const* supportedTargets() {
  static const Kernels* targets[] = {&neon::table, nullptr};
  return targets;
}
#endif

const Kernels* findTarget(const char* name) {
  const Kernels* found = nullptr;
  for (const Kernels* const* t = supportedTargets(); *t; ++t)
    if (!name || strcmp((*t)->target, name) == 0) found = *t;
  return found;
}

}  // namespace nabla

// Floating-point environment of a call: round to nearest, denormals kept, no traps.
// Other libraries of the process may have set another: objects linked by GCC before 13 with -ffast-math
// switch the thread that loads them to flush-to-zero.
#pragma once

#include <stdint.h>

#if defined(__x86_64__) || defined(_M_X64)
#include <xmmintrin.h>
#endif

namespace nabla {

#if defined(__x86_64__) || defined(_M_X64)
using FloatingPointState = unsigned;
constexpr FloatingPointState defaultFloatingPoint = 0x1f80;
inline FloatingPointState floatingPointState() { return _mm_getcsr() & ~0x3fu; }  // without the sticky flags
inline void setFloatingPointState(FloatingPointState state) { _mm_setcsr(state); }
#elif defined(__aarch64__)
using FloatingPointState = uint64_t;
constexpr FloatingPointState defaultFloatingPoint = 0;
inline FloatingPointState floatingPointState() {
  uint64_t state;
  __asm__ volatile("mrs %0, fpcr" : "=r"(state));
  return state;
}
inline void setFloatingPointState(FloatingPointState state) {
  __asm__ volatile("msr fpcr, %0" : : "r"(state));
}
#else
using FloatingPointState = int;
constexpr FloatingPointState defaultFloatingPoint = 0;
inline FloatingPointState floatingPointState() { return defaultFloatingPoint; }
inline void setFloatingPointState(FloatingPointState) {}
#endif

// Sets the default environment on this thread, and restores the caller's at the end of its scope.
class DefaultFloatingPoint {
 public:
  DefaultFloatingPoint() : saved_(floatingPointState()) {
    if (saved_ != defaultFloatingPoint) setFloatingPointState(defaultFloatingPoint);
  }
  ~DefaultFloatingPoint() {
    if (saved_ != defaultFloatingPoint) setFloatingPointState(saved_);
  }
  DefaultFloatingPoint(const DefaultFloatingPoint&) = delete;
  DefaultFloatingPoint& operator=(const DefaultFloatingPoint&) = delete;

 private:
  const FloatingPointState saved_;
};

}  // namespace nabla

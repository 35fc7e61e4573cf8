// Preloaded into a Node process: gives its main thread another floating-point environment, as a library built with
// -ffast-math does. FP_MODE: ftz (flush to zero), up, down or zero (rounding).
#include <fenv.h>
#include <stdlib.h>
#include <string.h>
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

__attribute__((constructor)) static void change(void) {
  const char* mode = getenv("FP_MODE");
  if (!mode) return;
  if (!strcmp(mode, "up")) fesetround(FE_UPWARD);
  if (!strcmp(mode, "down")) fesetround(FE_DOWNWARD);
  if (!strcmp(mode, "zero")) fesetround(FE_TOWARDZERO);
  if (strcmp(mode, "ftz")) return;
#if defined(__x86_64__)
  _mm_setcsr(_mm_getcsr() | 0x8040);
#elif defined(__aarch64__)
  unsigned long state;
  __asm__ volatile("mrs %0, fpcr" : "=r"(state));
  __asm__ volatile("msr fpcr, %0" : : "r"(state | 1ul << 24));
#endif
}

// Kernels for SSE2, the baseline of x64: two doubles a register.
#define NABLA_TARGET baseline
#define NABLA_WIDTH 2
#include "kernels.inc"

// Kernels for NEON: two doubles a register.
#define NABLA_TARGET neon
#define NABLA_WIDTH 2
#include "kernels.inc"

// Kernels for AVX2: four doubles a register.
#define NABLA_TARGET avx2
#define NABLA_WIDTH 4
#include "kernels.inc"

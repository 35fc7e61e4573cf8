// Kernels for AVX-512: eight doubles a register.
#define NABLA_TARGET avx512
#define NABLA_WIDTH 8
#include "kernels.inc"

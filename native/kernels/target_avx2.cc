#define NABLA_TARGET avx2
#define NABLA_WIDTH 4
#include "kernels.inc"

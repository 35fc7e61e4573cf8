#define NABLA_TARGET neon
#define NABLA_WIDTH 2
#include "kernels.inc"

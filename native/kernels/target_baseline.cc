#define NABLA_TARGET baseline
#define NABLA_WIDTH 2
#include "kernels.inc"

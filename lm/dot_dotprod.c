/* The kernels for NEON with its dot product instructions (Armv8.2). */
#define MKG__DOTPROD
#include "lm/dot_neon.c"

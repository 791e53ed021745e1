# Flags of our own code; -ffp-contract=off so that sums do not depend on the machine.
add_library(medkg_options INTERFACE)
target_compile_definitions(medkg_options INTERFACE _POSIX_C_SOURCE=200809L _FILE_OFFSET_BITS=64)
target_compile_options(medkg_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes
  -Wmissing-prototypes -Wvla -Werror -ffp-contract=off -fopenmp-simd
  -fno-math-errno
  $<$<C_COMPILER_ID:Clang>:-Wno-pass-failed>) # -O1 leaves `omp simd` loops alone

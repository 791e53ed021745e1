# Flags of our own code; -ffp-contract=off so that sums do not depend on the machine.
add_library(medkg_options INTERFACE)
target_compile_definitions(medkg_options INTERFACE _POSIX_C_SOURCE=200809L _FILE_OFFSET_BITS=64)
target_compile_options(medkg_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes
  -Wmissing-prototypes -Wvla -Werror -ffp-contract=off -fopenmp-simd
  -fno-math-errno
  # gcc -O3 sees no further than a function: what a callee fills where it succeeds, and
  # MKG_GO() leaves where it does not, is "maybe" to it. ASan and valgrind know better.
  $<$<C_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>
  $<$<C_COMPILER_ID:Clang>:-Wno-pass-failed>) # -O1 leaves `omp simd` loops alone

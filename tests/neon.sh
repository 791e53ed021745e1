#!/bin/sh
# The kernels for NEON against plain C, bit for bit, on an emulated AArch64: the checks of
# tests/test_lm_kernels.c, with and without the dot product instructions. 77 (skipped)
# where Debian's gcc-aarch64-linux-gnu or qemu-user is missing.
#   tests/neon.sh SOURCE
set -eu
cd "$1"
cc=${NEON_CC:-aarch64-linux-gnu-gcc} run=${NEON_RUN:-qemu-aarch64}
for tool in "${cc%% *}" "$run"; do
    command -v "$tool" >/dev/null || {
        echo "skipped: $tool is not here"
        exit 77
    }
done
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
$cc -std=c11 -O2 -static -Wall -Wextra -Werror -ffp-contract=off -fopenmp-simd \
    -fno-math-errno -D_XOPEN_SOURCE=700 -DMEDKG_SHARED='""' -I. -Itests -Itests/neon \
    tests/test_lm_kernels.c base/mem.c lm/quant.c lm/gguf_types.c lm/kernels.c \
    lm/dot_ref.c lm/dot_neon.c lm/dot_dotprod.c -o "$out/test" -lm
# cortex-a57 has no dot products: that set must not be chosen there.
for cpu in max cortex-a57; do
    echo "$cpu:"
    "$run" -cpu "$cpu" "$out/test" >"$out/$cpu" || {
        cat "$out/$cpu"
        exit 1
    }
    cat "$out/$cpu"
done
grep -qx dotprod "$out/max"
grep -qx neon "$out/cortex-a57"
! grep -qx dotprod "$out/cortex-a57"

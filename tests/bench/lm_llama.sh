#!/bin/sh
# Tokens a second beside llama.cpp, in turns on the same file:
#   tests/bench/lm_llama.sh BUILD LIBRARIES FILE [ROUNDS]
# BUILD is a build folder; LIBRARIES holds llama.cpp's shared libraries (bench_llama.c).
# Prints the best of all rounds, for 1 and 2 threads: prompt of 128 tokens, 64 one by one.
set -eu
build=$1 libraries=$2 file=$3 rounds=${4:-3}
out=$(mktemp)
trap 'rm -f "$out"' EXIT
for threads in 1 2; do
    : >"$out"
    i=0
    while [ "$i" -lt "$rounds" ]; do
        "$build/medkg" lm bench "$file" -p 128 -n 64 -t "$threads" --json -q |
            sed 's/.*"prompt":{"tokens":[0-9]*,"tokens_per_second":\([0-9.e]*\)}.*"generate":{"tokens":[0-9]*,"tokens_per_second":\([0-9.e]*\),"bytes_per_second":\([0-9.e]*\)},"read_bytes_per_second":\([0-9.e]*\).*/medkg \1 \2 \3 \4/' >>"$out"
        "$build/tests/bench/bench_llama" "$libraries" "$file" 128 64 "$threads" |
            sed 's/.*"prompt":\([0-9.]*\),"generate":\([0-9.]*\).*/llama \1 \2 0 0/' >>"$out"
        i=$((i + 1))
    done
    awk -v t="$threads" '
        $2 > p[$1] { p[$1] = $2 } $3 > g[$1] { g[$1] = $3 }
        $4 > b { b = $4 } $5 > r { r = $5 }
        END {
            printf "%d threads: prompt %.0f, llama.cpp %.0f tokens/s (%.2f); ", t, \
                p["medkg"], p["llama"], p["medkg"] / p["llama"]
            printf "one by one %.1f, llama.cpp %.1f (%.2f); ", g["medkg"], g["llama"], \
                g["medkg"] / g["llama"]
            printf "%.1f of %.1f GB/s (%.0f %%)\n", b / 1e9, r / 1e9, 100 * b / r
        }' "$out"
done

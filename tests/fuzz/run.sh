#!/bin/sh
# Fuzz every reader for so many seconds (60 if none are given), or only those named:
#   tests/fuzz/run.sh [seconds [reader ...]]
# Stops at the first finding and says where it lies. What is new goes to build/fuzz/corpus
# and is used again; a finding that was mended belongs into tests/fuzz/corpus.
set -eu
cd "$(dirname "$0")/../.."
seconds=${1:-60}
[ $# -eq 0 ] || shift
sh cmake/install-packages.sh packages.txt packages-fuzz.txt
cmake --preset fuzz
cmake --build --preset fuzz
export LSAN_OPTIONS="suppressions=$PWD/tests/lsan.supp:print_suppressions=0"
# Where there is one, a folder in memory: imports wait for the disk.
TMPDIR=$(mktemp -d "$(if [ -w /dev/shm ]; then echo /dev/shm; else echo "${TMPDIR:-/tmp}"; fi)/medkg-fuzz-XXXXXX")
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT
trap 'exit 130' INT TERM
[ $# -gt 0 ] || set -- $(cd tests/fuzz && ls fuzz_*.c | sed 's/fuzz_//; s/\.c$//')
for reader in "$@"; do
    echo "== $reader"
    mkdir -p "build/fuzz/corpus/$reader" build/fuzz/findings
    log=build/fuzz/findings/$reader.log
    if ! build/fuzz/tests/fuzz/fuzz_"$reader" -max_total_time="$seconds" -timeout=20 \
        -max_len=4096 -print_final_stats=1 -artifact_prefix="build/fuzz/findings/$reader-" \
        "build/fuzz/corpus/$reader" "tests/fuzz/corpus/$reader" >"$log" 2>&1; then
        grep -vE '^#[0-9]+[[:space:]]+(NEW|REDUCE|pulse|RELOAD)' "$log" | tail -60
        echo "$reader: a finding; all of it stands in $log" >&2
        exit 1
    fi
    grep -E 'number_of_executed_units|^#[0-9]+[[:space:]]+DONE' "$log" || true
done

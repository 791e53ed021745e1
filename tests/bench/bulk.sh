#!/bin/sh
# A bulk load, and SQLite loading the same file: time and memory of both in one run.
#   [SQLITE=no] tests/bench/bulk.sh BUILD [FACTS [FOLDER [MEMORY]]]
# Needs about 350 bytes of disk a fact in FOLDER. Memory is the peak of what is not
# backed by a file (RssAnon), and of all (VmHWM, which counts mapped pages of the store).
set -eu
build=$1 facts=${2:-10000000} folder=$(mktemp -d "${3:-${TMPDIR:-/tmp}}/bulk-XXXXXX")
memory=${4:-1G}
here=$(dirname "$0")
trap 'rm -rf "$folder"' EXIT
tsv=$folder/graph.tsv

# measure NAME COMMAND ...: wall seconds, CPU seconds, facts a second, memory
measure() {
    name=$1
    shift
    start=$(date +%s.%N)
    "$@" >"$folder/out" 2>"$folder/err" &
    pid=$!
    anon=0 peak=0
    while kill -0 $pid 2>/dev/null; do
        now=$(awk '/^RssAnon/ {a = $2} /^VmHWM/ {h = $2} END {print a + 0, h + 0}' \
            "/proc/$pid/status" 2>/dev/null || echo 0 0)
        [ "${now% *}" -gt $anon ] && anon=${now% *}
        [ "${now#* }" -gt $peak ] && peak=${now#* }
        sleep 0.1
    done
    wait $pid || {
        cat "$folder/err" >&2
        exit 1
    }
    end=$(date +%s.%N)
    times >"$folder/times"
    cpu=$(awk 'NR == 2 {
        for (i = 1; i <= 2; i++) { split($i, t, /[ms]/); sum += t[1] * 60 + t[2] }
        print sum }' "$folder/times")
    awk -v name="$name" -v wall="$start $end" -v cpu="$cpu" -v before="$spent" \
        -v n="$facts" -v anon="$anon" -v peak="$peak" 'BEGIN {
        split(wall, t, " "); s = t[2] - t[1]
        printf "%-12s %8.1f %8.1f %12.0f %10.0f %8.0f\n", name, s, cpu - before, n / s,
            anon / 1024, peak / 1024 }'
    spent=$cpu
}

"$build/tests/bench/gen_graph" "$facts" >"$tsv"
echo "$facts lines, $(($(wc -c <"$tsv") / 1000000)) MB"
printf '%-12s %8s %8s %12s %10s %8s\n' '' 'wall s' 'CPU s' 'facts/s' 'anon MiB' 'HWM MiB'
spent=0
measure "medkg" "$build/medkg" -q -d "$folder/db" import --memory "$memory" "$tsv"
if [ "${SQLITE:-yes}" = yes ] && command -v sqlite3 >/dev/null; then
    measure "sqlite3" sh "$here/sqlite_load.sh" "$tsv" "$folder/sqlite.db"
fi

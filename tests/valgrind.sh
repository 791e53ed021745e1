#!/bin/sh
# No leak and no wrong access in `import` and `ask`, by valgrind, on a build without
# sanitizers. 77 (skipped) where there is no valgrind.
#   tests/valgrind.sh SOURCE BUILD [medical.jsonl]
set -eu
source=$1 build=$2 medical=${3:-}
command -v valgrind >/dev/null || {
    echo "skipped: valgrind is not here"
    exit 77
}
cmake -S "$source" --preset valgrind -B "$build" -DMEDKG_TESTS=OFF >/dev/null
cmake --build "$build" --target medkg >/dev/null
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
medkg() {
    code=0
    MEDKG_DATA="$source/data" valgrind -q --leak-check=full --show-leak-kinds=all \
        --errors-for-leak-kinds=all --error-exitcode=99 \
        "$build/medkg" -d "$folder/db" "$@" >"$folder/out" 2>"$folder/err" || code=$?
    if [ $code -gt 1 ]; then
        echo "medkg $*: exit code $code"
        cat "$folder/out" "$folder/err"
        exit 1
    fi
}
head -n 400 "$source/data/starter.jsonl" >"$folder/starter.jsonl"
medkg import "$folder/starter.jsonl"
medkg import "$folder/starter.jsonl"
medkg import "$source/tests/bad/records.jsonl" "$source/tests/bad/utf8.tsv"
medkg ask "高血压有哪些并发症？" --lm none
medkg ask "Which drugs treat asthma?" --lm none --json --explain
medkg ask "量子力学是什么？" --lm none
medkg search 高血压
medkg show 高血压
if [ -n "$medical" ] && [ -r "$medical" ]; then
    head -n 300 "$medical" >"$folder/medical.jsonl"
    medkg import "$folder/medical.jsonl"
    medkg ask "肺泡蛋白质沉积症有什么症状" --lm none
fi
echo "valgrind: import, ask, search, show: no leak, no error"

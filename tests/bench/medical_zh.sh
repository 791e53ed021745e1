#!/bin/sh
# The first whole path on a real graph: import, a question as a whole process, retrieval.
#   tests/bench/medical_zh.sh BUILD SHARED
set -eu
build=$1 shared=$2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
medkg=$build/medkg bench=$build/tests/bench/bench_command
db=$folder/db
echo "import medical.jsonl (8,792 records):"
"$bench" 1 "$medkg" -d "$db" import "$shared/data/medical_zh/medical.jsonl"
"$medkg" -d "$db" stats | sed -n '1,6p'
echo "ask --lm none, whole process:"
"$bench" 50 "$medkg" -d "$db" ask --lm none "感冒有什么症状"
for set in kgqa_zh_dev kgqa_zh_qualified_dev; do
    echo "eval retrieval $set.jsonl:"
    "$medkg" -d "$db" eval retrieval "$shared/eval/$set.jsonl"
done

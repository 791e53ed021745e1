#!/bin/sh
# What people write -> the term that it stands for: every method on the same cases, with
# the shipped table and with pairs learnt; then the speed of linking in questions.
#   tests/bench/linking.sh BUILD SHARED
set -eu
build=$1 shared=$2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
medkg=$build/medkg
db=$folder/db
cases=$shared/eval/colloquial_zh_dev.jsonl
"$medkg" -d "$db" import "$shared/data/medical_zh/medical.jsonl"
for method in exact edit ngram full; do
    echo "method $method:"
    "$medkg" -d "$db" eval linking "$cases" --method $method
done
"$medkg" -d "$db" learn
echo "full, after learning from the shipped table:"
"$medkg" -d "$db" eval linking "$cases"
"$medkg" -d "$db" learn --pairs "$shared/eval/colloquial_zh_train.jsonl"
echo "full, after learning from training pairs:"
"$medkg" -d "$db" eval linking "$cases"
rm "$db/linking.json" "$db/names.vec" "$db/colloquial.tsv"
for set in kgqa_zh_dev kgqa_zh_qualified_dev; do
    echo "eval retrieval $set.jsonl:"
    "$medkg" -d "$db" eval retrieval "$shared/eval/$set.jsonl"
done
echo "whole processes, ms:"
"$build/tests/bench/bench_command" 50 "$medkg" -d "$db" search 拉肚子
"$build/tests/bench/bench_command" 50 "$medkg" -d "$db" ask --lm none 高血压有什么症状

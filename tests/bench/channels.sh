#!/bin/sh
# What each way of finding facts adds: retrieval on real questions, and how many questions
# without an answer bring none.
#   tests/bench/channels.sh BUILD SHARED
set -eu
build=$1 shared=$2
here=$(cd "$(dirname "$0")" && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
medkg=$build/medkg
db=$folder/db
"$medkg" -d "$db" import "$shared/data/medical_zh/medical.jsonl" >/dev/null
"$medkg" -d "$db" embed node2vec >/dev/null
row() {
    echo "$*"
    for set in "$shared/eval/kgqa_zh_dev.jsonl" "$shared/eval/kgqa_zh_qualified_dev.jsonl"; do
        "$medkg" -d "$db" eval retrieval "$set" "$@" |
            awk '/^(recall@1 |recall@10|all)/ {printf "  %s", $NF} END {print ""}'
    done
    "$medkg" -d "$db" eval retrieval "$here/../data/unanswerable.jsonl" "$@" |
        awk '/^unanswerable/ {print "  refused " $3 " of " $5}'
}
row --exact --channels entity
row --channels entity
row --channels entity,direct,intent
row --channels entity,direct,intent,learnt
row --channels entity,direct,intent,learnt,path
row --channels entity,direct,intent,learnt,path,text
row --channels entity,direct,intent,learnt,path,pagerank
row --channels entity,direct,intent,learnt,path,vector

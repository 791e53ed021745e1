#!/bin/sh
# How long a question takes on a large made-up graph: facts drawn from it are asked for, in
# the language of the name, and whether they hold.
#   tests/bench/latency.sh BUILD [FACTS [FOLDER]]
# Needs about 350 bytes of disk a fact in FOLDER.
set -eu
build=$1 facts=${2:-10000000}
folder=$(mktemp -d "${3:-${TMPDIR:-/tmp}}/latency-XXXXXX")
trap 'rm -rf "$folder"' EXIT
"$build/tests/bench/gen_graph" "$facts" >"$folder/graph.tsv"
awk -F'\t' -v each=$((facts / 2000)) '
function put(zh, en, gold) {
    printf "{\"question\":\"%s\",\"gold\":[\"%s\"]}\n", $1 $3 ~ /^[ -~]*$/ ? en : zh, gold
}
NR > 1 && NR % each == 0 {
    gsub(/["\\]/, "")
    if ($2 == "symptom") put($1 "有什么症状", "What are the symptoms of " $1 "?", $3)
    if ($2 == "complication") put($1 "会引起" $3 "吗", "Does " $1 " lead to " $3 "?", $3)
    if ($2 == "treats") put($3 "吃什么药", "Which drugs are used to treat " $3 "?", $1)
    if ($2 == "test_for") put($3 "做什么检查", "Which tests are done for " $3 "?", $1)
    if ($2 == "adverse_effect") put($1 "有哪些副作用", "side effects of " $1, $3)
    if ($2 == "contraindicated_in") put($1 "的禁忌症", "contraindications of " $1, $3)
    if ($2 == "interacts_with") put($1 "能和" $3 "一起吃吗",
        "Can " $1 " be taken together with " $3 "?", $3)
    if ($2 == "is_a") put($1 "属于什么", "What kind of disease is " $1 "?", $3)
}' "$folder/graph.tsv" >"$folder/cases.jsonl"
"$build/medkg" -q -d "$folder/db" import --memory 1G "$folder/graph.tsv"
rm "$folder/graph.tsv"
"$build/medkg" -d "$folder/db" stats | sed -n '1,5p'
for round in cold warm; do
    echo "$round:"
    "$build/medkg" -d "$folder/db" eval retrieval "$folder/cases.jsonl"
done

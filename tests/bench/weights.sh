#!/bin/sh
# Weights of the channels by search: five folds of the cases, on four of them each weight in
# turn is tried at some multiples (by MRR), and the fifth says what that brings.
#   tests/bench/weights.sh BUILD SHARED [CHANNELS]
set -eu
build=$1 shared=$2 channels=${3:-direct,intent,entity,path,learnt}
here=$(cd "$(dirname "$0")" && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
medkg=$build/medkg db=$folder/db
cp -r "$here/../../data" "$folder/data"
export MEDKG_DATA="$folder/data"
"$medkg" -q -d "$db" import "$shared/data/medical_zh/medical.jsonl" >/dev/null
cat "$shared/eval/kgqa_zh_dev.jsonl" "$shared/eval/kgqa_zh_qualified_dev.jsonl" \
    >"$folder/all.jsonl"
mrr() { # FILE WEIGHTS
    cp "$2" "$folder/data/channels.tsv"
    "$medkg" -d "$db" eval retrieval "$1" --channels "$channels" | awk '/^MRR/ {print $2}'
}
grep -v '^#' "$here/../../data/channels.tsv" >"$folder/shipped"
for fold in 0 1 2 3 4; do
    awk -v f=$fold 'NR % 5 != f' "$folder/all.jsonl" >"$folder/train.jsonl"
    awk -v f=$fold 'NR % 5 == f' "$folder/all.jsonl" >"$folder/test.jsonl"
    cp "$folder/shipped" "$folder/best"
    best=$(mrr "$folder/train.jsonl" "$folder/best")
    before=$best
    for name in $(echo "$channels" | tr , ' '); do
        [ "$name" = learnt ] && continue
        cp "$folder/best" "$folder/start"
        for times in 0.25 0.5 2 4; do
            awk -v n="$name" -v t=$times -F'\t' -v OFS='\t' \
                '$1 == n {$2 *= t} {print}' "$folder/start" >"$folder/try"
            now=$(mrr "$folder/train.jsonl" "$folder/try")
            if [ "$(echo "$now $best" | awk '{print ($1 > $2)}')" = 1 ]; then
                best=$now
                cp "$folder/try" "$folder/best"
            fi
        done
    done
    echo "fold $fold: searched $before -> $best," \
        "held out $(mrr "$folder/test.jsonl" "$folder/shipped")" \
        "-> $(mrr "$folder/test.jsonl" "$folder/best"): $(tr '\t\n' '= ' <"$folder/best")"
done

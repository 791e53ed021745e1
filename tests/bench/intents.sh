#!/bin/sh
# Train the shipped model of intents from the vocabulary, the frames and the starter graph,
# and measure it. Run it after a change to data/relations.tsv or question_frames.tsv.
#   tests/bench/intents.sh BUILD SHARED
set -eu
build=$1 shared=$2
here=$(cd "$(dirname "$0")" && pwd)
data=$here/../../data
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
medkg=$build/medkg
export MEDKG_DATA="$data"
"$medkg" -d "$folder/starter" import "$data/starter.jsonl" >/dev/null
"$medkg" -d "$folder/starter" embed intents
cp "$folder/starter/intents.model" "$data/intents.model"
[ -d "$shared/eval" ] || exit 0
"$medkg" -d "$folder/zh" import "$shared/data/medical_zh/medical.jsonl" >/dev/null
"$medkg" -d "$folder/zh" eval intent "$shared/eval/intent_zh_dev.jsonl" \
    --map "$here/intent_zh_map.tsv"

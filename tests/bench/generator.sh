#!/bin/sh
# The built-in model from nothing but what is in the project: generator.sh BUILD OUT makes
# the examples, the vocabulary and the model in the folder OUT, a few hours on two cores.
# What was broken off goes on when it is called again. First short texts alone, in which
# copying is learnt within some hundred steps, then all.
set -eu
mkdir -p "$2"
build=$(cd "$1" && pwd)
out=$(cd "$2" && pwd)
root=$(cd "$(dirname "$0")/../.." && pwd)
export MEDKG_DATA="$root/data"
medkg="$build/medkg -d $out/starter.db"
cd "$out"
if [ ! -f test.jsonl ]; then
    $medkg -q import "$root/data/starter.jsonl" --map "$root/data/maps/starter.json"
    $medkg lm data -o train.jsonl --count 300000
    $medkg lm data -o valid.jsonl --split valid --count 2000
    $medkg lm data -o test.jsonl --split test --count 2000
fi
if [ ! -f vocab.gguf ]; then
    head -80000 train.jsonl >words.jsonl
    $medkg lm vocab words.jsonl -o vocab.gguf
    # Texts of at most 330 bytes, prompt and answer.
    for split in train valid; do
        /usr/bin/python3 -c '
import json, sys
for line in open(sys.argv[1], encoding="utf-8"):
    x = json.loads(line)
    if len((x["prompt"] + x["answer"]).encode()) < 330:
        sys.stdout.write(line)' $split.jsonl >short-$split.jsonl
    done
    head -400 short-valid.jsonl >short-400.jsonl
    head -400 valid.jsonl >valid-400.jsonl
    head -150000 train.jsonl | shuf --random-source=vocab.gguf >half.jsonl
fi
common="--optimizer muon --batch 4096 --every 50"
[ -f short.gguf ] || $medkg lm train short-train.jsonl --vocab vocab.gguf -o first.gguf \
    --layers 5 --type f32 $common --steps 600 --rate 0.003 --warmup 40 \
    --valid short-400.jsonl
[ -f short.gguf ] || mv first.gguf short.gguf
$medkg lm train half.jsonl --init short.gguf -o medkg.gguf --model-name "medkg built-in" \
    $common --steps "${STEPS:-3000}" --rate 0.002 --warmup 20 --valid valid-400.jsonl \
    --plot loss.svg
echo "cp $out/medkg.gguf $root/data/models/ and measure it: medkg eval answers $out/test.jsonl"

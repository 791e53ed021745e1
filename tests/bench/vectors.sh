#!/bin/sh
# What docs/vectors.md says of vector sets: node classification beside scikit-learn on the
# same vectors, link prediction, search in a large set, a map.
#   tests/bench/vectors.sh BUILD SHARED [OPTIONS OF EMBED...]
set -eu
build=$1 shared=$2
shift 2
[ $# -gt 0 ] || set -- --dim 64 --walks 5 --window 5
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
medkg=$build/medkg
cd "$folder"
for graph in cora blogcatalog; do
    # Edges and labels as medkg reads them: facts, and a tab between node and label.
    awk '{print $1 "\tinteracts_with\t" $2}' "$shared/bench/$graph/edges.txt" >edges.tsv
    tr ' ' '\t' <"$shared/bench/$graph/labels.txt" >labels.tsv
    "$medkg" -q -d "$graph.db" import edges.tsv >import.txt
    "$medkg" -q -d "$graph.db" embed node2vec --dim 128
    "$medkg" -q -d "$graph.db" export vectors node2vec -o v.txt >export.txt
    echo "eval vectors --labels, $graph:"
    "$medkg" -d "$graph.db" eval vectors node2vec --labels labels.tsv
    if /usr/bin/python3 -c 'import sklearn' 2>import.err; then
        echo "scikit-learn on the same vectors:"
        /usr/bin/python3 "$shared/bench/eval_f1.py" v.txt "$shared/bench/$graph/labels.txt"
    fi
    "$medkg" -d "$graph.db" eval vectors node2vec --clusters --labels labels.tsv
done
"$medkg" -q -d zh.db import "$shared/data/medical_zh/medical.jsonl" >import.txt
"$medkg" -q -d zh.db embed node2vec "$@"
echo "eval vectors --links, medical_zh:"
"$medkg" -q -d zh.db eval vectors node2vec --links
"$medkg" -q -d zh.db eval vectors node2vec --clusters
"$medkg" -q -d zh.db suggest 百日咳 symptom -k 5
"$medkg" -q -d zh.db export map node2vec -o map.svg
"$build/tests/bench/bench_nearest"

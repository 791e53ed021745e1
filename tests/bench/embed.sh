#!/bin/sh
# Embeddings of a labelled graph: time, memory and F1 of all methods, and the same bytes
# on one thread and on two. Needs python3-sklearn.
#   tests/bench/embed.sh BUILD SHARED [GRAPH]      GRAPH: blogcatalog (default) or cora
# PecanPy and node2vec-c are run by hand beside it: same walks, window and negatives, and
# the vectors go through the same eval_f1.py.
set -eu
build=$1
bench=$2/bench
graph=${3:-blogcatalog}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1

f1() {
    python3 "$bench/eval_f1.py" "$tmp/x" "$bench/$graph/labels.txt" 2>/dev/null |
        cut -d, -f1,2
}

run() {
    echo "== $*"
    "$build/tests/bench/bench_node2vec" -t 2 -o "$tmp/x" "$@" "$bench/$graph/edges.txt"
    f1
}

run -p 1 -q 1
run -p 0.25 -q 0.25
for method in line1 line2 line prone fastrp; do
    run -m $method
done
for threads in 1 2; do
    "$build/tests/bench/bench_node2vec" -D -t $threads -o "$tmp/$threads" \
        "$bench/$graph/edges.txt"
done
cmp "$tmp/1" "$tmp/2" && echo "deterministic: the same bytes on 1 and on 2 threads"

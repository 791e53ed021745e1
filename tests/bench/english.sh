#!/bin/sh
# Retrieval in English: questions of consumers and questions on a biomedical graph, asked of
# Hetionet with its tables of genes and indications, the Disease Ontology and the HPO.
#   tests/bench/english.sh BUILD SHARED [MISSES]
set -eu
build=$1 shared=$2 misses=${3-}
here=$(cd "$(dirname "$0")" && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
medkg=$build/medkg
db=$folder/db
. "$here/english_maps.sh"
english_records "$shared" "$folder"
data=$shared/data
"$medkg" -q -d "$db" import "$data/hetionet" "$data/disease_ontology/doid_2016.obo" \
    "$data/hpo/hp.obo" "$data/hpo/hp-zh.babelon.tsv"
"$medkg" -q -d "$db" import "$folder/genes.jsonl" --map "$folder/genes.json"
"$medkg" -q -d "$db" import "$folder/drugs.jsonl" --map "$folder/drugs.json"
"$medkg" -d "$db" stats | sed -n '1,4p'
for set in kgqa_en_medquad_kg_dev kgqa_en_kg_rag_dev; do
    echo "$set.jsonl:"
    "$medkg" -d "$db" eval retrieval "$shared/eval/$set.jsonl" \
        ${misses:+--misses "$misses/$set.jsonl"}
done

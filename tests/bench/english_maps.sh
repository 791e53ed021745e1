# Sourced: hetionet's tables of genes and indications as records, with their mapping files.
#   english_records SHARED FOLDER
english_records() {
    awk -F'\t' 'NR > 1 { genes[$1] = genes[$1] (genes[$1] ? "\",\"" : "") $4; name[$1] = $2 }
        END { for (i in genes)
            print "{\"doid\":\"" i "\",\"name\":\"" name[i] "\",\"genes\":[\"" genes[i] "\"]}" }' \
        "$1/data/hetionet/DaG-association.tsv" | sort >"$2/genes.jsonl"
    cat >"$2/genes.json" <<'MAP'
{"type": "disease", "name": {"en": "name"}, "codes": {"doid": ""}, "identity": "code",
 "relations": {"genes": {"relation": "gene", "type": "gene", "lang": "en"}}}
MAP
    awk -F'\t' 'NR > 1 { key = $1 "\t" $6; if (key in seen) next; seen[key] = 1
            of[$1] = of[$1] (of[$1] ? "\",\"" : "") $6; name[$1] = $2 }
        END { for (i in of)
            print "{\"id\":\"" i "\",\"name\":\"" name[i] "\",\"treats\":[\"" of[i] "\"]}" }' \
        "$1/data/hetionet/indications-slim-verbose.tsv" | sort >"$2/drugs.jsonl"
    cat >"$2/drugs.json" <<'MAP'
{"type": "drug", "name": {"en": "name"}, "codes": {"id": "DrugBank"}, "identity": "name",
 "relations": {"treats": {"relation": "treats", "type": "disease", "lang": "en"}}}
MAP
}

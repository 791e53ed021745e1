#!/bin/sh
# kill -9 at random moments of an import, a replacement and a removal: every time the store
# opens, is sound (check --deep, where the program has it), and is either what it was or
# what it was to become.
#   tests/bench/kill.sh BUILD [TIMES [SEED]]
set -eu
build=$1 times=${2:-200} seed=${3:-1}
medkg=$build/medkg
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export MEDKG_DATA="$(dirname "$0")/../../data"

make_file() { # NAME NUMBER: 40,000 facts
    mkdir -p "$folder/$2"
    awk -v n="$2" 'BEGIN { for (i = 0; i < 40000; i++)
        printf "病%d\tsymptom\t症状%d\n", (i * 7 + n) % 9000, (i * 13 + n * i) % 4000 }' \
        >"$folder/$2/$1"
}
hash_of() { "$medkg" -d "$1" stats --json | sed 's/.*"hash":"\([0-9a-f]*\)".*/\1/'; }
version_of() { "$medkg" -d "$1" stats --json | sed 's/.*"version":\([0-9]*\).*/\1/'; }
sound() {
    "$medkg" help check >/dev/null 2>&1 || return 0
    "$medkg" -d "$1" check --deep >"$folder/check.txt" 2>&1 || [ $? -eq 1 ]
}
now_ms() { date +%s%3N; }

make_file graph.tsv 1
make_file graph.tsv 2
"$medkg" -q -d "$folder/base" import "$folder/1/graph.tsv" >/dev/null
base_hash=$(hash_of "$folder/base")

bad=0 old=0 new=0
for what in import replace remove; do
    case $what in
    import) from=none command="import $folder/1/graph.tsv" ;;
    replace) from=base command="import $folder/2/graph.tsv" ;;
    remove) from=base command="remove graph.tsv" ;;
    esac
    # How long it takes, and what it leads to.
    rm -rf "$folder/db"
    [ $from = none ] || cp -r "$folder/$from" "$folder/db"
    began=$(now_ms)
    "$medkg" -q -d "$folder/db" $command >/dev/null
    length=$(($(now_ms) - began + 1))
    then=$(hash_of "$folder/db")
    i=0
    while [ $i -lt $((times / 3 + 1)) ]; do
        i=$((i + 1))
        seed=$(((seed * 1103515245 + 12345) % 2147483648))
        rm -rf "$folder/db"
        [ $from = none ] || cp -r "$folder/$from" "$folder/db"
        "$medkg" -q -d "$folder/db" $command >/dev/null 2>&1 &
        pid=$!
        sleep "$(awk -v ms=$((seed / 65536 % length)) 'BEGIN { printf "%.3f", ms / 1000 }')"
        kill -9 $pid 2>/dev/null || true
        wait $pid 2>/dev/null || true
        version=$(version_of "$folder/db" 2>/dev/null || true)
        if [ $from = none ] && [ "${version:-0}" = 0 ]; then
            old=$((old + 1)) # an empty store, or none: the import can be done again
            "$medkg" -q -d "$folder/db" $command >/dev/null && [ "$(hash_of "$folder/db")" = "$then" ] || {
                bad=$((bad + 1))
                echo "$what: after a kill the import does not come out the same"
            }
            continue
        fi
        hash=$(hash_of "$folder/db" || echo unreadable)
        case $hash in
        "$then") new=$((new + 1)) ;;
        "$base_hash") old=$((old + 1)) ;;
        *)
            bad=$((bad + 1))
            echo "$what: neither the old nor the new state: $hash"
            ;;
        esac
        sound "$folder/db" || {
            bad=$((bad + 1))
            echo "$what: check --deep:"
            cat "$folder/check.txt"
        }
    done
    echo "$what (takes $length ms): done"
done
echo "kills: $((old + new + bad)); old state: $old, new state: $new, anything else: $bad"
[ $bad -eq 0 ]

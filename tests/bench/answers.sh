#!/bin/sh
# Fifty questions of the starter graph, drawn by a seed, and what the built-in model
# answers: answers.sh BUILD [SEED] prints them for docs/generator.md.
set -eu
build=$(cd "$1" && pwd)
seed=${2:-50}
root=$(cd "$(dirname "$0")/../.." && pwd)
export MEDKG_DATA="$root/data"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
medkg="$build/medkg -q -d $work/db"
$medkg import "$root/data/starter.jsonl" --map "$root/data/maps/starter.json" >"$work/log"
$medkg lm data -o "$work/test.jsonl" --split test --seed "$seed" --count 400 >"$work/log"
# Half of the names are made up: what the graph does not know is passed over.
/usr/bin/python3 - "$work/test.jsonl" >"$work/questions" <<'END'
import json, sys
for line in open(sys.argv[1], encoding="utf-8"):
    print(json.loads(line)["question"].replace("\n", " "))
END
n=0
while IFS= read -r question && [ $n -lt 50 ]; do
    answer=$($medkg ask "$question" --json </dev/null) || continue
    n=$((n + 1))
    printf '%s' "$answer" | /usr/bin/python3 -c '
import json, sys
a = json.load(sys.stdin)
print(sys.argv[1] + ". **" + a["question"] + "**  \n   " + a["answer"])' $n
done <"$work/questions"

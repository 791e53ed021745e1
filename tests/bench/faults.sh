#!/bin/sh
# A full disk and failing writes: the store is what it was, and says why.
#   tests/bench/faults.sh BUILD            (as root: it mounts small tmpfs; needs strace)
set -eu
build=$(cd "$1" && pwd)
medkg=$build/medkg
folder=$(mktemp -d)
disk=$folder/disk
mkdir "$disk"
trap 'umount "$disk" 2>/dev/null || true; rm -rf "$folder"' EXIT
export MEDKG_DATA="$(cd "$(dirname "$0")/../../data" && pwd)"
awk 'BEGIN { for (i = 0; i < 60000; i++) printf "病%d\tsymptom\t症状%d\n", i * 7 % 9000, i * 13 % 4001 }' \
    >"$folder/big.tsv"
printf '感冒\tsymptom\t咳嗽\n' >"$folder/small.tsv"
hash_of() { "$medkg" -d "$1" stats --json | sed 's/.*"hash":"\([0-9a-f]*\)".*/\1/'; }
bad=0 failed=0 went=0

# RUN NAME: an import that may fail; afterwards the store is the old or the new one.
judge() {
    code=$1 name=$2 db=$3 before=$4
    after=$(hash_of "$db" 2>/dev/null || echo unreadable)
    if [ "$code" -eq 0 ]; then
        went=$((went + 1))
        [ "$after" != "$before" ] || { bad=$((bad + 1)); echo "$name: success, and nothing is there"; }
    else
        failed=$((failed + 1))
        [ "$code" -eq 4 ] || { bad=$((bad + 1)); echo "$name: exit code $code"; cat "$folder/err"; }
        [ "$after" = "$before" ] || { bad=$((bad + 1)); echo "$name: failed, and the store is another"; }
        [ -s "$folder/err" ] || { bad=$((bad + 1)); echo "$name: failed and said nothing"; }
    fi
}

for mb in 1 2 3 4 5 6 8 10 12 16 24 32 48 64; do
    mount -t tmpfs -o size=${mb}m tmpfs "$disk"
    if "$medkg" -q -d "$disk/db" import "$folder/small.tsv" >/dev/null 2>"$folder/err"; then
        before=$(hash_of "$disk/db")
        code=0
        "$medkg" -q -d "$disk/db" import "$folder/big.tsv" >/dev/null 2>"$folder/err" || code=$?
        judge $code "disk of $mb MB" "$disk/db" "$before"
    else
        failed=$((failed + 1))
    fi
    umount "$disk"
done
echo "full disk: done"

if command -v strace >/dev/null; then
    "$medkg" -q -d "$folder/base" import "$folder/small.tsv" >/dev/null
    before=$(hash_of "$folder/base")
    for call in pwrite64 writev fdatasync ftruncate; do
        for when in 1 2 3 4 5 6 8 10 13 17 20; do
            rm -rf "$folder/db"
            cp -r "$folder/base" "$folder/db"
            code=0
            strace -f -qq -o /dev/null -e trace=$call \
                -e inject=$call:error=EIO:when=$when+ \
                "$medkg" -q -d "$folder/db" import "$folder/big.tsv" >/dev/null 2>"$folder/err" || code=$?
            # The commit may be whole when the failure is in what comes after it.
            after=$(hash_of "$folder/db" 2>/dev/null || echo unreadable)
            [ $code -eq 0 ] || [ "$after" = "$before" ] || [ "$after" = "${then:-}" ] || judge $code "$call $when" "$folder/db" "$before"
            if [ $code -eq 0 ]; then went=$((went + 1)); then=$after; else failed=$((failed + 1)); fi
            [ "$after" != unreadable ] || { bad=$((bad + 1)); echo "$call $when: unreadable"; }
        done
    done
    echo "failing writes: done"
else
    echo "skipped: no strace"
fi
echo "imports that failed cleanly: $failed, that went through: $went, anything else: $bad"
[ $bad -eq 0 ]

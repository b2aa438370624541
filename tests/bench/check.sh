#!/bin/bash
# How fast `astray check` is: a tree of mixed text against `grep -rE '0\.0\.0\.0'` on the same tree, in
# turns, medians. The tree is made of the texts of this machine (sources, documents, scripts,
# settings), as often as it takes. CPU seconds tell more than the clock where others work too; grep
# uses one core, the check two.
#
# Usage: tests/bench/check.sh [ROUNDS]      BENCH_MB: size of the tree (1000)
set -euo pipefail

cd "$(dirname "$0")/../.."
rounds=${1:-5}
megabytes=${BENCH_MB:-1000}
build=build/bench
tree=$build/tree.$megabytes
mkdir -p "$build"
make -s build/astray

# texts DIRECTORY...: copies below the tree, their paths kept, up to its size.
make_tree()
{
    local left=$((megabytes * 1000000)) round=0 before
    find -P /usr/share /usr/lib /usr/include /etc -xdev -type f -size -4000k -size +0 2>/dev/null |
        sort | xargs -d '\n' grep -lI '' 2>/dev/null >"$build/texts" || true
    while [ "$left" -gt 0 ]; do
        before=$left
        round=$((round + 1))
        while IFS= read -r file && [ "$left" -gt 0 ]; do
            printf '%s\0' "$file"
            left=$((left - $(stat -c %s "$file")))
        done <"$build/texts" >"$build/chosen"
        [ "$left" -lt "$before" ] || return 1
        mkdir -p "$tree.new/$round"
        xargs -0 cp --parents -t "$tree.new/$round" <"$build/chosen"
        left=$((megabytes * 1000000 - $(du -sb "$tree.new" | cut -f1)))
    done
    mv "$tree.new" "$tree"
}
[ -d "$tree" ] || make_tree

# timed NAME COMMAND...: adds "NAME wall cpu" to the results.
timed()
{
    local name=$1 times
    shift
    times=$({ TIMEFORMAT='%R %U %S'; time "$@" >/dev/null 2>&1; } 2>&1) || true
    awk -v name="$name" '{ printf "%s %.3f %.3f\n", name, $1, $2 + $3 }' <<<"$times" >>"$build/results"
}

: >"$build/results"
grep -rE '0\.0\.0\.0' "$tree" >/dev/null || true # once, for the page cache
for _ in $(seq "$rounds"); do
    timed grep grep -rE '0\.0\.0\.0' "$tree"
    timed astray build/astray check --quiet --no-ignore --format gcc "$tree"
done

# median NAME COLUMN
median()
{
    awk -v name="$1" -v column="$2" '$1 == name { print $column }' "$build/results" | sort -n |
        awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] }'
}

files=$(find "$tree" -type f | wc -l)
echo "astray check, $megabytes MB in $files files, median of $rounds rounds, $(nproc) cores, load $(cut -d' ' -f1 /proc/loadavg)"
for name in grep astray; do
    printf '%-34s %7.3f s %7.3f CPU s\n' "$name" "$(median "$name" 2)" "$(median "$name" 3)"
done
awk -v a="$(median astray 2)" -v b="$(median grep 2)" -v c="$(median astray 3)" -v d="$(median grep 3)" \
    'BEGIN { printf "%-34s %7.2f by the clock (goal: 3), %.2f by CPU time\n", "astray / grep", a / b, c / d }'
(
    ulimit -v 1000000
    build/astray check --quiet --no-ignore --format gcc "$tree" >/dev/null || [ $? -eq 1 ]
)
echo 'memory: within 1 GB of address space'

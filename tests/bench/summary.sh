#!/bin/bash
# How fast `astray summary` is: GB/s on a generated log, against wc -l, jq and DuckDB. All take turns in
# one run on one machine; medians. CPU seconds tell more than the clock where others work too.
#
# Usage: tests/bench/summary.sh [ROUNDS]      BENCH_MB: size of each log (1000)
set -euo pipefail

cd "$(dirname "$0")/../.."
rounds=${1:-5}
megabytes=${BENCH_MB:-1000}
build=build/bench
modules=$PWD/$build/node_modules
mkdir -p "$build"
make -s build/astray build/libbase.a
cc -O2 -Iinclude -D_GNU_SOURCE -o "$build/generate_log" tests/bench/generate_log.c build/libbase.a

for shape in own reshaped; do
    log=$build/$shape.$megabytes.ndjson
    option=
    [ "$shape" = own ] || option=-r
    [ -s "$log" ] || "$build/generate_log" $option "$megabytes" >"$log"
done
part=$build/part.ndjson
head -n 20000 "$build/own.$megabytes.ndjson" >"$part"

# ---- what can be compared -----------------------------------------------

duckdb=
if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
    why='node or npm is missing'
elif ! [ -d "$modules/@duckdb/node-api" ] &&
    ! timeout 300 npm install --silent --no-save --prefix "$build" @duckdb/node-api >/dev/null 2>&1; then
    why='npm cannot install @duckdb/node-api'
elif ! node -e "require('$modules/@duckdb/node-api')" 2>/dev/null; then
    why='node cannot load it'
else
    duckdb=yes
fi

# ---- one turn -----------------------------------------------------------

# timed NAME COMMAND...: adds "NAME wall cpu" to the results.
timed()
{
    local name=$1 times
    shift
    times=$({ TIMEFORMAT='%R %U %S'; time "$@" >/dev/null 2>&1; } 2>&1)
    awk -v name="$name" '{ printf "%s %.3f %.3f\n", name, $1, $2 + $3 }' <<<"$times" >>"$build/results"
}

duckdb_turn()
{
    local name=$1
    shift
    printf '%s %s\n' "$name" "$(node tests/bench/summary.js "$modules" "$@")" >>"$build/results"
}

cores=$(nproc)
: >"$build/results"
for _ in $(seq "$rounds"); do
    timed wc-own wc -l "$build/own.$megabytes.ndjson"
    for shape in own reshaped; do
        log=$build/$shape.$megabytes.ndjson
        timed "astray-$shape-1" taskset -c 0 build/astray summary "$log"
        [ "$cores" -lt 2 ] || timed "astray-$shape-2" taskset -c 0,1 build/astray summary "$log"
        if [ -n "$duckdb" ]; then
            duckdb_turn "duckdb-$shape-1" "$log" 1
            [ "$cores" -lt 2 ] || duckdb_turn "duckdb-$shape-2" "$log" 2
        fi
    done
    if command -v jq >/dev/null; then
        timed jq-own jq -c '[.destination.ip, .process.name, .astray.class]' "$part"
    fi
done

# ---- what came out ------------------------------------------------------

# median NAME COLUMN
median()
{
    awk -v name="$1" -v column="$2" '$1 == name { print $column }' "$build/results" | sort -n |
        awk '{ all[NR] = $1 } END { if (NR > 0) print all[int((NR + 1) / 2)] }'
}

# row TITLE NAME FILE
row()
{
    local wall cpu
    wall=$(median "$2" 2)
    cpu=$(median "$2" 3)
    [ -n "$wall" ] || return 0
    awk -v title="$1" -v wall="$wall" -v cpu="$cpu" -v bytes="$(stat -c %s "$3")" 'BEGIN {
        gb = bytes / 1e9
        printf "%-34s %7.3f s/GB %7.2f GB/s %7.3f CPU s/GB\n", title, wall / gb, gb / wall, cpu / gb }'
}

# ratio TITLE SLOWER FASTER: of the medians, by the clock and by CPU time
ratio()
{
    local slower faster slower_cpu faster_cpu
    slower=$(median "$2" 2)
    faster=$(median "$3" 2)
    slower_cpu=$(median "$2" 3)
    faster_cpu=$(median "$3" 3)
    [ -n "$slower" ] && [ -n "$faster" ] || return 0
    awk -v title="$1" -v a="$slower" -v b="$faster" -v c="$slower_cpu" -v d="$faster_cpu" \
        'BEGIN { printf "%-34s %7.2f by the clock, %.2f by CPU time\n", title, a / b, c / d }'
}

own=$build/own.$megabytes.ndjson
reshaped=$build/reshaped.$megabytes.ndjson
echo "astray summary, $megabytes MB, median of $rounds rounds, $cores cores, load $(cut -d' ' -f1 /proc/loadavg)"
row 'wc -l' wc-own "$own"
row 'jq (on a part)' jq-own "$part"
row 'astray, own lines, 1 thread' astray-own-1 "$own"
row 'astray, own lines, 2 threads' astray-own-2 "$own"
row 'astray, reshaped lines, 1 thread' astray-reshaped-1 "$reshaped"
row 'astray, reshaped lines, 2 threads' astray-reshaped-2 "$reshaped"
if [ -n "$duckdb" ]; then
    row 'DuckDB, own lines, 1 thread' duckdb-own-1 "$own"
    row 'DuckDB, own lines, 2 threads' duckdb-own-2 "$own"
    row 'DuckDB, reshaped lines, 1 thread' duckdb-reshaped-1 "$reshaped"
    row 'DuckDB, reshaped lines, 2 threads' duckdb-reshaped-2 "$reshaped"
    ratio 'own lines, 1 thread (goal 2.5)' duckdb-own-1 astray-own-1
    ratio 'own lines, 2 threads (goal 2.5)' duckdb-own-2 astray-own-2
    ratio 'reshaped, 1 thread (goal 1.0)' duckdb-reshaped-1 astray-reshaped-1
    ratio 'reshaped, 2 threads (goal 1.0)' duckdb-reshaped-2 astray-reshaped-2
else
    echo "DuckDB: skipped: $why"
fi
python3 - "$own" <<'EOF'
import resource, subprocess, sys
subprocess.run(["build/astray", "summary", sys.argv[1]], stdout=subprocess.DEVNULL, check=True)
print("memory: %.1f MB" % (resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1000))
EOF

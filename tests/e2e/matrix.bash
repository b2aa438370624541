#!/usr/bin/env bash
# The matrix: real client commands (tests/data/matrix.tsv) under the library, each with a name that
# resolves to 0.0.0.0, with the literal 0, and with its proxy variable. Of each run it is asked: was every
# attempt that the kernel saw logged, with the outcome that it had; was it told where the address came
# from, and nothing that is false; did the client do the same as without the library.
#
#   scripts/in-netns tests/e2e/matrix.bash RESULTS [CLIENT...]
#
# Standard output is of the Test Anything Protocol: a run that is worse than it was according to
# tests/data/matrix-expected.tsv has failed. RESULTS is a folder for what was found: matrix.tsv, and
# the traces and logs of each run.
# shellcheck disable=SC2016 # what jq and the clients expand
set -u

BATS_TEST_DIRNAME=$(cd "$(dirname "$0")" && pwd)
BATS_TEST_TMPDIR=${MATRIX_RESULTS:-}
# shellcheck source=tests/e2e/helpers.bash
. "$BATS_TEST_DIRNAME/helpers.bash" || exit 1

table=$ROOT/tests/data/matrix.tsv
expected=$ROOT/tests/data/matrix-expected.tsv
# The longest that a client may take; none needs a tenth of it.
limit=60

# ---- the namespace ----------------------------------------------------

# Runs this script again with an /etc/hosts of our own.
enter()
{
    printf '127.0.0.1 localhost %s\n0.0.0.0 zero.test\n' "$(uname -n)" >"$1/hosts"
    echo 'nameserver 127.0.0.1' >"$1/resolv.conf"
    echo 'hosts: files dns' >"$1/nsswitch.conf"
    # shellcheck disable=SC2016 # expanded by the inner shell
    exec unshare -m sh -c '
        results=$1 script=$2
        shift 2
        for file in hosts resolv.conf nsswitch.conf; do
            mount --bind "$results/$file" "/etc/$file" || exit 125
        done
        MATRIX_RESULTS=$results exec "$script" "$results" "$@"' sh "$1" "$BATS_TEST_DIRNAME/matrix.bash" "${@:2}"
}

# ---- the clients that are built here ----------------------------------

# Each may be missing: its rows are skipped then.
build_clients()
{
    local sources=$BATS_TEST_DIRNAME/clients
    mkdir -p "$programs"
    cc -O1 -o "$programs/client-glibc" "$sources/client.c"
    cc -O1 -static -o "$programs/client-static" "$sources/client.c" 2>/dev/null
    musl-gcc -O1 -o "$programs/client-musl" "$sources/client.c" 2>/dev/null
    musl-gcc -O1 -static -o "$programs/client-musl-static" "$sources/client.c" 2>/dev/null
    [ -e "$programs/Client.class" ] || javac -d "$programs" "$sources/Client.java" 2>/dev/null
    [ -e "$programs/rust" ] || rustc -O -o "$programs/rust" "$sources/client.rs" 2>/dev/null
    [ -e "$programs/go" ] || GOCACHE=$programs/go-cache GOFLAGS=-mod=mod CGO_ENABLED=0 \
        go build -o "$programs/go" "$sources/client.go" 2>/dev/null
    [ -e "$programs/go-cgo" ] || GOCACHE=$programs/go-cache GOFLAGS=-mod=mod CGO_ENABLED=1 \
        go build -o "$programs/go-cgo" "$sources/client.go" 2>/dev/null
}

# ---- one run ----------------------------------------------------------

# words HOST: the client's command for it, in COMMAND.
words()
{
    # shellcheck disable=SC2034 # for the command
    local host=$1 port=$PORT front=$((PORT + 5)) T=$folder python=$python clients=$BATS_TEST_DIRNAME/clients
    eval "COMMAND=($command)"
}

# Where the host stands in the command: "argv:2" for each word of it.
places_of_host()
{
    local i
    words '<host>'
    for i in "${!COMMAND[@]}"; do
        case ${COMMAND[$i]} in
        *'<host>'*) printf 'argv:%d ' "$i" ;;
        esac
    done
}

# The files that clients find in their folder.
fill_folder()
{
    rm -rf "$folder"
    mkdir -p "$folder"/{lists,state/lists/partial,cache/archives/partial,var/lib/apt/lists/partial,var/cache/apt/archives/partial,var/lib/dpkg}
    touch "$folder/var/lib/dpkg/status"
    echo "deb [trusted=yes] http://$1:$PORT/debian stable main" >"$folder/sources.list"
    nginx_conf "$folder" "server { listen 127.0.0.1:$((PORT + 5)); location / { proxy_pass http://$1:$PORT; } }" \
        >"$folder/nginx.conf"
    cat >"$folder/haproxy.cfg" <<CONF
defaults
    mode http
    timeout connect 5s
    timeout client 5s
    timeout server 5s
    retries 0
frontend front
    bind 127.0.0.1:$((PORT + 5))
    default_backend back
backend back
    server one $1:$PORT
CONF
}

# take NAME COMMAND...: as capture, in the client's folder, and without what no two runs have in common: pids,
# descriptors (the loader has one open for its proof), addresses in memory, times.
take()
{
    local to=$BATS_TEST_TMPDIR/$1 part
    (cd "$folder" && capture "$@")
    for part in out err; do
        sed -E -i 's/0x[0-9a-f]{8,}/0xADDRESS/g; s/^[0-9A-F]{16}:error/ID:error/
            s/socat\[[0-9]+\] E connect\([0-9]+/socat[PID] E connect(N/; s/= [0-9.]+\/[0-9.]+\/[0-9.]+$/= TIMES/
            /^Created directory: /d; /^\r?Connection closed\.  $/d' "$to.$part"
    done
}

# The client as it is.
run_plain()
{
    fill_folder "$1"
    words "$1"
    take plain timeout -k 2 "$limit" env "${settings[@]}" "${COMMAND[@]}"
}

# The same under the library, and under strace where that is permitted, which counts what the kernel saw.
run_with_library()
{
    local tracer=() variable
    fill_folder "$1"
    words "$1"
    rm -f "$LOG" "$BATS_TEST_TMPDIR"/loader.* "$BATS_TEST_TMPDIR/proof" "$BATS_TEST_TMPDIR/trace"
    set -- "LD_PRELOAD=$LIBRARY" "ASTRAY_LOG=$LOG" ASTRAY_CONFIG=/dev/null ASTRAY_FAILURES=1 \
        "E2E_PROOF=$BATS_TEST_TMPDIR/proof" LD_DEBUG=files "LD_DEBUG_OUTPUT=$BATS_TEST_TMPDIR/loader" "${settings[@]}"
    if [ "$tracing" = yes ]; then
        tracer=(strace -f -qq -s 1 -e 'trace=connect,close,sendto,sendmsg,sendmmsg' -e signal=none -o "$BATS_TEST_TMPDIR/trace")
        for variable in "$@"; do
            tracer+=(-E "$variable")
        done
    else
        tracer=(env "$@")
    fi
    take library timeout -k 2 "$limit" "${tracer[@]}" "${COMMAND[@]}"
}

# A server that connects when it is asked: $1 plain or library, $2 the host.
run_server()
{
    local front=$((PORT + 5))
    fill_folder "$2"
    words "$2"
    rm -f "$LOG"
    if [ "$1" = plain ]; then
        serve "${COMMAND[@]}"
    else
        ASTRAY_FAILURES=1 serve_with_library "$LOG" "${COMMAND[@]}"
    fi
    wait_for 20 is_listening "$front"
    capture "$1" curl -sS -m 10 "http://127.0.0.1:$front/"
    stop_servers
}

# ---- what came of it --------------------------------------------------

# How often the kernel was asked to connect or to send to PORT: a second connect() on a descriptor that is
# connecting only asks how it went.
kernel_attempts()
{
    awk -v port="htons($PORT)" '
        { pid = $1; text = $0; sub(/^[0-9]+ +/, "", text) }
        text ~ /^<\.\.\. [a-z]+ resumed>/ {
            if (!(pid in begun)) next
            text = begun[pid] text
            delete begun[pid]
        }
        text ~ /^close\(/ { # before it is finished: the number may be in use again then
            descriptor = text; sub(/^close\(/, "", descriptor); sub(/[^0-9].*/, "", descriptor)
            delete connecting[descriptor]
            next
        }
        text ~ /<unfinished \.\.\.>$/ { begun[pid] = text; next }
        {
            call = text; sub(/\(.*/, "", call)
            descriptor = text; sub(/^[a-z]+\(/, "", descriptor); sub(/[^0-9].*/, "", descriptor)
        }
        index(text, port) == 0 { next }
        call == "connect" {
            if (!(descriptor in connecting)) count++
            delete connecting[descriptor]
            if (text ~ /EINPROGRESS|EALREADY/) connecting[descriptor] = 1
            next
        }
        { count += gsub(/htons\(/, "&", text) }
        END { print count + 0 }' "$1"
}

# The records of the run, a JSON array in $records.
read_records()
{
    local text=[]
    [ ! -s "$LOG" ] || text=$(jq -c -s . "$LOG")
    records=$text
}

ask()
{
    jq -r --argjson port "$PORT" --arg right "$right" --arg class "$class" --arg error "$error" "$1" <<<"$records"
}

# all, some, none; "nameless": all, but of a looked-up name only the address; "wrong" with another class, "more" where
# more was logged than there was.
judge_seen()
{
    local logged wrong nameless
    logged=$(ask '[.[] | select(.destination.port == $port and any(.event.type[]; . == "start"))] | length')
    wrong=$(ask '[.[] | select(.destination.port != $port and .event.action != "failed" or
        .destination.port == $port and ($class != "loopback" and .event.action != "detected" or
            .astray.class != $class and ($class != "sinkhole" or .astray.class != "unspecified")))] | length')
    nameless=$(ask '[.[] | select(.destination.port == $port and $class == "sinkhole" and .destination.domain != "zero.test")] | length')
    if [ "$wrong" -gt 0 ]; then
        echo wrong
    elif [ "$logged" -eq 0 ]; then
        echo none
    elif [ -z "$attempted" ] || [ "$logged" -eq "$attempted" ]; then
        [ "$nameless" -eq 0 ] && echo all || echo nameless
    elif [ "$logged" -lt "$attempted" ]; then
        echo some
    else
        echo more
    fi
}

# right, unknown (there is none, or it is not named), wrong.
judge_outcome()
{
    ask '[.[] | select(.destination.port == $port)] as $all
        | [$all[] | select(any(.event.type[]; . == "end"))] as $ends
        | ($all | map(select(any(.event.type[]; . == "start"))) | length) as $starts
        | if $starts == 0 then "none"
          elif any($ends[]; (.error.type // "") != $error and (.event.outcome == "success" or .error.type != null)) then "wrong"
          elif ($ends | length) == $starts and all($ends[]; (.error.type // "") == $error) then "right"
          else "unknown" end'
}

# right, none (it was there to be found), false.
judge_origin()
{
    ask '($right | split(" ") | map(select(. != ""))) as $right
        | [.[] | select(.destination.port == $port) | .astray.origin // []] as $found
        | if any($found[][]; . as $one | all($right[]; . != $one)) then "false"
          elif ($found | length) == 0 then "none"
          elif ($right | length) == 0 or all($found[]; length > 0) then "right"
          else "none" end'
}

is_mapped()
{
    case $program in
    -) ! ls "$BATS_TEST_TMPDIR"/loader.* >/dev/null 2>&1 || ! grep -qs 'calling init: .*/libastray\.so$' "$BATS_TEST_TMPDIR"/loader.* ;;
    proof) [ "$(cat "$BATS_TEST_TMPDIR/proof" 2>/dev/null)" = mapped ] ;;
    *) was_mapped "$program" ;;
    esac
}

# run_once KIND HOST: writes the row of results.
run_once()
{
    local kind=$1 host=$2 folder=$BATS_TEST_TMPDIR/folder settings=(HOME="$BATS_TEST_TMPDIR/folder" TERM=dumb) right=$origin
    local class=unspecified error=ECONNREFUSED attempted='' records seen outcome found output=same COMMAND began=$SECONDS
    export LOG=$BATS_TEST_TMPDIR/log.ndjson
    [ "$set" = - ] || settings+=("$set")
    [ "$right" != - ] || right=$(places_of_host)
    [ "$right" != none ] || right=''
    case $kind in
    name) class=sinkhole ;;
    proxy)
        settings+=("${proxy//\$port/$PORT}")
        right=env:${proxy%%=*}
        ;;
    esac
    case $expect in
    udp | ping) error='' ;;
    loopback) class=loopback ;;
    esac
    if [[ $command == *conf* || $command == *.cfg ]]; then
        run_server plain "$host"
        run_server library "$host"
    else
        run_plain "$host"
        run_with_library "$host"
        [ ! -s "$BATS_TEST_TMPDIR/trace" ] || attempted=$(kernel_attempts "$BATS_TEST_TMPDIR/trace")
    fi
    same plain library 2>"$BATS_TEST_TMPDIR/differs" || output=changed
    read_records
    if [ "$expect" = ping ]; then
        # It picks a port of its own.
        PORT=$(ask '.[0].destination.port // 0')
        attempted=1
    fi
    seen=$(judge_seen)
    outcome=$(judge_outcome)
    found=$(judge_origin)
    is_mapped || seen=unproven
    if [ "$expect" = tcp ] && [ "$attempted" = 0 ]; then
        seen=idle # the client did not even try: the row is wrong
    fi
    printf '%s\t%s\t%s\t%s\t%s\t%s\t%d\n' "$client" "$kind" "$seen" "$outcome" "$found" "$output" $((SECONDS - began))
}

# ---- one row ----------------------------------------------------------

# Is the row's client here? Says what is missing.
missing()
{
    case $package in
    python3-requests) "$python" -c 'import requests' 2>/dev/null || echo python3-requests ;;
    python3-urllib3) "$python" -c 'import urllib3' 2>/dev/null || echo python3-urllib3 ;;
    python3-aiohttp) "$python" -c 'import aiohttp' 2>/dev/null || echo python3-aiohttp ;;
    python3-httpx) "$python" -c 'import httpx' 2>/dev/null || echo python3-httpx ;;
    python3) "$python" -c 'import urllib.request' 2>/dev/null || echo python3 ;;
    libwww-perl) perl -MLWP::UserAgent -e1 2>/dev/null || echo libwww-perl ;;
    php-curl) [ "$(php -r 'echo extension_loaded("curl");' 2>/dev/null)" = 1 ] || echo php-curl ;;
    php-cli) [ "$(php -r 'echo extension_loaded("sockets");' 2>/dev/null)" = 1 ] || echo php-cli ;;
    default-jdk-headless) [ -e "$programs/Client.class" ] && command -v java >/dev/null || echo default-jdk-headless ;;
    *) [ -n "$python" ] && command -v "${COMMAND[0]}" >/dev/null || echo "$package" ;;
    esac
}

is_expected()
{
    [ ! -e "$expected" ] || grep -qxF "$(cut -f1-6 <<<"$1")" "$expected"
}

# row NUMBER: all runs of one line of the table, to the files of its folder.
row()
{
    local number=$1 client package program set proxy literal expect origin command note kind host result
    # shellcheck disable=SC2034 # for the commands
    local programs=$MATRIX_RESULTS/programs java=$MATRIX_RESULTS/programs rust=$MATRIX_RESULTS/programs/rust
    local COMMAND folder=/nonexistent PORT=0
    # shellcheck disable=SC2034 # the note is for the published table
    IFS=$'\t' read -r client package program set proxy literal expect origin command note < <(clients | sed -n "${number}p")
    BATS_TEST_TMPDIR=$MATRIX_RESULTS/$number
    mkdir -p "$BATS_TEST_TMPDIR"
    words 0
    if [ -n "$(missing)" ]; then
        printf '%s\t-\t%s is not here\n' "$client" "$(missing)" >"$MATRIX_RESULTS/$number.tsv"
        return
    fi
    for kind in name literal proxy; do
        host=$literal
        case $kind in
        name) host=zero.test ;;
        proxy)
            [ "$proxy" != - ] || continue
            host=www.example.test
            ;;
        esac
        BATS_TEST_TMPDIR=$MATRIX_RESULTS/$number/$kind
        mkdir -p "$BATS_TEST_TMPDIR"
        PORT=$((21000 + number * 20 + ${#kind}))
        # Some clients race against their own clocks and threads: what is not as expected gets a second try.
        result=$(run_once "$kind" "$host")
        is_expected "$result" || result=$(run_once "$kind" "$host")
        echo "$result"
    done >"$MATRIX_RESULTS/$number.tsv"
}

clients()
{
    grep -v '^#' "$table" | tail -n +2
}

# ---- all of them ------------------------------------------------------

# Which rows: those whose client is named, or all.
chosen()
{
    clients | awk -F'\t' 'BEGIN { for (i = 1; i < ARGC; i++) wanted[ARGV[i]] = 1; all = ARGC == 1; ARGC = 1 }
        all || ($1 in wanted) { print NR }' "$@"
}

# Compares with what is expected, in the Test Anything Protocol.
report()
{
    awk -F'\t' '
        BEGIN {
            split("all nameless some none", order, " "); for (i in order) rank[order[i]] = i
            rank["right"] = 1; rank["unknown"] = 2
            rank["same"] = 1; rank["changed"] = 9
            rank["wrong"] = rank["more"] = rank["unproven"] = rank["idle"] = rank["false"] = 9
        }
        function worse(got, wanted) { return got != wanted && rank[got] >= rank[wanted] }
        FNR == NR { if ($0 !~ /^#/) wanted[$1 FS $2] = $3 FS $4 FS $5 FS $6; next }
        $2 == "-" { print "ok " ++n " " $1 " # skip (" $3 ")"; next }
        {
            key = $1 FS $2
            known = key in wanted
            bad = known ? "" : "it is not in the expected table"
            if (known) split(wanted[key], want, FS)
            split("seen outcome origin output", what, " ")
            for (i = 1; i <= 4 && known; i++)
                if (worse($(i + 2), want[i])) bad = bad " " what[i] " is \"" $(i + 2) "\", not \"" want[i] "\""
            print (bad == "" ? "ok " : "not ok ") ++n " " $1 ": " $2
            if (bad != "") print "#   " bad
        }
        END { print "1.." n + 0 }' "$expected" "$1"
}

if [ "${1-}" = --row ]; then
    python=$MATRIX_PYTHON tracing=$MATRIX_TRACING
    row "$2"
    exit
fi
if [ $# -eq 0 ]; then
    echo 'usage: matrix.bash RESULTS [CLIENT...]' >&2
    exit 2
fi
mkdir -p "$1"
results=$(cd "$1" && pwd)
shift
[ -n "${MATRIX_RESULTS:-}" ] || enter "$results" "$@"
programs=$results/programs
export MATRIX_RESULTS MATRIX_TRACING=no MATRIX_PYTHON=''
for candidate in /usr/bin/python3 "$(command -v python3)"; do
    if [ -z "$MATRIX_PYTHON" ] && [ -x "$candidate" ] && [ "$(head -c 2 "$candidate")" != '#!' ]; then
        MATRIX_PYTHON=$candidate
    fi
done
! strace -f -o /dev/null true 2>/dev/null || MATRIX_TRACING=yes
build_clients
chosen "$@" | xargs -P "$(nproc)" -n 1 "$0" --row
for number in $(chosen "$@"); do
    cat "$results/$number.tsv"
done >"$results/matrix.tsv"
[ -e "$expected" ] || expected=/dev/null
report "$results/matrix.tsv"

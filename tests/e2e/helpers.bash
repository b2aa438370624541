# shellcheck shell=bash
# What the end-to-end tests share. `load helpers` refuses outside a network namespace of its own
# (scripts/in-netns): no test may reach anything beyond this machine.
#
# The library is preloaded into the program under test only, never into bats.

ROOT=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
ASTRAY=$ROOT/build/astray
LIBRARY=$ROOT/build/libastray.so
PROGRAMS=$ROOT/build/tests/programs
PATH=$PATH:/usr/sbin:/sbin
LC_ALL=C
export ASTRAY LIBRARY PROGRAMS PATH LC_ALL

# ---- the namespace ----------------------------------------------------

# The interfaces other than lo. Fallback tunnels that the kernel puts into every namespace do
# not count: they are down and lead nowhere.
foreign_interfaces()
{
    ip -o link show | awk -F': ' '
        { name = $2; sub(/@.*/, "", name) }
        name == "lo" { next }
        name ~ /^(sit0|tunl0|gre0|gretap0|erspan0|ip_vti0|ip6_vti0|ip6tnl0|ip6gre0)$/ && $3 ~ /^<NOARP>/ { next }
        { print name }'
}

require_namespace()
{
    local found
    found=$(foreign_interfaces)$(ip route show default)$(ip -6 route show default)
    if [ -n "$found" ]; then
        echo "these tests run only in a network namespace with nothing but loopback:" \
            "scripts/in-netns bats FILE (found: $found)" >&2
        return 1
    fi
}

if ! require_namespace; then
    exit 1
fi
for variable in $(compgen -e | grep '^ASTRAY_') LD_PRELOAD http_proxy https_proxy HTTP_PROXY \
    HTTPS_PROXY all_proxy ALL_PROXY no_proxy NO_PROXY; do
    unset "$variable"
done
unset variable

# ---- running programs -------------------------------------------------

# with_library LOG COMMAND...: COMMAND under the library, its records to LOG (a path or one of the
# words that ASTRAY_LOG knows). Other settings come from the caller's environment. No
# astray.conf of this machine counts.
with_library()
{
    local log=$1
    shift
    LD_PRELOAD=$LIBRARY${LD_PRELOAD:+:$LD_PRELOAD} ASTRAY_LOG=$log \
        ASTRAY_CONFIG=${ASTRAY_CONFIG:-/dev/null} "$@"
}

# The same command without it: for reading beside with_library.
without_library()
{
    "$@"
}

# client_with_library LOG COMMAND...: as with_library, and the dynamic loader writes down, for each
# program that it starts, which libraries it initialised: this catches clients that live for a
# millisecond, and nothing appears for a program that is static or that dropped LD_PRELOAD.
client_with_library()
{
    rm -f "$BATS_TEST_TMPDIR"/loader.*
    LD_DEBUG=files LD_DEBUG_OUTPUT=$BATS_TEST_TMPDIR/loader with_library "$@"
}

# was_mapped NAME: did a program whose name (argv[0], its directory left out) is NAME start with the
# library initialised, in the last client_with_library?
was_mapped()
{
    awk -v name="$1" '
        FNR == 1 { program = "" }
        /file=.*\/libastray\.so .* needed by / {
            program = $0
            sub(/.* needed by /, "", program)
            sub(/ \[[0-9]+\]$/, "", program)
            sub(/.*\//, "", program)
        }
        /calling init: .*\/libastray\.so$/ && program == name { found = 1 }
        END { exit !found }' /dev/null "$BATS_TEST_TMPDIR"/loader.* 2>/dev/null
}

# Skips the test when NAME did not run with the library in it.
require_mapped()
{
    was_mapped "$1" || skip "$1 does not load the library (it is static, or drops LD_PRELOAD)"
}

# program_with_library LOG NAME [ARG...]: one of tests/e2e/programs under the library; it reads its own
# maps, and the test fails when the library is not there.
program_with_library()
{
    local log=$1 name=$2 status=0
    shift 2
    rm -f "$BATS_TEST_TMPDIR/proof"
    E2E_PROOF=$BATS_TEST_TMPDIR/proof with_library "$log" "$PROGRAMS/$name" "$@" || status=$?
    if [ "$(cat "$BATS_TEST_TMPDIR/proof" 2>/dev/null)" != mapped ]; then
        echo "$name ran without the library" >&2
        return 97
    fi
    return "$status"
}

# with_hosts FILE COMMAND...: COMMAND with FILE as its /etc/hosts.
with_hosts()
{
    # shellcheck disable=SC2016 # expanded by the inner shell
    unshare -m sh -c 'mount --bind "$1" /etc/hosts && shift && exec "$@"' sh "$@"
}

need()
{
    local tool
    for tool in "$@"; do
        command -v "$tool" >/dev/null || skip "$tool is not here"
    done
}

# A Python that is the interpreter itself and no wrapper script.
find_python()
{
    local candidate
    for candidate in /usr/bin/python3 "$(command -v python3)"; do
        if [ -x "$candidate" ] && [ "$(head -c 2 "$candidate")" != '#!' ]; then
            echo "$candidate"
            return
        fi
    done
    skip 'no python3 is here'
}

# ---- records ----------------------------------------------------------

# records LOG [FILTER]: what jq's FILTER says of each record; nothing when there is no log.
records()
{
    [ ! -e "$1" ] || jq -c -r "${2:-.}" "$1"
}

# Attempts and outcomes, as counted by event.type.
attempts()
{
    records "$1" "select(.event.type | any(. == \"start\" or . == \"denied\")) | ${2:-.}"
}

outcomes()
{
    records "$1" "select(.event.type | any(. == \"end\")) | ${2:-.}"
}

count_records()
{
    records "$1" | wc -l
}

# ---- assertions -------------------------------------------------------

# is GOT WANTED [WHAT]
is()
{
    [ "$1" = "$2" ] || {
        printf '%s\n  got:    "%s"\n  wanted: "%s"\n' "${3:-differs}" "$1" "$2" >&2
        return 1
    }
}

# has TEXT PART
has()
{
    case $1 in
    *"$2"*) ;;
    *)
        printf 'missing: "%s"\n  in: "%s"\n' "$2" "$1" >&2
        return 1
        ;;
    esac
}

no_records()
{
    is "$(count_records "$1")" 0 "records of $(records "$1")"
}

# Takes out of a program's messages what differs between two runs anyhow: durations, dates, pids.
steady()
{
    sed -E 's/[0-9]+ ?ms/N ms/g; s/[0-9.]+ ?seconds/N seconds/g
        s/[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9:.]+/DATE/g; s/\(node:[0-9]+\)/(node:PID)/
        s/^rtt .*/rtt/'
}

# capture NAME COMMAND...: its standard output, standard error and exit status to files
# NAME.out, NAME.err, NAME.status.
capture()
{
    local to=$BATS_TEST_TMPDIR/$1 status=0
    shift
    "$@" >"$to.raw-out" 2>"$to.raw-err" </dev/null || status=$?
    steady <"$to.raw-out" >"$to.out"
    steady <"$to.raw-err" >"$to.err"
    echo "$status" >"$to.status"
}

# same A B: the two captures do not differ in any byte.
same()
{
    local part
    for part in status out err; do
        diff -u "$BATS_TEST_TMPDIR/$1.$part" "$BATS_TEST_TMPDIR/$2.$part" >&2 || {
            echo "$part differs between \"$1\" and \"$2\"" >&2
            return 1
        }
    done
}

# ---- servers ----------------------------------------------------------

# The next free port, in PORT; no two tests of a file get the same.
free_port()
{
    PORT=$((20000 + BATS_TEST_NUMBER * 40 + ${PORTS_USED:=0}))
    PORTS_USED=$((PORTS_USED + 1))
    while ss -Hltn "sport = :$PORT" | grep -q .; do
        PORT=$((PORT + 1))
        PORTS_USED=$((PORTS_USED + 1))
    done
}

SERVERS=()

# serve COMMAND...: starts a program (no function) in the background; stopped when the test ends.
serve()
{
    "$@" >"$BATS_TEST_TMPDIR/server.${#SERVERS[@]}" 2>&1 3>&- </dev/null &
    SERVERS+=($!)
}

# serve_with_library LOG COMMAND...: as serve, under the library, with the loader's proof.
serve_with_library()
{
    local log=$1
    shift
    rm -f "$BATS_TEST_TMPDIR"/loader.*
    serve env LD_PRELOAD="$LIBRARY" ASTRAY_LOG="$log" ASTRAY_CONFIG=/dev/null LD_DEBUG=files \
        LD_DEBUG_OUTPUT="$BATS_TEST_TMPDIR/loader" "$@"
}

# wait_for SECONDS COMMAND...: until COMMAND succeeds; fails after that time.
wait_for()
{
    local tries=$(($1 * 20))
    shift
    while ! "$@"; do
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] || {
            echo "waited in vain for: $*" >&2
            return 1
        }
        sleep 0.05
    done
}

is_listening()
{
    ss -Hltn "sport = :$1" | grep -q .
}

# listen ADDRESS: an HTTP server of ours there, on PORT.
listen()
{
    serve "$PROGRAMS/listener" "$1" "$PORT"
    wait_for 10 is_listening "$PORT"
}

# stop PID: ends a process that the test started.
stop()
{
    local tries=${STOP_TRIES:-100}
    kill "$1" 2>/dev/null || return 0
    while kill -0 "$1" 2>/dev/null && [ "$tries" -gt 0 ]; do
        sleep 0.02
        tries=$((tries - 1))
    done
    kill -9 "$1" 2>/dev/null || true
    wait "$1" 2>/dev/null || true
}

stop_servers()
{
    local pid
    for pid in "${SERVERS[@]}"; do
        stop "$pid"
    done
    SERVERS=()
}

# nginx_conf DIRECTORY SERVERS [ERRORS [REQUESTS]]: a configuration of nginx in the foreground whose files stay within its reach:
# everything is root's, there are no workers where groups cannot be set (a user namespace of one user), and what it
# writes is in DIRECTORY. SERVERS are lines of its http block. ERRORS and REQUESTS say where it logs these.
nginx_conf()
{
    local directory=$1 servers=$2 errors=${3-$1/nginx-error.log} requests=${4-off} workers=
    grep -q 4294967295 /proc/self/uid_map || workers='master_process off;'
    cat <<CONF
user root;
$workers
pid $directory/nginx.pid;
error_log $errors;
daemon off;
worker_processes 1;
events { worker_connections 64; }
http {
    access_log $requests;
    client_body_temp_path $directory/body;
    proxy_temp_path $directory/proxy;
    fastcgi_temp_path $directory/fastcgi;
    uwsgi_temp_path $directory/uwsgi;
    scgi_temp_path $directory/scgi;
    $servers
}
CONF
}

setup()
{
    export LOG=$BATS_TEST_TMPDIR/log.ndjson
}

teardown()
{
    stop_servers
}

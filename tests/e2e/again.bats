#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031 # each test is a subshell of its own
#
# What programs do to an attempt that is under way, and what may be told of its end then.

load helpers

setup()
{
    export LOG=$BATS_TEST_TMPDIR/log.ndjson
    free_port
}

# ends [-b] WAY: `again` does the same with the library as without, and the records say this of
# each outcome; for 0.0.0.0 first, then for 127.0.0.1 with failures = 1
ends()
{
    local host
    rm -f "$LOG"
    for host in 0.0.0.0 127.0.0.1; do
        capture plain without_library "$PROGRAMS/again" "$@" "$host" "$PORT"
        ASTRAY_FAILURES=1 capture library program_with_library "$LOG" again "$@" "$host" "$PORT"
        same plain library
    done
    outcomes "$LOG" '[.event.action, .event.outcome, .error.type // "-", (.message | sub(".*: "; ""))] | join(" ")'
}

both()
{
    printf 'detected %s\nfailed %s' "$1" "$1"
}

said()
{
    has "$(cat "$BATS_TEST_TMPDIR/plain.out")" "$1"
}

@test "a socket that is taken back (AF_UNSPEC) while it connects is an attempt given up" {
    is "$(ends -b dissolve)" "$(both 'failure - given up before there was an answer')"
    ends -b dissolve >/dev/null
    said 'connect AF_UNSPEC: 0 ok'
    is "$(outcomes "$LOG" '.astray.remark // "-"')" "$(printf 'abandoned\n-')"
    capture summary "$ASTRAY" summary "$LOG"
    is "$(grep -c '^ *abandoned$' "$BATS_TEST_TMPDIR/summary.out")" 2 'stray and ordinary'
    has "$(cat "$BATS_TEST_TMPDIR/summary.out")" "gave up before 127.0.0.1:$PORT had answered"
    has "$(cat "$BATS_TEST_TMPDIR/summary.out")" "gave up before 0.0.0.0:$PORT had answered"
}

@test "a socket that is taken back when it was refused is an attempt refused" {
    is "$(ends dissolve-refused)" "$(both 'failure ECONNREFUSED connection refused')"
}

@test "the error that a read took away is told where a second connect() has none any more" {
    is "$(ends read)" "$(both 'failure ECONNREFUSED connection refused')"
    ends read >/dev/null
    said 'read: -1 ECONNREFUSED'
    said 'connect again: -1 ECONNABORTED'
}

@test "a second connect() that is a mistake of its own ends no attempt" {
    is "$(ends -b err)" "$(both 'failure - given up before there was an answer')"
    ends -b err >/dev/null
    said 'connect nowhere: -1 EFAULT'
    said 'connect again: -1 EALREADY'
}

# A name with two addresses, of which ::1 never answers and 127.0.0.1 does.
two_addresses()
{
    printf '::1 both.test\n127.0.0.1 both.test\n' >"$BATS_TEST_TMPDIR/hosts"
    serve "$(find_python)" -c '
import socket, sys
port = int(sys.argv[1])
silent = socket.create_server(("::1", port), family=socket.AF_INET6, backlog=0)
full = []
while True:
    filler = socket.socket(socket.AF_INET6)
    filler.settimeout(0.3)
    full.append(filler)
    if filler.connect_ex(("::1", port)) != 0:
        break
server = socket.create_server(("127.0.0.1", port))
while True:
    client = server.accept()[0]
    client.recv(4096)
    client.sendall(b"HTTP/1.0 200 OK\r\n\r\nhello\n")
    client.close()
' "$PORT"
    wait_for 20 sh -c "ss -Hltn 'sport = :$PORT' | grep -q 127.0.0.1"
}

@test "an attempt that is given up because another one reached the name is folded away" {
    need curl
    two_addresses
    url=http://both.test:$PORT/
    capture plain with_hosts "$BATS_TEST_TMPDIR/hosts" curl -s "$url"
    is "$(cat "$BATS_TEST_TMPDIR/plain.out")" hello
    ASTRAY_FAILURES=1 capture library client_with_library "$LOG" with_hosts "$BATS_TEST_TMPDIR/hosts" curl -s "$url"
    require_mapped curl
    same plain library
    is "$(records "$LOG" '[.event.outcome, .destination.ip, .event.reason // "-"] | join(" ")')" \
        "$(printf 'failure ::1 abandoned\nsuccess ::1 -')"
    is "$(records "$LOG" .astray.attempt | sort -u | wc -l)" 1
    capture summary "$ASTRAY" summary "$LOG"
    has "$(cat "$BATS_TEST_TMPDIR/summary.out")" '0 connections went astray'
    is "$(grep -c failed "$BATS_TEST_TMPDIR/summary.out")" 0
    # The same, where nothing was reached.
    rm "$LOG"
    ASTRAY_FAILURES=1 capture library client_with_library "$LOG" \
        with_hosts "$BATS_TEST_TMPDIR/hosts" curl -6 -s --max-time 1 "$url"
    is "$(records "$LOG" '[.event.outcome, .destination.ip, .event.reason] | join(" ")')" 'failure ::1 abandoned'
}

#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031 # each test is a subshell of its own
#
# audit, rewrite and block: each effect, and first its opposite without the library.

load helpers

setup()
{
    export LOG=$BATS_TEST_TMPDIR/log.ndjson
    free_port
}

# plainly STATUS OUTPUT COMMAND...: without the library
plainly()
{
    local wanted_status=$1 wanted=$2
    shift 2
    run without_library "$@"
    is "$output" "$wanted" "without the library"
    is "$status" "$wanted_status" "status without the library"
}

# mode_gives MODE OUTPUT [OPTION...] HOST PORT: what the program `connect` prints in that mode
mode_gives()
{
    local mode=$1 wanted=$2
    shift 2
    rm -f "$LOG"
    ASTRAY_MODE=$mode run program_with_library "$LOG" connect "$@"
    is "$output" "$wanted" "in $mode mode"
}

# the_attempt FILTER VALUE
the_attempt()
{
    is "$(attempts "$LOG" "$1")" "$2" "$1"
}

connected()
{
    printf 'connect: 0 ok\npeer: %s %s' "$1" "$2"
}

unreachable='connect: -1 ENETUNREACH'
refused='connect: -1 ECONNREFUSED'

# ---- block ------------------------------------------------------------

@test "block mode: a stray connection fails with ENETUNREACH although someone listens" {
    listen 127.0.0.1
    plainly 0 "$(connected 127.0.0.1 "$PORT")" "$PROGRAMS/connect" 0.0.0.0 "$PORT"
    mode_gives block "$unreachable" 0.0.0.0 "$PORT"
    the_attempt .event.action blocked
    the_attempt '.event.type | join(" ")' "connection denied"
    the_attempt .event.outcome failure
    the_attempt .astray.mode block
    is "$(count_records "$LOG")" 1
}

@test "block mode: non-blocking connections and IPv6 too" {
    listen ::1
    plainly 0 "$(connected ::1 "$PORT")" "$PROGRAMS/connect" :: "$PORT"
    mode_gives block "$unreachable" :: "$PORT"
    mode_gives block "$unreachable" -w :: "$PORT"
    the_attempt .event.action blocked
}

@test "block mode: curl says that the network is unreachable, nothing else changes" {
    listen 127.0.0.1
    run without_library curl -sS "http://0:$PORT/"
    is "$output" "here 127.0.0.1"
    ASTRAY_MODE=block run client_with_library "$LOG" curl -sS "http://0:$PORT/"
    require_mapped curl
    is "$status" 7
    the_attempt .event.action blocked
    the_attempt .destination.address 0
    ASTRAY_MODE=block run client_with_library "$LOG" curl -sS "http://127.0.0.1:$PORT/"
    is "$output" "here 127.0.0.1"
    is "$status" 0
}

@test "block mode: the kernel's own errors come first" {
    free_port
    ASTRAY_MODE=block run program_with_library "$LOG" oddconnect plain "$PORT"
    has "$output" "a stray address on a closed descriptor: -1, errno EBADF"
    has "$output" "a stray address on a file: -1, errno ENOTSOCK"
    has "$output" "a stray address on a connected socket: -1, errno EISCONN"
    has "$output" "a stray address on a connecting socket: -1, errno EALREADY"
    has "$output" "a stray address with a pending error: -1, errno ECONNREFUSED"
    has "$output" "a stray address across the end of a page: -1, errno EFAULT"
    PORTS_USED=$((PORTS_USED + 1))
}

@test "block mode: the origin is logged" {
    API_ADDR=0:$PORT ASTRAY_MODE=block run client_with_library "$LOG" curl -sS "http://0:$PORT/"
    has "$(attempts "$LOG" '.astray.origin | join(" ")')" env:API_ADDR
}

# ---- rewrite ----------------------------------------------------------

@test "rewrite mode: 192.0.2.9 reaches a listener on 127.0.0.1" {
    listen 127.0.0.1
    plainly 1 "$unreachable" "$PROGRAMS/connect" 192.0.2.9 "$PORT"
    mode_gives audit "$unreachable" 192.0.2.9 "$PORT"
    mode_gives rewrite "$(connected 127.0.0.1 "$PORT")" 192.0.2.9 "$PORT"
    the_attempt .event.action rewritten
    the_attempt .destination.ip 192.0.2.9
    the_attempt .destination.nat.ip 127.0.0.1
    the_attempt .destination.nat.port "$PORT"
    is "$(outcomes "$LOG" .event.outcome)" success
}

@test "rewrite mode: without a listener the outcome is what 127.0.0.1 gives" {
    plainly 1 "$unreachable" "$PROGRAMS/connect" 192.0.2.9 "$PORT"
    mode_gives rewrite "$refused" 192.0.2.9 "$PORT"
    is "$(outcomes "$LOG" .error.type)" ECONNREFUSED
}

@test "rewrite mode: http_proxy=8099 reaches the proxy on 127.0.0.1" {
    PORT=1080 # curl's own choice for a proxy without a port
    listen 127.0.0.1
    http_proxy=8099 run without_library curl -sS --max-time 5 http://www.example.test/
    is "$status" 7
    http_proxy=8099 ASTRAY_MODE=rewrite run client_with_library "$LOG" curl -sS http://www.example.test/
    require_mapped curl
    is "$output" "here 127.0.0.1"
    is "$status" 0
    the_attempt .astray.class this-network
    the_attempt .destination.address 8099
}

@test "rewrite mode: 2001:db8:: and 100:: reach a listener on ::1" {
    listen ::1
    plainly 1 "$unreachable" "$PROGRAMS/connect" 2001:db8::9 "$PORT"
    mode_gives rewrite "$(connected ::1 "$PORT")" 2001:db8::9 "$PORT"
    the_attempt .destination.nat.ip ::1
    plainly 1 "$unreachable" "$PROGRAMS/connect" 100::1 "$PORT"
    mode_gives rewrite "$(connected ::1 "$PORT")" 100::1 "$PORT"
    the_attempt .astray.class discard-only
}

@test "rewrite mode: :: goes to ::1" {
    listen ::1
    mode_gives rewrite "$(connected ::1 "$PORT")" :: "$PORT"
    the_attempt .event.action rewritten
    the_attempt .destination.ip ::
    the_attempt .destination.nat.ip ::1
}

@test "rewrite mode: a v4-mapped address goes to the v4-mapped target" {
    listen 127.0.0.1
    plainly 1 "$unreachable" "$PROGRAMS/connect" ::ffff:192.0.2.9 "$PORT"
    mode_gives rewrite "$(connected ::ffff:127.0.0.1 "$PORT")" ::ffff:192.0.2.9 "$PORT"
    the_attempt .event.action rewritten
}

@test "rewrite mode: a non-blocking connection" {
    listen 127.0.0.1
    plainly 1 "$unreachable" "$PROGRAMS/connect" -w 192.0.2.9 "$PORT"
    mode_gives rewrite $'connect: -1 EINPROGRESS\noutcome: ok\n'"peer: 127.0.0.1 $PORT" -w 192.0.2.9 "$PORT"
    the_attempt .event.outcome unknown
}

@test "rewrite mode: a socket that is bound to an address is left alone, and says so" {
    ip addr add 10.99.0.2/32 dev lo
    listen 10.99.0.2
    plainly 0 "$(connected 10.99.0.2 "$PORT")" "$PROGRAMS/connect" -a 10.99.0.2 0.0.0.0 "$PORT"
    mode_gives rewrite "$(connected 10.99.0.2 "$PORT")" -a 10.99.0.2 0.0.0.0 "$PORT"
    the_attempt .event.action detected
    has "$(attempts "$LOG" .astray.rewrite_skipped)" bound
    ip addr del 10.99.0.2/32 dev lo
}

@test "rewrite mode: a socket that is bound to a device is left alone, and says so" {
    listen 127.0.0.1
    "$PROGRAMS/connect" -d lo 127.0.0.1 "$PORT" || skip "SO_BINDTODEVICE is not permitted"
    capture plain without_library "$PROGRAMS/connect" -n -d lo 192.0.2.9 "$PORT"
    ASTRAY_MODE=rewrite capture library program_with_library "$LOG" connect -n -d lo 192.0.2.9 "$PORT"
    same plain library
    the_attempt .event.action detected
    has "$(attempts "$LOG" .astray.rewrite_skipped)" device
}

@test "rewrite mode: port 0 cannot be rewritten, and says so" {
    plainly 1 "$refused" "$PROGRAMS/connect" 127.0.0.1 0
    mode_gives rewrite "$refused" 127.0.0.1 0
    the_attempt .astray.class port-zero
    the_attempt .event.action detected
    has "$(attempts "$LOG" .astray.rewrite_skipped)" port
}

@test "rewrite and block mode: UDP is detected and never touched" {
    local mode
    plainly 1 "$unreachable" "$PROGRAMS/connect" -u 192.0.2.9 53
    plainly 0 "$(connected 127.0.0.1 53)" "$PROGRAMS/connect" -u 0.0.0.0 53
    for mode in rewrite block; do
        mode_gives "$mode" "$unreachable" -u 192.0.2.9 53
        the_attempt .event.action detected
        the_attempt .network.transport udp
        mode_gives "$mode" "$(connected 127.0.0.1 53)" -u 0.0.0.0 53
        the_attempt .event.action detected
    done
}

@test "a range that this host routes is not stray, in any mode" {
    local mode
    mode_gives audit "$unreachable" 192.0.2.9 "$PORT"
    is "$(attempts "$LOG" | wc -l)" 1
    ip addr add 10.99.0.1/32 dev lo
    ip route add 192.0.2.0/24 dev lo
    ip route add local 240.0.0.0/8 dev lo
    capture plain without_library "$PROGRAMS/connect" -w 192.0.2.9 "$PORT"
    for mode in audit rewrite block; do
        rm -f "$LOG"
        ASTRAY_MODE=$mode capture library program_with_library "$LOG" connect -n 192.0.2.9 "$PORT"
        no_records "$LOG"
        mode_gives "$mode" "$refused" 240.0.0.1 "$PORT"
        no_records "$LOG"
    done
    ip route del 192.0.2.0/24 dev lo
    ip route del local 240.0.0.0/8 dev lo
    ip addr del 10.99.0.1/32 dev lo
    mode_gives audit "$unreachable" 240.0.0.1 "$PORT"
    the_attempt .astray.class reserved
}

@test "0.0.0.0 stays stray when the host has routes" {
    ip route add 0.0.0.0/1 dev lo
    mode_gives audit "$refused" 0.0.0.0 "$PORT"
    the_attempt .astray.class unspecified
    ip route del 0.0.0.0/1 dev lo
}

@test "a sinkhole is logged, and neither rewritten nor blocked" {
    local mode hosts=$BATS_TEST_TMPDIR/hosts
    printf '127.0.0.1 localhost\n0.0.0.0 blocked.test\n' >"$hosts"
    with_hosts "$hosts" true || skip "no mount namespace can be made here"
    listen 127.0.0.1
    plainly 0 "$(connected 127.0.0.1 "$PORT")" with_hosts "$hosts" "$PROGRAMS/connect" -g blocked.test "$PORT"
    for mode in rewrite block; do
        rm -f "$LOG"
        ASTRAY_MODE=$mode run client_with_library "$LOG" with_hosts "$hosts" "$PROGRAMS/connect" -g blocked.test "$PORT"
        was_mapped connect
        is "$output" "$(connected 127.0.0.1 "$PORT")"
        the_attempt .astray.class sinkhole
        the_attempt .event.action detected
        the_attempt .destination.domain blocked.test
    done
    # The same address without the name is unspecified, and blocked.
    mode_gives block "$unreachable" 0.0.0.0 "$PORT"
}

@test "an address that a server looks up (AI_PASSIVE) is not remembered, a name is" {
    local hosts=$BATS_TEST_TMPDIR/hosts
    printf '127.0.0.1 localhost\n0.0.0.0 here.test\n' >"$hosts"
    with_hosts "$hosts" true || skip "no mount namespace can be made here"
    client_with_library "$LOG" with_hosts "$hosts" "$PROGRAMS/connect" -g here.test "$PORT" || true
    the_attempt .astray.class sinkhole
    rm "$LOG"
    client_with_library "$LOG" with_hosts "$hosts" "$PROGRAMS/connect" -p here.test "$PORT" || true
    the_attempt .astray.class sinkhole
    the_attempt .destination.domain here.test
    rm "$LOG"
    program_with_library "$LOG" connect -g 0x0 "$PORT" || true
    the_attempt .destination.address 0x0
    rm "$LOG"
    ASTRAY_ORIGIN=none program_with_library "$LOG" connect -p 0x0 "$PORT" || true
    the_attempt .destination.address 0.0.0.0
}

@test "the caller's address is not written, and may be read-only" {
    free_port
    ASTRAY_MODE=rewrite run program_with_library "$LOG" oddconnect all "$PORT"
    PORTS_USED=$((PORTS_USED + 1))
    has "$output" "0.0.0.0, read-only: 0, errno EXDEV, peer 127.0.0.1"
    has "$output" "0.0.0.0, misaligned: 0, errno EXDEV, peer 127.0.0.1"
    has "$output" "0.0.0.0 at the end of a page: 0, errno EXDEV, peer 127.0.0.1"
    has "$output" "192.0.2.9: 0, errno EXDEV, peer 127.0.0.1"
    has "$output" "2001:db8::9: 0, errno EXDEV, peer ::1"
}

# ---- audit ------------------------------------------------------------

@test "audit mode: start is written at the call, and the end repeats it" {
    mode_gives audit "$refused" 0.0.0.0 "$PORT"
    is "$(count_records "$LOG")" 2
    is "$(records "$LOG" '.event.type | join(" ")')" $'connection start\nconnection end'
    is "$(records "$LOG" .event.outcome)" $'unknown\nfailure'
    is "$(records "$LOG" .astray.attempt | uniq | wc -l)" 1
    is "$(records "$LOG" .destination.ip | uniq)" 0.0.0.0
    [ "$(outcomes "$LOG" .event.duration)" -gt 0 ]
    is "$(outcomes "$LOG" '.astray.listeners // [] | length')" 0
}

@test "audit mode: a process that is killed inside connect leaves its attempt behind" {
    listen 127.0.0.1
    kill -STOP "${SERVERS[0]}"
    # The queue is filled; the next one hangs in connect().
    "$PROGRAMS/connect" -n -r 600 127.0.0.1 "$PORT" >"$BATS_TEST_TMPDIR/filled" || true
    serve_with_library "$LOG" "$PROGRAMS/connect" 0.0.0.0 "$PORT"
    wait_for 10 test -s "$LOG"
    kill -9 "${SERVERS[-1]}" || true
    is "$(attempts "$LOG" .event.outcome)" unknown
    kill -CONT "${SERVERS[0]}"
}

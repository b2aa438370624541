#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031 # each test is a subshell of its own
#
# Odd calls of connect() and getaddrinfo(): the same results, errno, peers and pending errors with
# and without the library.

load helpers

setup()
{
    export LOG=$BATS_TEST_TMPDIR/log.ndjson
    free_port
    PORTS_USED=$((PORTS_USED + 1))
}

# same_calls WHICH: oddconnect prints the same without and with the library.
same_calls()
{
    capture plain without_library "$PROGRAMS/oddconnect" "$1" "$PORT"
    is "$(cat "$BATS_TEST_TMPDIR/plain.status")" 0
    capture library program_with_library "$LOG" oddconnect "$1" "$PORT"
    same plain library
}

@test "the table has more than 60 calls of connect, and two plain runs agree" {
    capture plain without_library "$PROGRAMS/oddconnect" all "$PORT"
    capture again without_library "$PROGRAMS/oddconnect" all "$PORT"
    same plain again
    [ "$(grep -vc '^look up' "$BATS_TEST_TMPDIR/plain.out")" -ge 60 ]
    [ "$(grep -c '^look up' "$BATS_TEST_TMPDIR/plain.out")" -ge 20 ]
    # A difference would be seen: the table holds successes and at least a dozen different errors.
    [ "$(grep -o 'errno [A-Z]*' "$BATS_TEST_TMPDIR/plain.out" | sort -u | wc -l)" -ge 12 ]
}

@test "audit mode changes none of them, stray ones included" {
    same_calls all
    [ "$(count_records "$LOG")" -gt 20 ]
}

@test "audit mode without a log changes none of them" {
    LOG=none
    same_calls all
}

@test "audit mode with parents' environments and failures changes none of them" {
    ASTRAY_ORIGIN=parents ASTRAY_FAILURES=1 ASTRAY_RATE=0 same_calls all
}

@test "rewrite mode changes none that is not stray" {
    ASTRAY_MODE=rewrite same_calls plain
    is "$(records "$LOG" 'select(.event.action == "rewritten")' | wc -l)" 0
}

@test "block mode changes none that is not stray" {
    ASTRAY_MODE=block same_calls plain
    is "$(records "$LOG" 'select(.event.action == "blocked")' | wc -l)" 0
}

@test "block mode changes the stray ones" {
    capture plain without_library "$PROGRAMS/oddconnect" all "$PORT"
    ASTRAY_MODE=block capture library program_with_library "$LOG" oddconnect all "$PORT"
    grep -q '^0.0.0.0 with a listener: 0, errno EXDEV, peer 127.0.0.1' "$BATS_TEST_TMPDIR/plain.out"
    grep -q '^0.0.0.0 with a listener: -1, errno ENETUNREACH, no peer (ENOTCONN), pending 0$' "$BATS_TEST_TMPDIR/library.out"
    grep -q '^:: with a listener: 0, errno EXDEV, peer ::1' "$BATS_TEST_TMPDIR/plain.out"
    grep -q '^:: with a listener: -1, errno ENETUNREACH' "$BATS_TEST_TMPDIR/library.out"
}

@test "every record of the table is one whole line of JSON with a unique id" {
    ASTRAY_RATE=0 capture library program_with_library "$LOG" oddconnect all "$PORT"
    is "$(jq -c . "$LOG" | wc -l)" "$(wc -l <"$LOG")"
    is "$(records "$LOG" .event.id | sort -u | wc -l)" "$(wc -l <"$LOG")"
    is "$(records "$LOG" 'select(.astray.suppressed)' | wc -l)" 0
}

@test "no record is written for calls that are no attempt" {
    capture library program_with_library "$LOG" oddconnect plain "$PORT"
    # What is left in `plain` and may be logged is UDP alone.
    is "$(records "$LOG" 'select(.network.transport != "udp")' | wc -l)" 0
}

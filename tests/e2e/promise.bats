#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031 # each test is a subshell of its own
#
# Calls that say "connected" and are wrong: TCP fast open, which promises before anybody answered,
# and a socket that met itself.

load helpers

setup()
{
    export LOG=$BATS_TEST_TMPDIR/log.ndjson
    free_port
}

# The client and the server's part, in this file's network namespace alone.
allow_fast_open()
{
    echo 3 >/proc/sys/net/ipv4/tcp_fastopen 2>/dev/null || skip 'net.ipv4.tcp_fastopen may not be set here'
    is "$(without_library "$PROGRAMS/promise" connect 0.0.0.0 "$PORT" | head -n 1)" 'connect: 0 ok' \
        'connect() where nobody listens'
}

# unchanged ARG...: `promise` does the same with the library, whose records are in LOG
unchanged()
{
    rm -f "$LOG"
    capture plain without_library "$PROGRAMS/promise" "$@"
    capture library program_with_library "$LOG" promise "$@"
    same plain library
}

# ends: what the records say of each outcome
ends()
{
    outcomes "$LOG" '[.event.action, .event.outcome, .error.type // "-", .astray.remark // "-"] | join(" ")'
}

@test "fast open: a connect that succeeds where nobody listens is told as refused" {
    allow_fast_open
    unchanged connect 0.0.0.0 "$PORT"
    is "$(cat "$BATS_TEST_TMPDIR/plain.out")" "$(printf 'connect: 0 ok\nsend: -1 ECONNREFUSED\nSO_ERROR: 0')"
    is "$(attempts "$LOG" .event.outcome)" unknown
    # The send took the error with it, and is not ours to see.
    is "$(ends)" 'detected failure - fast-open'
    has "$(outcomes "$LOG" .message)" 'by TCP fast open, which had told of success before'
    for way in unread twice; do
        unchanged "$way" 0.0.0.0 "$PORT"
        is "$(grep '^connect: ' "$BATS_TEST_TMPDIR/plain.out")" 'connect: 0 ok'
        is "$(attempts "$LOG" .event.outcome)" unknown
        has "$(ends)" 'detected failure '
        has "$(ends)" ' fast-open'
    done
    is "$(ends)" 'detected failure ECONNREFUSED fast-open' 'of a send that did not wait'
}

@test "fast open: where somebody listens it is a success, and told as fast open" {
    allow_fast_open
    for way in connect unread twice; do
        unchanged -l "$way" 0.0.0.0 "$PORT"
        is "$(attempts "$LOG" .event.outcome)" unknown
        is "$(ends)" 'detected success - fast-open' "$way"
    done
}

@test "fast open: a promise that was never tried is no success" {
    allow_fast_open
    unchanged silent 0.0.0.0 "$PORT"
    is "$(ends)" 'detected failure - fast-open'
    has "$(outcomes "$LOG" .message)" 'given up before there was an answer'
}

@test "fast open: sendto(MSG_FASTOPEN) is told as it ends" {
    allow_fast_open
    unchanged sendto 0.0.0.0 "$PORT"
    is "$(ends)" 'detected failure ECONNREFUSED -'
    unchanged -l sendto 0.0.0.0 "$PORT"
    is "$(ends)" 'detected success - -'
    unchanged sendto-later 0.0.0.0 "$PORT"
    is "$(grep sendto: "$BATS_TEST_TMPDIR/plain.out")" 'sendto: 1 ok'
    is "$(attempts "$LOG" .event.outcome)" unknown
    is "$(ends)" 'detected failure ECONNREFUSED fast-open'
}

@test "fast open: an ordinary destination that fails is told with failures = 1" {
    allow_fast_open
    ASTRAY_FAILURES=1 unchanged connect 127.0.0.1 "$PORT"
    is "$(ends)" 'failed failure - fast-open'
    is "$(records "$LOG" .event.reason)" failed
    ASTRAY_FAILURES=1 unchanged twice 127.0.0.1 "$PORT"
    is "$(ends)" 'failed failure ECONNREFUSED fast-open'
    ASTRAY_FAILURES=1 unchanged -l connect 127.0.0.1 "$PORT"
    no_records "$LOG"
}

@test "a socket that connects to itself is told as such, however its end is learned" {
    for way in self self-error self-close self-again; do
        unchanged "$way" 0.0.0.0 "$PORT"
        has "$(cat "$BATS_TEST_TMPDIR/plain.out")" 'what was sent came back: 1 ok'
        is "$(attempts "$LOG" .event.outcome)" unknown
        is "$(ends)" 'detected failure - connected-to-itself' "$way"
        has "$(outcomes "$LOG" .message)" 'the socket is connected to itself'
        unchanged "$way" 127.0.0.1 "$PORT"
        no_records "$LOG"
        ASTRAY_FAILURES=1 unchanged "$way" 127.0.0.1 "$PORT"
        is "$(ends)" 'failed failure - connected-to-itself' "$way"
        is "$(records "$LOG" .event.reason)" connected-to-itself
    done
}

@test "run and summary say both" {
    allow_fast_open
    export XDG_STATE_HOME=$BATS_TEST_TMPDIR/state ASTRAY_CONFIG=/dev/null
    run "$ASTRAY" run --log "$LOG" "$PROGRAMS/promise" self 0.0.0.0 "$PORT"
    has "$output" ', connected to itself'
    run "$ASTRAY" run --log "$LOG" "$PROGRAMS/promise" self 127.0.0.1 "$PORT"
    has "$output" '1 ordinary connection failed'
    has "$output" ', connected to itself'
    run "$ASTRAY" run --log "$LOG.open" "$PROGRAMS/promise" -l connect 0.0.0.0 "$PORT"
    has "$output" ', connected (by TCP fast open)'
    run "$ASTRAY" summary "$LOG.open"
    has "$output" 'connected (by TCP fast open)'
    run "$ASTRAY" summary "$LOG"
    has "$output" 'connected to itself'
    is "$("$ASTRAY" summary --format json "$LOG" | jq -c '.groups[0].errors')" '{"connected-to-itself":1}'
    is "$("$ASTRAY" summary --format json "$LOG.open" | jq -c '.groups[0] | [.outcomes.success, .fast_open]')" '[1,1]'
}

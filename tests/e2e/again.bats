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

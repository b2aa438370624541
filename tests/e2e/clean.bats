#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031 # each test is a subshell of its own
#
# The clean path: ordinary connections cost no system call and leave nothing behind.

load helpers

setup()
{
    export LOG=$BATS_TEST_TMPDIR/log.ndjson
    free_port
}

# calls_between_marks FILE: each system call between the two getppid(), counted
calls_between_marks()
{
    awk '/getppid\(/ { inside = !inside; next }
        inside { sub(/^[0-9]+ +/, ""); sub(/\(.*/, ""); count[$0]++ }
        END { for (name in count) print name, count[name] }' "$1" | sort
}

@test "1,000 clean connections make the same system calls with and without the library" {
    need strace
    strace -o /dev/null true || skip "strace is not permitted"
    listen 127.0.0.1
    serve "$PROGRAMS/listener" ::1 "$PORT"
    wait_for 10 "$PROGRAMS/connect" ::1 "$PORT"
    run without_library strace -f -o "$BATS_TEST_TMPDIR/plain" "$PROGRAMS/clean" 250 "$PORT"
    is "$output" "failed: 0"
    run strace -f -E LD_PRELOAD="$LIBRARY" -E ASTRAY_LOG="$LOG" -E ASTRAY_CONFIG=/dev/null \
        -E E2E_PROOF="$BATS_TEST_TMPDIR/proof" -o "$BATS_TEST_TMPDIR/library" "$PROGRAMS/clean" 250 "$PORT"
    is "$output" "failed: 0"
    is "$(cat "$BATS_TEST_TMPDIR/proof")" mapped
    is "$(calls_between_marks "$BATS_TEST_TMPDIR/plain")" $'close 1000\nconnect 1000\nsocket 1000'
    is "$(calls_between_marks "$BATS_TEST_TMPDIR/library")" $'close 1000\nconnect 1000\nsocket 1000'
    no_records "$LOG"
    # The counter would see a stray one.
    run strace -f -E LD_PRELOAD="$LIBRARY" -E ASTRAY_LOG="$LOG" -E ASTRAY_CONFIG=/dev/null \
        -o "$BATS_TEST_TMPDIR/stray" "$PROGRAMS/connect" 0.0.0.0 "$PORT"
    grep -q log.ndjson "$BATS_TEST_TMPDIR/stray"
}

@test "at load the library reads its file and nothing else" {
    need strace
    strace -o /dev/null true || skip "strace is not permitted"
    echo 'mode = audit' >"$BATS_TEST_TMPDIR/astray.conf"
    strace -E LD_PRELOAD="$LIBRARY" -E ASTRAY_CONFIG="$BATS_TEST_TMPDIR/astray.conf" -o "$BATS_TEST_TMPDIR/trace" /bin/true
    strace -o "$BATS_TEST_TMPDIR/plain" /bin/true
    grep -q 'astray.conf' "$BATS_TEST_TMPDIR/trace"
    is "$(grep -c '/proc/' "$BATS_TEST_TMPDIR/trace")" "$(grep -c '/proc/' "$BATS_TEST_TMPDIR/plain")" "reads of /proc"
    is "$(grep -c 'socket(' "$BATS_TEST_TMPDIR/trace")" 0
    strace -E LD_PRELOAD="$LIBRARY" -E ASTRAY_CONFIG="$BATS_TEST_TMPDIR/astray.conf" -E ASTRAY_DISABLE=1 \
        -o "$BATS_TEST_TMPDIR/disabled" /bin/true
    is "$(grep -c 'astray.conf' "$BATS_TEST_TMPDIR/disabled")" 0
}

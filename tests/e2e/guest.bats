#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031 # each test is a subshell of its own
#
# The library as a guest: fork, vfork, threads, signals, cancellation, small stacks, other libraries,
# sandboxes. A program prints the same and ends the same with and without it.

load helpers

setup()
{
    export LOG=$BATS_TEST_TMPDIR/log.ndjson ASTRAY_RATE=0
    free_port
}

teardown()
{
    stop_servers
    [ -z "${OPEN_DIRECTORY-}" ] || rm -rf "$OPEN_DIRECTORY"
}

# unharmed CASE [ARGUMENT]: `guest CASE` says and does the same under the library.
unharmed()
{
    capture plain without_library "$PROGRAMS/guest" "$1" "$PORT" "${@:2}"
    is "$(cat "$BATS_TEST_TMPDIR/plain.status")" 0
    [ ! -e "$LOG" ]
    capture library program_with_library "$LOG" guest "$1" "$PORT" "${@:2}"
    same plain library
}

# accounted COUNT: so many attempts are in the log or told as dropped, for want of a slot.
accounted()
{
    local dropped
    dropped=$(records "$LOG" '.astray.dropped // 0' | awk '{ sum += $1 } END { print sum + 0 }')
    is $(($(attempts "$LOG" | wc -l) + dropped)) "$1" "attempts and dropped ones ($dropped)"
    is "$(records "$LOG" .event.id | sort -u | wc -l)" "$(wc -l <"$LOG")" ids
    [ "$dropped" -lt "$1" ]
}

# whole_lines COUNT: so many attempts are in the log, each with its own id.
whole_lines()
{
    is "$(attempts "$LOG" | wc -l)" "$1" attempts
    is "$(records "$LOG" .event.id | sort -u | wc -l)" "$(wc -l <"$LOG")" ids
    is "$(records "$LOG" 'select(.astray.dropped or .astray.suppressed)' | wc -l)" 0 "records that tell of lost ones"
}

@test "a child of fork() logs with its own pid" {
    unharmed fork
    whole_lines 3
    is "$(attempts "$LOG" .process.pid | sort -u | wc -l)" 2
    is "$(attempts "$LOG" '[.process.pid, .process.thread.id] | unique | length' | sort -u)" 1
    local parent child
    parent=$(attempts "$LOG" .process.pid | head -n 1)
    child=$(attempts "$LOG" .process.pid | grep -vx "$parent")
    is "$(attempts "$LOG" "select(.process.pid == $child) | .process.parent.pid")" "$parent"
}

@test "fork() while four threads are inside connect()" {
    unharmed fork-threads
    is "$(records "$LOG" .event.id | sort -u | wc -l)" "$(wc -l <"$LOG")"
    [ "$(attempts "$LOG" .process.pid | sort -u | wc -l)" -ge 51 ]
}

@test "a child of vfork() logs with its own pid and harms no memory of its parent" {
    unharmed vfork
    whole_lines 3
    is "$(attempts "$LOG" .process.pid | uniq | wc -l)" 3
}

@test "a socket is not taken for one of its number that was closed unseen" {
    unharmed successor connects
    has "$(cat "$BATS_TEST_TMPDIR/plain.out")" 'second: EINPROGRESS'
    is "$(attempts "$LOG" .destination.port)" "$(printf '%s\n' "$PORT" $((PORT + 1)))"
    is "$(outcomes "$LOG" '"\(.destination.port) \(.error.type)"')" "$((PORT + 1)) ECONNREFUSED"
    rm "$LOG"
    unharmed successor accepts
    has "$(cat "$BATS_TEST_TMPDIR/plain.out")" 'its end: ok'
    is "$(attempts "$LOG" .destination.port)" "$PORT"
    is "$(outcomes "$LOG" .event.outcome)" ''
}

@test "32 threads at once: every connection is logged, or counted" {
    unharmed threads
    accounted 3200
    # The main thread connects to nothing: each record names the thread that did.
    is "$(attempts "$LOG" 'select(.process.thread.id == .process.pid)' | wc -l)" 0
    is "$(attempts "$LOG" .process.pid | sort -u | wc -l)" 1
}

@test "a signal handler that connects inside connect()" {
    unharmed signal
    is "$(records "$LOG" .event.id | sort -u | wc -l)" "$(wc -l <"$LOG")"
    [ "$(attempts "$LOG" | wc -l)" -ge 500 ]
}

@test "signal masks, dispositions and pending signals are kept" {
    unharmed signals-kept
    whole_lines 20
}

@test "threads cancelled inside connect() lose no slot and no record" {
    unharmed cancel
    # The last one goes to a port that refuses.
    is "$(attempts "$LOG" | wc -l)" 101
    is "$(records "$LOG" 'select(.astray.dropped)' | wc -l)" 0
}

@test "a thread with the smallest stack" {
    unharmed small-stack
    whole_lines 1
}

@test "a stack of 8 KiB with nothing below it" {
    unharmed tiny-stack
    whole_lines 1
}

@test "no descriptor stays open behind a finding" {
    unharmed leak
    whole_lines 50
}

@test "loaded with dlopen(), used and unloaded" {
    capture plain without_library "$PROGRAMS/guest" dlopen "$PORT" "$LIBRARY"
    is "$(cat "$BATS_TEST_TMPDIR/plain.status")" 0
    is "$(cat "$BATS_TEST_TMPDIR/plain.out")" $'before: EINPROGRESS\nloaded: yes\nloaded: EINPROGRESS\ncalled: EINPROGRESS\nclosed: EINPROGRESS'
}

@test "loaded with dlopen(), it logs what is called through it" {
    ASTRAY_LOG=$LOG ASTRAY_CONFIG=/dev/null run "$PROGRAMS/guest" dlopen "$PORT" "$LIBRARY"
    is "$status" 0
    is "$(attempts "$LOG" | wc -l)" 1
}

@test "a constructor of another library connects before ours has run" {
    local order
    for order in "$LIBRARY:$PROGRAMS/libearly.so" "$PROGRAMS/libearly.so:$LIBRARY"; do
        rm -f "$LOG"
        E2E_EARLY_PORT=$PORT LD_PRELOAD=$PROGRAMS/libearly.so run without_library "$PROGRAMS/guest" plain "$PORT"
        is "$output" $'early: -1 as ever\nplain: EINPROGRESS'
        E2E_EARLY_PORT=$PORT LIBRARY=$order run program_with_library "$LOG" guest plain "$PORT"
        is "$output" $'early: -1 as ever\nplain: EINPROGRESS'
        [ "$(attempts "$LOG" | wc -l)" -ge 1 ]
    done
}

@test "an allocator that connects inside malloc()" {
    local order
    LD_PRELOAD=$PROGRAMS/libmalloc.so capture plain without_library "$PROGRAMS/guest" threads "$PORT"
    is "$(cat "$BATS_TEST_TMPDIR/plain.status")" 0
    for order in "$LIBRARY:$PROGRAMS/libmalloc.so" "$PROGRAMS/libmalloc.so:$LIBRARY"; do
        rm -f "$LOG"
        LIBRARY=$order capture library program_with_library "$LOG" guest threads "$PORT"
        same plain library
        accounted 3200
    done
}

@test "jemalloc preloaded, before and behind" {
    local jemalloc='' candidate order
    for candidate in /usr/lib/*-linux-*/libjemalloc.so.2 /usr/lib64/libjemalloc.so.2 /usr/lib/libjemalloc.so.2; do
        [ ! -e "$candidate" ] || jemalloc=$candidate
    done
    [ -n "$jemalloc" ] || skip "libjemalloc.so.2 is not here"
    LD_PRELOAD=$jemalloc capture plain without_library "$PROGRAMS/guest" threads "$PORT"
    for order in "$LIBRARY:$jemalloc" "$jemalloc:$LIBRARY"; do
        rm -f "$LOG"
        LIBRARY=$order capture library program_with_library "$LOG" guest threads "$PORT"
        same plain library
        accounted 3200
    done
}

@test "a chroot without /proc: the program is unharmed, and the record says what is known" {
    mkdir -p "$BATS_TEST_TMPDIR/jail/log"
    chroot "$BATS_TEST_TMPDIR/jail" /none 2>&1 | grep -q 'No such file' || skip "chroot is not permitted"
    capture plain without_library "$PROGRAMS/guest" chroot "$PORT" "$BATS_TEST_TMPDIR/jail"
    is "$(cat "$BATS_TEST_TMPDIR/plain.out")" "chroot: EINPROGRESS"
    capture library program_with_library /log/jailed.ndjson guest chroot "$PORT" "$BATS_TEST_TMPDIR/jail"
    same plain library
    is "$(attempts "$BATS_TEST_TMPDIR/jail/log/jailed.ndjson" .astray.class)" unspecified
    rm "$BATS_TEST_TMPDIR/jail/log/jailed.ndjson"
    rmdir "$BATS_TEST_TMPDIR/jail/log"
    capture library program_with_library /log/jailed.ndjson guest chroot "$PORT" "$BATS_TEST_TMPDIR/jail"
    same plain library
}

@test "a sandbox that kills on any new system call: clean connections go through" {
    run without_library "$PROGRAMS/guest" seccomp "$PORT" strict
    [ "$status" -ge 128 ] || skip "no seccomp filter can be set here"
    unharmed seccomp
    no_records "$LOG"
}

@test "a program with raised privileges: its environment is ignored" {
    [ "$(id -u)" -eq 0 ] || skip "needs root"
    need setpriv cc
    # bats' own directory is closed to other users.
    OPEN_DIRECTORY=$(mktemp -d)
    local copy=$OPEN_DIRECTORY/raised directory=$OPEN_DIRECTORY
    LOG=$OPEN_DIRECTORY/log.ndjson
    chmod 777 "$OPEN_DIRECTORY"
    cp "$LIBRARY" "$directory/"
    cc -D_GNU_SOURCE -o "$copy" "$ROOT/tests/e2e/programs/connect.c" -Wl,--no-as-needed -L"$directory" \
        -l:libastray.so -Wl,-rpath,"$directory"
    local as_nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups)
    "${as_nobody[@]}" test -x "$copy" || skip "another user cannot reach $copy"
    # Linked, not preloaded: and without raised privileges the environment counts.
    ASTRAY_LOG=$LOG ASTRAY_CONFIG=/dev/null ASTRAY_MODE=block run "${as_nobody[@]}" "$copy" 0.0.0.0 "$PORT"
    is "$output" "connect: -1 ENETUNREACH"
    is "$(attempts "$LOG" .event.action)" blocked
    rm "$LOG"
    chown 0:0 "$copy"
    chmod 4755 "$copy"
    ASTRAY_LOG=$LOG ASTRAY_CONFIG=/dev/null ASTRAY_MODE=block run "${as_nobody[@]}" "$copy" 0.0.0.0 "$PORT"
    is "$output" "connect: -1 ECONNREFUSED"
    [ ! -e "$LOG" ]
}

@test "a musl program" {
    need musl-gcc
    musl-gcc -D_GNU_SOURCE -o "$BATS_TEST_TMPDIR/musl" "$ROOT/tests/e2e/programs/connect.c" ||
        skip "musl-gcc cannot build"
    run "$BATS_TEST_TMPDIR/musl" 127.0.0.1 "$PORT"
    is "$output" "connect: -1 ECONNREFUSED"
    capture plain without_library "$BATS_TEST_TMPDIR/musl" 0.0.0.0 "$PORT"
    E2E_PROOF=$BATS_TEST_TMPDIR/proof capture library with_library "$LOG" "$BATS_TEST_TMPDIR/musl" 0.0.0.0 "$PORT"
    is "$(cat "$BATS_TEST_TMPDIR/proof")" mapped
    same plain library
    is "$(attempts "$LOG" .astray.class)" unspecified
    ASTRAY_MODE=block run with_library "$LOG" "$BATS_TEST_TMPDIR/musl" 0.0.0.0 "$PORT"
    is "$output" "connect: -1 ENETUNREACH"
}

@test "64 processes write 1,000 records each into one file" {
    run without_library "$PROGRAMS/flood" 64 10 "$PORT"
    is "$status" 0
    ASTRAY_ORIGIN=none run program_with_library "$LOG" flood 64 1000 "$PORT"
    is "$status" 0
    is "$(wc -l <"$LOG")" 64000 lines
    # jq reads every line; one that is torn would be an error.
    is "$(jq -r '[.event.id, .process.pid] | join(" ")' "$LOG" | sort -u | wc -l)" 64000 "ids"
    is "$(jq -r .process.pid "$LOG" | sort | uniq -c | awk '$1 == 1000' | wc -l)" 64 "processes"
}

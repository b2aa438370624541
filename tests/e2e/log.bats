#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031 # each test is a subshell of its own
#
# A log in trouble: the program is unharmed, and none of its files gets our bytes.

load helpers

setup()
{
    export LOG=$BATS_TEST_TMPDIR/log.ndjson ASTRAY_RATE=0
    free_port
}

# unharmed CASE [ARGUMENT]: `guest CASE` says and does the same under the library that logs to LOG.
unharmed()
{
    capture plain without_library "$PROGRAMS/guest" "$1" "$PORT" "${@:2}"
    is "$(cat "$BATS_TEST_TMPDIR/plain.status")" 0
    capture library program_with_library "$LOG" guest "$1" "$PORT" "${@:2}"
    same plain library
}

@test "a directory that does not exist is not made" {
    LOG=$BATS_TEST_TMPDIR/none/log.ndjson
    unharmed many 20
    [ ! -e "$BATS_TEST_TMPDIR/none" ]
}

@test "a directory that may not be written" {
    mkdir -m 555 "$BATS_TEST_TMPDIR/locked"
    LOG=$BATS_TEST_TMPDIR/locked/log.ndjson
    chmod 755 "$BATS_TEST_TMPDIR"
    if [ "$(id -u)" -eq 0 ]; then
        need setpriv
        setpriv --reuid 65534 --clear-groups test -x "$PROGRAMS/guest" || skip "another user cannot reach the programs"
        run with_library "$LOG" setpriv --reuid 65534 --clear-groups "$PROGRAMS/guest" many "$PORT" 20
        is "$output" "wrong: 0"
        is "$status" 0
    else
        unharmed many 20
    fi
    [ ! -e "$LOG" ]
}

@test "a log that is a directory" {
    LOG=$BATS_TEST_TMPDIR/directory
    mkdir "$LOG"
    unharmed many 20
}

@test "a new log is readable by its owner alone" {
    unharmed plain
    is "$(stat -c %a "$LOG")" 600
}

@test "a disk that is full" {
    local disk=$BATS_TEST_TMPDIR/disk
    mkdir "$disk"
    # shellcheck disable=SC2016 # expanded by the inner shell
    unshare -m sh -c 'mount -t tmpfs -o size=16k tmpfs "$1"' sh "$disk" || skip "tmpfs cannot be mounted here"
    capture plain without_library "$PROGRAMS/guest" many "$PORT" 200
    # shellcheck disable=SC2016
    E2E_PROOF=$BATS_TEST_TMPDIR/proof capture library unshare -m bash -c '
        mount -t tmpfs -o size=16k tmpfs "$1" || exit 99
        export LD_PRELOAD=$2 ASTRAY_LOG=$1/log.ndjson ASTRAY_CONFIG=/dev/null
        "$3" many "$4" 200 || exit
        unset LD_PRELOAD
        cp "$1/log.ndjson" "$5"' bash "$disk" "$LIBRARY" "$PROGRAMS/guest" "$PORT" "$LOG"
    is "$(cat "$BATS_TEST_TMPDIR/proof")" mapped
    same plain library
    # What did get there is whole lines, but for the last one.
    [ "$(wc -c <"$LOG")" -le 16384 ]
    [ "$(sed '$d' "$LOG" | jq -c . | wc -l)" -ge 5 ]
}

@test "a FIFO that nobody reads, and one that somebody reads" {
    mkfifo "$LOG"
    unharmed many 20
    exec 8<>"$LOG"
    unharmed many 20
    run timeout 1 cat <&8
    is "$output" ""
    exec 8<&-
}

@test "a symbolic link is not followed" {
    echo precious >"$BATS_TEST_TMPDIR/victim"
    ln -s victim "$LOG"
    unharmed many 20
    is "$(cat "$BATS_TEST_TMPDIR/victim")" precious
    rm "$BATS_TEST_TMPDIR/victim"
    unharmed many 20
    [ ! -e "$BATS_TEST_TMPDIR/victim" ]
}

@test "devices: /dev/null, /dev/full and a terminal's name" {
    for LOG in /dev/null /dev/full /dev/tty; do
        unharmed many 20
    done
}

# Bytes that a program is allowed to write, by ulimit -f, in units of 1024 bytes.
@test "ulimit -f: a write over the limit kills nobody" {
    capture plain without_library "$PROGRAMS/guest" many "$PORT" 100
    # shellcheck disable=SC2016 # expanded by the inner shell
    capture library program_limited 'ulimit -f 16' many 100
    same plain library
    [ "$(wc -c <"$LOG")" -le 16384 ]
    [ "$(wc -c <"$LOG")" -gt 8000 ]
    # The limit is in force: a program that writes more is killed by SIGXFSZ.
    run bash -c "ulimit -f 16; exec head -c 100000 /dev/zero >'$BATS_TEST_TMPDIR/big'"
    [ "$status" -ne 0 ]
}

# program_limited LIMIT CASE [ARGUMENT]: guest under the library, behind LIMIT
program_limited()
{
    rm -f "$BATS_TEST_TMPDIR/proof"
    bash -c "$1"' && exec env LD_PRELOAD="$1" E2E_PROOF="$2" ASTRAY_LOG="$3" ASTRAY_CONFIG=/dev/null "${@:4}"' \
        bash "$LIBRARY" "$BATS_TEST_TMPDIR/proof" "$LOG" "$PROGRAMS/guest" "$2" "$PORT" "${@:3}"
}

@test "ulimit -f 0: no byte may be written" {
    # No proof can be written either: it is written first, and the limit set then. The program's
    # own output goes to a pipe, which has no limit.
    program_limited true plain
    is "$(cat "$BATS_TEST_TMPDIR/proof")" mapped
    rm "$LOG"
    # shellcheck disable=SC2016 # expanded by the inner shell
    run bash -c 'ulimit -f 0 && exec env LD_PRELOAD="$1" ASTRAY_LOG="$2" ASTRAY_CONFIG=/dev/null "${@:3}"' \
        bash "$LIBRARY" "$LOG" "$PROGRAMS/guest" many "$PORT" 20
    is "$output" "wrong: 0"
    is "$status" 0
    [ ! -s "$LOG" ]
}

@test "ulimit -n: no descriptor is left; what could not be logged is told when one is" {
    local limit='exec 3<&- 4<&- 5<&- 6<&- 7<&- 8<&- 9<&- 10<&-; ulimit -n 4'
    capture plain bash -c "$limit; exec '$PROGRAMS/guest' many '$PORT' 20"
    is "$(cat "$BATS_TEST_TMPDIR/plain.out")" "wrong: 0"
    # Four: the three standard ones, and the program's socket. The library finds no room.
    capture library program_limited "$limit" many 20
    same plain library
    is "$(attempts "$LOG" | wc -l)" 0
    # Its start and its end, of each attempt.
    is "$(records "$LOG" '.astray.dropped // 0' | awk '{ sum += $1 } END { print sum + 0 }')" 40
}

@test "descriptors 0 to 2 closed, and reopened as files of the program's own" {
    mkdir "$BATS_TEST_TMPDIR/own"
    local stage i
    for stage in without_library with; do
        if [ "$stage" = with ]; then
            run program_with_library "$LOG" guest closed "$PORT" "$BATS_TEST_TMPDIR/own"
        else
            run without_library "$PROGRAMS/guest" closed "$PORT" "$BATS_TEST_TMPDIR/own"
        fi
        is "$status" 0
        is "$output" ""
        for i in 0 1 2; do
            is "$(cat "$BATS_TEST_TMPDIR/own/own.$i")" "own $i"
        done
    done
    is "$(attempts "$LOG" | wc -l)" 3
}

@test "descriptors 0 to 2 closed: the log never takes their numbers" {
    run without_library "$PROGRAMS/guest" none-open "$PORT"
    is "$status" 0
    run program_with_library "$LOG" guest none-open "$PORT"
    is "$status" 0
    is "$output" ""
    need strace
    strace -o /dev/null true || skip "strace is not permitted"
    strace -E LD_PRELOAD="$LIBRARY" -E ASTRAY_LOG="$LOG" -E ASTRAY_CONFIG=/dev/null -e trace=write \
        -o "$BATS_TEST_TMPDIR/trace" "$PROGRAMS/guest" none-open "$PORT"
    grep -q '^write([3-9][0-9]*, "{' "$BATS_TEST_TMPDIR/trace"
    is "$(grep -c '^write([012],' "$BATS_TEST_TMPDIR/trace")" 0 "writes to 0, 1 and 2"
}

@test "closefrom(3), and the numbers reopened as files of the program's own" {
    mkdir "$BATS_TEST_TMPDIR/own"
    unharmed closefrom "$BATS_TEST_TMPDIR/own"
    local i
    for ((i = 3; i < 32; i++)); do
        is "$(cat "$BATS_TEST_TMPDIR/own/own.$i")" "own $i"
    done
    is "$(attempts "$LOG" | wc -l)" 31
}

@test "ASTRAY_LOG=stderr goes to what was standard error at load, and nowhere else" {
    without_library "$PROGRAMS/guest" plain "$PORT" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err"
    is "$(cat "$BATS_TEST_TMPDIR/err")" ""
    program_with_library stderr guest plain "$PORT" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err"
    is "$(cat "$BATS_TEST_TMPDIR/out")" "plain: EINPROGRESS"
    is "$(attempts "$BATS_TEST_TMPDIR/err" .astray.class)" unspecified
    mkdir "$BATS_TEST_TMPDIR/own"
    program_with_library stderr guest closed "$PORT" "$BATS_TEST_TMPDIR/own" 2>"$BATS_TEST_TMPDIR/err"
    is "$(cat "$BATS_TEST_TMPDIR/own/own.2")" "own 2"
}

@test "ASTRAY_LOG=stderr into a pipe that nobody reads any more kills nobody" {
    mkfifo "$BATS_TEST_TMPDIR/pipe"
    exec 9<>"$BATS_TEST_TMPDIR/pipe"
    exec 8>"$BATS_TEST_TMPDIR/pipe"
    exec 9<&-
    # Whoever writes there is killed.
    run bash -c 'exec head -c 1 /dev/zero >&8'
    is "$status" 141
    status=0
    program_with_library stderr guest many "$PORT" 20 >"$BATS_TEST_TMPDIR/out" 2>&8 || status=$?
    exec 8>&-
    is "$status" 0
    is "$(cat "$BATS_TEST_TMPDIR/out")" "wrong: 0"
}

@test "ASTRAY_LOG=syslog, and the fallback to it" {
    local python dev=$BATS_TEST_TMPDIR/dev
    python=$(find_python)
    mkdir "$dev"
    touch "$dev/null" "$dev/tty"
    # shellcheck disable=SC2016
    unshare -m sh -c 'mount --bind /dev/null "$1/null" && mount --rbind "$1" /dev' sh "$dev" ||
        skip "no mount namespace can be made here"
    serve "$python" -c 'if True:
        import socket, sys
        log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        log.bind(sys.argv[1])
        while True:
            print(log.recv(8192).decode(), flush=True)' "$dev/log"
    wait_for 10 test -S "$dev/log"
    local how file=$BATS_TEST_TMPDIR/server.0
    for how in syslog "$BATS_TEST_TMPDIR/none/log.ndjson"; do
        # shellcheck disable=SC2016
        unshare -m sh -c 'mount --bind /dev/null "$1/null" && mount --rbind "$1" /dev && export LD_PRELOAD="$2" && shift 2 && exec "$@"' \
            sh "$dev" "$LIBRARY" env ASTRAY_LOG="$how" ASTRAY_CONFIG=/dev/null "$PROGRAMS/guest" plain "$PORT"
        wait_for 10 test -s "$file"
        has "$(cat "$file")" '"class":"unspecified"'
        has "$(cat "$file")" '<'
        : >"$file"
    done
}

@test "nothing of ours is printed: \$(curl ...) is what it was" {
    listen 127.0.0.1
    # shellcheck disable=SC2016
    local script='x=$(curl -sS "http://0:$1/"); echo "[$x] $?"; y=$(curl -s "http://0:1/" 2>&1); echo "[$y] $?"'
    capture plain without_library sh -c "$script" sh "$PORT"
    capture library client_with_library "$LOG" sh -c "$script" sh "$PORT"
    same plain library
    require_mapped curl
    is "$(attempts "$LOG" | wc -l)" 2
}

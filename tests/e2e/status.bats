#!/usr/bin/env bats
# shellcheck disable=SC2016 # what stands in single quotes is for an inner shell
# astray status: which real processes are covered, and why the others are not.

load helpers

setup()
{
    export ASTRAY_CONFIG=/dev/null
}

# start COMMAND...: a process that the test ends; its process ID in PID. It has loaded its
# libraries when this returns.
start()
{
    serve "$@"
    PID=${SERVERS[-1]}
    wait_for 10 is_asleep "$PID"
}

is_asleep()
{
    grep -q '^State:.S' "/proc/$1/status"
}

# json FILTER ARG...
json()
{
    local filter=$1
    shift
    "$ASTRAY" status --format json "$@" | jq -r "$filter"
}

# told PID: "true loaded"
told()
{
    json '[.covered, .reason] | map(tostring) | join(" ")' "$@"
}

@test "a process under the library is covered, and one without it is not" {
    start env LD_PRELOAD="$LIBRARY" ASTRAY_LOG=none sleep 60
    is "$(told "$PID")" 'true loaded'
    is "$(json '[.pid, .name, .executable, .library] | map(tostring) | join(" ")' "$PID")" \
        "$PID sleep $(readlink "/proc/$PID/exe") $(realpath "$LIBRARY")"
    start sleep 60
    is "$(told "$PID")" 'false not-asked'
    is "$(json .library "$PID")" null
}

@test "one that is switched off or left out is not covered" {
    start env LD_PRELOAD="$LIBRARY" ASTRAY_DISABLE=1 sleep 60
    is "$(told "$PID")" 'false disabled'
    start env LD_PRELOAD="$LIBRARY" ASTRAY_LOG=none ASTRAY_SKIP='curl,sle*' sleep 60
    is "$(told "$PID")" 'false excluded'
    start env LD_PRELOAD="$LIBRARY" ASTRAY_LOG=none ASTRAY_ONLY='curl' sleep 60
    is "$(told "$PID")" 'false excluded'
    echo 'skip = sleep' >"$BATS_TEST_TMPDIR/astray.conf"
    start env LD_PRELOAD="$LIBRARY" ASTRAY_CONFIG="$BATS_TEST_TMPDIR/astray.conf" sleep 60
    is "$(told "$PID")" 'false excluded'
}

@test "a copy, a replaced and a removed library are told apart" {
    mkdir "$BATS_TEST_TMPDIR/copy"
    cp "$LIBRARY" "$BATS_TEST_TMPDIR/copy/"
    start env LD_PRELOAD="$BATS_TEST_TMPDIR/copy/libastray.so" ASTRAY_LOG=none sleep 60
    is "$(told "$PID")" 'true another-copy'
    is "$(told --library "$BATS_TEST_TMPDIR/copy/libastray.so" "$PID")" 'true loaded'
    cp "$LIBRARY" "$BATS_TEST_TMPDIR/copy/new"
    mv "$BATS_TEST_TMPDIR/copy/new" "$BATS_TEST_TMPDIR/copy/libastray.so"
    is "$(told --library "$BATS_TEST_TMPDIR/copy/libastray.so" "$PID")" 'true replaced'
    rm "$BATS_TEST_TMPDIR/copy/libastray.so"
    is "$(told "$PID")" 'true replaced'
}

@test "a cleared environment and a library that is not there are told apart" {
    start env LD_PRELOAD="$LIBRARY" ASTRAY_LOG=none \
        sh -c 'env -i PATH="$PATH" sleep 60 & echo $! >"$1"; wait' sh "$BATS_TEST_TMPDIR/child"
    wait_for 10 test -s "$BATS_TEST_TMPDIR/child"
    wait_for 10 sh -c 'grep -q "^Name:.sleep" "/proc/$1/status"' sh "$(cat "$BATS_TEST_TMPDIR/child")"
    is "$(told "$(cat "$BATS_TEST_TMPDIR/child")")" 'false cleared'
    kill "$(cat "$BATS_TEST_TMPDIR/child")"
    start env LD_PRELOAD=/nowhere/libastray.so sleep 60
    is "$(told "$PID")" 'false not-loaded'
}

@test "a static program is told" {
    need cc
    printf '#include <unistd.h>\nint main(void) { pause(); return 0; }\n' >"$BATS_TEST_TMPDIR/static.c"
    cc -static -o "$BATS_TEST_TMPDIR/static" "$BATS_TEST_TMPDIR/static.c" 2>/dev/null ||
        skip 'no static C library is here'
    start env LD_PRELOAD="$LIBRARY" "$BATS_TEST_TMPDIR/static"
    is "$(told "$PID")" 'false static'
    has "$("$ASTRAY" status "$PID")" "static ($PID): linked statically"
}

@test "a Go program is told, static or not" {
    need cc
    # The note that Go's linker leaves (cmd/link: ELF_NOTE_GOBUILDID_TAG).
    printf '%s\n' '#include <unistd.h>' \
        '__attribute__((section(".note.go.buildid"), used, aligned(4))) static const struct {' \
        '    unsigned name, size, tag; char go[4], id[4]; } note = {4, 4, 4, "Go", "abc"};' \
        'int main(void) { pause(); return 0; }' >"$BATS_TEST_TMPDIR/go.c"
    cc -o "$BATS_TEST_TMPDIR/cgo" "$BATS_TEST_TMPDIR/go.c"
    start env LD_PRELOAD="$LIBRARY" ASTRAY_LOG=none "$BATS_TEST_TMPDIR/cgo"
    is "$(told "$PID")" 'false go'
    is "$(json .library "$PID")" "$(realpath "$LIBRARY")"
    start "$BATS_TEST_TMPDIR/cgo"
    is "$(told "$PID")" 'false go'
    cc -static -o "$BATS_TEST_TMPDIR/go" "$BATS_TEST_TMPDIR/go.c" 2>/dev/null || return 0
    start env LD_PRELOAD="$LIBRARY" "$BATS_TEST_TMPDIR/go"
    is "$(told "$PID")" 'false go'
}

@test "a program of musl is covered, and a library of musl is no library for glibc" {
    need musl-gcc
    cd "$BATS_TEST_TMPDIR" || return
    printf '#include <unistd.h>\nint main(void) { pause(); return 0; }\n' >musl.c
    musl-gcc -o musl musl.c 2>/dev/null || skip 'musl-gcc does not work'
    start "$BATS_TEST_TMPDIR/musl"
    is "$(told "$PID")" 'false not-asked'
    start env LD_PRELOAD="$LIBRARY" ASTRAY_LOG=none "$BATS_TEST_TMPDIR/musl"
    is "$(told "$PID")" 'true loaded'
    echo 'int unused;' >library.c
    musl-gcc -shared -fPIC -o libother.so library.c
    start sleep 100
    ASTRAY_LIBRARY=$BATS_TEST_TMPDIR/libother.so
    export ASTRAY_LIBRARY
    is "$(told "$PID")" 'false libc'
}

# A folder that everybody can reach.
public()
{
    PUBLIC=$(mktemp -d /tmp/astray-status.XXXXXX)
    chmod 755 "$PUBLIC"
    cp "$ASTRAY" "$LIBRARY" "$PUBLIC"
}

teardown()
{
    stop_servers
    rm -rf "${PUBLIC:-}"
}

NOBODY=(setpriv --reuid 65534 --regid 65534 --clear-groups)

need_other_user()
{
    need setpriv
    if [ "$(id -u)" -ne 0 ] || ! "${NOBODY[@]}" true 2>/dev/null; then
        skip 'no other user can be taken on'
    fi
    public
}

@test "raised privileges are told" {
    need_other_user
    cp "$(command -v sleep)" "$PUBLIC/raised"
    chmod u+s "$PUBLIC/raised"
    start "${NOBODY[@]}" env LD_PRELOAD="$PUBLIC/libastray.so" "$PUBLIC/raised" 60
    [ "$(stat -c %u "/proc/$PID")" = 0 ] || skip 'set-user-ID does not count here'
    is "$(told --library "$PUBLIC/libastray.so" "$PID")" 'false set-id'
}

@test "what may not be read is unknown, not guessed" {
    need_other_user
    start sleep 60
    is "$("${NOBODY[@]}" "$PUBLIC/astray" status --format json "$PID" |
        jq -r '[.covered, .reason, .executable] | map(tostring) | join(" ")')" 'null unreadable null'
    has "$("${NOBODY[@]}" "$PUBLIC/astray" status "$PID")" '1 process: 1 unknown'
    start "${NOBODY[@]}" env LD_PRELOAD="$PUBLIC/libastray.so" ASTRAY_LOG=none sleep 60
    is "$("${NOBODY[@]}" "$PUBLIC/astray" status --format json "$PID" | jq .covered)" true
}

@test "a process that is gone, or was none, gives status 2, and the others are told" {
    start sleep 60
    run "$ASTRAY" status 4194304 x 0 -- "$PID"
    is "$status" 2
    has "$output" 'astray: process: "4194304": No such process'
    has "$output" 'astray: status: "x": is no process ID'
    has "$output" 'astray: status: "0": is no process ID'
    has "$output" "sleep ($PID)"
    "$ASTRAY" status "$PID" >/dev/null
}

@test "all processes are looked at, alike ones counted together, kernel threads left out" {
    start env LD_PRELOAD="$LIBRARY" ASTRAY_LOG=none sleep 61
    start env LD_PRELOAD="$LIBRARY" ASTRAY_LOG=none sleep 62
    run "$ASTRAY" status
    is "$status" 0
    has "$output" "     2  sleep (${SERVERS[0]}, ${SERVERS[1]})"
    is "$(printf '%s\n' "$output" | awk 'length > 80')" ''
    is "$("$ASTRAY" status --format json | jq -r .reason | grep -c no-program || true)" 0
    is "$("$ASTRAY" status --format json | jq -c 'keys_unsorted' | sort -u)" \
        '["pid","uid","name","executable","unit","covered","reason","explanation","library"]'
    # Ourselves we are not.
    sh -c 'echo $$ >"$1"; exec "$2" status --format json' sh "$BATS_TEST_TMPDIR/own" "$ASTRAY" >"$BATS_TEST_TMPDIR/all"
    is "$(jq --argjson own "$(cat "$BATS_TEST_TMPDIR/own")" 'select(.pid == $own)' "$BATS_TEST_TMPDIR/all")" ''
}

@test "processes that come and go meanwhile are no trouble" {
    serve bash -c 'for ((i = 0; i < 3000; i++)); do /bin/true; done'
    local round
    for round in 1 2 3 4 5 6 7 8 9 10; do
        "$ASTRAY" status --format json >"$BATS_TEST_TMPDIR/round.$round" 2>"$BATS_TEST_TMPDIR/errors"
        is "$(cat "$BATS_TEST_TMPDIR/errors")" ''
        jq -e .pid "$BATS_TEST_TMPDIR/round.$round" >/dev/null
    done
}

@test "no foreign byte reaches the terminal" {
    cp "$(command -v sleep)" "$BATS_TEST_TMPDIR/"$'bad\x1b[31mname\xff'
    start "$BATS_TEST_TMPDIR/"$'bad\x1b[31mname\xff' 60
    run "$ASTRAY" status "$PID"
    is "$(printf '%s' "$output" | LC_ALL=C tr -d '\12\40-\176' | wc -c)" 0
    has "$output" 'bad\x1b[31mname\xff'
    "$ASTRAY" status --format json "$PID" | jq -e .name >/dev/null
}

#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031 # each test is a subshell of its own
#
# Other worlds: the library for i386, for musl and for aarch64, each under programs of its own.

load helpers

I386=i386-linux-gnu
MUSL=$(uname -m)-linux-musl
ARM=aarch64-linux-gnu

# world TRIPLET: what follows is about that one; skips the test where it was not built.
world()
{
    TRIPLET=$1
    WORLD=$ROOT/build/$1
    RUNNER=()
    [ -e "$WORLD/libastray.so" ] || skip "no compiler for $1 is here"
    if [ "$1" = "$ARM" ] && [ "$(uname -m)" != aarch64 ]; then
        need qemu-aarch64
        RUNNER=(qemu-aarch64 -L /usr/aarch64-linux-gnu)
    fi
    "${RUNNER[@]}" "$WORLD/tests/worlds/test_text" >/dev/null || skip "programs for $1 do not start here"
    free_port
}

# plainly and under its library; the emulator itself is never under it.
plainly()
{
    "${RUNNER[@]}" "$@"
}

under_library()
{
    local -a preload=(env "LD_PRELOAD=$WORLD/libastray.so")
    [ ${#RUNNER[@]} -eq 0 ] || preload=("${RUNNER[@]}" -E "LD_PRELOAD=$WORLD/libastray.so")
    rm -f "$LOG" "$BATS_TEST_TMPDIR/proof"
    E2E_PROOF=$BATS_TEST_TMPDIR/proof ASTRAY_LOG=$LOG ASTRAY_CONFIG=/dev/null "${preload[@]}" "$@"
}

is_mapped()
{
    is "$(cat "$BATS_TEST_TMPDIR/proof")" mapped "the library in the program"
}

# unchanged [OPTION...] HOST PORT: the program does the same under the library
unchanged()
{
    capture plain plainly "$WORLD/tests/programs/connect" "$@"
    capture under under_library "$WORLD/tests/programs/connect" "$@"
    is_mapped
    same plain under
}

# audited REASON OUTCOME [OPTION...] HOST PORT: and one attempt is on record
audited()
{
    local reason=$1 outcome=$2
    shift 2
    unchanged "$@"
    is "$(attempts "$LOG" .event.reason)" "$reason" "attempts at $*"
    # The emulator lacks TCP_INFO, and so we lack the outcome of what was refused later.
    [ ${#RUNNER[@]} -eq 0 ] || ! grep -q EINPROGRESS "$BATS_TEST_TMPDIR/plain.out" ||
        outcome=${outcome##failure*}
    is "$(outcomes "$LOG" '.event.outcome + " " + (.error.type // "")')" "$outcome" "outcomes of $*"
    is "$(records "$LOG" .process.name | sort -u)" connect
}

unit_tests_pass()
{
    local test name
    for test in "$WORLD"/tests/worlds/test_*; do
        name=${test##*/test_}
        case $name in
        *.d) continue ;;
        memory | netlink_listeners | origin | process | program | socket)
            # The emulator does not show a foreign program's system truly: /proc, netlink, faults.
            [ ${#RUNNER[@]} -eq 0 ] || continue
            ;;
        esac
        run plainly "$test"
        is "$status" 0 "$test: $output"
        has "$output" "100%: Checks: "
    done
}

library_is_as_it_should_be()
{
    local library=$WORLD/libastray.so symbols
    need readelf
    symbols=$(readelf -W --dyn-syms "$library" | awk 'NR > 4 && $4 != "SECTION" { sub(/@.*/, "", $8); print $7 == "UND" ? "imports" : "exports", $8 }')
    is "$(echo "$symbols" | sed -n 's/^exports //p' | LC_ALL=C sort -u)" \
        "$(sed 's/#.*//; /^$/d' "$ROOT/tests/data/library-exports.txt" | LC_ALL=C sort -u)" exports
    is "$(echo "$symbols" | sed -n 's/^imports //p' | LC_ALL=C sort -u |
        LC_ALL=C comm -23 - <(sed 's/#.*//; /^$/d' "$ROOT/tests/data/library-imports.txt" | LC_ALL=C sort -u))" '' imports
    is "$(readelf -lW "$library" | grep -E ' TLS |GNU_STACK.*RWE' || true)" ''
    is "$(readelf -d "$library" | grep -E 'TEXTREL|STATIC_TLS' || true)" ''
    # Programs of another C library must not fail for want of this one.
    case $TRIPLET in
    *-musl) is "$(readelf -d "$library" | grep NEEDED || true)" '' ;;
    *) readelf -d "$library" | grep -q 'NEEDED.*\[libc.so.6\]' ;;
    esac
}

attempts_are_audited()
{
    audited unspecified 'failure ECONNREFUSED' 0.0.0.0 "$PORT"
    audited unspecified 'failure ECONNREFUSED' -w 0.0.0.0 "$PORT"
    audited unspecified 'failure ECONNREFUSED' :: "$PORT"
    audited documentation 'failure ENETUNREACH' 192.0.2.9 "$PORT"
    audited documentation 'failure ENETUNREACH' -w 2001:db8::9 "$PORT"
    audited unspecified 'failure ECONNREFUSED' -g 0 "$PORT"
    is "$(attempts "$LOG" .destination.address)" 0
    listen 127.0.0.1
    audited unspecified 'success ' 0.0.0.0 "$PORT"
    audited unspecified 'success ' -w 0.0.0.0 "$PORT"
    unchanged 127.0.0.1 "$PORT"
    no_records "$LOG"
    free_port
    ASTRAY_FAILURES=1 unchanged 127.0.0.1 "$PORT"
    is "$(records "$LOG" '.event.action + " " + .event.reason')" "failed connection-refused"
}

modes_act()
{
    listen 127.0.0.1
    ASTRAY_MODE=block run under_library "$WORLD/tests/programs/connect" -n 0.0.0.0 "$PORT"
    is_mapped
    is "$output" 'connect: -1 ENETUNREACH'
    is "$(attempts "$LOG" .event.action)" blocked
    ASTRAY_MODE=rewrite run under_library "$WORLD/tests/programs/connect" 192.0.2.9 "$PORT"
    is_mapped
    is "$output" "$(printf 'connect: 0 ok\npeer: 127.0.0.1 %s' "$PORT")"
    is "$(attempts "$LOG" .event.action)" rewritten
}

@test "i386: the unit tests of core and sys pass" { world "$I386" && unit_tests_pass; }
@test "i386: the library imports and exports what it should" { world "$I386" && library_is_as_it_should_be; }
@test "i386: attempts are on record, and nothing changes" { world "$I386" && attempts_are_audited; }
@test "i386: block and rewrite act" { world "$I386" && modes_act; }

@test "musl: the unit tests of core and sys pass" { world "$MUSL" && unit_tests_pass; }
@test "musl: the library imports and exports what it should" { world "$MUSL" && library_is_as_it_should_be; }
@test "musl: attempts are on record, and nothing changes" { world "$MUSL" && attempts_are_audited; }
@test "musl: block and rewrite act" { world "$MUSL" && modes_act; }

@test "aarch64: the unit tests of core pass" { world "$ARM" && unit_tests_pass; }
@test "aarch64: the library imports and exports what it should" { world "$ARM" && library_is_as_it_should_be; }
@test "aarch64: attempts are on record, and nothing changes" { world "$ARM" && attempts_are_audited; }
@test "aarch64: block and rewrite act" { world "$ARM" && modes_act; }

# ---- astray run chooses ----------------------------------------------------

# install_at FOLDER FILE: the command, and LIBRARY below lib
install_at()
{
    mkdir -p usr/bin "usr/$1/astray"
    cp "$ASTRAY" usr/bin/
    cp "$2" "usr/$1/astray/libastray.so"
}

# run_installed COMMAND...: `astray run` of what was installed, with its outputs in $output
run_installed()
{
    rm -f "$LOG"
    ASTRAY_CONFIG=/dev/null run usr/bin/astray run -v --log "$LOG" "$@"
}

# The folder that $LIB stands for in programs of LOADER.
lib_of()
{
    local folder
    folder=$(dirname "$(realpath "$1")")
    folder=${folder#/usr}
    echo "${folder#/}"
}

@test "astray run chooses the library of the program's world" {
    cd "$BATS_TEST_TMPDIR" || return
    # shellcheck disable=SC2153 # of the helpers
    install_at "lib/$(uname -m)-linux-gnu" "$LIBRARY"
    for triplet in "$I386" "$MUSL"; do
        [ -e "$ROOT/build/$triplet/libastray.so" ] || continue
        install_at "lib/$triplet" "$ROOT/build/$triplet/libastray.so"
        run_installed "$ROOT/build/$triplet/tests/programs/connect" 0.0.0.0 1
        has "$output" "library: \"$BATS_TEST_TMPDIR/usr/lib/$triplet/astray/libastray.so\": is preloaded"
        is "$(attempts "$LOG" .process.name)" connect "$triplet"
    done
    run_installed "$PROGRAMS/connect" 0.0.0.0 1
    has "$output" "usr/lib/$(uname -m)-linux-gnu/astray/libastray.so"
    is "$(attempts "$LOG" .process.name)" connect
}

@test "astray run refuses a machine for which there is no library" {
    world "$ARM"
    cd "$BATS_TEST_TMPDIR" || return
    install_at lib "$LIBRARY"
    run_installed "$WORLD/tests/programs/connect" 0.0.0.0 1
    is "$status" 125
    has "$output" 'is for aarch64, the library for x86-64'
    run_installed --library "$WORLD/libastray.so" true
    is "$status" 125
    has "$output" 'the library for aarch64'
}

@test "programs of both C libraries are covered by either library" {
    world "$MUSL"
    cd "$BATS_TEST_TMPDIR" || return
    install_at lib "$LIBRARY"
    run_installed "$WORLD/tests/programs/connect" 0.0.0.0 1
    is "$(attempts "$LOG" .process.name)" connect
    run_installed --library "$WORLD/libastray.so" sh -c \
        "'$PROGRAMS/connect' 0.0.0.0 1; '$WORLD/tests/programs/connect' 0.0.0.0 1; :"
    is "$(attempts "$LOG" .process.name)" "$(printf 'connect\nconnect')"
    case $output in *'not covered'*) false ;; esac
}

@test "with libraries for both word sizes programs of both are covered" {
    world "$I386"
    [ -e /lib64/ld-linux-x86-64.so.2 ] || skip "programs of x86-64 are not at home here"
    cd "$BATS_TEST_TMPDIR" || return
    install_at "$(lib_of /lib64/ld-linux-x86-64.so.2)" "$LIBRARY"
    both="'$PROGRAMS/connect' 0.0.0.0 1; '$WORLD/tests/programs/connect' 0.0.0.0 1; :"
    run_installed sh -c "$both"
    is "$(attempts "$LOG" .process.name)" connect
    has "$output" 'not covered: connect (another machine)'
    install_at "$(lib_of /lib/ld-linux.so.2)" "$WORLD/libastray.so"
    run_installed sh -c "$both"
    has "$output" "library: \"$BATS_TEST_TMPDIR/usr/\$LIB/astray/libastray.so\": is preloaded"
    is "$(attempts "$LOG" .process.name)" "$(printf 'connect\nconnect')"
    case $output in *'not covered'* | *ERROR*) false ;; esac
    run_installed "$WORLD/tests/programs/connect" 0.0.0.0 1
    has "$output" "\$LIB/astray/libastray.so"
    is "$(attempts "$LOG" .process.name)" connect
}

@test "a library of another world stops no program" {
    world "$I386"
    capture plain "$PROGRAMS/connect" 0.0.0.0 "$PORT"
    capture other env LD_PRELOAD="$WORLD/libastray.so" ASTRAY_LOG="$LOG" "$PROGRAMS/connect" 0.0.0.0 "$PORT"
    diff "$BATS_TEST_TMPDIR/plain.out" "$BATS_TEST_TMPDIR/other.out"
    diff "$BATS_TEST_TMPDIR/plain.status" "$BATS_TEST_TMPDIR/other.status"
    has "$(cat "$BATS_TEST_TMPDIR/other.err")" 'cannot be preloaded'
    no_records "$LOG"
    world "$MUSL"
    capture plain "$WORLD/tests/programs/connect" 0.0.0.0 "$PORT"
    capture other env LD_PRELOAD="$ROOT/build/$I386/libastray.so" ASTRAY_LOG="$LOG" \
        "$WORLD/tests/programs/connect" 0.0.0.0 "$PORT"
    same plain other
    no_records "$LOG"
}

@test "uninstall-worlds removes exactly what install-worlds made" {
    local tree=$BATS_TEST_TMPDIR/tree triplet wanted=()
    for triplet in "$ARM" "$I386" "$MUSL"; do
        [ ! -e "$ROOT/build/$triplet/libastray.so" ] || wanted+=("$tree/usr/lib/$triplet/astray/libastray.so")
    done
    [ ${#wanted[@]} -gt 0 ] || skip 'no compiler for another machine or C library is here'
    make -s -C "$ROOT" install-worlds DESTDIR="$tree" prefix=/usr
    is "$(find "$tree" -type f | sort)" "$(printf '%s\n' "${wanted[@]}")"
    make -s -C "$ROOT" uninstall-worlds DESTDIR="$tree" prefix=/usr
    is "$(find "$tree")" "$tree"
}

#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031 # each test is a subshell of its own
#
# The frame itself: what the other files rely on.

load helpers

@test "the helpers refuse another interface than loopback" {
    ip link add other0 type veth peer name other1 2>/dev/null ||
        ip link add other0 type dummy 2>/dev/null || skip "no kind of interface can be added here"
    run require_namespace
    ip link del other0
    is "$status" 1
    has "$output" other0
    require_namespace
}

@test "the helpers refuse a default route" {
    ip route add default dev lo
    run require_namespace
    ip route del default
    is "$status" 1
    has "$output" "default dev lo"
    require_namespace
}

@test "nothing outside the machine is reachable" {
    run "$PROGRAMS/connect" 198.51.100.7 80
    is "$output" "connect: -1 ENETUNREACH"
    is "$status" 1
}

@test "a program proves the library in its maps, and its absence" {
    program_with_library "$LOG" connect 127.0.0.1 1 || is $? 1
    is "$(cat "$BATS_TEST_TMPDIR/proof")" mapped
    E2E_PROOF=$BATS_TEST_TMPDIR/proof without_library "$PROGRAMS/connect" 127.0.0.1 1 || is $? 1
    is "$(cat "$BATS_TEST_TMPDIR/proof")" absent
}

@test "a client that lives for a moment is proven" {
    client_with_library "$LOG" /bin/true
    was_mapped true
    client_with_library "$LOG" sh -c '/bin/true; exec env true'
    was_mapped sh
    was_mapped true
    was_mapped env
}

@test "a client that drops LD_PRELOAD is not proven" {
    client_with_library "$LOG" sh -c 'env -i /bin/true'
    was_mapped sh
    was_mapped env
    run was_mapped true
    is "$status" 1
    LD_PRELOAD='' LIBRARY='' client_with_library "$LOG" /bin/true
    run was_mapped true
    is "$status" 1
}

@test "a static client is not proven" {
    need cc
    cc -static -o "$BATS_TEST_TMPDIR/static" "$ROOT/tests/e2e/programs/connect.c" 2>/dev/null ||
        skip "no static C library is here"
    # shellcheck disable=SC2016 # expanded by the inner shell
    client_with_library "$LOG" sh -c '"$1" 127.0.0.1 1; true' sh "$BATS_TEST_TMPDIR/static"
    was_mapped sh
    run was_mapped static
    is "$status" 1
    # shellcheck disable=SC2317 # called by require_mapped
    skip() { echo "skipped: $*"; }
    run require_mapped static
    unset -f skip
    has "$output" "skipped: static does not load the library"
}

@test "a program that fails without a word is counted as failed" {
    mkdir -p "$BATS_TEST_TMPDIR/tests/unit" "$BATS_TEST_TMPDIR/build/tests/unit"
    cp "$ROOT/tests/run" "$BATS_TEST_TMPDIR/tests/"
    local name
    for name in dies silent fine; do
        : >"$BATS_TEST_TMPDIR/tests/unit/test_$name.c"
    done
    cd "$BATS_TEST_TMPDIR/build/tests/unit"
    printf '#!/bin/sh\nkill -9 $$\n' >test_dies
    printf '#!/bin/sh\nexit 0\n' >test_silent
    printf '#!/bin/sh\necho "100%%: Checks: 7, Failures: 0, Errors: 0"\n' >test_fine
    chmod +x test_*
    run "$BATS_TEST_TMPDIR/tests/run" unit
    is "$status" 1
    is "${lines[-1]}" "7 passed, 2 failed, 0 skipped"
}

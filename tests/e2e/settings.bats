#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031 # each test is a subshell of its own
#
# Every setting, from the environment and from astray.conf, has its effect; a wrong one is told once
# and the default holds.

load helpers

setup()
{
    export LOG=$BATS_TEST_TMPDIR/log.ndjson
    free_port
}

# goes [OPTION...] HOST PORT: connects under the library with the settings of the caller's environment
goes()
{
    run program_with_library "$LOG" connect "$@"
}

# with_file LINE... -- [OPTION...] HOST PORT: the same with settings from an astray.conf
with_file()
{
    local file=$BATS_TEST_TMPDIR/astray.conf
    : >"$file"
    while [ "$1" != -- ]; do
        echo "$1" >>"$file"
        shift
    done
    shift
    rm -f "$BATS_TEST_TMPDIR/proof"
    E2E_PROOF=$BATS_TEST_TMPDIR/proof LD_PRELOAD=$LIBRARY ASTRAY_CONFIG=$file run "$PROGRAMS/connect" "$@"
    is "$(cat "$BATS_TEST_TMPDIR/proof")" mapped
}

refused='connect: -1 ECONNREFUSED'
unreachable='connect: -1 ENETUNREACH'

# detected CLASS COUNT
detected()
{
    is "$(attempts "$LOG" "select(.astray.class == \"$1\")" | wc -l)" "$2" "attempts of class $1"
}

@test "ASTRAY_DISABLE=1 turns everything off" {
    goes 0.0.0.0 "$PORT"
    detected unspecified 1
    rm "$LOG"
    ASTRAY_DISABLE=1 ASTRAY_MODE=block goes 0.0.0.0 "$PORT"
    is "$output" "$refused"
    no_records "$LOG"
    ASTRAY_DISABLE=0 goes 0.0.0.0 "$PORT"
    detected unspecified 1
}

@test "ASTRAY_MODE: audit is the default" {
    goes 0.0.0.0 "$PORT"
    is "$output" "$refused"
    is "$(attempts "$LOG" .astray.mode)" audit
    ASTRAY_MODE=block goes 0.0.0.0 "$PORT"
    is "$output" "$unreachable"
    ASTRAY_MODE=rewrite goes 192.0.2.9 "$PORT"
    is "$output" "$refused"
}

@test "ASTRAY_LOG: %u, %p and %e, and none" {
    LOG=$BATS_TEST_TMPDIR/%u-%e-%p%%.ndjson goes 0.0.0.0 "$PORT"
    local made
    made=$(cd "$BATS_TEST_TMPDIR" && ls -- *connect*.ndjson)
    is "$made" "$(id -u)-connect-$(records "$BATS_TEST_TMPDIR/$made" .process.pid | head -n 1)%.ndjson"
    rm "$BATS_TEST_TMPDIR/$made"
    LOG=none goes 0.0.0.0 "$PORT"
    is "$output" "$refused"
    is "$(find "$BATS_TEST_TMPDIR" -name '*.ndjson' | wc -l)" 0
}

@test "ASTRAY_LOG_LIMIT: a log is not grown beyond it" {
    ASTRAY_RATE=0 goes -n -r 100 0.0.0.0 "$PORT"
    [ "$(wc -c <"$LOG")" -gt 20000 ]
    rm "$LOG"
    ASTRAY_RATE=0 ASTRAY_LOG_LIMIT=8K goes -n -r 100 0.0.0.0 "$PORT"
    [ "$(wc -c <"$LOG")" -le 8192 ]
    [ "$(count_records "$LOG")" -ge 2 ]
}

@test "ASTRAY_FAILURES: a failed connection to an ordinary destination" {
    goes 127.0.0.1 "$PORT"
    no_records "$LOG"
    ASTRAY_FAILURES=1 goes 127.0.0.1 "$PORT"
    is "$output" "$refused"
    is "$(records "$LOG" .event.action)" failed
    is "$(records "$LOG" .event.reason)" connection-refused
    is "$(records "$LOG" .error.type)" ECONNREFUSED
    is "$(records "$LOG" .destination.ip)" 127.0.0.1
    listen 127.0.0.1
    rm "$LOG"
    ASTRAY_FAILURES=1 goes 127.0.0.1 "$PORT"
    no_records "$LOG"
}

@test "ASTRAY_ORIGIN: own, parents, none" {
    printf '#!/bin/sh\nAPI_ADDR=0:%s sh -c "%s 0.0.0.0 %s; true"\n' "$PORT" "$PROGRAMS/connect" "$PORT" >"$BATS_TEST_TMPDIR/deploy.sh"
    chmod +x "$BATS_TEST_TMPDIR/deploy.sh"
    ASTRAY_ORIGIN=own with_library "$LOG" "$BATS_TEST_TMPDIR/deploy.sh"
    has " $(attempts "$LOG" '.astray.origin | join(" ")') " " env:API_ADDR "
    rm "$LOG"
    ASTRAY_ORIGIN=parents with_library "$LOG" "$BATS_TEST_TMPDIR/deploy.sh"
    has " $(attempts "$LOG" '.astray.origin | join(" ")')" " env:API_ADDR@deploy.sh["
    rm "$LOG"
    ASTRAY_ORIGIN=none with_library "$LOG" "$BATS_TEST_TMPDIR/deploy.sh"
    is "$(attempts "$LOG" '.astray.origin // [] | length')" 0
}

@test "ASTRAY_CLASSES: adding and removing a class" {
    goes 10.1.2.3 "$PORT"
    no_records "$LOG"
    ASTRAY_CLASSES=default,+private goes 10.1.2.3 "$PORT"
    detected private 1
    rm "$LOG"
    ASTRAY_CLASSES=-documentation goes 192.0.2.9 "$PORT"
    no_records "$LOG"
    ASTRAY_CLASSES=-documentation goes 0.0.0.0 "$PORT"
    detected unspecified 1
    rm "$LOG"
    ASTRAY_CLASSES=+loopback goes 127.0.0.1 "$PORT"
    detected loopback 1
}

@test "ASTRAY_ALLOW: addresses, prefixes and ports" {
    local allow
    for allow in 192.0.2.9 192.0.2.0/24 "192.0.2.9:$PORT" "10.0.0.1,192.0.2.0/28"; do
        ASTRAY_ALLOW=$allow ASTRAY_MODE=rewrite goes 192.0.2.9 "$PORT"
        is "$output" "$unreachable" "$allow"
        no_records "$LOG"
    done
    ASTRAY_ALLOW=192.0.2.9:$((PORT + 1)) goes 192.0.2.9 "$PORT"
    detected documentation 1
    rm "$LOG"
    ASTRAY_ALLOW="[2001:db8::9]:$PORT" goes 2001:db8::9 "$PORT"
    no_records "$LOG"
    ASTRAY_ALLOW="[2001:db8::9]:$PORT" goes 2001:db8::8 "$PORT"
    detected documentation 1
}

@test "ASTRAY_ONLY and ASTRAY_SKIP: by the executable" {
    ASTRAY_ONLY=curl goes 0.0.0.0 "$PORT"
    no_records "$LOG"
    ASTRAY_SKIP='conn*' goes 0.0.0.0 "$PORT"
    no_records "$LOG"
    ASTRAY_SKIP='*/programs/*' goes 0.0.0.0 "$PORT"
    no_records "$LOG"
    ASTRAY_ONLY='curl,conn*' ASTRAY_SKIP=wget goes 0.0.0.0 "$PORT"
    detected unspecified 1
}

@test "ASTRAY_REWRITE_TO: another target" {
    listen 127.0.0.7
    ASTRAY_MODE=rewrite goes 192.0.2.9 "$PORT"
    is "$output" "$refused"
    ASTRAY_MODE=rewrite ASTRAY_REWRITE_TO=127.0.0.7 goes 192.0.2.9 "$PORT"
    is "$output" $'connect: 0 ok\n'"peer: 127.0.0.7 $PORT"
}

@test "ASTRAY_REWRITE_CLASSES: the others are detected" {
    ASTRAY_MODE=rewrite ASTRAY_REWRITE_CLASSES=documentation goes 192.0.2.9 "$PORT"
    is "$(attempts "$LOG" .event.action)" rewritten
    rm "$LOG"
    ASTRAY_MODE=rewrite ASTRAY_REWRITE_CLASSES=documentation goes 240.0.0.1 "$PORT"
    is "$output" "$unreachable"
    is "$(attempts "$LOG" .event.action)" detected
}

@test "ASTRAY_RATE: what is over it is told, and an attempt without its record has no outcome" {
    ASTRAY_RATE=10 goes -n -r 1000 0.0.0.0 "$PORT"
    local written suppressed
    written=$(attempts "$LOG" | wc -l)
    suppressed=$(records "$LOG" '.astray.suppressed // 0' | awk '{ sum += $1 } END { print sum + 0 }')
    [ "$written" -lt 1000 ]
    is $((written + suppressed)) 1000 "attempts"
    rm "$LOG"
    ASTRAY_RATE=0 goes -n -r 1000 0.0.0.0 "$PORT"
    is "$(attempts "$LOG" | wc -l)" 1000
    rm "$LOG"
    ASTRAY_RATE=10 goes -r 500 0.0.0.0 "$PORT"
    is "$(outcomes "$LOG" .astray.attempt | sort)" "$(attempts "$LOG" .astray.attempt | sort)"
}

@test "ASTRAY_ARGUMENTS: masked, and none" {
    need curl
    client_with_library "$LOG" curl -sS -o /dev/null -u joe:hunter2 "http://ann:sesame@0:$PORT/" || true
    require_mapped curl
    local arguments
    arguments=$(attempts "$LOG" '.process.args | join(" ")')
    has "$arguments" "***"
    is "$(grep -c -e hunter2 -e sesame "$LOG")" 0 "secrets"
    rm "$LOG"
    ASTRAY_ARGUMENTS=none client_with_library "$LOG" curl -sS -o /dev/null "http://ann:sesame@0:$PORT/" || true
    is "$(attempts "$LOG" '.process.args // [] | length')" 0
    is "$(grep -c sesame "$LOG")" 0 "secrets"
}

@test "ASTRAY_RUN: a label" {
    goes 0.0.0.0 "$PORT"
    is "$(attempts "$LOG" 'has("astray") and (.astray | has("run"))')" false
    rm "$LOG"
    ASTRAY_RUN='nightly #7 "x"' goes 0.0.0.0 "$PORT"
    is "$(attempts "$LOG" .astray.run)" 'nightly #7 "x"'
}

@test "ASTRAY_DEEPBIND takes its two words" {
    local word
    for word in keep strip; do
        rm -f "$LOG"
        ASTRAY_DEEPBIND=$word goes 0.0.0.0 "$PORT"
        is "$(records "$LOG" 'select(.event.action == "misconfigured")' | wc -l)" 0
        detected unspecified 1
    done
}

@test "astray.conf: comments, blanks, and the environment above it" {
    with_file "# a comment" "" "  mode =  block   # and another" "log = $LOG" "run = from the file" -- 0.0.0.0 "$PORT"
    is "$output" "$unreachable"
    is "$(attempts "$LOG" .event.action)" blocked
    is "$(attempts "$LOG" .astray.run)" "from the file"
    rm "$LOG"
    ASTRAY_MODE=audit with_file "mode = block" "log = $LOG" -- 0.0.0.0 "$PORT"
    is "$output" "$refused"
    is "$(attempts "$LOG" .astray.mode)" audit
}

@test "astray.conf: every other setting" {
    with_file "log = $LOG" "disable = 1" -- 0.0.0.0 "$PORT"
    no_records "$LOG"
    with_file "log = $LOG" "allow = 192.0.2.0/24, 198.51.100.1" -- 192.0.2.9 "$PORT"
    no_records "$LOG"
    with_file "log = $LOG" "only = curl" -- 0.0.0.0 "$PORT"
    no_records "$LOG"
    with_file "log = $LOG" "skip = connect" -- 0.0.0.0 "$PORT"
    no_records "$LOG"
    with_file "log = $LOG" "classes = -unspecified" -- 0.0.0.0 "$PORT"
    no_records "$LOG"
    with_file "log = $LOG" "failures = 1" "log_limit = 1M" "rate = 5" "origin = none" "arguments = none" \
        "deepbind = keep" "rewrite_to = 127.0.0.1" "rewrite_classes = documentation" -- 127.0.0.1 "$PORT"
    is "$(records "$LOG" .event.action)" failed
}

@test "a wrong value is told just before the first finding, and the default holds" {
    ASTRAY_MODE=rewritte goes 127.0.0.1 "$PORT"
    no_records "$LOG"
    ASTRAY_MODE=rewritte goes -r 2 0.0.0.0 "$PORT"
    is "$output" "$refused"$'\n'"$refused"
    is "$(records "$LOG" .event.action | head -n 1)" misconfigured
    is "$(records "$LOG" 'select(.event.action == "misconfigured")' | wc -l)" 1
    has "$(records "$LOG" '.message, .error.message // ""' | head -n 2)" rewritte
    is "$(records "$LOG" 'select(.event.action == "misconfigured") | .event.category | join(" ")')" configuration
    is "$(attempts "$LOG" .astray.mode | sort -u)" audit
    is "$(attempts "$LOG" | wc -l)" 2
}

@test "every setting with a wrong value is told and harms nobody" {
    local name
    for name in MODE LOG_LIMIT FAILURES ORIGIN CLASSES ALLOW REWRITE_TO REWRITE_CLASSES DEEPBIND RATE ARGUMENTS; do
        rm -f "$LOG"
        export "ASTRAY_$name=!nonsense"
        goes 0.0.0.0 "$PORT"
        unset "ASTRAY_$name"
        is "$output" "$refused" "$name"
        is "$(records "$LOG" .event.action | head -n 1)" misconfigured "$name"
        detected unspecified 1
    done
}

@test "a wrong line of astray.conf is told, the others hold" {
    with_file "log = $LOG" "mode = block" "colour = blue" "nonsense" -- 0.0.0.0 "$PORT"
    is "$output" "$unreachable"
    is "$(records "$LOG" .event.action | head -n 1)" misconfigured
    is "$(attempts "$LOG" .event.action)" blocked
}

@test "a missing, unreadable or monstrous astray.conf harms nobody" {
    local file=$BATS_TEST_TMPDIR/monster.conf
    ASTRAY_CONFIG=$BATS_TEST_TMPDIR/none/astray.conf goes 0.0.0.0 "$PORT"
    is "$output" "$refused"
    ASTRAY_CONFIG=$BATS_TEST_TMPDIR goes 0.0.0.0 "$PORT"
    is "$output" "$refused"
    head -c 3000000 /dev/urandom >"$file"
    ASTRAY_CONFIG=$file goes 0.0.0.0 "$PORT"
    is "$output" "$refused"
    tr '\0' '=' </dev/zero | head -c 1000000 >"$file"
    ASTRAY_CONFIG=$file goes 0.0.0.0 "$PORT"
    is "$output" "$refused"
    mkfifo "$BATS_TEST_TMPDIR/fifo.conf"
    ASTRAY_CONFIG=$BATS_TEST_TMPDIR/fifo.conf goes 0.0.0.0 "$PORT"
    is "$output" "$refused"
}

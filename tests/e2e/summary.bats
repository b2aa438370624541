#!/usr/bin/env bats
# shellcheck disable=SC2002,SC2143,SC2154,SC2164 # a pipe is meant; run sets stderr; cd cannot fail
# astray summary: logs as they are found on real machines, and what is written about them.

bats_require_minimum_version 1.5.0
load helpers

DATA=$ROOT/tests/data

setup()
{
    cd "$BATS_TEST_TMPDIR" || return
    export XDG_STATE_HOME=$BATS_TEST_TMPDIR/state COLUMNS=80
}

# total NAME LOG...: one total of the JSON form.
total()
{
    local name=$1
    shift
    "$ASTRAY" summary --format json "$@" 2> /dev/null | jq -c ".$name"
}

@test "the text is the stored one, at 80 columns" {
    LC_ALL=C.UTF-8 "$ASTRAY" summary "$DATA/summary.ndjson" > got.txt
    diff -u "$DATA/summary.txt" got.txt
    [ "$(LC_ALL=C.UTF-8 grep -c -E '^.{81,}$' got.txt)" -eq 0 ]
}

@test "without UTF-8 it is ASCII" {
    "$ASTRAY" summary "$DATA/summary.ndjson" > got.txt
    [ "$(LC_ALL=C grep -c '[^ -~]' got.txt)" -eq 0 ]
    grep -q '0.0.0.0:80 (written "0")' got.txt
}

@test "at 50 columns no line is longer" {
    COLUMNS=50 "$ASTRAY" summary "$DATA/summary.ndjson" > got.txt
    [ "$(grep -c -E '^.{51,}$' got.txt)" -eq 0 ]
}

@test "JSON is one object with documented keys" {
    "$ASTRAY" summary --format json "$DATA/summary.ndjson" > got.json
    jq -e '.stray == 117 and .failed == 2 and .misconfigured == 1 and .suppressed == 12' got.json
    jq -e '[.groups[] | select(.kind == "stray") | .count] | add == 117' got.json
    jq -e '.groups[0] | .variable == "API_ADDR" and .script == "deploy.sh" and
        .destination == {"address":"0","ip":"0.0.0.0","port":80} and .outcomes.failure == 112' got.json
    [ "$(jq -s length got.json)" -eq 1 ]
}

@test "CSV has a header, and no cell that a spreadsheet would run" {
    sed 's/"name":"curl"/"name":"=cmd()"/; s/"name":"web-10"/"name":"@a,b\\"c"/' \
        "$DATA/summary.ndjson" > log.ndjson
    "$ASTRAY" summary --format csv log.ndjson > got.csv
    head -n 1 got.csv | grep -q '^kind,folded,count,'
    python3 - got.csv <<'EOF'
import csv, sys
rows = list(csv.DictReader(open(sys.argv[1], newline="")))
assert rows[0]["program"] == "'=cmd()", rows[0]
assert rows[0]["host"] == "'@a,b\"c", rows[0]
for row in rows:
    assert None not in row and None not in row.values(), row
    for cell in row.values():
        assert cell[:1] not in ("=", "+", "-", "@"), cell
EOF
}

@test "a log of hostile bytes puts no control byte on the terminal" {
    python3 - > log.ndjson <<'EOF'
import json
print(json.dumps({"event": {"module": "astray", "type": ["connection", "start"], "action": "detected"},
    "process": {"name": "a\x1b[2Jb\r\n\u009b31m\u202ec\x07"}, "destination": {"ip": "0.0.0.0", "address": "\x1b]0;x\x07"},
    "astray": {"origin": ["env:\x1b[31mX@\x1b[32my[1]"], "class": "un\x08specified"}}))
EOF
    for format in text json csv; do
        LC_ALL=C.UTF-8 "$ASTRAY" summary --format "$format" log.ndjson > got
        python3 - got <<'EOF'
import sys
text = open(sys.argv[1], newline="").read().replace("\n", "")
assert len(text) > 40
assert all(ord(c) >= 32 and not 0x7f <= ord(c) < 0xa0 for c in text), repr(text)
assert "\u202e" not in text or text[0] == "{", repr(text)
EOF
    done
}

@test "gzip, members behind each other, a pipe and a directory say the same" {
    mkdir logs
    head -n 100 "$DATA/summary.ndjson" | gzip > logs/a.ndjson.gz
    tail -n +101 "$DATA/summary.ndjson" | gzip >> logs/a.ndjson.gz
    expected=$(total groups "$DATA/summary.ndjson")
    [ "$(total groups logs/a.ndjson.gz)" = "$expected" ]
    [ "$(total groups logs)" = "$expected" ]
    [ "$(total groups - < "$DATA/summary.ndjson")" = "$expected" ]
    [ "$(total groups - < logs/a.ndjson.gz)" = "$expected" ]
    [ "$(total groups - <logs/a.ndjson.gz)" = "$expected" ]
    rm logs/a.ndjson.gz
    head -n 100 "$DATA/summary.ndjson" > logs/33.ndjson.1
    tail -n +101 "$DATA/summary.ndjson" > logs/33.ndjson
    echo 'no log' > logs/notes.txt
    [ "$(total stray logs)" = 117 ]
    [ "$(total foreign_lines logs)" = 0 ]
}

@test "foreign lines, a cut last line and damaged gzip are told, never fatal" {
    { echo 'Sep 21 plain text'; cat "$DATA/record-attempt.json"; echo '{"event":{"module":"other"}}'
        head -c 500 "$DATA/record-outcome.json"; } > log.ndjson
    run --separate-stderr "$ASTRAY" summary log.ndjson
    [ "$status" -eq 0 ]
    [[ $output == 1\ connection* ]]
    # shellcheck disable=SC2154 # set by run --separate-stderr
    [[ $stderr == *'2 lines are no records'* ]]
    [[ $stderr == *'last line is cut off'* ]]
    gzip < "$DATA/summary.ndjson" | head -c 1500 > cut.ndjson.gz
    run --separate-stderr "$ASTRAY" summary cut.ndjson.gz
    [ "$status" -eq 0 ]
    [[ $stderr == *'ends too early'* ]]
}

@test "what cannot be read is told, the rest is done, and the status is 2" {
    run --separate-stderr "$ASTRAY" summary missing.ndjson "$DATA/summary.ndjson"
    [ "$status" -eq 2 ]
    [[ $output == 117\ connections* ]]
    [[ $stderr == *'"missing.ndjson"'*'No such file'* ]]
}

@test "without a log it names what it reads, and says when there is none" {
    run --separate-stderr "$ASTRAY" summary
    if [ ! -d /var/log/astray ]; then
        [ "$status" -eq 2 ]
        [[ $stderr == *'no log to read'* ]]
    fi
    mkdir -p state/astray
    cp "$DATA/summary.ndjson" state/astray/run.ndjson
    run --separate-stderr "$ASTRAY" summary
    [ "$status" -eq 0 ]
    [[ $stderr == *"$XDG_STATE_HOME/astray/run.ndjson"* ]]
}

@test "since and until take times, days and spans" {
    [ "$(total stray --since 2026-09-21T12:00:00Z "$DATA/summary.ndjson")" = 68 ]
    [ "$(total stray --since '2026-09-21 12:00:00' "$DATA/summary.ndjson")" = 68 ]
    [ "$(total stray --since 2026-09-21T14:00:00+02:00 "$DATA/summary.ndjson")" = 68 ]
    [ "$(total stray --until 2026-09-21T12:00:00Z "$DATA/summary.ndjson")" = 49 ]
    [ "$(total stray --since 2026-09-22 "$DATA/summary.ndjson")" = 0 ]
    now=$(date -u +%Y-%m-%dT%H:%M:%SZ)
    sed "s/2026-09-21T08:14:02.123456Z/$now/" "$DATA/record-attempt.json" > log.ndjson
    [ "$(total stray --since 2h log.ndjson)" = 1 ]
    [ "$(total stray --until 2h log.ndjson)" = 0 ]
    for wrong in yesterday 2x '' 2026-13-01 h; do
        run "$ASTRAY" summary --since "$wrong" log.ndjson
        [ "$status" -eq 2 ]
    done
}

@test "run, top, by and fail-on-stray" {
    sed 's/"schema":1/"schema":1,"run":"job 7"/' "$DATA/record-attempt.json" > log.ndjson
    cat "$DATA/record-attempt.json" >> log.ndjson
    [ "$(total stray --run 'job 7' log.ndjson)" = 1 ]
    [ "$(total omitted_groups --top 1 "$DATA/summary.ndjson")" = 4 ]
    [ "$(total 'groups[0].count' --by program "$DATA/summary.ndjson")" = 113 ]
    [ "$(total 'groups[0].variable' --by variable "$DATA/summary.ndjson")" = '"API_ADDR"' ]
    run "$ASTRAY" summary --fail-on-stray "$DATA/summary.ndjson"
    [ "$status" -eq 1 ]
    : > empty.ndjson
    run "$ASTRAY" summary --fail-on-stray empty.ndjson
    [ "$status" -eq 0 ]
    [ "$output" = '0 connections went astray' ]
    run "$ASTRAY" summary --by nonsense empty.ndjson
    [ "$status" -eq 2 ]
}

@test "a large file is counted the same by several threads as through a pipe" {
    for _ in $(seq 400); do cat "$DATA/summary.ndjson"; done > once.ndjson
    cat once.ndjson once.ndjson > log.ndjson
    [ "$(stat -c %s log.ndjson)" -gt 67108864 ]
    [ "$(total groups log.ndjson)" = "$(total groups - <log.ndjson)" ]
    [ "$(total stray log.ndjson)" = $((117 * 800)) ]
}

@test "a full disk is told" {
    [ -w /dev/full ] || skip 'no /dev/full'
    run bash -c '"$0" summary "$1" > /dev/full' "$ASTRAY" "$DATA/summary.ndjson"
    [ "$status" -eq 2 ]
}

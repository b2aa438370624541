#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # quotes are for an inner shell; each test is a subshell
# astray watch: logs that are rotated, forged, late or too many, and what is told of them.

bats_require_minimum_version 1.5.0
load helpers

DATA=$ROOT/tests/data

setup()
{
    cd "$BATS_TEST_TMPDIR" || return
    mkdir logs
    export LOG=$BATS_TEST_TMPDIR/logs/a.ndjson
}

# watch ARG...: starts it; what it says goes to `out` and `err`, its number to WATCH.
watch()
{
    "$ASTRAY" watch "$@" >>out 2>>err 3>&- </dev/null &
    WATCH=$!
    SERVERS+=("$WATCH")
}

# watch_until_it_follows ARG...: the same, and waits until it has looked at what is there.
watch_until_it_follows()
{
    rm -f started.prom
    watch --textfile started.prom "$@"
    wait_for 20 test -e started.prom
}

# end_watch: SIGTERM, and status 0.
end_watch()
{
    local status=0
    kill "$WATCH"
    wait "$WATCH" || status=$?
    is "$status" 0 "the status of watch, which said: $(cat err)"
}

# record [NUMBER] [FILTER]: a record as one line, changed by jq's FILTER
record()
{
    jq -c ".event.id = \"w-${1:-1}\" | ${2:-.}" "$DATA/record-attempt.json"
}

lines()
{
    wc -l <"$1"
}

has_lines()
{
    [ "$(lines "$1")" -ge "$2" ]
}

# ids FILE...: how many different records were told
ids()
{
    cat "$@" | grep -o '"id":"w-[0-9]*"' | sort -u | wc -l
}

# counted FILE: the sum of the attempts that the metrics in FILE tell
counted()
{
    awk '/^astray_connections_total/ { sum += $2 } END { print sum + 0 }' "$1"
}

has_counted()
{
    [ "$(counted "$1")" -eq "$2" ]
}

# metric FILE NAME: the value of a metric without labels
metric()
{
    awk -v name="$2" '$1 == name { print $2 }' "$1"
}

# ---- what is told ---------------------------------------------------------

@test "a connection that goes astray is told while the program runs, and its end is not" {
    watch_until_it_follows logs
    free_port
    with_library "$LOG" curl -s --max-time 5 "http://0:$PORT/" || true
    wait_for 20 has_lines out 1
    end_watch
    is "$(lines out)" 1
    is "$(jq -r '.event.type | join(" ")' out)" 'connection start'
    is "$(jq -r .destination.address out)" 0
    is "$(count_records "$LOG")" 2 'records in the log'
    is "$(cat err)" ''
}

@test "the command has program, destination and variable within a second" {
    cat >handler.sh <<'SH'
date +%s%N >handled.new
cat >handled.json
env | grep ^ASTRAY_ >handled.env
mv handled.new handled
SH
    cat >deploy.sh <<'SH'
curl -s --max-time 5 "http://$API_ADDR/"
SH
    free_port
    watch_until_it_follows --exec 'sh handler.sh' logs
    begun=$(date +%s%N)
    API_ADDR=0:$PORT ASTRAY_ORIGIN=parents with_library "$LOG" sh deploy.sh || true
    wait_for 20 test -e handled
    took=$((($(cat handled) - begun) / 1000000))
    echo "# a stray connection reached the command after $took ms" >&3
    [ "$took" -lt 10000 ]
    grep -qx 'ASTRAY_PROGRAM=curl' handled.env
    grep -qx "ASTRAY_DESTINATION=0.0.0.0:$PORT" handled.env
    grep -qx 'ASTRAY_ADDRESS=0' handled.env
    grep -qx 'ASTRAY_CLASS=unspecified' handled.env
    grep -qx 'ASTRAY_VARIABLE=API_ADDR' handled.env
    grep -qx 'ASTRAY_KIND=stray' handled.env
    grep -qx 'ASTRAY_COUNT=1' handled.env
    is "$(jq -r .destination.ip handled.json)" 0.0.0.0
    end_watch
}

@test "text is one line each, in colour when asked" {
    record 1 >"$LOG"
    record 2 '.event.action = "blocked" | .event.type = ["connection", "denied"]' >>"$LOG"
    "$ASTRAY" watch --once --format text logs >out
    is "$(head -n 1 out)" '2026-09-21 08:14:02 curl in deploy.sh, ingest.service, on web-10 -> 0.0.0.0:80 (written "0"), unspecified (the address to bind, no destination); sent to 127.0.0.1; from API_ADDR, set in deploy.sh[4710]'
    has "$(tail -n 1 out)" '; blocked; from API_ADDR'
    has "$("$ASTRAY" watch --once --format text --color always logs)" $'\e[1;31m0.0.0.0:80'
}

@test "stray, failed, misconfigured and uncovered are apart" {
    {
        record 1
        record 2 '.event.action = "failed" | .event.type = ["connection", "end"] | .error.type = "ECONNREFUSED"'
        record 3 '.event.action = "misconfigured" | .event.type = ["info"] | del(.destination)'
        record 4 '.event.action = "uncovered" | .event.type = ["info"] | del(.destination)'
        record 5 '.event.action = "suppressed" | .event.type = ["info"] | .astray.suppressed = 9 | del(.destination)'
        record 6 '.event.type = ["connection", "end"]'
    } >"$LOG"
    is "$("$ASTRAY" watch --once logs | jq -r .event.id | xargs)" w-1
    is "$("$ASTRAY" watch --once --kinds failed logs | jq -r .event.id | xargs)" w-2
    is "$("$ASTRAY" watch --once --kinds misconfigured,uncovered logs | jq -r .event.id | xargs)" 'w-3 w-4'
    is "$("$ASTRAY" watch --once --kinds all logs | jq -r .event.id | xargs)" 'w-1 w-2 w-3 w-4'
    "$ASTRAY" watch --once --textfile m.prom logs >/dev/null
    is "$(counted m.prom)" 1
    is "$(metric m.prom astray_misconfigured_total)" 1
    is "$(metric m.prom astray_uncovered_total)" 1
    is "$(metric m.prom astray_records_suppressed_total)" 9
    grep -qx 'astray_failures_total{error="ECONNREFUSED",unit="ingest.service"} 1' m.prom
}

@test "a program that the library cannot see is told as such" {
    need gcc
    echo 'int main(void) { return 0; }' >static.c
    gcc -static -o static static.c 2>/dev/null || skip 'no static C library is here'
    "$ASTRAY" run --quiet --log "$LOG" -- sh -c './static; ./static; :'
    is "$(records "$LOG" 'select(.event.action == "uncovered") | .event.action' | sort -u)" uncovered
    has "$("$ASTRAY" watch --once --kinds uncovered --format text logs)" 'starts ./static without the library'
    is "$("$ASTRAY" watch --once logs)" ''
    "$ASTRAY" watch --once --textfile m.prom logs
    is "$(metric m.prom astray_uncovered_total)" "$(records "$LOG" 'select(.event.action == "uncovered")' | lines /dev/stdin)"
    is "$(counted m.prom)" 0
}

@test "once reads what there is, since leaves out what is older, and fail-on-stray tells" {
    record 1 >"$LOG"
    record 2 '.["@timestamp"] = "2026-09-22T00:00:00Z"' >>"$LOG"
    is "$("$ASTRAY" watch --once logs | lines /dev/stdin)" 2
    is "$("$ASTRAY" watch --once --since 2026-09-22 logs | jq -r .event.id)" w-2
    run "$ASTRAY" watch --once --fail-on-stray logs
    is "$status" 1
    run "$ASTRAY" watch --once --fail-on-stray --since 2026-09-23 logs
    is "$status" 0
    run --separate-stderr "$ASTRAY" watch --once missing.ndjson logs
    is "$status" 0
    has "$stderr" 'cannot read: "missing.ndjson": No such file'
}

@test "metrics or a state that could not be written at the end are a failure" {
    record 1 >"$LOG"
    run --separate-stderr "$ASTRAY" watch --once --textfile missing/m.prom logs
    is "$status" 2
    is "$stderr" 'astray: cannot write the metrics: "missing/m.prom": No such file or directory'
    is "$(jq -r .event.id <<<"$output")" w-1
    # What could not be written once, and then could, is none: a reader of standard input that waits meanwhile.
    mkfifo input
    "$ASTRAY" watch --textfile later/m.prom - <input >/dev/null 2>err &
    local watch=$!
    exec 7>input
    wait_for 20 grep -q 'cannot write the metrics' err
    mkdir later
    record 2 >&7
    wait_for 20 test -e later/m.prom
    exec 7>&-
    wait "$watch"
}

@test "standard input and a named pipe are followed" {
    is "$(record 1 | "$ASTRAY" watch - | jq -r .event.id)" w-1
    is "$({ record 1; record 2 | tr -d '\n'; } | "$ASTRAY" watch --once - | lines /dev/stdin)" 2
    mkfifo pipe
    watch_until_it_follows pipe
    record 1 >pipe
    wait_for 20 has_lines out 1
    record 2 >pipe # a second writer: the pipe did not end with the first
    wait_for 20 has_lines out 2
    end_watch
}

@test "a wrong option is told, with status 2" {
    for options in '--threshold 5' '--threshold x/60s' '--dedup 5' '--dedup 0s' '--exec-timeout x' \
        '--since yesterday' '--kinds stray,other' '--format xml'; do
        # shellcheck disable=SC2086 # an option and its value
        run --separate-stderr "$ASTRAY" watch --once $options logs
        is "$status" 2 "$options"
        has "$stderr" 'astray: '
    done
}

# ---- often ----------------------------------------------------------------

@test "dedup tells the first, and how often it came when the time is over" {
    watch_until_it_follows --dedup 2s logs
    for i in 1 2 3 4 5; do
        record "$i" ".[\"@timestamp\"] = \"$(date -u +%FT%T.%6NZ)\""
    done >>"$LOG"
    record 6 '.process.executable = "/usr/bin/other"' >>"$LOG"
    wait_for 20 has_lines out 3
    is "$(jq -r 'select(.event.kind == "event") | .event.id' out | xargs)" 'w-1 w-6'
    is "$(jq -c 'select(.event.kind == "alert") | [.event.action, .astray.count]' out)" '["repeated",4]'
    end_watch
    is "$(lines out)" 3
}

@test "a threshold tells the one that reaches it" {
    for i in 1 2 3 4 5 6 7; do
        record "$i"
    done >"$LOG"
    record 8 '.destination.ip = "192.0.2.1"' >>"$LOG"
    "$ASTRAY" watch --once --threshold 3/60s logs >out
    is "$(jq -c '[.event.action, .astray.count, .destination.ip]' out | xargs)" '[threshold,3,0.0.0.0] [threshold,3,0.0.0.0]'
    "$ASTRAY" watch --once --threshold 3/60s --dedup 10m logs >out
    is "$(jq -c '[.event.action, .astray.count]' out | xargs)" '[threshold,3] [repeated,4]'
}

@test "dedup and threshold count on over a restart" {
    watch_until_it_follows --state state --threshold 3/1h logs
    record 1 ".[\"@timestamp\"] = \"$(date -u +%FT%TZ)\"" >>"$LOG"
    record 2 ".[\"@timestamp\"] = \"$(date -u +%FT%TZ)\"" >>"$LOG"
    wait_for 20 has_counted started.prom 2
    end_watch
    watch --state state --threshold 3/1h logs
    record 3 ".[\"@timestamp\"] = \"$(date -u +%FT%TZ)\"" >>"$LOG"
    wait_for 20 has_lines out 1
    is "$(jq -r .event.action out)" threshold
    end_watch
}

@test "with a million groups memory stays small, and the total is right" {
    python3 - <<'PY'
line = ('{"@timestamp":"2026-09-21T08:14:02Z","event":{"type":["connection","start"],"module":"astray",'
        '"action":"detected","id":"m-%d"},"destination":{"ip":"240.%d.%d.%d","port":80},"process":{'
        '"name":"p%d","executable":"/usr/bin/p%d"},"astray":{"class":"reserved","unit":"u%d.service"}}\n')
with open("logs/a.ndjson", "w") as log:
    for i in range(1000000):
        log.write(line % (i, i >> 16 & 255, i >> 8 & 255, i & 255, i % 1000, i % 1000, i))
PY
    python3 - "$ASTRAY" <<'PY' >peak
import resource, subprocess, sys
with open("out", "w") as out, open("err", "w") as err:
    subprocess.run([sys.argv[1], "watch", "--once", "--dedup", "1h", "--state", "state", "--textfile",
                    "m.prom", "logs"], stdout=out, stderr=err, check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
PY
    echo "# a million groups took $(cat peak) KiB" >&3
    [ "$(cat peak)" -lt 100000 ]
    is "$(jq -s '[.[] | if .event.kind == "alert" then .astray.count else 1 end] | add' out)" 1000000
    is "$(counted m.prom)" 1000000
    is "$(grep -c 'class="reserved"' m.prom)" "$((3 * 52))" # none, fifty and "other"
    is "$(metric m.prom astray_watch_folded_records_total)" 980000
    has "$(cat err)" 'more than 20000 groups'
}

# ---- files that come and go -----------------------------------------------

@test "what was there before is not told, and what comes is" {
    record 1 >"$LOG"
    watch_until_it_follows logs
    record 2 >>"$LOG"
    wait_for 20 has_lines out 1
    end_watch
    is "$(jq -r .event.id out)" w-2
}

@test "a line is told when it is complete" {
    watch_until_it_follows logs
    record 1 | head -c 300 >>"$LOG"
    record 2 >logs/b.ndjson
    wait_for 20 has_lines out 1
    is "$(jq -r .event.id out)" w-2
    record 1 | tail -c +301 >>"$LOG"
    wait_for 20 has_lines out 2
    end_watch
}

@test "files and directories may appear, go and come again" {
    watch_until_it_follows later/on "$BATS_TEST_TMPDIR/deep/er/b.ndjson"
    mkdir -p later/on deep/er
    record 1 >later/on/a.ndjson
    wait_for 20 has_lines out 1
    record 2 >deep/er/b.ndjson
    wait_for 20 has_lines out 2
    rm -r later deep
    mkdir -p later/on deep/er
    record 3 >later/on/a.ndjson
    wait_for 20 has_lines out 3
    record 4 >deep/er/b.ndjson
    wait_for 20 has_lines out 4
    end_watch
    is "$(ids out)" 4
}

@test "a file that may not be read is told once, and followed when it may" {
    need setpriv
    setpriv --reuid 65534 --regid 65534 --clear-groups true 2>/dev/null || skip 'only root can become somebody else'
    record 1 >"$LOG"
    chmod 000 "$LOG"
    chmod 755 . logs
    record 2 >logs/b.ndjson
    chmod 644 logs/b.ndjson
    path=$BATS_TEST_TMPDIR
    while [ "$path" != / ] && [ "$path" != /tmp ]; do
        chmod o+x "$path"
        path=$(dirname "$path")
    done
    setpriv --reuid 65534 --regid 65534 --clear-groups "$ASTRAY" watch --since 2026-01-01 logs \
        >out 2>err 3>&- </dev/null &
    WATCH=$!
    SERVERS+=("$WATCH")
    wait_for 20 has_lines out 1
    is "$(jq -r .event.id out)" w-2
    has "$(cat err)" 'cannot read: "logs/a.ndjson": Permission denied'
    sleep 2.5 # it has looked again
    is "$(grep -c 'Permission denied' err)" 1
    chmod 644 "$LOG"
    wait_for 20 has_lines out 2
    end_watch
}

@test "whoever makes thousands of files keeps nobody else's from being followed" {
    [ "$(id -u)" -eq 0 ] || skip 'only root can make files of somebody else'
    python3 - "$(record 1)" <<'PY'
import os, sys
for i in range(5000):
    with open("logs/n%d.ndjson" % i, "w") as log:
        log.write(sys.argv[1].replace("w-1", "n-%d" % i) + "\n")
    os.chown(log.name, 65534, 65534)
PY
    watch_until_it_follows logs
    record 2 >>"$LOG"
    wait_for 20 has_lines out 1
    is "$(jq -r .event.id out)" w-2
    end_watch
    is "$(grep -c 'user 65534 has more' err)" 1 "$(cat err)"
}

@test "links and other things in a directory are no logs" {
    record 1 >secret
    ln -s "$BATS_TEST_TMPDIR/secret" logs/b.ndjson
    mkfifo logs/c.ndjson
    mkdir logs/d.ndjson
    record 2 >"$LOG"
    is "$(timeout 20 "$ASTRAY" watch --once logs | jq -r .event.id)" w-2
}

# looks_often LIMIT: with a limit of inotify's that leaves nothing, it is told once, and lines arrive all the same
looks_often()
{
    unshare -U true 2>/dev/null || skip 'no user namespaces'
    unshare -Ur sh -c "echo 0 >/proc/sys/user/$1" 2>/dev/null || skip 'the limit cannot be set'
    unshare -Ur sh -c 'echo 0 >/proc/sys/user/"$1"; shift; exec "$@"' sh "$1" "$ASTRAY" watch \
        --textfile started.prom logs "$BATS_TEST_TMPDIR/other.ndjson" >out 2>err 3>&- </dev/null &
    WATCH=$!
    SERVERS+=("$WATCH")
    wait_for 20 test -e started.prom
    record 1 >>"$LOG"
    wait_for 20 has_lines out 1
    mv "$LOG" "$LOG.1"
    record 2 >>"$LOG"
    wait_for 20 has_lines out 2
    end_watch
    is "$(grep -c 'looking often instead' err)" 1
    has "$(cat err)" "fs.inotify.max_user_${1##*_} is reached"
}

@test "where no inotify instance is left, it looks often" {
    looks_often max_inotify_instances
}

@test "where no inotify watch is left, it looks often" {
    looks_often max_inotify_watches
}

# rotate_under_load METHOD LOG: 20 rotations while 200,000 records are written as fast as it goes
rotate_under_load()
{
    watch_until_it_follows --state state "$2"
    "$PROGRAMS/writer" "$LOG" 1 200000 0 20 "$1" >wrote
    wait_for 60 has_lines out 200000
    wait_for 20 has_counted started.prom 200000
    end_watch
    echo "# $1: $(cat wrote), 20 rotations" >&3
    is "$(lines out)" 200000 'lines, none twice'
    is "$(ids out)" 200000 'different records'
    is "$(counted started.prom)" 200000
}

@test "20 renames under load lose and repeat nothing, in a directory" {
    rotate_under_load rename logs
}

@test "20 renames under load lose and repeat nothing, of one log" {
    rotate_under_load rename "$LOG"
}

@test "20 times copytruncate under load loses and repeats nothing, in a directory" {
    rotate_under_load copytruncate logs
}

@test "20 times copytruncate under load loses and repeats nothing, of one log" {
    rotate_under_load copytruncate "$LOG"
}

@test "a log that is removed and made anew is followed, 20 times" {
    watch_until_it_follows "$LOG"
    for i in $(seq 20); do
        "$PROGRAMS/writer" "$LOG" $((i * 100)) 100 0 0 none >/dev/null
        wait_for 20 has_lines out $((i * 100))
        rm "$LOG"
    done
    end_watch
    is "$(lines out)" 2000
    is "$(ids out)" 2000
}

@test "what is written to a log after its rename comes before its successor" {
    watch_until_it_follows "$LOG"
    record 1 >>"$LOG"
    wait_for 20 has_lines out 1
    exec 7>>"$LOG"
    mv "$LOG" "$LOG.1"
    record 2 >&7
    record 3 >"$LOG"
    exec 7>&-
    wait_for 20 has_lines out 3
    end_watch
    is "$(jq -r .event.id out | xargs)" 'w-1 w-2 w-3'
}

# ---- state ----------------------------------------------------------------

@test "it goes on where it ended, through rotations that it did not see" {
    watch_until_it_follows --state state "$LOG"
    "$PROGRAMS/writer" "$LOG" 1 10 0 0 none >/dev/null
    wait_for 20 has_lines out 10
    end_watch
    "$PROGRAMS/writer" "$LOG" 11 10 0 0 none >/dev/null
    mv "$LOG" "$LOG.1"
    "$PROGRAMS/writer" "$LOG" 21 10 0 0 none >/dev/null
    gzip "$LOG.1" # the one that was being read
    mv "$LOG" "$LOG.2"
    "$PROGRAMS/writer" "$LOG" 31 10 0 0 none >/dev/null
    cp "$LOG" "$LOG.3"
    : >"$LOG" # copytruncate
    "$PROGRAMS/writer" "$LOG" 41 10 0 0 none >/dev/null
    "$ASTRAY" watch --once --state state --textfile m.prom "$LOG" >>out
    is "$(lines out)" 50
    is "$(ids out)" 50
    is "$(counted m.prom)" 50
    "$ASTRAY" watch --once --state state --textfile m.prom "$LOG" >>out
    is "$(lines out)" 50
    is "$(counted m.prom)" 50
}

# killed METHOD: kill -9 at random moments while 60,000 records are written and rotated
killed()
{
    local writer kills=0
    "$ASTRAY" watch --once --state state logs
    "$PROGRAMS/writer" "$LOG" 1 60000 10000 20 "$1" >/dev/null 3>&- &
    writer=$!
    SERVERS+=("$writer")
    while kill -0 "$writer" 2>/dev/null; do
        watch --state state --textfile m.prom logs
        sleep "0.$((RANDOM % 8))$((RANDOM % 10))"
        before=$(counted m.prom 2>/dev/null || echo 0)
        kill -9 "$WATCH"
        wait "$WATCH" 2>/dev/null || true
        kills=$((kills + 1))
        [ "$(counted m.prom 2>/dev/null || echo 0)" -ge "$before" ] # never back
    done
    "$ASTRAY" watch --once --state state --textfile m.prom logs >>out 2>>err
    echo "# $1: killed $kills times, $(($(grep -c '^{.*}$' out) - 60000)) of 60000 records were told again" >&3
    is "$(ids out)" 60000 'none is lost'
    is "$(counted m.prom)" 60000 'the metrics count each once'
    has "$(cat err)" 'the last watch was not ended in order'
}

@test "kill -9 at random moments loses nothing through renames, and metrics count exactly once" {
    killed rename
}

@test "kill -9 at random moments loses nothing through copytruncate, and metrics count exactly once" {
    killed copytruncate
}

@test "a slow disk does not keep it from noting what was told" {
    need strace
    strace -o /dev/null true || skip 'strace is not permitted'
    # While each fsync takes 60 ms: what is noted between two of them is what is not told again.
    strace -f --seccomp-bpf -o trace -e trace=fsync -e inject=fsync:delay_enter=60000 "$ASTRAY" watch --state state \
        --textfile started.prom logs >out 2>err 3>&- </dev/null &
    WATCH=$!
    SERVERS+=("$WATCH")
    wait_for 20 test -e started.prom
    for i in $(seq 100); do
        "$PROGRAMS/writer" "$LOG" "$i" 1 0 0 none >/dev/null
        sleep 0.02
    done
    wait_for 20 has_lines out 100
    kill "$(pgrep -P "$WATCH")"
    wait "$WATCH"
    saved=$(sed -n '1s/.* //p' state/state)
    echo "# saved $saved times, $(grep -c fsync trace) of them for the disk" >&3
    [ "$saved" -gt 50 ]
}

@test "a state belongs to one watch at a time" {
    watch_until_it_follows --state state logs
    run --separate-stderr "$ASTRAY" watch --once --state state logs
    is "$status" 2
    has "$stderr" 'belongs to another watch that runs'
    end_watch
    run "$ASTRAY" watch --once --state state logs
    is "$status" 0
}

@test "a damaged state is told, and does not keep it from working" {
    "$ASTRAY" watch --once --state state logs
    echo broken >state/state
    rm -f state/state.recent*
    record 1 >"$LOG"
    run --separate-stderr "$ASTRAY" watch --once --state state logs
    is "$status" 0
    has "$stderr" 'the state is damaged'
    has "$output" '"id":"w-1"'
}

@test "alerts that wait are handed over after a restart" {
    for i in 1 2 3; do
        record "$i"
    done >"$LOG"
    watch --since 2026-01-01 --state state --exec 'echo "$ASTRAY_COUNT" >>begun; exec sleep 60' logs
    wait_for 20 test -e begun
    end_watch
    is "$(lines begun)" 1
    "$ASTRAY" watch --once --state state --exec 'jq -r .event.id >>handed' logs
    is "$(xargs <handed)" 'w-1 w-2 w-3' # the first was ended before its time
}

# ---- output ---------------------------------------------------------------

@test "a reader that went away ends it with 2, and what it did not read comes again" {
    "$PROGRAMS/writer" "$LOG" 1 2000 0 0 none >/dev/null
    status=0
    { "$ASTRAY" watch --once --state state logs 2>err || echo $? >status; } | head -n 1 >/dev/null
    is "$(cat status)" 2
    "$ASTRAY" watch --once --state state logs >out 2>>err
    is "$(ids out)" 2000
}

@test "a reader that does not read keeps it neither from SIGTERM nor from the rest" {
    mkfifo pipe
    exec 7<>pipe
    "$PROGRAMS/writer" "$LOG" 1 2000 0 0 none >/dev/null
    "$ASTRAY" watch --since 2000-01-01 --state state logs >pipe 2>err 3>&- 7>&- &
    WATCH=$!
    SERVERS+=("$WATCH")
    wait_for 20 test -e state # it runs; the pipe is full in a moment
    sleep 1
    end_watch
    exec 7>&-
    "$ASTRAY" watch --once --state state logs >out 2>>err
    is "$(ids out)" 2000
}

@test "metrics tell nothing that could not be told, and so never go back" {
    mkfifo pipe
    exec 7<>pipe
    "$PROGRAMS/writer" "$LOG" 1 2000 0 0 none >/dev/null
    "$ASTRAY" watch --since 2000-01-01 --state state --textfile m.prom logs >pipe 2>err 3>&- 7>&- &
    WATCH=$!
    SERVERS+=("$WATCH")
    wait_for 20 test -e state
    sleep 1
    end_watch
    exec 7>&-
    before=$(counted m.prom 2>/dev/null || echo 0)
    "$ASTRAY" watch --since 2000-01-01 --state state --textfile m.prom logs >out 2>>err 3>&- &
    WATCH=$!
    SERVERS+=("$WATCH")
    wait_for 20 test -e m.prom
    [ "$(counted m.prom)" -ge "$before" ]
    wait_for 20 has_counted m.prom 2000
    end_watch
    is "$(ids out)" 2000
}

# ---- hostile --------------------------------------------------------------

# Lines of every bad kind: broken, of wrong types, deep, huge, with NULs, and valid ones whose texts
# are made for terminals, shells, metrics and HTML.
forge()
{
    python3 - "$DATA/hostile.ndjson" <<'PY'
import json, sys
evil = ["\x1b[2J\x1b]0;title\x07", "\u009b31m", "\u202egnp.exe", "$(touch pwned)", "`touch pwned`",
        "'; touch pwned; '", "\"; touch pwned; \"", "a\nb\r\nc", "x\"} 99\nevil_total 1\n#", "<script>",
        "\\", "${IFS}", "-rf", "\u0000", "%s%n", "a" * 3000]
with open("logs/a.ndjson", "wb") as log:
    log.write(open(sys.argv[1], "rb").read())
    log.write(b"[" * 100000 + b"\n" + b'{"a":' * 5000 + b"\n")
    log.write(b"x" * 3000000 + b"\n")
    log.write(b"\x00" * 70000 + b"\n\xff\xfe\n")
    log.write(b'{"event":{"module":"astray","type":["connection","start"]},"astray":{"suppressed":-1}}\n')
    for number, text in enumerate(evil):
        log.write(json.dumps({
            "@timestamp": text, "message": text,
            "event": {"module": "astray", "type": ["connection", "start"], "action": text, "id": "w-%d" % number},
            "destination": {"address": text, "ip": text, "port": 80, "domain": text},
            "process": {"name": text, "executable": text, "args": [text], "parent": {"name": text}},
            "user": {"id": text}, "host": {"name": text},
            "astray": {"class": text, "unit": text + ".service", "origin": ["env:" + text + "@" + text + "[1]"],
                       "ancestry": [text + "[7]"], "listeners": [text], "run": text}}).encode() + b"\n")
PY
}

# harmless FILE: UTF-8 without anything that a terminal obeys but newlines
harmless()
{
    python3 - "$1" <<'PY'
import sys
text = open(sys.argv[1], encoding="utf-8", newline="").read().replace("\n", "")
assert len(text) > 1000, "there is nothing to look at"
bad = [c for c in text if ord(c) < 32 or 0x7f <= ord(c) < 0xa0 or c in "\u202e\u2066"]
assert not bad, bad
PY
}

@test "forged lines harm neither terminal, JSON, metrics nor state" {
    forge
    for format in text json; do
        for options in '--color never' '--dedup 1h' '--threshold 1/1h'; do
            # shellcheck disable=SC2086 # an option and its value
            timeout 60 "$ASTRAY" watch --once --kinds all --format "$format" $options logs >out 2>err
            harmless out
            [ "$format" = text ] || jq -e . out >/dev/null
            has_lines out 16
        done
    done
    "$ASTRAY" watch --once --state state --textfile m.prom logs >/dev/null 2>&1
    is "$(grep -Ecv '^#|^astray_[a-z_]*([{]([a-z]*="([^"\\]|\\\\)*",?)*[}])? [0-9.]*$' m.prom)" 0
    is "$(LC_ALL=C grep -c '[^ -~]' state/state)" 0
    run ! grep -q evil_total m.prom
    if command -v promtool >/dev/null; then
        promtool check metrics <m.prom
    fi
}

@test "forged lines reach the command as data only" {
    forge
    cat >handler.sh <<'SH'
jq -c . >>handed.json || echo "no JSON" >>wrong
env -0 | grep -z ^ASTRAY_ | tr '\0\n' '\n\001' >>handed.env
for value in "$ASTRAY_PROGRAM" "$ASTRAY_UNIT" "$ASTRAY_HOST" "$ASTRAY_CLASS" "$ASTRAY_DESTINATION"; do
    [ ${#value} -le 1024 ] || echo "long" >>wrong
done
SH
    "$ASTRAY" watch --once --exec 'sh handler.sh' logs >/dev/null 2>err
    is "$(lines handed.json)" "$("$ASTRAY" watch --once logs 2>/dev/null | lines /dev/stdin)"
    harmless handed.env
    [ ! -e pwned ]
    [ ! -e wrong ] || cat wrong
    [ ! -e wrong ]
    is "$(grep -c '^astray: the command' err)" 0
}

# ---- the command ----------------------------------------------------------

@test "a command that takes too long is ended with all that it started" {
    record 1 >"$LOG"
    record 2 >>"$LOG"
    run --separate-stderr timeout 60 "$ASTRAY" watch --once --exec-timeout 1s \
        --exec 'sh -c "sleep 300 & echo \$! >>children; trap \"\" TERM; sleep 300"' logs
    is "$status" 0
    is "$(grep -c 'took longer than 1 s' <<<"$stderr")" 2
    is "$(lines children)" 2
    while read -r child; do
        run ! kill -0 "$child"
    done <children
}

@test "a command that fails is told and counted, and the next one runs" {
    record 1 >"$LOG"
    record 2 >>"$LOG"
    record 3 >>"$LOG"
    run --separate-stderr "$ASTRAY" watch --once --textfile m.prom --exec 'echo ran >>ran; [ "$(wc -l <ran)" -ne 2 ]' logs
    is "$status" 0
    is "$(lines ran)" 3
    has "$stderr" 'failed with status 1'
    grep -qx 'astray_watch_commands_total{result="success"} 2' m.prom
    grep -qx 'astray_watch_commands_total{result="failure"} 1' m.prom
}

@test "the queue is bounded, and what it cannot hold is told and counted" {
    "$PROGRAMS/writer" "$LOG" 1 1000 0 0 none >/dev/null
    run --separate-stderr timeout 100 "$ASTRAY" watch --once --textfile m.prom --exec 'echo x >>ran' logs
    is "$status" 0
    ran=$(lines ran)
    [ "$ran" -ge 256 ]
    has "$stderr" "$((1000 - ran)) alerts were not handed to the command"
    grep -qx "astray_watch_commands_total{result=\"lost\"} $((1000 - ran))" m.prom
}

@test "commands run one at a time, and what they print goes to standard error" {
    for i in 1 2 3 4 5; do
        record "$i"
    done >"$LOG"
    run --separate-stderr "$ASTRAY" watch --once --format text \
        --exec 'mkdir lock || echo together; echo told; sleep 0.1; rmdir lock' logs
    is "$(grep -c told <<<"$stderr")" 5
    is "$(grep -c together <<<"$stderr" || true)" 0
    is "$(grep -c '^2026' <<<"$output")" 5
    is "$(grep -c told <<<"$output")" 0
}

@test "a command that goes astray itself does not call for the next" {
    free_port
    watch_until_it_follows --exec "echo ran >>ran; LD_PRELOAD=$LIBRARY ASTRAY_LOG=$LOG curl -s --max-time 5 http://0:$PORT/" logs
    record 1 >>"$LOG"
    wait_for 20 test -e ran
    record 2 >>"$LOG"
    wait_for 20 has_lines ran 2
    sleep 1
    end_watch
    is "$(lines ran)" 2
}

# ---- as a service ---------------------------------------------------------

@test "a service manager is told that it is ready, alive and stopping" {
    need python3
    cat >manager.py <<'PY'
import os, socket, subprocess, sys, time
manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
manager.bind(sys.argv[1].replace("@", "\0", 1))
manager.settimeout(30)
environment = dict(os.environ, NOTIFY_SOCKET=sys.argv[1], WATCHDOG_USEC="400000")
watch = subprocess.Popen(sys.argv[2:], env=environment)
seen = []
while seen.count("WATCHDOG=1") < 3 or "READY=1" not in seen:
    seen.append(manager.recv(100).decode())
watch.terminate()
while "STOPPING=1" not in seen:
    seen.append(manager.recv(100).decode())
assert watch.wait(30) == 0
assert set(seen) == {"READY=1", "WATCHDOG=1", "STOPPING=1"}, seen
PY
    for name in "$BATS_TEST_TMPDIR/notify" "@astray-test-$$"; do
        timeout 100 python3 manager.py "$name" "$ASTRAY" watch --state state logs
    done
}

@test "metrics are there from the start, and never go back" {
    watch --state state --textfile m.prom logs
    wait_for 20 test -e m.prom
    grep -qx 'astray_connections_total{action="detected",class="unspecified",unit=""} 0' m.prom
    grep -qx 'astray_connections_total{action="blocked",class="sinkhole",unit=""} 0' m.prom
    is "$(stat -c %a m.prom)" 644
    record 1 >>"$LOG"
    record 2 '.event.type = ["connection", "end"]' >>"$LOG"
    wait_for 20 has_counted m.prom 1
    end_watch
    rm m.prom
    watch --state state --textfile m.prom logs
    wait_for 20 test -e m.prom
    is "$(counted m.prom)" 1
    record 3 >>"$LOG"
    wait_for 20 has_counted m.prom 2
    end_watch
    if command -v promtool >/dev/null; then
        promtool check metrics <m.prom
    fi
    is "$(find . -name '*.new')" ''
}

@test "summary writes the same metrics for logs that nobody watched" {
    "$PROGRAMS/writer" "$LOG" 1 500 0 3 rename >/dev/null
    "$ASTRAY" watch --once --textfile watch.prom logs >/dev/null
    "$ASTRAY" summary --format prometheus logs >summary.prom
    diff <(grep -v '^astray_watch\|# .* astray_watch' watch.prom) summary.prom
    is "$(counted summary.prom)" 500
    if command -v promtool >/dev/null; then
        promtool check metrics <summary.prom
    fi
}

#!/usr/bin/env bats
# shellcheck disable=SC2016 # what stands in single quotes is for another shell
#
# A fleet in small: two hosts and a log host, each a network namespace of its own, connected by veth pairs that lead
# nowhere else; rsyslog with RELP between them, and PostgreSQL on the log host.

bats_require_minimum_version 1.5.0
load helpers

FLEET=$ROOT/examples/fleet

setup()
{
    cd "$BATS_TEST_TMPDIR" || return
    HOSTS=()
}

teardown()
{
    stop_servers
    [ ! -d pg ] || as_postgres "$PG/pg_ctl" -D "$PWD/pg" -m immediate stop >/dev/null 2>&1 || true
    local pid
    for pid in "${HOSTS[@]}"; do
        kill "$pid" 2>/dev/null || true
    done
    rm -rf "$BATS_TEST_TMPDIR/pg"
}

need_rsyslog()
{
    need rsyslogd
    local module
    for module in "$@"; do
        compgen -G "/usr/lib*/*/rsyslog/$module.so" >/dev/null || compgen -G "/usr/lib*/rsyslog/$module.so" >/dev/null ||
            skip "rsyslog has no $module here"
    done
}

# host NAME: a host with a network and a name of its own; its pid is in PID.
host()
{
    unshare -n -u sh -c 'hostname "$1" 2>/dev/null || echo "$1" >/proc/sys/kernel/hostname; ip link set lo up; exec sleep 600' sh "$1" 3>&- &
    PID=$!
    HOSTS+=("$PID")
    wait_for 10 sh -c "[ \"\$(nsenter -t $PID -u hostname 2>/dev/null)\" = $1 ]"
}

on()
{
    nsenter -t "$1" -n -u "${@:2}"
}

# cable CLIENT SERVER N: 10.77.N.2 on the one end, 10.77.N.1 on the other.
cable()
{
    ip link add "host$3" type veth peer name "log$3"
    ip link set "host$3" netns "$1"
    ip link set "log$3" netns "$2"
    on "$1" sh -c "ip address add 10.77.$3.2/24 dev host$3; ip link set host$3 up"
    on "$2" sh -c "ip address add 10.77.$3.1/24 dev log$3; ip link set log$3 up"
}

# rsyslog PID NAME: starts the one that NAME.conf configures; its pid is in PID.
rsyslog()
{
    mkdir -p "spool/$2"
    printf 'global(workDirectory="%s")\n' "$PWD/spool/$2" | cat - "$2.conf" >"$2.whole"
    nsenter -t "$1" -n -u rsyslogd -n -f "$PWD/$2.whole" -i "$PWD/$2.pid" >>"$2.out" 2>&1 3>&- &
    PID=$!
    SERVERS+=("$PID")
}

# end_rsyslog PID: lets it save its queues.
end_rsyslog()
{
    kill "$1"
    wait "$1" || true
}

as_postgres()
{
    setpriv --reuid postgres --regid postgres --clear-groups env LC_ALL=C.UTF-8 "$@"
}

PG=$(compgen -G '/usr/lib/postgresql/*/bin' | sort -V | tail -n 1 || true)

start_postgres()
{
    as_postgres "$PG/pg_ctl" -D "$PWD/pg" -w -l "$PWD/sock/log" start >/dev/null 3>&-
}

# PostgreSQL on a socket alone.
postgres()
{
    mkdir -p pg sock
    chmod 755 "$BATS_TEST_TMPDIR" "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR" 2>/dev/null || true
    chown postgres pg sock
    as_postgres "$PG/initdb" -D "$PWD/pg" -A trust -N >initdb.out
    printf "listen_addresses = ''\nunix_socket_directories = '%s'\nfsync = off\n" "$PWD/sock" >>pg/postgresql.conf
    # What the README says of them.
    printf 'local astray astray peer map=astray\nlocal all postgres trust\n' >pg/pg_hba.conf
    echo 'astray root astray' >pg/pg_ident.conf
    start_postgres
    sql postgres 'CREATE DATABASE astray'
    sql postgres 'CREATE ROLE astray LOGIN'
    psql -q -v ON_ERROR_STOP=1 -h "$PWD/sock" -U postgres -d astray -f "$FLEET/postgresql/schema.sql"
}

sql()
{
    psql -q -A -t -h "$PWD/sock" -U postgres -d "$1" -c "$2"
}

@test "rsyslog accepts both configurations" {
    need_rsyslog imfile omrelp imrelp mmutf8fix ompgsql
    for end in client server; do
        printf 'global(workDirectory="%s")\n' "$PWD" | cat - "$FLEET/rsyslog/$end.conf" >"$end.whole"
        run rsyslogd -N1 -f "$PWD/$end.whole"
        is "$status" 0 "$output"
        is "$(grep -c -i 'error' <<<"$output" || true)" 0 "$output"
    done
}

OURS='"host":{"name":"web-[ab]"}'

# received FILE: how many different records it holds.
received()
{
    grep -ah "$OURS" "$@" 2>/dev/null | jq -r '[.host.name, .event.id] | join(" ")' 2>/dev/null | sort -u | wc -l
}

# As lines first, which is cheap to ask.
has_received()
{
    sleep 0.5
    [ -e fleet/merged.ndjson ] && [ "$(wc -l <fleet/merged.ndjson)" -ge "$1" ] && [ "$(received fleet/merged.ndjson)" -ge "$1" ]
}

has_stored()
{
    sleep 0.5
    [ "$(sql astray 'SELECT count(*) FROM astray.records')" -ge "$1" ]
}

need_postgres()
{
    need setpriv psql jq
    [ -n "$PG" ] || skip 'no PostgreSQL server is here'
    [ "$(id -u)" -eq 0 ] || skip 'root is needed'
    id postgres >/dev/null 2>&1 || skip 'no user postgres is here'
}

# The log host, and the hosts web-a and web-b with cables to it, all configured and none started.
fleet()
{
    need_rsyslog imfile omrelp imrelp mmutf8fix ompgsql
    need_postgres
    need nsenter
    ip link add probe0 type veth peer name probe1 2>/dev/null || skip 'no veth here'
    ip link delete probe0
    host log-host
    server=$PID
    host web-a
    web_a=$PID
    host web-b
    web_b=$PID
    cable "$web_a" "$server" 1
    cable "$web_b" "$server" 2
    postgres
    sed "s|/var/log/fleet/astray-.*\.ndjson|$PWD/fleet/merged.ndjson|; s|%2Frun%2Fpostgresql|${PWD//\//%2F}%2Fsock|
        s|resumeInterval=\"5\"|resumeInterval=\"1\"|" "$FLEET/rsyslog/server.conf" >server.conf
    local name
    for name in a:1 b:2; do
        mkdir -p "logs-${name%:*}"
        sed "s|/var/log/astray|$PWD/logs-${name%:*}|; s|loghost.example|10.77.${name#*:}.1|
            s|resumeInterval=\"5\"|resumeInterval=\"1\"|; s|resumeIntervalMax=\"60\"|resumeIntervalMax=\"2\"|" \
            "$FLEET/rsyslog/client.conf" >"client-${name%:*}.conf"
    done
}

# client NAME PID: starts a host's rsyslog as systemd does, with what is to come before.
client()
{
    local before
    before=$(sed -n 's/^ExecStartPre=-//p' "$FLEET/rsyslog/rsyslog.service.d/astray.conf")
    before=${before//\/var.?\/log.?\/astray.?\///logs-$1.?/}
    eval "${before//\/var\/spool\/rsyslog/$PWD/spool/client-$1}"
    rsyslog "$2" "client-$1"
}

# write COUNT: each host writes four times as many records.
write()
{
    local pair
    for pair in "$web_a:a" "$web_b:b"; do
        ASTRAY_RATE=0 ASTRAY_ORIGIN=none with_library "$PWD/logs-${pair#*:}/0.ndjson" on "${pair%:*}" "$PROGRAMS/flood" 4 "$1" 9
    done
}

# all_arrived COUNT: in the file and in the database, byte by byte, and nothing else.
all_arrived()
{
    is "$(received logs-a/0.ndjson logs-b/0.ndjson)" "$1" written
    wait_for 20 has_received "$1"
    wait_for 20 has_stored "$1"
    echo "# $(wc -l <fleet/merged.ndjson) lines arrived, $(received fleet/merged.ndjson) different records" >&3
    is "$(sql astray 'SELECT count(*) FROM astray.records')" "$1"
    grep -a "$OURS" fleet/merged.ndjson | sort -u >got
    sort -u logs-a/0.ndjson logs-b/0.ndjson | cmp - got
}

@test "20,000 records of two hosts arrive while the log host is away for a while" {
    local server web_a web_b away
    fleet
    rsyslog "$server" server
    away=$PID
    client a "$web_a"
    client b "$web_b"

    # A first half while the log host is there, the second while it is not.
    write 1250
    wait_for 20 has_received 2000
    end_rsyslog "$away"
    write 1250
    rsyslog "$server" server
    all_arrived 20000
    is "$(sql astray 'SELECT count(*) FROM astray.rejected')" 0
    is "$(sql astray 'SELECT host, attempts FROM astray.by_host ORDER BY host' | tr '\n' ' ')" 'web-a|10000 web-b|10000 '
    is "$(stat -c %a fleet fleet/merged.ndjson | tr '\n' ' ')" '750 640 '

    # The summary of the merged file and the view of the database say the same.
    "$ASTRAY" summary --by host --format json got >by-host.json
    is "$(jq -c '[.groups[] | [.host, .count]] | sort' by-host.json)" '[["web-a",10000],["web-b",10000]]'
}

@test "nothing is lost when rsyslog is stopped or killed anywhere while others are away, nor PostgreSQL" {
    local server web_a web_b away a b
    fleet
    rsyslog "$server" server
    away=$PID
    client a "$web_a"
    a=$PID
    client b "$web_b"
    b=$PID
    write 250
    wait_for 20 has_received 500

    # The log host dies; one host's rsyslog is stopped meanwhile and the other's killed, and both have more to say then.
    kill -9 "$away"
    wait "$away" || true
    write 250
    cat "$ROOT/tests/data/hostile.ndjson" >logs-a/1.ndjson
    head -c 100000 /dev/zero | tr '\0' x >>logs-a/1.ndjson
    printf '\n"\xff\xc3"\n{"a":"\x01\x00"}\n' >>logs-a/1.ndjson
    end_rsyslog "$a"
    kill -9 "$b"
    wait "$b" || true
    write 250
    client a "$web_a"
    client b "$web_b"
    rsyslog "$server" server
    wait_for 20 has_received 3000

    # The database crashes under load, and is away for a while; nothing is acknowledged then.
    write 250
    as_postgres "$PG/pg_ctl" -D "$PWD/pg" -m immediate stop >/dev/null
    write 250
    start_postgres
    all_arrived 10000

    # What is hostile arrived too, and broke nothing.
    grep -qxF '{"a":1,}' fleet/merged.ndjson
    [ "$(sql astray 'SELECT count(*) FROM astray.rejected')" -gt 100 ]
    is "$(sql astray 'SELECT host, attempts FROM astray.by_host ORDER BY host' | tr '\n' ' ')" 'web-a|5000 web-b|5000 '
    is "$("$ASTRAY" summary --by host --format json got | jq -c '[.groups[] | [.host, .count]] | sort')" '[["web-a",5000],["web-b",5000]]'
}

# take LINE, as rsyslog does.
take()
{
    psql -q -A -t -v ON_ERROR_STOP=1 -h "$PWD/sock" -U astray -d astray <<<"SELECT astray.take('${1//"'"/"''"}')" >/dev/null
}

@test "the store takes what is hostile, and takes nothing twice" {
    need_postgres
    postgres
    record=$(head -n 1 "$ROOT/tests/data/record-attempt.json")
    take "$record"
    take "$record"
    take "${record/web-10/web-11}"
    is "$(sql astray 'SELECT count(*) FROM astray.records')" 2
    take "'); DROP TABLE astray.records; --"
    take "${record/\"0\"/\"\\u0000\"}"
    take "${record/2026-09/never}"
    take "${record/\"port\":80/\"port\":\"80\"}"
    take "${record/[\"argv:2\",/{\"argv\":[}"
    take "${record/\"name\":\"web-10\"/\"name\":null}"
    take "${record/\"module\":\"astray\"/\"module\":\"other\"}"
    take '{"event":{"id":"1"}}'
    take "$(head -c 200000 /dev/zero | tr '\0' '[')"
    take ''
    is "$(sql astray 'SELECT count(*) FROM astray.rejected')" 10
    is "$(sql astray 'SELECT count(*) FROM astray.records')" 2
    # Whoever feeds it may do nothing else.
    run psql -q -h "$PWD/sock" -U astray -d astray -c 'SELECT count(*) FROM astray.records'
    has "$output" 'permission denied'
    run psql -q -h "$PWD/sock" -U astray -d astray -c 'INSERT INTO astray.records SELECT FROM astray.records'
    has "$output" 'permission denied'
}

# load FILE, as the comment in schema.sql says.
load_lines()
{
    local copy
    copy=$(sed -n 's/^-- psql -d astray -c "\(.*\)"$/\1/p' "$FLEET/postgresql/schema.sql")
    sql astray "${copy//FILE/$1}"
}

@test "the views count as the summary does, group by group" {
    need_postgres
    postgres
    # Two hosts' records, each with an id of its own, and what a foreign program wrote in between.
    jq -c '.event.id = "\(input_line_number)" | .host.name = "web-\(input_line_number % 2)"' "$ROOT/tests/data/summary.ndjson" >lines
    grep -a -v '"module":"astray"' "$ROOT/tests/data/hostile.ndjson" | tr -d '\0\1\2\r' |
        LC_ALL=C.UTF-8 grep -ax '.*' >>lines
    load_lines lines
    load_lines lines
    psql -q -v ON_ERROR_STOP=1 -h "$PWD/sock" -U postgres -d astray -f "$FLEET/postgresql/schema.sql" 2>/dev/null

    "$ASTRAY" summary --top 1000 --format json lines >summary.json
    is "$(jq -c '[.groups[].kind] | unique' summary.json)" '["failed","misconfigured","stray"]'
    jq -c '.groups[] | [.kind, .count, .attempts, .outcomes.success, .outcomes.failure, .outcomes.unknown, .rewritten, .blocked, .class,
        .destination.address, .destination.ip, .destination.port, .program, .script, .origin, .variable, .message]' summary.json |
        sort >wanted
    sql astray 'SELECT json_build_array(kind, count, attempts, succeeded, failed, unknown, rewritten, blocked, class,
        written, ip, port, program, script, origin, variable, message) FROM astray.summary' | jq -c . | sort >got
    diff -u wanted got

    "$ASTRAY" summary --top 1000 --by host --format json lines |
        jq -c '.groups[] | [.kind, .host, .count, .attempts, .outcomes.success, .outcomes.failure, .rewritten, .blocked]' | sort >wanted
    sql astray 'SELECT json_build_array(kind, host, count, attempts, succeeded, failed, rewritten, blocked) FROM astray.by_host' |
        jq -c . | sort >got
    diff -u wanted got

    # Which programs are no scripts: the same words as the command's.
    for list in wrappers roots; do
        sed -n "/^static const char \*const $list\[\]/,/;/p" "$ROOT/src/cli/sight.c" | grep -o '"[^"]*"' | tr -d '"' | sort >wanted
        sql astray "SELECT name FROM astray.$list" | sort | diff -u wanted -
    done
}

@test "the bulk requests are pairs of lines, each small enough" {
    need jq split
    "$PROGRAMS/writer" web-1.ndjson 1 10500 0 0 none >/dev/null
    mkdir bin
    printf '#!/bin/sh\ncat >"request-$$"\n' >bin/curl
    chmod +x bin/curl
    sed -n "/^    jq -c '{create/,/_bulk/p" "$FLEET/README.md" >bulk.sh
    PATH=$PWD/bin:$PATH sh -e bulk.sh
    is "$(cat request-* | wc -l)" 21000
    for request in request-*; do
        [ "$(wc -l <"$request")" -le 20000 ]
        jq -s -e '[.[range(0; length; 2)] | .create._id] == [.[range(1; length; 2)] | .host.name + " " + .event.id]' "$request" >/dev/null
    done
    is "$(echo request-* | wc -w)" 2
}

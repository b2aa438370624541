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
    printf 'global(workDirectory="%s" maxMessageSize="16k")\n' "$PWD/spool/$2" | cat - "$2.conf" >"$2.whole"
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

# PostgreSQL on a socket alone.
postgres()
{
    mkdir -p pg sock
    chmod 755 "$BATS_TEST_TMPDIR" "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR" 2>/dev/null || true
    chown postgres pg sock
    as_postgres "$PG/initdb" -D "$PWD/pg" -A trust -N >initdb.out
    printf "listen_addresses = ''\nunix_socket_directories = '%s'\nfsync = off\n" "$PWD/sock" >>pg/postgresql.conf
    as_postgres "$PG/pg_ctl" -D "$PWD/pg" -w -l "$PWD/sock/log" start >/dev/null 3>&-
    sql postgres 'CREATE DATABASE astray'
    sql astray 'CREATE ROLE astray LOGIN SUPERUSER'
    psql -q -v ON_ERROR_STOP=1 -h "$PWD/sock" -U postgres -d astray -f "$FLEET/postgresql/schema.sql"
}

sql()
{
    psql -q -A -t -h "$PWD/sock" -U postgres -d "$1" -c "$2"
}

@test "rsyslog accepts both configurations" {
    need_rsyslog imfile omrelp imrelp mmjsonparse ompgsql
    for end in client server; do
        printf 'global(workDirectory="%s")\n' "$PWD" | cat - "$FLEET/rsyslog/$end.conf" >"$end.whole"
        run rsyslogd -N1 -f "$PWD/$end.whole"
        is "$status" 0 "$output"
        is "$(grep -c -i 'error' <<<"$output" || true)" 0 "$output"
    done
}

# received FILE: how many different records it holds.
received()
{
    cat "$@" 2>/dev/null | jq -r '[.host.name, .event.id] | join(" ")' 2>/dev/null | sort -u | wc -l
}

# As lines first, which is cheap to ask.
has_received()
{
    sleep 0.5
    [ -e merged.ndjson ] && [ "$(wc -l <merged.ndjson)" -ge "$1" ] && [ "$(received merged.ndjson)" -ge "$1" ]
}

has_stored()
{
    sleep 0.5
    [ "$(sql astray 'SELECT count(*) FROM astray.records')" -ge "$1" ]
}

@test "20,000 records of two hosts arrive while the log host is away for a while" {
    need_rsyslog imfile omrelp imrelp mmjsonparse ompgsql
    need setpriv psql nsenter jq
    [ -n "$PG" ] || skip 'no PostgreSQL server is here'
    [ "$(id -u)" -eq 0 ] || skip 'root is needed'
    id postgres >/dev/null 2>&1 || skip 'no user postgres is here'
    ip link add probe0 type veth peer name probe1 2>/dev/null || skip 'no veth here'
    ip link delete probe0
    host log-host
    local server=$PID web_a web_b away name pid
    host web-a
    web_a=$PID
    host web-b
    web_b=$PID
    cable "$web_a" "$server" 1
    cable "$web_b" "$server" 2
    postgres
    sed "s|/var/log/fleet/astray-.*\.ndjson|$PWD/merged.ndjson|; s|%2Frun%2Fpostgresql|${PWD//\//%2F}%2Fsock|" \
        "$FLEET/rsyslog/server.conf" >server.conf
    for name in a:1 b:2; do
        mkdir -p "logs-${name%:*}"
        sed "s|/var/log/astray|$PWD/logs-${name%:*}|; s|loghost.example|10.77.${name#*:}.1|; s|resumeInterval=\"5\"|resumeInterval=\"1\"|; s|resumeIntervalMax=\"60\"|resumeIntervalMax=\"2\"|" \
            "$FLEET/rsyslog/client.conf" >"client-${name%:*}.conf"
    done
    rsyslog "$server" server
    away=$PID
    rsyslog "$web_a" client-a
    rsyslog "$web_b" client-b

    # A first half while the log host is there, the second while it is not.
    export ASTRAY_RATE=0 ASTRAY_ORIGIN=none
    for pid in "$web_a:a" "$web_b:b"; do
        with_library "$PWD/logs-${pid#*:}/0.ndjson" on "${pid%:*}" "$PROGRAMS/flood" 4 1250 9
    done
    wait_for 5 has_received 2000
    end_rsyslog "$away"
    for pid in "$web_a:a" "$web_b:b"; do
        with_library "$PWD/logs-${pid#*:}/0.ndjson" on "${pid%:*}" "$PROGRAMS/flood" 4 1250 9
    done
    is "$(received logs-a/0.ndjson logs-b/0.ndjson)" 20000 written
    sleep 3
    # The lines wait on the disks of the clients.
    compgen -G 'spool/client-a/astray.0*' >/dev/null
    rsyslog "$server" server
    wait_for 5 has_received 20000
    wait_for 5 has_stored 20000

    echo "# $(wc -l <merged.ndjson) lines in the merged file, $(received merged.ndjson) different records" >&3
    is "$(sql astray 'SELECT count(*) FROM astray.records')" 20000
    is "$(sql astray 'SELECT count(*) FROM astray.rejected')" 0
    is "$(sql astray 'SELECT host, attempts FROM astray.by_host ORDER BY host' | tr '\n' ' ')" 'web-a|10000 web-b|10000 '

    # The lines are the ones that were written, byte by byte.
    sort -u merged.ndjson >got
    sort -u logs-a/0.ndjson logs-b/0.ndjson | cmp - got

    # The summary of the merged file and the view of the database say the same.
    "$ASTRAY" summary --by host --format json got >by-host.json
    is "$(jq -c '[.groups[] | [.host, .count]] | sort' by-host.json)" '[["web-a",10000],["web-b",10000]]'
    is "$(sql astray 'SELECT sum(attempts), sum(failed) FROM astray.summary')" \
        "$(jq -r '[([.groups[].attempts] | add), ([.groups[].outcomes.failure] | add)] | join("|")' by-host.json)"
}

@test "the store takes what is hostile, and takes nothing twice" {
    need setpriv psql
    [ -n "$PG" ] || skip 'no PostgreSQL server is here'
    [ "$(id -u)" -eq 0 ] || skip 'root is needed'
    id postgres >/dev/null 2>&1 || skip 'no user postgres is here'
    postgres
    take()
    {
        psql -q -A -t -v ON_ERROR_STOP=1 -v line="$1" -h "$PWD/sock" -U postgres -d astray <<<"SELECT astray.take(:'line')" >/dev/null
    }
    record=$(head -n 1 "$ROOT/tests/data/record-attempt.json")
    take "$record"
    take "$record"
    take "${record/web-10/web-11}"
    is "$(sql astray 'SELECT count(*) FROM astray.records')" 2
    take "'); DROP TABLE astray.records; --"
    take '{"event":{"id":"1\u0000"},"host":{"name":"x"},"@timestamp":"2026-09-21T08:14:02Z"}'
    take '{"event":{"id":"1"},"host":{"name":"x"},"@timestamp":"never"}'
    take '{"event":{"id":"1"}}'
    take ''
    is "$(sql astray 'SELECT count(*) FROM astray.rejected')" 5
    is "$(sql astray 'SELECT count(*) FROM astray.records')" 2
}

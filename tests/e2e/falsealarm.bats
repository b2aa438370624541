#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031,SC2317 # each test is a subshell of its own, and its functions are called by name
#
# No false alarm: servers and clients of every day, both under the library, in audit and in rewrite mode, used as
# they should be: bound to 0.0.0.0 and ::, reached at 127.0.0.1, localhost and ::1. Not one record, and not one byte
# of output that is different. The first tests show that the same frame finds the opposite.

load helpers

setup()
{
    free_port
    # A server of another user needs the library and a log, too: a record that it cannot write would not be missed.
    HERE=$(mktemp -d /tmp/astray-falsealarm-XXXXXX)
    chmod 1777 "$HERE"
    install -m 755 "$LIBRARY" "$HERE/libastray.so"
    LIBRARY=$HERE/libastray.so
    LOG=$HERE/log.%u
    export STOP_TRIES=1500 # a server under load ends when it is done
    PREFIX=()
    BACK=localhost
}

teardown()
{
    stop_servers
    rm -rf "$HERE"
}

# A server's output without what no two runs have in common: numbers (pids, ports, times), what they call the day,
# and the order in which several processes write.
blurred()
{
    sed -E 's/[0-9]+/N/g; s/\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun)\b/DAY/g
        s/\b(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\b/MONTH/g' "$1" | sort
}

is_free()
{
    ! is_listening "$PORT"
}

# begin MODE COMMAND...: the server, its output to server.0. Without LD_DEBUG: what the loader then writes stops
# sshd's sandbox.
begin()
{
    local mode=$1
    shift
    if [ "$mode" = plain ]; then
        serve "${PREFIX[@]}" "$@"
    else
        serve env LD_PRELOAD="$LIBRARY" ASTRAY_LOG="$LOG" ASTRAY_CONFIG=/dev/null ASTRAY_MODE="$mode" ASTRAY_FAILURES=0 \
            "${PREFIX[@]}" "$@"
    fi
}

# use MODE FUNCTION: what its commands print to MODE.out, MODE.err and MODE.status, and the loader's proof.
use()
{
    if [ "$1" = plain ]; then
        capture "$1" "$2"
    else
        rm -f "$BATS_TEST_TMPDIR"/loader.*
        LD_DEBUG=files LD_DEBUG_OUTPUT=$BATS_TEST_TMPDIR/loader LD_PRELOAD=$LIBRARY ASTRAY_LOG=$LOG \
            ASTRAY_CONFIG=/dev/null ASTRAY_MODE=$1 ASTRAY_FAILURES=0 capture "$1" "$2"
    fi
}

# has_library PID: and its children have it, too, as long as they live.
has_library()
{
    local pid maps
    for pid in "$1" $(cat "/proc/$1/task/$1/children"); do
        maps=$(cat "/proc/$pid/maps" 2>/dev/null)
        [ -n "$maps" ] || [ "$pid" = "$1" ] || continue
        case $maps in
        */libastray.so*) ;;
        *)
            echo "$(readlink "/proc/$pid/exe") runs without the library" >&2
            return 1
            ;;
        esac
    done
}

# had_library PROGRAM...: in the last use.
had_library()
{
    local name
    for name in "$@"; do
        was_mapped "$name" || {
            echo "$name ran without the library" >&2
            return 1
        }
    done
}

# one_run MODE START USE: what the server printed goes to MODE.server.
one_run()
{
    if [ "$2" != none ]; then
        wait_for 30 is_free && "$2" "$1" || return
        [ "$1" = plain ] || has_library "${SERVERS[0]}" || return
    fi
    use "$1" "$3"
    stop_servers
    [ "$2" = none ] || blurred "$BATS_TEST_TMPDIR/server.0" >"$BATS_TEST_TMPDIR/$1.server"
}

# no_alarm START USE PROGRAM...: START (a function that gets the mode for begin, or none) starts the server, USE uses
# it; without the library, and with it. PROGRAM...: those that USE runs; they and the server must have the library.
no_alarm()
{
    local start=$1 use=$2 mode
    shift 2
    one_run plain "$start" "$use" || return
    is "$(cat "$BATS_TEST_TMPDIR/plain.status")" 0 "status without the library: $(cat "$BATS_TEST_TMPDIR/plain.err")" || return
    [ -s "$BATS_TEST_TMPDIR/plain.out" ] || return
    for mode in audit rewrite; do
        one_run "$mode" "$start" "$use" && had_library "$@" || return
        is "$(cat "$HERE"/log.* 2>/dev/null)" '' "records in $mode mode" || return
        same plain "$mode" || return
        [ "$start" = none ] || diff -u "$BATS_TEST_TMPDIR/plain.server" "$BATS_TEST_TMPDIR/$mode.server" >&2 || return
    done
}

# and_stop COMMAND...: stops the servers of a subshell as well, which nobody else knows.
and_stop()
{
    local status=0
    "$@" || status=$?
    stop_servers
    return "$status"
}

# alarm WHAT START USE PROGRAM...: no_alarm fails, and WHAT is in what it says.
alarm()
{
    local what=$1
    shift
    run and_stop no_alarm "$@"
    [ "$status" -ne 0 ]
    has "$output" "$what"
}

# as_nobody COMMAND...: and PREFIX for a server. Skips the test where that cannot be.
as_nobody()
{
    setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
}

need_nobody()
{
    need setpriv
    as_nobody true 2>/dev/null || skip 'only root can become another user'
    PREFIX=(setpriv --reuid=65534 --regid=65534 --clear-groups)
}

# ---- servers of the web -----------------------------------------------

start_nginx()
{
    local back=$((PORT + 1))
    mkdir -p "$HERE/www"
    echo 'a page' >"$HERE/www/index.html"
    nginx_conf "$HERE" "
    upstream back { server $BACK:$back; keepalive 2; }
    server {
        listen 0.0.0.0:$PORT;
        listen [::]:$PORT;
        root $HERE/www;
        location /back/ { proxy_pass http://back/; }
    }
    server {
        listen 127.0.0.1:$back;
        listen [::1]:$back;
        root $HERE/www;
    }" 'stderr warn' /dev/stdout >"$HERE/nginx.conf"
    begin "$1" nginx -c "$HERE/nginx.conf"
    wait_for 30 is_listening "$PORT"
}

use_nginx()
{
    local host
    for host in 127.0.0.1 localhost '[::1]' 127.1.2.3; do
        curl -sS -g "http://$host:$PORT/" && curl -sS -g "http://$host:$PORT/back/" || return
    done
}

@test "the opposite: a client's connection to 0.0.0.0 is found" {
    need nginx
    use_zero()
    {
        curl -sS "http://0.0.0.0:$PORT/"
    }
    alarm 'records in audit mode' start_nginx use_zero curl
    has "$output" '"name":"curl"'
}

@test "the opposite: a server's connection to 0.0.0.0 is found" {
    need nginx
    BACK=0.0.0.0
    alarm 'records in audit mode' start_nginx use_nginx curl
    has "$output" '"name":"nginx"'
}

@test "the opposite: so is that of a server of another user" {
    need_nobody
    install -m 755 "$PROGRAMS/listener" "$HERE/listener"
    start_stray()
    {
        # shellcheck disable=SC2016 # expanded by the inner shell
        begin "$1" bash -c ': >/dev/tcp/0.0.0.0/9; exec "$@"' bash "$HERE/listener" 127.0.0.1 "$PORT"
        wait_for 30 is_listening "$PORT"
    }
    use_cat()
    {
        cat /proc/sys/kernel/ostype
    }
    alarm 'records in audit mode' start_stray use_cat cat
    has "$output" '"user":{"id":"65534"'
}

@test "the opposite: a changed byte of a client or a server, and a program without the library are found" {
    need nginx
    use_changed()
    {
        use_nginx && if [ -n "${LD_PRELOAD-}" ]; then echo changed; fi
    }
    alarm 'out differs between "plain" and "audit"' start_nginx use_changed curl
    stop_servers
    use_otherwise()
    {
        use_nginx && if [ -n "${LD_PRELOAD-}" ]; then curl -sS "http://127.0.0.1:$PORT/" >/dev/null; fi
    }
    alarm '+N.N.N.N - - ' start_nginx use_otherwise curl
    stop_servers
    use_unseen()
    {
        env -u LD_PRELOAD curl -sS "http://127.0.0.1:$PORT/"
    }
    alarm 'curl ran without the library' start_nginx use_unseen curl
    stop_servers
    start_unseen()
    {
        start_nginx plain
    }
    alarm 'nginx runs without the library' start_unseen use_nginx curl
}

@test "nginx that serves and proxies, and curl" {
    need nginx
    no_alarm start_nginx use_nginx curl
}

# ---- databases --------------------------------------------------------

start_redis()
{
    begin "$1" redis-server --port "$PORT" --bind 0.0.0.0 :: --protected-mode no --save '' --dir "$HERE" --loglevel warning
    wait_for 30 is_listening "$PORT"
}

use_redis()
{
    local host
    for host in 127.0.0.1 localhost ::1; do
        redis-cli -h "$host" -p "$PORT" set key "$host" && redis-cli -h "$host" -p "$PORT" get key || return
    done
}

@test "redis-server and redis-cli" {
    need redis-server redis-cli
    no_alarm start_redis use_redis redis-cli
}

start_memcached()
{
    begin "$1" memcached -u root -l 0.0.0.0 -l ::0 -p "$PORT" -U 0 -t 1
    wait_for 30 is_listening "$PORT"
}

use_memcached()
{
    # shellcheck disable=SC2016 # expanded by the inner shell
    bash -c '
        exec 3<>"/dev/tcp/localhost/$1" || exit
        printf "set key 0 0 5\r\nvalue\r\nget key\r\nquit\r\n" >&3
        cat <&3' bash "$PORT"
}

@test "memcached, and bash's /dev/tcp" {
    need memcached
    no_alarm start_memcached use_memcached bash
}

is_ready()
{
    grep -qs '^ready' "$HERE/data/postmaster.pid"
}

start_postgres()
{
    begin "$1" "$POSTGRES" -D "$HERE/data" -p "$PORT" -k "$HERE/data" -c listen_addresses='*' -c logging_collector=off \
        -c log_checkpoints=off -c log_statement=all -c fsync=off
    wait_for 60 is_ready
}

use_postgres()
{
    local host
    for host in 127.0.0.1 localhost ::1 "$HERE/data"; do
        psql -h "$host" -p "$PORT" -U nobody -w -At -c 'create temp table t as select 42 as a; select * from t' postgres || return
    done
}

@test "postgres and psql" {
    need psql
    POSTGRES=$(command -v postgres || find /usr/lib/postgresql -path '*/bin/postgres' 2>/dev/null | tail -n 1)
    [ -n "$POSTGRES" ] || skip 'postgres is not here'
    POSTGRES=$(readlink -f "$POSTGRES")
    need_nobody
    as_nobody env HOME="$HERE" "$(dirname "$POSTGRES")/initdb" -A trust -N --locale=C -U nobody -D "$HERE/data" >/dev/null
    no_alarm start_postgres use_postgres psql
}

# ---- ssh --------------------------------------------------------------

start_sshd()
{
    # sshd asks for a folder of its own below /run.
    # shellcheck disable=SC2016 # expanded by the inner shell
    begin "$1" unshare -m sh -c 'mount -t tmpfs none /run && mkdir -m 755 /run/sshd && exec "$@"' sh \
        /usr/sbin/sshd -D -e -f "$HERE/sshd_config"
    wait_for 30 is_listening "$PORT"
}

use_ssh()
{
    local host
    for host in 127.0.0.1 localhost ::1; do
        ssh -F /dev/null -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR \
            -o IdentitiesOnly=yes -o ConnectTimeout=60 -i "$HERE/key" -p "$PORT" "root@$host" echo hello || return
    done
}

@test "sshd in its sandbox, and ssh" {
    [ -x /usr/sbin/sshd ] || skip 'sshd is not here'
    need ssh ssh-keygen
    unshare -m true 2>/dev/null || skip 'no mount namespace can be made here'
    grep -q 4294967295 /proc/self/uid_map || skip 'sshd needs more users than one'
    ssh-keygen -q -t ed25519 -N '' -f "$HERE/key"
    ssh-keygen -q -t ed25519 -N '' -f "$HERE/host"
    cat >"$HERE/sshd_config" <<CONF
Port $PORT
ListenAddress 0.0.0.0
ListenAddress ::
HostKey $HERE/host
AuthorizedKeysFile $HERE/key.pub
PermitRootLogin yes
StrictModes no
UsePAM no
UseDNS yes
PidFile none
LogLevel INFO
CONF
    start_sshd plain
    use_ssh >/dev/null 2>&1 || skip 'ssh to root cannot work here'
    stop_servers
    no_alarm start_sshd use_ssh ssh
}

# ---- names and packets ------------------------------------------------

start_dnsmasq()
{
    begin "$1" dnsmasq --keep-in-foreground --no-resolv --no-hosts --no-daemon --conf-file=/dev/null --user=root \
        --port="$PORT" --pid-file= --log-queries=extra \
        --host-record=a.test,127.0.0.7,::7 --host-record=zero.test,0.0.0.0
    wait_for 30 is_listening "$PORT"
}

use_names()
{
    # A name server that tells of 0.0.0.0 is no connection there.
    dig +short -p "$PORT" @127.0.0.1 a.test && dig +short +tcp -p "$PORT" @::1 a.test AAAA zero.test A &&
        dig +noall +answer -p "$PORT" @localhost zero.test && host -t A -p "$PORT" a.test 127.0.0.1
}

@test "dnsmasq, dig and host" {
    need dnsmasq dig host
    no_alarm start_dnsmasq use_names dig host
}

use_ping()
{
    ping -n -q -c 2 -i 0.2 127.0.0.1 && ping -n -q -c 1 localhost && ping -n -q -c 1 ::1
}

@test "ping to loopback" {
    need ping
    ping -n -q -c 1 127.0.0.1 >/dev/null || skip 'ping may not send here'
    no_alarm none use_ping ping
}

# ---- apt --------------------------------------------------------------

# A repository of one file that apt takes for a package.
make_repository()
{
    local folder=$HERE/repository
    mkdir -p "$folder"
    echo 'a package' >"$folder/hello.deb"
    cat >"$folder/Packages" <<PACKAGES
Package: hello
Version: 1
Architecture: all
Filename: ./hello.deb
Size: $(wc -c <"$folder/hello.deb")
SHA256: $(sha256sum <"$folder/hello.deb" | cut -d' ' -f1)
Description: hello
PACKAGES
    cat >"$folder/Release" <<RELEASE
Suite: stable
Date: $(LC_ALL=C date -u '+%a, %d %b %Y %H:%M:%S UTC')
SHA256:
 $(sha256sum <"$folder/Packages" | cut -d' ' -f1) $(wc -c <"$folder/Packages") Packages
RELEASE
}

# fetch URI: the list of packages, and the package.
fetch()
{
    local folder=$HERE/apt options
    options=(-o Dir::Etc="$folder/etc" -o Dir::Etc::SourceParts=/dev/null -o Dir::Etc::Parts=/dev/null
        -o Dir::State="$folder/state" -o Dir::State::status="$folder/status" -o Dir::Cache="$folder/cache"
        -o APT::Sandbox::User=root -o Acquire::Languages=none)
    rm -rf "$folder"
    mkdir -p "$folder"/{etc,state/lists/partial,cache/archives/partial,here}
    touch "$folder/status"
    echo "deb [trusted=yes] $1 ./" >"$folder/etc/sources.list"
    (
        cd "$folder/here" || exit
        apt-get update "${options[@]}" && apt-get download hello "${options[@]}"
    ) >"$folder/output" || return
    # How long it took, and how fast that was.
    sed 's/^\(Fetched .*\) in .*/\1/' "$folder/output"
    ls "$folder/state/lists" && cat "$folder/here/"*
}

use_apt()
{
    fetch "http://127.0.0.1:$PORT/" && fetch "http://localhost:$PORT/" && fetch "file:$HERE/repository"
}

start_http()
{
    begin "$1" "$PYTHON" -u -m http.server --bind "${ADDRESS-0.0.0.0}" --directory "$HERE/repository" "$PORT"
    wait_for 30 is_listening "$PORT"
}

need_http_server()
{
    PYTHON=$(find_python)
    [ -x "$PYTHON" ] || skip 'no python3 is here'
    "$PYTHON" -c 'import http.server' 2>/dev/null || skip 'this python3 has no http.server'
}

@test "apt-get from a server of Python's, and from files" {
    need apt-get
    need_http_server
    make_repository
    no_alarm start_http use_apt apt-get http file
}

# ---- logs -------------------------------------------------------------

start_rsyslogd()
{
    rm -f "$HERE/messages"
    cat >"$HERE/rsyslog.conf" <<CONF
module(load="imtcp")
module(load="imudp")
input(type="imtcp" address="0.0.0.0" port="$PORT")
input(type="imtcp" address="::" port="$PORT")
input(type="imudp" address="0.0.0.0" port="$PORT")
template(name="text" type="string" string="%msg%\\n")
*.* action(type="omfile" file="$HERE/messages" template="text")
CONF
    begin "$1" rsyslogd -n -f "$HERE/rsyslog.conf" -i NONE
    wait_for 30 is_listening "$PORT"
}

has_messages()
{
    [ "$(grep -c hello "$HERE/messages" 2>/dev/null)" -ge 3 ]
}

use_logger()
{
    logger -n 127.0.0.1 -P "$PORT" -T -t test 'hello by TCP' && logger -n localhost -P "$PORT" -T -t test 'hello by name' &&
        logger -n 127.0.0.1 -P "$PORT" -d -t test 'hello by UDP' && wait_for 30 has_messages &&
        grep hello "$HERE/messages" | sort
}

@test "rsyslogd and logger" {
    need rsyslogd logger
    no_alarm start_rsyslogd use_logger logger
}

# ---- a browser --------------------------------------------------------

use_chromium()
{
    rm -rf "$HERE/profile"
    # What it says of the machine on standard error differs from run to run.
    timeout -k 5 120 chromium --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --virtual-time-budget=3000 \
        --user-data-dir="$HERE/profile" --dump-dom "http://localhost:$PORT/index.html" 2>/dev/null
}

@test "Chromium, headless, on a local page" {
    need chromium
    need_http_server
    mkdir -p "$HERE/repository"
    echo '{"a": 42}' >"$HERE/repository/data.json"
    cat >"$HERE/repository/index.html" <<'PAGE'
<!doctype html><title>a page</title><link rel=icon href="data:,"><p id=x></p>
<script>fetch("/data.json").then(r => r.text()).then(t => x.textContent = t)</script>
PAGE
    no_alarm start_http use_chromium chromium
    has "$(cat "$BATS_TEST_TMPDIR/rewrite.out")" '"a": 42'
}

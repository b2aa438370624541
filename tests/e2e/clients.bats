#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031 # each test is a subshell of its own
#
# Real clients under the library: what each one's stray connection leaves in the log, and that the
# client itself notices nothing. None of them would leave a record without the library: there is no
# log then.

load helpers

setup()
{
    export LOG=$BATS_TEST_TMPDIR/log.ndjson
    free_port
}

# unharmed NAME COMMAND...: COMMAND does the same without and with the library (audit), NAME being the
# program in it that must have the library in its maps.
unharmed()
{
    local name=$1
    shift
    rm -f "$LOG"
    capture plain without_library "$@"
    [ ! -e "$LOG" ]
    capture library client_with_library "$LOG" "$@"
    require_mapped "$name"
    same plain library
}

# The first attempt in the log: what jq's FILTER makes of it.
attempt()
{
    attempts "$LOG" "$1" | head -n 1
}

# logged CLASS IP PORT [ADDRESS [ORIGIN]]: so says the first attempt.
logged()
{
    is "$(attempt .astray.class)" "$1" class
    is "$(attempt .destination.ip)" "$2" ip
    is "$(attempt .destination.port)" "$3" port
    is "$(attempt .event.action)" detected action
    is "$(attempt .astray.mode)" audit mode
    [ $# -lt 4 ] || is "$(attempt .destination.address)" "$4" "spelling"
    [ $# -lt 5 ] || has " $(attempt '.astray.origin // [] | join(" ")') " " $5 "
}

# ended OUTCOME [ERROR]: the first attempt, by what the program itself learned.
ended()
{
    is "$(outcomes "$LOG" .event.outcome | head -n 1)" "$1" outcome
    is "$(outcomes "$LOG" '.error.type // ""' | head -n 1)" "${2-}" error
    is "$(outcomes "$LOG" .astray.attempt | head -n 1)" "$(attempt .astray.attempt)" "attempt"
}

hosts()
{
    printf '127.0.0.1 localhost\n0.0.0.0 zero.test\n:: six.test\n192.0.2.9 documented.test\n' >"$BATS_TEST_TMPDIR/hosts"
    echo "$BATS_TEST_TMPDIR/hosts"
}

# ---- curl -------------------------------------------------------------

@test "curl http://0:PORT is logged with its spelling, its argument and its class" {
    unharmed curl curl -sS "http://0:$PORT/health"
    is "$(cat "$BATS_TEST_TMPDIR/library.status")" 7
    logged unspecified 0.0.0.0 "$PORT" 0 argv:2
    ended failure ECONNREFUSED
    is "$(attempt .process.name)" curl
    is "$(attempt '.process.args[2]')" "http://0:$PORT/health"
    is "$(attempt .network.transport)" tcp
    is "$(attempt .network.type)" ipv4
    is "$(attempt .astray.call)" connect
}

@test "curl that reaches a server through 0 gets its answer, and is logged" {
    listen 127.0.0.1
    unharmed curl curl -sS "http://0:$PORT/"
    is "$(cat "$BATS_TEST_TMPDIR/library.out")" "here 127.0.0.1"
    logged unspecified 0.0.0.0 "$PORT" 0 argv:2
}

@test "curl to 127.0.0.1 and localhost leaves no record" {
    listen 127.0.0.1
    unharmed curl curl -sS "http://127.0.0.1:$PORT/"
    no_records "$LOG"
    unharmed curl curl -sS "http://localhost:$PORT/"
    no_records "$LOG"
}

@test "curl to 0.0.0.0, [::] and 192.0.2.9 is logged with each one's class" {
    unharmed curl curl -sS "http://0.0.0.0:$PORT/"
    logged unspecified 0.0.0.0 "$PORT" 0.0.0.0 argv:2
    unharmed curl curl -sS -g "http://[::]:$PORT/"
    logged unspecified :: "$PORT" :: argv:3
    is "$(attempt .network.type)" ipv6
    unharmed curl curl -sS "http://192.0.2.9:$PORT/"
    logged documentation 192.0.2.9 "$PORT" 192.0.2.9 argv:2
    unharmed curl curl -sS "http://0x0:$PORT/"
    logged unspecified 0.0.0.0 "$PORT" 0x0 argv:2
}

@test "curl with http_proxy=0:PORT names the variable" {
    http_proxy=0:$PORT unharmed curl curl -sS http://www.example.test/
    logged unspecified 0.0.0.0 "$PORT" 0 env:http_proxy
}

@test "curl with http_proxy=8099 names the variable behind 0.0.31.163" {
    http_proxy=8099 unharmed curl curl -sS http://www.example.test/
    logged this-network 0.0.31.163 1080 8099 env:http_proxy
}

@test "curl below a shell script names the variable that the script was given" {
    # shellcheck disable=SC2016 # expanded by the script
    printf '#!/bin/sh\ncurl -sS "http://$API_ADDR/health"\n' >"$BATS_TEST_TMPDIR/deploy.sh"
    API_ADDR=0:$PORT unharmed curl sh "$BATS_TEST_TMPDIR/deploy.sh"
    logged unspecified 0.0.0.0 "$PORT" 0
    has " $(attempt '.astray.origin | join(" ")') " " env:API_ADDR "
    has " $(attempt '.astray.origin | join(" ")') " " argv:2 "
    is "$(attempt .process.parent.name)" deploy.sh
    has "$(attempt '.astray.ancestry[0]')" "deploy.sh["
}

@test "a bare 0 or a port without a role is no origin" {
    DEBUG=0 RETRIES=0 WORKERS=$PORT SHLVL=1 unharmed curl curl -sS --max-time 5 --retry 0 "http://0:$PORT/"
    is "$(attempt '.astray.origin | join(" ")')" argv:6
}

@test "a name that resolves to 0.0.0.0 is a sinkhole" {
    without_library with_hosts "$(hosts)" true || skip "no mount namespace can be made here"
    unharmed curl with_hosts "$(hosts)" curl -sS "http://zero.test:$PORT/"
    logged sinkhole 0.0.0.0 "$PORT" zero.test
    is "$(attempt .destination.domain)" zero.test
    unharmed curl with_hosts "$(hosts)" curl -sS "http://six.test:$PORT/"
    logged sinkhole :: "$PORT" six.test
}

@test "a name that resolves to documentation space keeps its class and its name" {
    without_library with_hosts "$(hosts)" true || skip "no mount namespace can be made here"
    unharmed curl with_hosts "$(hosts)" curl -sS "http://documented.test:$PORT/"
    logged documentation 192.0.2.9 "$PORT" documented.test
    is "$(attempt .destination.domain)" documented.test
}

# ---- wget -------------------------------------------------------------

@test "wget http://0:PORT: the blocking connection's outcome is logged" {
    need wget
    unharmed wget wget -q -O- -t1 "http://0:$PORT/"
    logged unspecified 0.0.0.0 "$PORT" 0 argv:4
    ended failure ECONNREFUSED
}

@test "wget that reaches a server through 0 is logged as a success" {
    need wget
    listen 127.0.0.1
    unharmed wget wget -q -O- -t1 "http://0:$PORT/"
    is "$(cat "$BATS_TEST_TMPDIR/library.out")" "here 127.0.0.1"
    logged unspecified 0.0.0.0 "$PORT" 0 argv:4
    ended success
}

@test "wget with http_proxy=0:PORT and http_proxy=0 names the variable" {
    need wget
    http_proxy=0:$PORT unharmed wget wget -q -O- -t1 http://www.example.test/
    logged unspecified 0.0.0.0 "$PORT" 0 env:http_proxy
    http_proxy=0 unharmed wget wget -q -O- -t1 http://www.example.test/
    logged unspecified 0.0.0.0 80 0 env:http_proxy
}

@test "wget to a name that resolves to 0.0.0.0 is a sinkhole" {
    need wget
    without_library with_hosts "$(hosts)" true || skip "no mount namespace can be made here"
    unharmed wget with_hosts "$(hosts)" wget -q -O- -t1 "http://zero.test:$PORT/"
    logged sinkhole 0.0.0.0 "$PORT" zero.test
}

# ---- python -----------------------------------------------------------

@test "python's socket to 0:PORT" {
    local python
    python=$(find_python)
    unharmed "$(basename "$python")" "$python" -c 'if True:
        import socket, sys
        try:
            socket.create_connection(tuple(sys.argv[1].split(":")))
        except OSError as error:
            print(error)' "0:$PORT"
    logged unspecified 0.0.0.0 "$PORT" 0 argv:3
    ended failure ECONNREFUSED
}

@test "python's urllib with http_proxy=0:PORT" {
    local python
    python=$(find_python)
    "$python" -c 'import urllib.request' || skip "this python3 has no urllib"
    http_proxy=0:$PORT unharmed "$(basename "$python")" "$python" -c 'if True:
        import urllib.request
        try:
            urllib.request.urlopen("http://www.example.test/", timeout=5)
        except OSError as error:
            print(error)'
    logged unspecified 0.0.0.0 "$PORT" 0 env:http_proxy
}

@test "python's UDP probe for its own address is logged as UDP" {
    local python
    python=$(find_python)
    unharmed "$(basename "$python")" "$python" -c 'if True:
        import socket
        probe = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        probe.connect(("0.0.0.0", 9))
        print(probe.getsockname()[0])'
    logged unspecified 0.0.0.0 9
    is "$(attempt .network.transport)" udp
}

# ---- node -------------------------------------------------------------

@test "node's http to 0" {
    need node
    # shellcheck disable=SC2016
    unharmed node node -e 'require("http").get(process.argv[1]).on("error", (e) => console.log(e.message))' "http://0:$PORT/"
    logged unspecified 0.0.0.0 "$PORT" 0 argv:3
    ended failure ECONNREFUSED
}

@test "node's net to 192.0.2.9" {
    need node
    unharmed node node -e 'require("net").connect(process.argv[1].split(":")[1], process.argv[1].split(":")[0]).on("error", (e) => console.log(e.message))' "192.0.2.9:$PORT"
    logged documentation 192.0.2.9 "$PORT" 192.0.2.9 argv:3
}

# ---- git --------------------------------------------------------------

@test "git over http to 0" {
    need git
    unharmed git git ls-remote "http://0:$PORT/x.git"
    logged unspecified 0.0.0.0 "$PORT" 0
    has "$(attempt '.astray.origin | join(" ")')" argv:
    has "$(attempt .process.name)" git-remote-http
}

@test "git's own protocol to 0" {
    need git
    unharmed git git ls-remote "git://0:$PORT/x.git"
    logged unspecified 0.0.0.0 "$PORT" 0 argv:2
    ended failure ECONNREFUSED
}

# ---- bash, nc, busybox ------------------------------------------------

@test "bash's /dev/tcp/0/PORT" {
    unharmed bash bash -c ": </dev/tcp/0/$PORT"
    logged unspecified 0.0.0.0 "$PORT" 0 argv:2
    ended failure ECONNREFUSED
}

@test "bash's /dev/tcp with a host from a variable" {
    # shellcheck disable=SC2016
    PEER_HOST=0 unharmed bash bash -c ': </dev/tcp/$PEER_HOST/'"$PORT"
    logged unspecified 0.0.0.0 "$PORT" 0 env:PEER_HOST
}

@test "nc 0 PORT" {
    need nc
    unharmed nc nc -w1 0 "$PORT"
    logged unspecified 0.0.0.0 "$PORT" 0 argv:2
}

@test "nc to [::] and 192.0.2.9" {
    need nc
    unharmed nc nc -w1 :: "$PORT"
    logged unspecified :: "$PORT" :: argv:2
    unharmed nc nc -w1 192.0.2.9 "$PORT"
    logged documentation 192.0.2.9 "$PORT" 192.0.2.9 argv:2
}

@test "busybox wget http://0:PORT" {
    need busybox
    busybox wget --help >/dev/null 2>&1 || skip "this busybox has no wget"
    unharmed busybox busybox wget -q -O- "http://0:$PORT/"
    logged unspecified 0.0.0.0 "$PORT" 0 argv:4
    ended failure ECONNREFUSED
}

@test "busybox nc 0 PORT" {
    need busybox
    busybox nc --help >/dev/null 2>&1 || skip "this busybox has no nc"
    unharmed busybox busybox nc 0 "$PORT"
    logged unspecified 0.0.0.0 "$PORT" 0 argv:2
}

# ---- nginx ------------------------------------------------------------

@test "nginx with proxy_pass http://0:PORT" {
    need nginx
    local upstream=$PORT front plain
    listen 127.0.0.1
    free_port
    front=$PORT
    nginx_conf "$BATS_TEST_TMPDIR" "server { listen 127.0.0.1:$front; location / { proxy_pass http://0:$upstream; } }" \
        >"$BATS_TEST_TMPDIR/nginx.conf"
    serve nginx -c "$BATS_TEST_TMPDIR/nginx.conf"
    wait_for 10 is_listening "$front"
    plain=$(curl -sS "http://127.0.0.1:$front/")
    is "$plain" "here 127.0.0.1"
    [ ! -e "$LOG" ]
    stop "${SERVERS[1]}"
    serve_with_library "$LOG" nginx -c "$BATS_TEST_TMPDIR/nginx.conf"
    wait_for 10 is_listening "$front"
    is "$(curl -sS "http://127.0.0.1:$front/")" "$plain"
    require_mapped nginx
    logged unspecified 0.0.0.0 "$upstream"
    ended success
    has "$(attempt .process.name)" nginx
}

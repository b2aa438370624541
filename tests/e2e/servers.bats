#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031 # each test is a subshell of its own
#
# A server that looks up 0.0.0.0 or :: and binds it still does, in every mode, and is no finding.

load helpers

setup()
{
    export LOG=$BATS_TEST_TMPDIR/log.ndjson
    free_port
}

# still_binds LOCAL NAME COMMAND...: COMMAND listens on LOCAL:PORT without the library, and with it in
# every mode; not a single record comes of it.
still_binds()
{
    local wanted=$1:$PORT name=$2 mode
    shift 2
    serve "$@"
    wait_for 20 is_listening "$PORT"
    is "$(listens_on)" "$wanted" "without the library"
    stop "${SERVERS[-1]}"
    wait_for 10 is_free
    for mode in audit rewrite block; do
        ASTRAY_MODE=$mode ASTRAY_FAILURES=0 serve_with_library "$LOG" "$@"
        wait_for 20 is_listening "$PORT"
        is "$(listens_on)" "$wanted" "in $mode mode"
        is "$(without_library curl -s -o /dev/null -w '%{http_code}' "http://127.0.0.1:$PORT/")" 200
        require_mapped "$name"
        no_records "$LOG"
        stop "${SERVERS[-1]}"
        wait_for 10 is_free
    done
}

listens_on()
{
    ss -Hltn "sport = :$PORT" | awk '{ print $4; exit }'
}

is_free()
{
    ! is_listening "$PORT"
}

@test "python's http.server on 0.0.0.0" {
    local python
    python=$(find_python)
    "$python" -c 'import http.server' || skip "this python3 has no http.server"
    mkdir "$BATS_TEST_TMPDIR/www"
    still_binds 0.0.0.0 "$(basename "$python")" "$python" -m http.server --bind 0.0.0.0 \
        --directory "$BATS_TEST_TMPDIR/www" "$PORT"
}

@test "python's server that asks getaddrinfo for \"0\" and the passive address" {
    local python
    python=$(find_python)
    still_binds 0.0.0.0 "$(basename "$python")" "$python" -c 'if True:
        import socket, sys
        for host in ("0", "0.0.0.0", None):
            found = socket.getaddrinfo(host, int(sys.argv[1]), socket.AF_INET, socket.SOCK_STREAM, 0, socket.AI_PASSIVE)
            assert found[0][4][0] == "0.0.0.0", found
        server = socket.socket()
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(found[0][4])
        server.listen()
        while True:
            client = server.accept()[0]
            client.recv(4096)
            client.sendall(b"HTTP/1.0 200 OK\r\n\r\n")
            client.close()' "$PORT"
}

@test "node's http server on 0.0.0.0" {
    need node
    still_binds 0.0.0.0 node node -e '
        require("http").createServer((q, a) => a.end("ok\n")).listen(+process.argv[1], "0.0.0.0")' "$PORT"
}

@test "nginx that listens on 0.0.0.0" {
    need nginx
    nginx_conf "$BATS_TEST_TMPDIR" "server { listen 0.0.0.0:$PORT; location / { return 200 ok; } }" \
        >"$BATS_TEST_TMPDIR/nginx.conf"
    still_binds 0.0.0.0 nginx nginx -c "$BATS_TEST_TMPDIR/nginx.conf"
}

#!/usr/bin/env bats
# shellcheck disable=SC2016 # what stands in single quotes is for an inner shell
# astray explain: what it foretells is what really happens, and it never connects.

load helpers

setup()
{
    export ASTRAY_CONFIG=/dev/null
    ERR=$BATS_TEST_TMPDIR/err
}

# json FILTER ARG...: what jq's FILTER says of `astray explain --format json ARG...`; nothing may be
# told on standard error.
json()
{
    local filter=$1
    shift
    "$ASTRAY" explain --format json "$@" >"$BATS_TEST_TMPDIR/json" 2>"$ERR" || return
    is "$(cat "$ERR")" '' 'standard error'
    jq -e -r "$filter" "$BATS_TEST_TMPDIR/json" || [ $? -eq 1 ]
}

# text ARG...: the text form, its lines joined.
text()
{
    "$ASTRAY" explain "$@" 2>"$ERR" | tr -s ' \n' ' '
}

# What a real connect() to there says: "ok" or the error.
real()
{
    # shellcheck disable=SC2154 # set by bats
    "$PROGRAMS/connect" "$1" "$2" 2>&1 | sed -n 's/^connect: 0 .*/ok/p; s/^connect: -1 //p'
}

foretold()
{
    json '.outcomes.linux | if .outcome == "connects" then "ok" else .error end' "$1"
}

@test "explains the outage: 0:PORT is refused where the server listens on ::1" {
    free_port
    listen ::1
    is "$(real 0.0.0.0 "$PORT")" ECONNREFUSED
    is "$(real ::1 "$PORT")" ok
    is "$(json '[.host, .port, .address, .class, .stray, .reason] | join(" ")' "0:$PORT")" \
        "0 $PORT 0.0.0.0 unspecified true only-ipv6-loopback"
    has "$(json .advice "0:$PORT")" "write [::1]:$PORT"
    has "$(json .explanation "0:$PORT")" \
        "listens on [::1]:$PORT only, not on 127.0.0.1:$PORT, where 0.0.0.0 leads"
    is "$(json '.listeners[] | [.address, .port, .process.name] | join(" ")' "0:$PORT")" \
        "::1 $PORT listener"
    has "$(text "0:$PORT")" '"0:'"$PORT"'" goes astray: 0.0.0.0 is the address to bind'
}

@test "the zone of a URL may stand behind %25" {
    has "$(text 'http://[fe80::1%25lo]:80/')" 'leads to [fe80::1%1]:80'
    has "$(text 'http://[fe80::1%lo]:80/')" 'leads to [fe80::1%1]:80'
}

@test "foretells what connect says, for every listener and destination" {
    need python3
    local python listener destination wanted checked=0
    python=$(find_python)
    ip addr add 10.99.0.2/32 dev lo
    for listener in none 0.0.0.0 127.0.0.1 127.0.0.2 10.99.0.2 :: ::1 dual; do
        free_port
        case $listener in
        none) ;;
        dual)
            serve "$python" -m http.server --bind :: "$PORT"
            wait_for 20 is_listening "$PORT"
            ;;
        *) listen "$listener" ;;
        esac
        for destination in 0.0.0.0 127.0.0.1 127.0.0.2 10.99.0.2 :: ::1 ::ffff:0.0.0.0 \
            ::ffff:127.0.0.1 192.0.2.1 224.0.0.1 255.255.255.255 fe80::1 ff02::1 8.8.8.8; do
            case $destination in
            *:*) wanted="[$destination]:$PORT" ;;
            *) wanted=$destination:$PORT ;;
            esac
            is "$(foretold "$wanted")" "$(real "$destination" "$PORT")" \
                "$destination with a listener on $listener"
            checked=$((checked + 1))
        done
    done
    ip addr del 10.99.0.2/32 dev lo
    is "$checked" 112
}

# inside SETUP: what is foretold and what happens, in a network that the commands SETUP have made
inside()
{
    unshare -n sh -c "$1"'
        for destination in 127.0.0.1 0.0.0.0 ::1 :: 192.0.2.1 198.51.100.1 203.0.113.1 10.1.1.1 10.1.1.2 10.1.1.255 2001:db8::1; do
            case $destination in
            *:*) wanted="[$destination]:9" ;;
            *) wanted=$destination:9 ;;
            esac
            foretold=$("$ASTRAY" explain --format json "$wanted" | jq -r ".outcomes.linux.error // .outcomes.linux.outcome")
            real=$(timeout 1 "$PROGRAMS/connect" "$destination" 9 2>&1 | sed -n "s/^connect: 0 .*/ok/p; s/^connect: -1 //p")
            echo "$destination $foretold ${real:-silence}"
        done'
}

@test "foretells it on hosts whose network is odd" {
    local setup
    for setup in ':;' 'ip link set lo up;' 'ip link set lo up; ip link set lo down;' \
        'ip link set lo up; echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6;' \
        'ip link set lo up; ip route add blackhole 192.0.2.0/24; ip route add unreachable 198.51.100.0/24;
         ip route add prohibit 203.0.113.0/24; ip route add throw 10.1.1.0/24; ip route add prohibit 2001:db8::/32;'; do
        inside "$setup" >"$BATS_TEST_TMPDIR/lines"
        is "$(wc -l <"$BATS_TEST_TMPDIR/lines")" 11
        # What gets no answer is silent for longer than we wait.
        is "$(awk '$2 != $3 && !($2 == "ETIMEDOUT" && $3 == "silence")' "$BATS_TEST_TMPDIR/lines")" '' "$setup"
    done
}

@test "a silent gateway and a network of our own are told apart" {
    unshare -n sh -c 'ip link set lo up
        ip link add a0 type veth peer name a1 && ip addr add 10.1.1.2/24 dev a0 && ip link set a0 up &&
            ip link set a1 up && ip route add default via 10.1.1.1' || skip 'no virtual device can be made here'
    local out
    out=$(unshare -n sh -c 'ip link set lo up
        ip link add a0 type veth peer name a1; ip addr add 10.1.1.2/24 dev a0; ip link set a0 up
        ip link set a1 up; ip route add default via 10.1.1.1
        "$ASTRAY" explain --format json 192.0.2.1:9 10.1.1.2:9 10.1.1.255:9 10.1.1.7:9 0.0.0.1:9 |
            jq -r "[.address, .outcomes.linux.outcome, .route.type, .route.interface, .reason] | map(. // \"-\") | join(\" \")"')
    is "$out" "$(printf '%s\n' '192.0.2.1 no-answer unicast a0 example' \
        '10.1.1.2 refused local a0 nobody' '10.1.1.255 fails broadcast a0 group-address' \
        '10.1.1.7 unknown unicast a0 -' '0.0.0.1 no-answer unicast a0 no-destination')"
}

@test "the verdict is the library's" {
    local destination host stray
    free_port
    for host in 0.0.0.0 127.0.0.1 192.0.2.1 198.51.100.7 203.0.113.9 10.0.0.1 224.0.0.1 \
        255.255.255.255 240.0.0.1 0.0.0.1 169.254.169.254 100.64.0.1 198.18.0.1 8.8.8.8 :: ::1 \
        ::ffff:0.0.0.0 2001:db8::1 fe80::1 fd00::1 200::1 64:ff9b::1 2002::1; do
        destination=$host:$PORT
        [ "${host#*:}" = "$host" ] || destination="[$host]:$PORT"
        rm -f "$BATS_TEST_TMPDIR/log"
        program_with_library "$BATS_TEST_TMPDIR/log" connect "$host" "$PORT" >/dev/null || [ $? -eq 1 ]
        stray=$(attempts "$BATS_TEST_TMPDIR/log" .astray.class | head -n 1)
        is "$(json 'if .stray then .class else "" end' "$destination")" "$stray" "$host"
    done
}

@test "nothing is connected to, whatever is explained" {
    free_port
    listen 127.0.0.1
    local log=$BATS_TEST_TMPDIR/connections
    ASTRAY_FAILURES=1 with_library "$log" "$ASTRAY" explain "0:$PORT" 127.0.0.1:1 192.0.2.1:80 >/dev/null
    no_records "$log"
    need strace
    strace -f -o "$BATS_TEST_TMPDIR/trace" -e trace=network \
        "$ASTRAY" explain "0:$PORT" "[::1]:$PORT" 192.0.2.1:80 :80 http://8099/ >/dev/null
    grep -q 'socket(AF_NETLINK' "$BATS_TEST_TMPDIR/trace"
    is "$(grep -E 'connect\(|AF_INET6?, SOCK' "$BATS_TEST_TMPDIR/trace")" ''
}

@test "json has every key for every kind of destination" {
    local destination keys
    keys=$(json 'keys_unsorted | join(" ")' 0:80)
    has " $keys " ' input '
    for destination in 0:80 0 localhost localhost:80 "[::1]:80" ::1 http://0177.1/x nosuchname.invalid \
        '${HOST}:80' :80 127.0.0.1:0 fe80::1%lo 8099 http://user:secret@0:80/; do
        is "$(json 'keys_unsorted | join(" ")' "$destination")" "$keys" "$destination"
        is "$(json '[.input, .host, .stray] | map(type) | join(" ")' "$destination")" \
            'string string boolean'
        is "$(json .input "$destination")" "$destination"
    done
    for destination in input host port address class stray advice readers route listeners outcomes; do
        has " $keys " " $destination "
    done
    is "$(json '.port' 0)" null
    is "$(json '.listeners' 0)" null
    is "$(json '.listeners' 0:1)" '[]'
    is "$(json '.port' http://0/)" 80
}

@test "several destinations are a line each, and a bad one stops no other" {
    run "$ASTRAY" explain --format json 0:80 a:b:c 127.0.0.1:1 host:99999 '' x:port
    is "$status" 2
    is "$(printf '%s\n' "${lines[@]}" | grep '^{' | jq -r .input | tr '\n' ' ')" '0:80 127.0.0.1:1 '
    has "$output" 'astray: explain: "a:b:c": is no destination'
    has "$output" '"host:99999": has a port that is no number from 0 to 65535'
    has "$output" 'astray: explain: "": is empty'
    for path in unix:///run/x.sock unix:/run/x.sock FILE:///etc/hosts sqlite:///x.db redis:///0; do
        run "$ASTRAY" explain --no-resolve "$path"
        is "$status" 2 "$path"
        is "$output" "astray: explain: \"$path\": names no host of the network"
    done
    run "$ASTRAY" explain
    is "$status" 2
    has "$output" 'needs a destination'
    run "$ASTRAY" explain -
    is "$status" 2
    has "$output" 'standard input is not read'
    run "$ASTRAY" explain --format xml 0
    is "$status" 2
}

@test "exit status 1 only where it is asked for, and only for a stray one" {
    "$ASTRAY" explain 0:80 >/dev/null
    "$ASTRAY" explain --fail-on-stray 127.0.0.1:80 >/dev/null
    run "$ASTRAY" explain --fail-on-stray 127.0.0.1:80 0:80
    is "$status" 1
    run "$ASTRAY" explain --fail-on-stray 0:80 a:b:c
    is "$status" 2
}

@test "settings decide as they do in the library" {
    is "$(json .stray 192.0.2.1:80)" true
    is "$(json .stray --allow 192.0.2.0/24 192.0.2.1:80)" false
    is "$(ASTRAY_ALLOW=192.0.2.1:80 json .stray 192.0.2.1:80)" false
    is "$(ASTRAY_ALLOW=192.0.2.1:80 json .stray 192.0.2.1:81)" true
    is "$(ASTRAY_ALLOW=192.0.2.1 json .stray --allow 198.51.100.1 192.0.2.1:81)" true
    is "$(json .stray --classes -documentation 192.0.2.1:80)" false
    is "$(json .stray --classes +private 10.0.0.1:80)" true
    echo 'classes = default, -documentation' >"$BATS_TEST_TMPDIR/astray.conf"
    is "$(ASTRAY_CONFIG=$BATS_TEST_TMPDIR/astray.conf json .stray 192.0.2.1:80)" false
    is "$(ASTRAY_MODE=block json .action 0:80)" blocked
    ip route add 192.0.2.0/24 dev lo
    is "$(json .stray 192.0.2.1:80)" false 'a range that this host routes'
    ip route del 192.0.2.0/24 dev lo
    run "$ASTRAY" explain --allow nonsense 0
    is "$status" 2
    has "$output" '--allow: "nonsense"'
}

@test "readers differ, and those that do are named" {
    is "$(json '[.readers[] | select(.reader == "java" or .reader == "libc") | .address] | join(" ")' http://0177.1:80/)" \
        '127.0.0.1 177.0.0.1'
    is "$(json '[.readers[] | select(.reading == "name") | .reader] | join(" ")' 0:80)" go
    is "$(json '.readers[] | select(.reader == "browser") | .address' http://256/)" 0.0.1.0
    is "$(json '[.readers[] | select(.address == "0.0.0.0") | .reader] | join(" ")' :80)" 'go python ruby'
    has "$(text 0177.1:80)" 'read as libc: 127.0.0.1; Go: a name to look up; Java: 177.0.0.1'
    has "$(text 010.0.0.1)" 'write 8.0.0.1: clients do not read this the same'
    is "$(text 127.0.0.1:80 | grep -c 'read as' || true)" 0
}

@test "real clients read as foretold" {
    need wget strace
    local text libc
    for text in 0 0.0 0x0 127.1 0177.1 010.1 8099 256.1.1.1; do
        curl -sv -m 2 "http://$text:9/" >"$BATS_TEST_TMPDIR/curl" 2>&1 </dev/null || true
        is "$(sed -n 's/.*Trying \([0-9.]*\):9\.\.\.$/\1/p' "$BATS_TEST_TMPDIR/curl" | head -n 1)" \
            "$(json '.readers[] | select(.reader == "curl") | .address // ""' --no-resolve "http://$text:9/")" "$text"
        libc=$(strace -f -e trace=connect wget -t 1 -T 2 -O /dev/null "http://$text:9/" 2>&1 |
            sed -n 's/.*connect(.*htons(9), sin_addr=inet_addr("\([0-9.]*\)").*/\1/p' | head -n 1)
        is "$libc" "$(json '.readers[] | select(.reader == "wget") | .address // ""' --no-resolve "http://$text:9/")" "$text"
    done
}

@test "a bare port in the host's place is told" {
    is "$(json '[.address, .reason, .advice] | join("; ")' 8099)" \
        '0.0.31.163; port-as-host; write localhost:8099'
    is "$(json .reason 0.0.31.163:80)" no-destination
}

@test "what stands where a name should be is not looked up" {
    local host
    for host in undefined null None '${HOST}' '$HOST' '{{ host }}' '%HOST%' '<host>'; do
        [ "${host#*' '}" = "$host" ] || continue
        is "$(json '[.resolver, .address] | map(tostring) | join(" ")' "$host:80")" 'null null' "$host"
        has "$(json .advice "$host:80")" 'nobody filled it in'
    done
}

@test "names are resolved, and block lists recognised" {
    printf '%s\n' '127.0.0.1 localhost' '0.0.0.0 ads.example' '10.0.0.9 two.example' '127.0.0.1 two.example' \
        >"$BATS_TEST_TMPDIR/hosts"
    with_hosts "$BATS_TEST_TMPDIR/hosts" "$ASTRAY" explain --format json ads.example:443 two.example:1 \
        >"$BATS_TEST_TMPDIR/names"
    is "$(jq -r '[.address, .class, .stray, .reason] | join(" ")' "$BATS_TEST_TMPDIR/names" | head -n 1)" \
        '0.0.0.0 sinkhole true sinkhole'
    is "$(jq -r 'select(.host == "two.example") | [.addresses[].address] | sort | join(" ")' "$BATS_TEST_TMPDIR/names")" \
        '10.0.0.9 127.0.0.1'
    is "$(json '[.resolver, .address] | map(tostring) | join(" ")' --no-resolve two.example)" 'null null'
    is "$(json '.resolver.addresses' nosuchname.invalid)" 0
}

@test "a name that is nowhere is to be corrected, one of which no name server says anything may be right" {
    echo 'hosts: files' >"$BATS_TEST_TMPDIR/nsswitch.conf"
    echo 'nameserver 127.0.0.1' >"$BATS_TEST_TMPDIR/resolv.conf"
    run unshare -m sh -c 'mount --bind "$1" /etc/nsswitch.conf && exec "$2" explain --format json some.example:80' \
        sh "$BATS_TEST_TMPDIR/nsswitch.conf" "$ASTRAY"
    has "$(jq -r .advice <<<"$output")" 'correct the name'
    echo 'hosts: dns' >"$BATS_TEST_TMPDIR/nsswitch.conf"
    run unshare -m sh -c 'mount --bind "$1" /etc/nsswitch.conf && mount --bind "$2" /etc/resolv.conf &&
        exec "$3" explain --format json some.example:80' \
        sh "$BATS_TEST_TMPDIR/nsswitch.conf" "$BATS_TEST_TMPDIR/resolv.conf" "$ASTRAY"
    has "$(jq -r .resolver.error <<<"$output")" Temporary
    is "$(jq -r .advice <<<"$output")" 'look at the resolver (/etc/resolv.conf): it does not answer'
}

@test "a resolver that hangs is waited for no longer than three seconds" {
    need python3
    local python begin
    python=$(find_python)
    serve "$python" -c 'import socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("127.0.0.1", 53)); time.sleep(60)'
    wait_for 10 sh -c 'ss -Hlun "sport = :53" | grep -q .'
    echo 'nameserver 127.0.0.1' >"$BATS_TEST_TMPDIR/resolv.conf"
    begin=$SECONDS
    unshare -m sh -c 'mount --bind "$1" /etc/resolv.conf && exec "$2" explain --format json slow.example:80' \
        sh "$BATS_TEST_TMPDIR/resolv.conf" "$ASTRAY" >"$BATS_TEST_TMPDIR/slow"
    [ $((SECONDS - begin)) -lt 15 ]
    is "$(jq -r '[.resolver.timed_out, .resolver.error, .address] | map(tostring) | join(" ")' "$BATS_TEST_TMPDIR/slow")" \
        'true no answer null'
    has "$(jq -r .advice "$BATS_TEST_TMPDIR/slow")" 'does not answer'
    is "$(pgrep -f 'explain --format json slow.exampl[e]' || true)" ''
}

@test "no foreign byte reaches the terminal, and lines end at 80 columns" {
    run "$ASTRAY" explain --no-resolve --color never $'a\x1b[31mb:80' $'\xff\xfe:80' "http://$(printf 'h%.0s' {1..200})/" \
        0:80 192.0.2.1:80 :80 http://0177.1:80
    is "$status" 2
    is "$(printf '%s' "$output" | LC_ALL=C tr -d '\12\40-\176' | wc -c)" 0
    run "$ASTRAY" explain --no-resolve 0:80 192.0.2.1:80 :80 http://0177.1:80 127.0.0.1:0 fe80::1
    is "$(printf '%s\n' "$output" | awk 'length > 80')" ''
    run "$ASTRAY" explain --color always 0:80
    has "$output" $'\x1b[1;31m'
    NO_COLOR=1 run "$ASTRAY" explain 0:80
    is "$(printf '%s' "$output" | tr -cd '\33' | wc -c)" 0
}

@test "listeners are told with their process, from real servers" {
    need python3 nc
    local python
    python=$(find_python)
    free_port
    serve "$python" -m http.server --bind ::1 "$PORT"
    wait_for 20 is_listening "$PORT"
    serve nc -l 127.0.0.2 "$PORT"
    wait_for 10 sh -c 'ss -Hltn "src 127.0.0.2 and sport = :$1" | grep -q .' sh "$PORT"
    is "$(json '[.listeners[] | .address + " " + (.process.pid | tostring)] | sort | join(", ")' "127.0.0.1:$PORT")" \
        "127.0.0.2 ${SERVERS[1]}, ::1 ${SERVERS[0]}"
    is "$(json .reason "127.0.0.1:$PORT")" only-another-address
    has "$(text "127.0.0.1:$PORT")" "listeners 127.0.0.2:$PORT, nc (${SERVERS[1]}) [::1]:$PORT, http.server (${SERVERS[0]})"
}

@test "0.0.0.0 that works is told to be luck" {
    free_port
    listen 127.0.0.1
    is "$(real 0.0.0.0 "$PORT")" ok
    is "$(json '[.stray, .reason, .outcomes.linux.outcome] | join(" ")' "0.0.0.0:$PORT")" 'true luck connects'
    is "$(json '.outcomes | [.macos.outcome, .freebsd14.outcome, .freebsd15.error, .openbsd.error, .windows.error] | join(" ")' "0.0.0.0:$PORT")" \
        'this-host this-host ENETUNREACH EINVAL WSAEADDRNOTAVAIL'
    has "$(json .advice "0.0.0.0:$PORT")" "write localhost:$PORT or 127.0.0.1:$PORT"
    curl -fs "http://localhost:$PORT/" >/dev/null
}

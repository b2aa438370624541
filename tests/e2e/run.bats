#!/usr/bin/env bats
# shellcheck disable=SC2016 # what stands in single quotes is for an inner shell
# astray run: it starts what can be started, refuses what cannot be seen, and is not noticed otherwise.

load helpers

setup()
{
    export LOG=$BATS_TEST_TMPDIR/log.ndjson
    export XDG_STATE_HOME=$BATS_TEST_TMPDIR/state ASTRAY_CONFIG=/dev/null
    cd "$BATS_TEST_TMPDIR" || return
}

# run_astray [ARG...]: `astray run`, with its outputs in OUT and ERR and its status in STATUS.
run_astray()
{
    STATUS=0
    "$ASTRAY" run "$@" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" || STATUS=$?
    OUT=$(cat "$BATS_TEST_TMPDIR/out")
    ERR=$(cat "$BATS_TEST_TMPDIR/err")
}

# refused STATUS REASON ARG...: nothing was started, and the message names the reason.
refused()
{
    local wanted=$1 reason=$2
    shift 2
    run_astray "$@"
    is "$STATUS" "$wanted" "exit status ($ERR)"
    has "$ERR" "$reason"
    has "$ERR" 'astray: '
    is "$OUT" ''
}

# As somebody else than root; skips where that cannot be.
as_nobody()
{
    XDG_STATE_HOME=${PUBLIC:-}/theirs setpriv --reuid 65534 --regid 65534 --clear-groups "$@"
}

# A folder that everybody can reach, with a command and a library, and a log for somebody else.
need_other_user()
{
    need setpriv
    if [ "$(id -u)" -ne 0 ] || ! as_nobody true 2>/dev/null; then
        skip 'no other user can be taken on'
    fi
    PUBLIC=$(mktemp -d /tmp/astray-run.XXXXXX)
    chmod 755 "$PUBLIC"
    cd "$PUBLIC" || return
    cp "$ASTRAY" "$LIBRARY" .
    ASTRAY=$PUBLIC/astray
    install -d -o 65534 -m 700 theirs
    XDG_STATE_HOME=$PUBLIC/ours
}

teardown()
{
    cd / && rm -rf "${PUBLIC:-}"
}

# a_program NAME: a copy of true(1) that belongs to the test
a_program()
{
    cp "$(type -P true)" "$1"
    chmod 755 "$1"
}

# ---- what passes through --------------------------------------------------

@test "the exit status passes through" {
    for status in 0 1 2 3 7 100 125 126 127 128 255; do
        run_astray sh -c "exit $status"
        is "$STATUS" "$status"
        is "$OUT$ERR" ''
    done
}

@test "a signal that ends the command becomes 128 and its number" {
    for number in 1 2 6 9 11 15 34; do
        run_astray sh -c "ulimit -c 0; kill -$number \$\$"
        is "$STATUS" $((128 + number))
    done
}

@test "standard input, output and error are the command's own" {
    head -c 100000 /dev/urandom >input
    "$ASTRAY" run cat <input >output
    cmp input output
    run_astray sh -c 'echo out; echo err >&2'
    is "$OUT" out
    is "$ERR" err
}

@test "arguments reach the command as they are" {
    run_astray printf '<%s>' -q --help '' 'a b' --
    is "$OUT" '<-q><--help><><a b><-->'
    run_astray -- printf '%s' --library
    is "$OUT" --library
}

@test "the command gets no descriptor of ours" {
    ls /proc/self/fd >before
    "$ASTRAY" run ls /proc/self/fd >after
    diff before after
}

@test "closed standard descriptors stay closed" {
    local look='for n in 0 1 2; do [ ! -e /proc/$$/fd/$n ] || : >open-$n; done'
    "$ASTRAY" run sh -c "$look" <&- >&- 2>&- 3>&-
    is "$(ls)" state
    "$ASTRAY" run sh -c "$look" <&- 2>/dev/null >&- 3>&-
    is "$(ls)" $'open-2\nstate'
}

@test "ignored and blocked signals are passed on as they were" {
    need python3
    local show='exec grep -E "^Sig(Blk|Ign)" /proc/self/status'
    (trap '' HUP INT CHLD && exec sh -c "$show") >plain
    (trap '' HUP INT CHLD && exec "$ASTRAY" run sh -c "$show") >under
    diff plain under
    [ -n "$(cat plain)" ]
    local block='import os, signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1, signal.SIGCHLD, signal.SIGTERM])
os.execvp(sys.argv[1], sys.argv[1:])'
    "$(find_python)" -c "$block" sh -c "$show" >plain
    "$(find_python)" -c "$block" "$ASTRAY" run sh -c "$show" >under
    diff plain under
}

@test "an ignored SIGCHLD does not lose the status" {
    run bash -c "trap '' CHLD; exec \"\$0\" run sh -c 'exit 9'" "$ASTRAY"
    is "$status" 9
}

@test "it runs without a terminal and in a session of its own" {
    need setsid
    run setsid -w "$ASTRAY" run sh -c 'echo here; exit 4' </dev/null
    is "$output" here
    is "$status" 4
}

@test "runs can be nested" {
    run_astray "$ASTRAY" run sh -c 'echo "$LD_PRELOAD"; exit 5'
    is "$STATUS" 5
    is "$OUT" "$LIBRARY"
}

# ---- signals --------------------------------------------------------------

# Starts a command that tells which signal it got, and waits until it listens.
start_listening()
{
    rm -f ready
    "$ASTRAY" run sh -c '
        for name in HUP INT QUIT USR1 USR2 TERM WINCH; do
            trap "echo $name >>got; [ $name = WINCH ] || exit 40" $name
        done
        : >ready
        n=0
        while [ $n -lt 200 ]; do sleep 0.05; n=$((n + 1)); done' 3>&- &
    CHILD=$!
    wait_for 10 test -e ready
}

@test "a signal that is sent to us reaches the command, once" {
    # A shell starts background commands with SIGINT and SIGQUIT ignored, so these are not here.
    for name in HUP USR1 USR2 TERM; do
        rm -f got
        start_listening
        kill -"$name" "$CHILD"
        local status=0
        wait "$CHILD" || status=$?
        is "$status" 40
        is "$(cat got)" "$name"
    done
}

@test "signals to the process alone reach the command, SIGINT too" {
    need python3
    run "$(find_python)" - "$ASTRAY" <<'PYTHON'
import signal, subprocess, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGUSR1):
    child = subprocess.Popen([sys.argv[1], "run", "sh", "-c",
                              f"ulimit -c 0; echo ready; exec sleep 20"], stdout=subprocess.PIPE)
    child.stdout.readline()
    child.send_signal(number)
    assert child.wait(10) == 128 + number, (number, child.returncode)
PYTHON
    is "$status" 0 "$output"
}

@test "an alarm that was set before us ends the command" {
    need python3
    local set='import os, signal, sys
signal.setitimer(signal.ITIMER_REAL, 0.3)
os.execv(sys.argv[1], sys.argv[1:])'
    run "$(find_python)" -c "$set" "$ASTRAY" run sleep 20
    is "$status" $((128 + 14))
}

@test "a stopped command stops us, and continues with us" {
    need python3 ps
    run "$(find_python)" "$ROOT/tests/e2e/terminal.py" "'$ASTRAY' run sh -c 'echo go-\$((1)); read line; echo got \$line; exit 6'" \
        wait:go-1 key:Z wait:Stopped 'wait:ready> ' \
        "type:ps -o stat= -p \$(jobs -p) | cut -c1 | sed 's/^/state-/'" wait:state-T 'wait:ready> ' \
        type:fg wait:run type:hello 'wait:got hello' 'wait:ready> ' \
        'type:echo status-$?' wait:status-6
    is "$status" 0 "$output"
}

@test "the terminal's interrupt reaches the command once, and its status comes back" {
    need python3
    cat >counts <<'SCRIPT'
#!/bin/sh
n=0 i=0 rest=5
trap 'n=$((n + 1))' INT
echo listening
while [ $i -lt 200 ] && [ $rest -gt 0 ]; do
    sleep 0.05
    i=$((i + 1))
    [ $n -eq 0 ] || rest=$((rest - 1))
done
echo $n-times
exit 8
SCRIPT
    chmod +x counts
    run "$(find_python)" "$ROOT/tests/e2e/terminal.py" "'$ASTRAY' run ./counts" wait:listening key:C \
        wait:1-times 'wait:ready> ' 'type:echo status-$?' wait:status-8
    is "$status" 0 "$output"
    # exec: dash that is just starting a command can miss the signal, with us and without.
    run "$(find_python)" "$ROOT/tests/e2e/terminal.py" "'$ASTRAY' run sh -c 'echo go-\$((1)); exec sleep 20'" \
        wait:go-1 key:C 'wait:ready> ' 'type:echo status-$?' wait:status-130
    is "$status" 0 "$output"
}

@test "the command may use the terminal" {
    need python3
    run "$(find_python)" "$ROOT/tests/e2e/terminal.py" \
        "'$ASTRAY' run sh -c 'test -t 0 -a -t 1 -a -t 2 && echo go-\$((1)) && read x </dev/tty && echo got-\$x'" \
        wait:go-1 type:word wait:got-word
    is "$status" 0 "$output"
}

@test "orphans of the command are left alone" {
    run_astray sh -c 'sleep 5 >/dev/null 2>&1 & echo $!; exit 3'
    is "$STATUS" 3
    kill "$OUT"
}

# ---- settings -------------------------------------------------------------

@test "the library, its defaults and a label of its own are in the environment" {
    run_astray sh -c 'echo "$LD_PRELOAD $ASTRAY_FAILURES $ASTRAY_ORIGIN $ASTRAY_LOG"; echo "$ASTRAY_RUN" >&2'
    is "$OUT" "$LIBRARY 1 parents $XDG_STATE_HOME/astray/run.ndjson"
    local first=$ERR
    has "$first" run-
    run_astray sh -c 'echo "$ASTRAY_RUN" >&2'
    [ "$ERR" != "$first" ]
}

@test "options are stronger than variables, and these than the file, and that than our defaults" {
    printf 'mode = block\nfailures = 0\nrate = 7\n' >conf
    export ASTRAY_CONFIG=$BATS_TEST_TMPDIR/conf ASTRAY_RATE=8 ASTRAY_RUN=mine
    local show='echo "${ASTRAY_MODE-unset} ${ASTRAY_FAILURES-unset} ${ASTRAY_RATE-unset} $ASTRAY_ORIGIN $ASTRAY_RUN"'
    run_astray sh -c "$show"
    is "$OUT" 'unset unset 8 parents mine'
    run_astray --rate 9 --mode=audit --run other --origin none sh -c "$show"
    is "$OUT" 'audit unset 9 none other'
}

@test "a mistake in a setting is told, and nothing is started" {
    refused 125 '--mode: "foo": is not one of audit, rewrite, block' --mode foo touch started
    refused 125 '--rate: "many": is ' --rate many touch started
    ASTRAY_MODE=foo refused 125 'ASTRAY_MODE: "foo": is ' touch started
    ASTRAY_ALLOW=0.0.0.0,nonsense refused 125 'ASTRAY_ALLOW: "nonsense": is ' touch started
    printf 'mode = foo\n' >conf
    ASTRAY_CONFIG=$PWD/conf refused 125 'astray.conf: mode: "foo": is ' touch started
    printf 'moed = audit\n' >conf
    ASTRAY_CONFIG=$PWD/conf refused 125 '"moed": is no setting' touch started
    printf 'audit\n' >conf
    ASTRAY_CONFIG=$PWD/conf refused 125 '"audit": is no `key = value`' touch started
    ASTRAY_CONFIG=$PWD/gone refused 125 'gone": No such file' touch started
    refused 125 '"--moed": is no option; did you mean --mode?' --moed foo touch started
    refused 125 'no command is given' --mode audit
    [ ! -e started ]
    printf 'mode = audit # fine\n' >conf
    ASTRAY_CONFIG=$PWD/conf run_astray touch started
    [ -e started ]
}

@test "a variable that looks like a setting and is none is told" {
    ASTRAY_MOED=block run_astray true
    is "$STATUS" 0
    is "$ERR" 'astray: environment: "ASTRAY_MOED": is no setting, and is ignored'
}

# ---- the log --------------------------------------------------------------

@test "the log stands in the state folder, for the user alone" {
    run_astray true
    is "$(stat -c '%a %F' state state/astray)" $'700 directory\n700 directory'
    is "$(stat -c '%a' state/astray/run.ndjson)" 600
    unset XDG_STATE_HOME
    HOME=$BATS_TEST_TMPDIR/home run_astray true
    [ -e home/.local/state/astray/run.ndjson ]
    XDG_STATE_HOME=relative HOME=$BATS_TEST_TMPDIR/other run_astray true
    [ -e other/.local/state/astray/run.ndjson ]
    [ ! -e relative ]
}

@test "a percent sign in the state folder is no placeholder" {
    XDG_STATE_HOME="$BATS_TEST_TMPDIR/100%u" run_astray "$PROGRAMS/connect" 0.0.0.0 1
    [ -s "100%u/astray/run.ndjson" ]
}

@test "a relative log is meant from here" {
    mkdir there
    run_astray --log mine.ndjson sh -c 'cd there && echo "$ASTRAY_LOG"'
    is "$OUT" "$PWD/mine.ndjson"
    ASTRAY_LOG=yours.ndjson run_astray sh -c 'cd there && echo "$ASTRAY_LOG"'
    is "$OUT" "$PWD/yours.ndjson"
    for word in syslog stderr none; do
        run_astray --log "$word" sh -c 'echo "$ASTRAY_LOG"'
        is "$OUT" "$word"
    done
    is "$(ls)" "$(printf '%s\n' err mine.ndjson out there yours.ndjson)"
}

@test "a log that cannot be written is told before anything is started" {
    mkdir folder
    mkfifo fifo
    ln -s elsewhere link
    refused 125 'gone/log": No such file' --log "$PWD/gone/log" touch started
    refused 125 'folder": Is a directory' --log "$PWD/folder" touch started
    refused 125 'fifo": is no regular file' --log "$PWD/fifo" touch started
    refused 125 'null": is no regular file' --log /dev/null touch started
    refused 125 'link": is a symbolic link' --log "$PWD/link" touch started
    XDG_STATE_HOME=/proc/nowhere refused 125 '--log chooses another' touch started
    [ ! -e started ]
    [ ! -e elsewhere ]
}

# ---- LD_PRELOAD -----------------------------------------------------------

@test "LD_PRELOAD is extended, and a library that is there keeps working" {
    need cc
    printf '#include <string.h>\n#include <sys/utsname.h>\n' >other.c
    echo 'int uname(struct utsname *name) { strcpy(name->sysname, "Other"); return 0; }' >>other.c
    cc -shared -fPIC -o other.so other.c
    is "$(LD_PRELOAD=$PWD/other.so uname -s)" Other
    LD_PRELOAD=$PWD/other.so run_astray sh -c 'echo "$LD_PRELOAD"; uname -s'
    is "$OUT" "$LIBRARY:$PWD/other.so"$'\nOther'
    LD_PRELOAD="$PWD/other.so $PWD/other.so" run_astray sh -c 'echo "$LD_PRELOAD"; uname -s'
    is "$OUT" "$LIBRARY:$PWD/other.so $PWD/other.so"$'\nOther'
}

@test "the library is not put in twice" {
    ln -s "$LIBRARY" link.so
    for present in "$LIBRARY" "$PWD/link.so" "$LIBRARY:libc.so.6" "libc.so.6 $LIBRARY"; do
        LD_PRELOAD=$present run_astray sh -c 'echo "$LD_PRELOAD"'
        is "$OUT" "$present"
    done
}

@test "a sanitizer's runtime stays first" {
    need cc
    local asan
    asan=$(cc -print-file-name=libasan.so)
    [ -e "$asan" ] || skip 'no libasan is here'
    asan=$(readlink -f "$asan")
    echo 'int main(void) { return 0; }' >sanitized.c
    cc -fsanitize=address -o sanitized sanitized.c
    LD_PRELOAD="$asan:libc.so.6" run_astray sh -c 'echo "$LD_PRELOAD"'
    is "$OUT" "$asan:$LIBRARY:libc.so.6"
    LD_PRELOAD=$asan run_astray ./sanitized
    is "$STATUS" 0 "$ERR"
}

@test "a path that LD_PRELOAD cannot hold is refused, with a way out" {
    for name in 'with blank' with:colon 'with$dollar'; do
        mkdir "$name"
        cp "$LIBRARY" "$name/libastray.so"
        refused 125 'which LD_PRELOAD cannot hold' --library "$name/libastray.so" touch started
        has "$ERR" 'give a copy of it with --library'
    done
    ln -s "$PWD/with blank/libastray.so" link.so
    refused 125 'which LD_PRELOAD cannot hold' --library link.so touch started
    [ ! -e started ]
}

@test "the library is looked for in the places that are documented" {
    run_astray sh -c 'echo "$LD_PRELOAD"'
    is "$OUT" "$LIBRARY"
    cp "$LIBRARY" mine.so
    run_astray --library mine.so sh -c 'echo "$LD_PRELOAD"'
    is "$OUT" "$PWD/mine.so"
    ASTRAY_LIBRARY=mine.so run_astray sh -c 'echo "$LD_PRELOAD"'
    is "$OUT" "$PWD/mine.so"
    for place in lib/astray lib/x86_64-linux-gnu/astray lib64/astray; do
        rm -rf usr
        mkdir -p usr/bin "usr/$place"
        cp "$ASTRAY" usr/bin/
        cp "$LIBRARY" "usr/$place/"
        run usr/bin/astray run sh -c 'echo "$LD_PRELOAD"'
        is "$output" "$PWD/usr/$place/libastray.so"
    done
    refused 125 'gone.so": No such file' --library gone.so true
    refused 125 'is no shared library' --library "$BATS_TEST_FILENAME" true
}

# ---- refusals -------------------------------------------------------------

@test "what is not there or cannot be executed has env's statuses" {
    echo text >text
    refused 127 '"astray-no-such": was not found' astray-no-such
    refused 127 'was not found' ./no-such
    refused 127 'was not found' ''
    refused 126 'Permission denied' ./text
    refused 126 'Permission denied' "$PWD"
    printf '#!/no/such/interpreter\n' >script
    chmod +x script
    refused 127 '"/no/such/interpreter": is not there' ./script
}

@test "a static program is refused" {
    need cc
    cc -static -o static "$ROOT/tests/e2e/programs/connect.c" 2>/dev/null || skip 'no static C library is here'
    run ./static 127.0.0.1 1
    has "$output" ECONNREFUSED
    refused 125 'static": is linked statically' ./static 127.0.0.1 1
    printf '#!%s/static\n' "$PWD" >script
    chmod +x script
    refused 125 'static": is linked statically' ./script
    printf '#!/usr/bin/env -S A=1 %s/static -x\n' "$PWD" >script
    refused 125 'static": is linked statically' ./script
}

@test "a program of another machine is refused" {
    a_program other
    run_astray ./other
    is "$STATUS" 0
    printf '\x03' | dd of=other bs=1 seek=18 conv=notrunc status=none
    refused 125 'is for another machine, the library for' ./other
    printf '\xb7' | dd of=other bs=1 seek=18 conv=notrunc status=none
    refused 125 'is for aarch64, the library for' ./other
}

@test "a script that loses the environment is refused" {
    printf '#!/usr/bin/env -S -i sh\necho "<$HOME>"\n' >script
    chmod +x script
    run ./script
    is "$output" '<>'
    refused 125 'env -i, which drops LD_PRELOAD' ./script
    printf '#!/usr/bin/env -S sh\nexit 6\n' >script
    run_astray ./script
    is "$STATUS" 6
}

@test "scripts without a line of their own run as execvp does" {
    printf 'exit 6\n' >script
    chmod +x script
    run_astray ./script
    is "$STATUS" 6
}

@test "a set-user-ID program is refused, unless it gains nothing" {
    need_other_user
    a_program set
    chmod 4755 set
    run_astray ./set
    is "$STATUS" 0 "as root: $ERR"
    chown 65534 set
    chmod 4755 set
    refused 125 'set": is set-user-ID' ./set
    as_nobody "$ASTRAY" run ./set
    chown 0 set
    chmod 4755 set
    run as_nobody "$ASTRAY" run ./set
    is "$status" 125
    has "$output" 'is set-user-ID, so the dynamic loader ignores LD_PRELOAD'
    as_nobody setpriv --no-new-privs "$ASTRAY" run ./set
}

@test "a set-group-ID program is refused" {
    need_other_user
    a_program set
    chgrp 65534 set
    chmod 2755 set
    refused 125 'set": is set-group-ID' ./set
}

@test "a program with file capabilities is refused, unless we are root" {
    need_other_user
    need setcap
    a_program capable
    setcap cap_net_raw+ep capable || skip 'no capability can be set here'
    run_astray ./capable
    is "$STATUS" 0 "as root: $ERR"
    run as_nobody "$ASTRAY" run ./capable
    is "$status" 125
    has "$output" 'has file capabilities'
}

@test "a program that may not be read is refused" {
    need_other_user
    a_program secret
    chmod 711 secret
    as_nobody ./secret
    run as_nobody "$ASTRAY" run ./secret
    is "$status" 125
    has "$output" 'cannot be read'
}

@test "a Go program with the C library is run, with a warning" {
    need cc
    printf '.section .note.go.buildid,"a",%%note\n.long 4, 4, 4\n.ascii "Go\\0\\0"\n.ascii "abcd"\n.section .note.GNU-stack,"",%%progbits\n' >note.s
    echo 'int main(void) { return 5; }' >go.c
    cc -o go go.c note.s
    run_astray ./go
    is "$STATUS" 5
    has "$ERR" 'is a Go program'
}

# ---- what it tells --------------------------------------------------------

@test "a run that went astray is told on standard error, with the variable" {
    API_ADDR=0:80 run_astray sh -c 'exec "$0" 0.0.0.0 80' "$PROGRAMS/connect"
    is "$STATUS" 1
    has "$OUT" 'connect: -1'
    has "$ERR" 0.0.0.0
    has "$ERR" API_ADDR
    API_ADDR=0:80 run_astray -q sh -c 'exec "$0" 0.0.0.0 80' "$PROGRAMS/connect"
    is "$ERR" ''
}

@test "a run tells only of itself" {
    run_astray "$PROGRAMS/connect" 0.0.0.0 80
    has "$ERR" 0.0.0.0
    run_astray true
    is "$ERR" ''
    is "$(attempts state/astray/run.ndjson .destination.port)" 80
}

@test "runs beside each other keep their records apart" {
    run_astray --log one.ndjson sh -c '"$0" run --log one.ndjson --run inner true 2>inner.err
        env ASTRAY_RUN=somebody-else "$1" 192.0.2.1 81; true' "$ASTRAY" "$PROGRAMS/connect"
    is "$(cat inner.err)" ''
    is "$ERR" ''
    is "$(attempts one.ndjson .astray.run)" somebody-else
}

@test "with --fail-on-stray a run that went astray fails with 3" {
    run_astray sh -c '"$0" 0.0.0.0 80; true' "$PROGRAMS/connect"
    is "$STATUS" 0
    run_astray --fail-on-stray sh -c '"$0" 0.0.0.0 80; true' "$PROGRAMS/connect"
    is "$STATUS" 3
    has "$ERR" 0.0.0.0
    run_astray -q --fail-on-stray sh -c '"$0" 0.0.0.0 80; true' "$PROGRAMS/connect"
    is "$STATUS" 3
    is "$ERR" ''
    run_astray --fail-on-stray sh -c '"$0" 0.0.0.0 80; exit 9' "$PROGRAMS/connect"
    is "$STATUS" 9
    run_astray --fail-on-stray sh -c '"$0" 127.0.0.1 1; true' "$PROGRAMS/connect"
    is "$STATUS" 0
    for word in none syslog stderr; do
        refused 125 'cannot be read again' --fail-on-stray --log "$word" touch started
    done
    [ ! -e started ]
}

@test "logs of one process each are summed up" {
    run_astray --fail-on-stray --log "$PWD/%e-%p.ndjson" sh -c '"$0" 0.0.0.0 80; true' "$PROGRAMS/connect"
    is "$STATUS" 3
    has "$ERR" 0.0.0.0
    ls connect-*.ndjson
}

@test "a log at its limit is told" {
    run_astray --log small.ndjson --log-limit 1 "$PROGRAMS/connect" 0.0.0.0 80
    is "$STATUS" 1
    echo '{}' >small.ndjson
    run_astray --log small.ndjson --log-limit 1 true
    has "$ERR" 'at its limit'
}

@test "--verbose says what will be" {
    run_astray -v --run label true
    has "$ERR" "\"$LIBRARY\""
    has "$ERR" "\"$XDG_STATE_HOME/astray/run.ndjson\""
    has "$ERR" '"label"'
}

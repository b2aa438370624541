#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031 # each test is a subshell of its own
# shellcheck disable=SC2016 # what stands in single quotes is for an inner shell
#
# Which programs the library is not in: told below `astray run`, and only there; and whoever starts
# them notices nothing.

load helpers

WAYS='execve execv execvp execvpe execveat execveat-folder fexecve execl execlp execle posix_spawn posix_spawnp'

setup()
{
    export LOG=$BATS_TEST_TMPDIR/log.ndjson
    export XDG_STATE_HOME=$BATS_TEST_TMPDIR/state ASTRAY_CONFIG=/dev/null
    # Not below the folder of root's own, so that others reach it.
    PUBLIC=$(mktemp -d /tmp/astray-coverage.XXXXXX)
    chmod 755 "$PUBLIC"
    cd "$PUBLIC" || return
    printf 'int main(int count, char **arguments) { (void)arguments; return count; }\n' >program.c
    cc -o plain program.c
}

teardown()
{
    cd / && rm -rf "$PUBLIC"
}

need_static()
{
    cc -static -o fixed program.c 2>/dev/null || skip 'nothing can be linked statically here'
}

# below COMMAND...: COMMAND as below `astray run`, its records to LOG
below()
{
    rm -f "$LOG"
    ASTRAY_COVERAGE=$LIBRARY with_library "$LOG" "$@"
}

# told: what was said of programs that are not covered, a line each
told()
{
    records "$LOG" 'select(.event.action == "uncovered") | [.event.reason, .astray.program, .astray.call] | join(" ")'
}

# is_told WANTED COMMAND...
is_told()
{
    local wanted=$1
    shift
    below "$@" >/dev/null 2>&1 || true
    is "$(told)" "$wanted" "$*"
}

# ---- what is told ---------------------------------------------------------

@test "a covered program is not told" {
    for way in $WAYS; do
        is_told '' "$PROGRAMS/start" "$way" "$PUBLIC/plain" a
    done
    is_told '' sh -c './plain; /bin/true; sh -c true; exec ./plain'
    printf '#!/bin/sh\nexit 5\n' >script
    chmod +x script
    is_told '' sh -c ./script
}

@test "a static program is told, in whichever way it is started" {
    need_static
    for way in $WAYS; do
        name=${way%-folder}
        wanted="static $PUBLIC/fixed $name"
        is_told "$wanted" "$PROGRAMS/start" "$way" "$PUBLIC/fixed" a
        is_told "$wanted" "$PROGRAMS/start" -v "$way" "$PUBLIC/fixed" a
        is_told "$wanted" "$PROGRAMS/start" -t "$way" "$PUBLIC/fixed" a
        is_told "$wanted" "$PROGRAMS/start" -s "$way" "$PUBLIC/fixed" a
    done
    is_told "static ./fixed execveat" "$PROGRAMS/start" execveat ./fixed
    is_told "static $PUBLIC/fixed execveat" "$PROGRAMS/start" execveat-folder fixed
}

@test "the record is no attempt, and names who starts what" {
    need_static
    below sh -c './fixed a b; :' || true
    is "$(records "$LOG" '[.event.action, .event.kind, .event.outcome] | join(" ")')" 'uncovered event failure'
    is "$(records "$LOG" '.event.type + .event.category | join(" ")')" 'info process'
    is "$(records "$LOG" .process.name)" sh
    is "$(records "$LOG" .destination)" null
    has "$(records "$LOG" .message)" './fixed without the library: it is linked statically'
    is "$(attempts "$LOG")$(outcomes "$LOG")" ''
    run "$ASTRAY" summary "$LOG"
    is "$status" 0
    case $output in *fixed*) false ;; esac
}

@test "the path is searched as execvp does" {
    need_static
    mkdir first second third
    cp plain first/tool && chmod -x first/tool
    cp fixed second/tool
    cp plain third/tool
    PATH=$PUBLIC/none:first:$PUBLIC/second:third:$PATH is_told "static $PUBLIC/second/tool execvp" \
        "$PROGRAMS/start" execvp tool
    PATH=third:second:$PATH is_told '' "$PROGRAMS/start" execvp tool
    cd second
    PATH=:$PATH is_told 'static tool posix_spawnp' "$PROGRAMS/start" posix_spawnp tool
}

@test "a Go program is told, static or not" {
    printf '%s\n' 'static const char info[] __attribute__((section(".go.buildinfo"), used)) = "go";' >>program.c
    cc -o cgo program.c
    is_told "go ./cgo execve" "$PROGRAMS/start" execve ./cgo
    need_static
    is_told "go ./fixed execve" "$PROGRAMS/start" execve ./fixed
}

@test "a script with a static interpreter is told by its interpreter" {
    need_static
    printf '#!%s/fixed\n' "$PUBLIC" >script
    printf '#!%s/script\n' "$PUBLIC" >outer
    chmod +x script outer
    is_told "static $PUBLIC/fixed execve" sh -c './outer; :'
}

@test "an environment without the library is told, and one with it among others is not" {
    is_told "cleared ./plain execvp" env -i ./plain
    is_told "cleared ./plain execvp" env -u LD_PRELOAD ./plain
    is_told "cleared ./plain execvp" env LD_PRELOAD=/lib/other.so ./plain
    is_told "cleared ./plain execvp" env "LD_PRELOAD=$LIBRARY.old" ./plain
    is_told '' env "LD_PRELOAD=/lib/other.so $LIBRARY" ./plain
    is_told "cleared $PUBLIC/plain execve" bash -c 'unset LD_PRELOAD; exec '"$PUBLIC"'/plain'
    is_told "cleared $PUBLIC/plain execl" env -i "$PROGRAMS/start" execl "$PUBLIC/plain" || true
}

@test "the shell of system() and popen() is told where the library is taken from it" {
    for way in system popen; do
        is_told "cleared /bin/sh $way" "$PROGRAMS/start" "$way" 'echo a; exit 3'
        rm "$LOG"
        unchanged "$PROGRAMS/start" "$way" 'echo a; exit 3'
        has "$(cat "$BATS_TEST_TMPDIR/plain.out")" "$way: 768"
        is_told '' "$PROGRAMS/start" execl /bin/sh -c true
    done
}

@test "programs with raised privileges are told to those for whom they are raised" {
    need setpriv
    [ "$(id -u)" -eq 0 ] && setpriv --reuid 65534 --clear-groups true 2>/dev/null || skip 'this takes root'
    cp plain raised && chmod 4755 raised
    cp "$LIBRARY" .
    LIBRARY=$PUBLIC/libastray.so
    install -d -m 1777 theirs
    LOG=$PUBLIC/theirs/log
    is_told '' sh -c './raised; :'
    is_told "set-id ./raised execve" setpriv --reuid 65534 --clear-groups sh -c './raised; :'
    chmod 4111 raised
    is_told "set-id ./raised execve" setpriv --reuid 65534 --clear-groups sh -c './raised; :'
    is_told '' setpriv --no-new-privs --reuid 65534 --clear-groups sh -c './plain; :'
    if command -v setcap >/dev/null && cp plain able && setcap cap_net_raw+ep able 2>/dev/null; then
        is_told "set-id ./able execve" setpriv --reuid 65534 --clear-groups sh -c './able; :'
    fi
}

@test "a program that may not be read is told as unknown" {
    need setpriv
    [ "$(id -u)" -eq 0 ] && setpriv --reuid 65534 --clear-groups true 2>/dev/null || skip 'this takes root'
    cp plain closed && chmod 711 closed
    cp "$LIBRARY" .
    LIBRARY=$PUBLIC/libastray.so
    install -d -m 1777 theirs
    LOG=$PUBLIC/theirs/log
    is_told "unreadable ./closed execve" setpriv --reuid 65534 --clear-groups sh -c './closed; :'
    is "$(records "$LOG" .event.outcome)" unknown
}

@test "a program for another machine is told" {
    cp plain other
    printf '\x03' | dd of=other bs=1 seek=18 conv=notrunc status=none
    is_told "machine ./other execve" "$PROGRAMS/start" execve ./other
    gcc -m32 -o small program.c 2>/dev/null || return 0
    is_told "machine ./small execve" "$PROGRAMS/start" execve ./small
}

@test "a program of musl is covered" {
    need musl-gcc
    musl-gcc -o foreign program.c 2>/dev/null || skip 'musl-gcc does not work'
    is_told '' "$PROGRAMS/start" execve ./foreign
}

@test "plug-ins behind RTLD_DEEPBIND are told once a process, unless they are covered" {
    is_told "deepbind libc.so.6 dlopen" "$PROGRAMS/start" dlopen libc.so.6
    ASTRAY_DEEPBIND='strip' is_told '' "$PROGRAMS/start" dlopen libc.so.6
    is_told '' "$PROGRAMS/start" execv "$PUBLIC/plain"
}

@test "real programs that start others are followed" {
    need_static
    is_told "static ./fixed execve" bash -c './fixed & wait'
    if command -v make >/dev/null; then
        is_told "static ./fixed posix_spawn" make -s -f /dev/null --eval 'all: ; ./fixed'
    fi
    if command -v node >/dev/null; then
        is_told "static ./fixed execvp" node -e 'require("child_process").spawnSync("./fixed")'
    fi
    python=$(find_python) || return 0
    is_told "static ./fixed execv" "$python" -c 'import subprocess; subprocess.run(["./fixed"])'
    is_told "static $PUBLIC/fixed posix_spawn" "$python" -c \
        "import subprocess; subprocess.run(['$PUBLIC/fixed'], close_fds=False)"
    is_told "cleared $PUBLIC/plain execve" "$python" -c \
        "import subprocess; subprocess.run(['$PUBLIC/plain'], env={})"
}

@test "only and skip choose which programs are told" {
    need_static
    ASTRAY_ONLY=curl is_told '' sh -c './fixed; :'
    ASTRAY_ONLY='curl fixed' is_told 'static ./fixed execve' sh -c './fixed; :'
    ASTRAY_SKIP=fixed is_told '' sh -c './fixed; :'
    ASTRAY_DISABLE=1 is_told '' sh -c './fixed; :'
}

# ---- nothing changes -------------------------------------------------------

# The same with the library alone, and as below `astray run`.
unchanged()
{
    capture plain "$@"
    capture alone with_library "$LOG" "$@"
    same plain alone
    no_records "$LOG"
    capture below below "$@"
    same plain below
}

@test "arguments, environment and status reach the program" {
    export MARK='one two'
    for way in $WAYS; do
        for option in '' -v -t -s; do
            # shellcheck disable=SC2086 # no option is no word
            unchanged "$PROGRAMS/start" $option "$way" /bin/sh -c 'echo "$0,$MARK,$#"; exit 7'
        done
    done
    has "$(cat "$BATS_TEST_TMPDIR/plain.out")" 'status: 7'
    unchanged "$PROGRAMS/start" execl "$PUBLIC/plain"
    unchanged "$PROGRAMS/start" execle "$PUBLIC/plain" a
}

@test "the environment that is given on has one variable more than that of the library alone" {
    with_library "$LOG" "$PROGRAMS/start" execve /usr/bin/env | grep -v '^_=' | sort >alone
    below "$PROGRAMS/start" execve /usr/bin/env | grep -v '^_=' | sort >under
    is "$(comm -13 alone under)" "ASTRAY_COVERAGE=$LIBRARY"
    is "$(comm -23 alone under)" ''
}

@test "a failure is the kernel's own" {
    echo 'no program' >text
    chmod +x text
    cp plain locked && chmod 600 locked
    mkdir folder
    ln -s loop loop
    long=$(printf '%05000d' 0)
    for way in $WAYS; do
        for path in "$PUBLIC/none" "$PUBLIC/locked" "$PUBLIC/folder" "$PUBLIC/plain/x" "$PUBLIC/loop" \
            "$PUBLIC/$long" "$PUBLIC/text" ''; do
            unchanged "$PROGRAMS/start" "$way" "$path" a
            [ "$way" = execve ] || continue
            unchanged "$PROGRAMS/start" -v "$way" "$path" a
            unchanged "$PROGRAMS/start" -s "$way" "$path" a
        done
    done
    is "$(told)" ''
    for way in execve execv execveat posix_spawn; do
        unchanged "$PROGRAMS/start" "$way" @wild
        has "$(cat "$BATS_TEST_TMPDIR/plain.out")" EFAULT
    done
    for way in execve execveat execle posix_spawn; do
        unchanged "$PROGRAMS/start" "$way" "$PUBLIC/plain" @environment
        has "$(cat "$BATS_TEST_TMPDIR/plain.out")" EFAULT
    done
    unchanged "$PROGRAMS/start" execve "$PUBLIC/text"
    has "$(cat "$BATS_TEST_TMPDIR/plain.out")" ENOEXEC
}

@test "without descriptors to spare a program starts as ever" {
    unchanged "$PROGRAMS/start" -f execve /bin/true
    unchanged "$PROGRAMS/start" -f posix_spawn /bin/true
    unchanged sh -c "exec 0<&- ; exec $PROGRAMS/start execve /bin/ls /proc/self/fd/"
}

# calls_before_exec COMMAND...: the system calls between the mark and the start of the program
calls_before_exec()
{
    strace -f -qq -o trace "$@" >/dev/null 2>&1 || true
    awk '$2 ~ /^getpgid\(0/ { marked = $1; next }
        $1 != marked || $2 == "<..." { next }
        { sub(/\(.*/, "", $2); print $2; if ($2 == "execve") exit }' trace
}

@test "without astray run nothing is told, and no system call is made" {
    need strace
    need_static
    strace -qq -o trace true 2>/dev/null || skip 'strace may not trace here'
    with_library "$LOG" sh -c './fixed; env -i ./plain; :'
    no_records "$LOG"
    for way in execve execv execl execvp; do
        is "$(calls_before_exec "$PROGRAMS/start" "$way" "$PUBLIC/fixed")" execve
        # The symbol is looked up at its first use, which makes none either.
        is "$(with_library "$LOG" calls_before_exec "$PROGRAMS/start" "$way" "$PUBLIC/fixed")" execve
    done
    # The check would see them.
    has "$(below calls_before_exec "$PROGRAMS/start" execve "$PUBLIC/fixed")" statx
}

# ---- the report ------------------------------------------------------------

@test "astray run names what was not covered, and why" {
    need_static
    cp fixed backup
    run "$ASTRAY" run --log "$LOG" sh -c './backup; ./backup a; env -i ./plain; :'
    is "$status" 0
    is "$output" 'astray: not covered: backup (static), 2 times; plain (cleared environment)'
    is "$(records "$LOG" .astray.run | sort -u | wc -l)" 1
    run "$ASTRAY" run --log "$LOG" sh -c './plain; :'
    is "$output" '' 'a second run says nothing of the first'
    run "$ASTRAY" run -q --log "$LOG" sh -c './backup; :'
    is "$output" ''
}

@test "astray run tells plug-ins and the unknown apart" {
    run "$ASTRAY" run --log "$LOG" "$PROGRAMS/start" dlopen libc.so.6
    has "$output" 'astray: plug-ins not covered, loaded by start; --deepbind strip covers them'
    run "$ASTRAY" run --deepbind strip --log "$LOG" "$PROGRAMS/start" dlopen libc.so.6
    is "$output" 'dlopen: loaded'
}

@test "a run below a run is told of by both" {
    need_static
    run "$ASTRAY" run --log "$LOG" "$ASTRAY" run --log "$LOG" sh -c './fixed; :'
    is "$output" "$(printf 'astray: not covered: fixed (static)\n%.0s' 1 2)"
    is "$(records "$LOG" .event.action)" uncovered
}

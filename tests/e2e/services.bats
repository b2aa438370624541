#!/usr/bin/env bats
# shellcheck disable=SC2153,SC2016 # ROOT is of helpers.bash; what stands in single quotes is for another shell
# What the examples for services, containers and whole hosts promise.

bats_require_minimum_version 1.5.0
load helpers

EXAMPLES=$(cd "$BATS_TEST_DIRNAME/../../examples" && pwd)

setup()
{
    cd "$BATS_TEST_TMPDIR" || return
    export LOG=$BATS_TEST_TMPDIR/log.ndjson
}

# Chroots, other users and bind mounts: root of the machine, not of a user namespace.
need_root()
{
    if [ "$(id -u)" -ne 0 ] || ! grep -q 4294967295 /proc/self/uid_map; then
        skip 'root is needed for a chroot'
    fi
}

need_yaml()
{
    need python3
    "$(find_python)" -c 'import yaml' 2>/dev/null || skip 'no Python module yaml is here'
}

# ---- systemd ----------------------------------------------------------

@test "the drop-in is what astray env prints" {
    "$ASTRAY" env --for systemd --mode audit --log '/var/log/astray/%u.ndjson' \
        --library /usr/local/lib/astray/libastray.so >wanted
    grep -E '^(\[|Environment)' "$EXAMPLES/systemd/astray.conf" | diff -u wanted -
}

@test "systemd accepts the units as they are" {
    need systemd-analyze
    mkdir -p units/ingest.service.d
    printf '[Service]\nExecStart=/bin/true\n' >units/ingest.service
    cp "$EXAMPLES/systemd/astray.conf" units/ingest.service.d/
    sed "s|/usr/local/bin/astray|$ASTRAY|" "$EXAMPLES/systemd/astray-watch.service" >units/astray-watch.service
    run systemd-analyze verify --man=no "$PWD/units/ingest.service" "$PWD/units/astray-watch.service"
    is "$output" ''
    is "$status" 0
    # It would have told.
    echo 'Typo=1' >>units/ingest.service.d/astray.conf
    run systemd-analyze verify --man=no "$PWD/units/ingest.service"
    has "$output" Typo
}

@test "the watch service is locked in" {
    need systemd-analyze
    run systemd-analyze security --offline=true --threshold=20 "$EXAMPLES/systemd/astray-watch.service"
    is "$status" 0 "$output"
}

@test "the options of the watch service are known" {
    "$ASTRAY" watch --help >help 2>/dev/null || skip 'this build has no astray watch'
    grep ^ExecStart "$EXAMPLES/systemd/astray-watch.service" | grep -o -- ' --[a-z-]*' | while read -r option; do
        grep -q -- "$option" help
    done
}

# The journal of a unit has systemd's own lines too, and what the watch says on standard error.
@test "the journal's lines are read as the README says" {
    need jq
    free_port
    program_with_library "$LOG" connect 0.0.0.0 "$PORT" >/dev/null || is $? 1
    "$ASTRAY" watch --once "$LOG" >told
    filter=$(sed -n 's/.* -o cat | //p' "$EXAMPLES/systemd/README.md")
    [ -n "$filter" ]
    { echo 'Starting astray-watch.service - x...'; cat told; echo 'astray: left out'; } >journal
    run bash -c "set -o pipefail; $filter <journal"
    is "$status" 0 "$output"
    has "$output" '0.0.0.0'
    is "${#lines[@]}" "$(grep -c . told)"
}

# ---- logrotate --------------------------------------------------------

@test "logrotate renames, compresses later, and loses no record" {
    need logrotate
    [ "$(id -u)" -eq 0 ] || skip 'root is needed'
    mkdir -m 1733 logs
    chmod 755 "$BATS_TEST_TMPDIR"
    sed "s|/var/log/astray|$PWD/logs|; /^\/.*{/!s/^#.*//" "$EXAMPLES/logrotate/astray" >rotate.conf
    free_port
    for _ in 1 2 3; do
        program_with_library "$PWD/logs/%u.ndjson" connect 0.0.0.0 "$PORT" >/dev/null || is $? 1
        logrotate --force --state "$PWD/state" rotate.conf
    done
    program_with_library "$PWD/logs/%u.ndjson" connect 0.0.0.0 "$PORT" >/dev/null || is $? 1
    is "$(echo logs/*)" 'logs/0.ndjson logs/0.ndjson.1 logs/0.ndjson.2.gz logs/0.ndjson.3.gz'
    is "$(stat -c %a logs/0.ndjson logs/0.ndjson.1 logs/0.ndjson.2.gz | sort -u)" 600
    is "$("$ASTRAY" summary --format json logs | jq .stray)" 4
}

# ---- containers -------------------------------------------------------

# image NAME PROGRAM...: images/NAME, a root file system with these programs and what they link.
image()
{
    local root=images/$1 program part
    shift
    mkdir -p "$root"/{bin,usr/bin,lib64,proc,tmp,dev,etc}
    touch "$root/dev/null"
    for program; do
        cp -L "$(type -P "$program")" "$root/usr/bin/"
        for part in $(ldd "$(type -P "$program")" | grep -o '/[^ ]*'); do
            [ -e "$root$part" ] || install -D "$part" "$root$part"
        done
    done
    ln -sf ../usr/bin/dash "$root/bin/sh"
}

both_images()
{
    need_root
    need dash curl setpriv
    image astray-library cp cat dash sleep env
    install -D "$LIBRARY" images/astray-library/usr/local/lib/astray/libastray.so
    image app curl dash env
}

@test "every manifest is YAML, and none is of an old kind" {
    need_yaml
    "$(find_python)" - "$EXAMPLES"/kubernetes/*.yaml "$EXAMPLES/container/compose.yaml" <<'PYTHON'
import sys, yaml
for name in sys.argv[1:]:
    for document in yaml.safe_load_all(open(name, encoding="utf-8")):
        if "services" in document:
            app = document["services"]["app"]
            assert app["environment"]["LD_PRELOAD"] == "/astray/libastray.so"
            assert "astray:/astray:ro" in app["volumes"] and "astray" in document["volumes"]
            continue
        assert document["apiVersion"] == "batch/v1" and document["kind"] == "Job", name
        pod = document["spec"]["template"]["spec"]
        volumes = {volume["name"] for volume in pod["volumes"]}
        for container in pod["initContainers"] + pod["containers"]:
            for mount in container["volumeMounts"]:
                assert mount["name"] in volumes, (name, mount)
                volumes_used = mount["mountPath"]
            preload = {v["name"]: v["value"] for v in container.get("env", [])}.get("LD_PRELOAD")
            if preload:
                assert any(preload.startswith(m["mountPath"] + "/") and m["readOnly"]
                           for m in container["volumeMounts"]), name
PYTHON
}

@test "the pod: the init container copies the library, and the log has the record" {
    need_yaml
    both_images
    run "$(find_python)" "$BATS_TEST_DIRNAME/pod.py" "$EXAMPLES/kubernetes/job.yaml" images
    is "$output" $'astray 0\napp 7'
    grep -q '^curl: (7)' app.err
    grep '^{' app.err >"$LOG"
    is "$(records "$LOG" '[.event.action, .destination.ip, .destination.port, .process.name, .astray.origin[0]] | join(" ")' | head -n 1)" \
        'detected 0.0.0.0 80 curl argv:2'
    "$ASTRAY" summary - <app.err >sums 2>notes
    has "$(cat sums)" '1 connection went astray'
    has "$(cat notes)" 'is no record of astray'
}

@test "the pod with a file: a second container prints the records" {
    need_yaml
    both_images
    run "$(find_python)" "$BATS_TEST_DIRNAME/pod.py" "$EXAMPLES/kubernetes/job-with-file.yaml" images
    is "$output" $'astray 0\napp 7\nrecords 0'
    is "$(cat app.err)" ''
    is "$(records records.out .destination.ip | sort -u)" 0.0.0.0
}

@test "a library that is not in the container is told by the loader, and stops nothing" {
    need_yaml
    both_images
    sed 's|"/usr/local/lib/astray/libastray.so", "/astray/libastray.so"|"/etc/.", "/astray/"|; s/"cp", /"cp", "-r", /' \
        "$EXAMPLES/kubernetes/job.yaml" >broken.yaml
    run "$(find_python)" "$BATS_TEST_DIRNAME/pod.py" broken.yaml images
    has "$output" 'app 7'
    wanted=$(grep -h -o "ERROR: ld.so: object '/astray.*" "$EXAMPLES/container/README.md")
    is "$(grep -h 'ld.so' app.err | sort -u)" "$wanted"
}

@test "the Dockerfile's ENV lines are what astray env prints" {
    "$ASTRAY" env --for docker --mode audit --log stderr --library /usr/local/lib/astray/libastray.so >wanted
    grep ^ENV "$EXAMPLES/container/Dockerfile" | diff -u wanted -
}

# ---- a whole host -----------------------------------------------------

# in_host COMMAND: in a root of the test's own, which has this machine's programs (read-only) and an
# /etc, /proc and /usr/local of its own. Never anywhere else: a chroot that fails runs nothing.
in_host()
{
    unshare -m sh -c '
        set -e
        mount --bind "$1" "$1"
        for folder in usr lib lib64 bin sbin; do
            [ ! -d "/$folder" ] || [ -L "/$folder" ] && continue
            mount --bind "/$folder" "$1/$folder"
            mount -o remount,bind,ro "$1/$folder"
        done
        mount --bind "$1/local" "$1/usr/local"
        mount --bind /dev "$1/dev"
        mount -t proc proc "$1/proc"
        exec chroot "$1" /bin/sh -c "$2"' sh "$PWD/host" "$1"
}

host()
{
    need_root
    [ ! -e /etc/ld.so.preload ] || skip 'this machine has an /etc/ld.so.preload'
    local folder
    mkdir -p host/{etc,proc,tmp,dev,local/lib/astray,local/scripts,var/log,shared}
    for folder in usr lib lib64 bin sbin; do
        if [ -L "/$folder" ]; then
            ln -s "$(readlink "/$folder")" "host/$folder"
        elif [ -d "/$folder" ]; then
            mkdir -p "host/$folder"
        fi
    done
    cp /etc/passwd /etc/group host/etc/
    chown -R 0:0 host
    chmod 755 host host/local host/local/lib host/local/lib/astray
    install -m 644 "$LIBRARY" host/local/lib/astray/
    install -m 755 "$ROOT/scripts/host-preload" host/local/scripts/
    export PATH=/usr/sbin:/usr/bin:/sbin:/bin ASTRAY_CONFIG=/dev/null
    in_host true 2>/dev/null || skip 'no bind mounts here'
}

teardown()
{
    stop_servers
    [ ! -e /etc/ld.so.preload ] || {
        echo 'the machine has an /etc/ld.so.preload' >&2
        return 1
    }
}

PRELOAD=/usr/local/scripts/host-preload
PLACE=/usr/local/lib/astray/libastray.so

@test "a host is put under the library and taken out again, and nothing is left" {
    host
    find host/etc | sort >before
    run in_host "$PRELOAD install && cat /etc/ld.so.preload && grep -c libastray /proc/self/maps && $PRELOAD status"
    is "$status" 0 "$output"
    is "${lines[1]}" "$PLACE"
    [ "${lines[2]}" -ge 1 ]
    in_host "ASTRAY_LOG=/tmp/log.ndjson curl -s http://0:9/" || true
    is "$(attempts host/tmp/log.ndjson .destination.ip)" 0.0.0.0
    run in_host "$PRELOAD remove && ! grep -q libastray /proc/self/maps && ! $PRELOAD status"
    is "$status" 0 "$output"
    find host/etc | sort | diff -u before -
}

@test "lines of others stay, and what was there is kept" {
    host
    cp /lib/x86_64-linux-gnu/libm.so.6 host/local/lib/libother.so 2>/dev/null || cp "$LIBRARY" host/local/lib/libother.so
    echo /usr/local/lib/libother.so >host/etc/ld.so.preload
    in_host "$PRELOAD install && $PRELOAD install"
    is "$(tr '\n' ' ' <host/etc/ld.so.preload)" "/usr/local/lib/libother.so $PLACE "
    is "$(cat host/etc/ld.so.preload.before-astray)" /usr/local/lib/libother.so
    in_host "$PRELOAD remove"
    is "$(cat host/etc/ld.so.preload)" /usr/local/lib/libother.so
}

@test "a library that crashes, prints, or is none changes nothing" {
    host
    need cc
    printf '#include <stdlib.h>\n__attribute__((constructor)) static void start(void) { abort(); }\n' >crash.c
    printf '#include <stdio.h>\n__attribute__((constructor)) static void start(void) { fputs("hello\\n", stderr); }\n' >print.c
    cc -shared -fPIC -o crash.so crash.c
    cc -shared -fPIC -o print.so print.c
    echo text >text.so
    for bad in crash print text; do
        install -m 644 "$bad.so" host/local/lib/astray/libastray.so
        run in_host "$PRELOAD install"
        is "$status" 2
        has "$output" 'nothing was changed'
        [ ! -e host/etc/ld.so.preload ]
    done
}

@test "a library that fails only for set-id or later programs is taken out again" {
    host
    need cc
    # Behaves while LD_PRELOAD names it, and not when the file does.
    printf '#include <stdlib.h>\n__attribute__((constructor)) static void start(void) { if (!getenv("LD_PRELOAD")) abort(); }\n' >late.c
    cc -shared -fPIC -o host/local/lib/astray/libastray.so late.c
    run in_host "$PRELOAD install"
    is "$status" 2
    run in_host 'cat /etc/ld.so.preload /etc/hostname-of-none; true'
    is "$status" 0
    [ ! -s host/etc/ld.so.preload ]
}

# late_library CODE: a library of C that does CODE where the file names it, and nothing under LD_PRELOAD.
late_library()
{
    need cc
    cat >late.c <<C
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
__attribute__((constructor)) static void start(void) { if (!getenv("LD_PRELOAD")) { $1; } }
C
    cc -shared -fPIC -o host/local/lib/astray/libastray.so late.c
}

other_library()
{
    need cc
    echo 'int other;' | cc -shared -fPIC -o host/local/lib/libother.so -x c -
}

@test "comments and spellings of others stay as they are" {
    host
    other_library
    # One comment: after it the loader looks for the next in as many bytes from the file's beginning as are left.
    printf '%s\n' '# not loaded: /usr/local/lib/libnone.so /usr/lib/astray/libastray.so' '' \
        '  /usr/local/lib/libother.so  ' >theirs
    printf '/usr/local/lib/libother.so:/usr/local/lib/libother.so' >>theirs
    cp theirs host/etc/ld.so.preload
    is "$(in_host true 2>&1)" '' 'the loader takes it'
    in_host "$PRELOAD install && $PRELOAD install && $PRELOAD status"
    is "$(cat host/etc/ld.so.preload)" "$(cat theirs; echo; echo "$PLACE")"
    cmp theirs host/etc/ld.so.preload.before-astray
    in_host "$PRELOAD remove"
    cmp theirs host/etc/ld.so.preload
    # In a line with others, and where the others changed meanwhile.
    printf '%s\n' "/usr/local/lib/libother.so:$PLACE # both" "$PLACE" >host/etc/ld.so.preload
    in_host "$PRELOAD remove"
    is "$(cat host/etc/ld.so.preload)" '/usr/local/lib/libother.so: # both'
    run in_host "$PRELOAD remove"
    has "$output" 'names no libastray.so'
    is "$(find host/etc -name 'ld.so*')" host/etc/ld.so.preload
}

@test "what fails with the file in place is put back whole, and nothing older" {
    host
    other_library
    late_library 'abort()'
    printf '# theirs\n/usr/local/lib/libother.so' >theirs
    cp theirs host/etc/ld.so.preload
    run in_host "$PRELOAD install"
    is "$status" 2
    has "$output" undone
    cmp theirs host/etc/ld.so.preload
    is "$(find host/etc -name 'ld.so*')" host/etc/ld.so.preload
    # What an install of long ago kept is not what was there now.
    mv host/etc/ld.so.preload host/etc/ld.so.preload.before-astray
    run in_host "$PRELOAD install"
    has "$output" undone
    is "$(find host/etc -name 'ld.so*')" ''
}

@test "an install that is interrupted is undone" {
    host
    late_library '
        FILE *file = fopen("/tmp/pid", "r");
        int pid = 0;
        if (file != NULL && fscanf(file, "%d", &pid) == 1 && unlink("/tmp/pid") == 0)
            kill(pid, SIGTERM)'
    echo '# theirs' >host/etc/ld.so.preload
    run in_host "echo \$\$ >/tmp/pid; exec $PRELOAD install"
    is "$status" 2 "$output"
    has "$output" 'interrupted; undone'
    [ ! -e host/tmp/pid ]
    is "$(cat host/etc/ld.so.preload)" '# theirs'
    # Not so the next.
    in_host "$PRELOAD install"
    is "$(cat host/etc/ld.so.preload)" "# theirs"$'\n'"$PLACE"
}

@test "an install that was killed leaves what the next one and remove understand" {
    host
    late_library '
        FILE *file = fopen("/tmp/pid", "r");
        int pid = 0;
        if (file != NULL && fscanf(file, "%d", &pid) == 1 && unlink("/tmp/pid") == 0)
            kill(pid, SIGKILL)'
    echo '# theirs' >host/etc/ld.so.preload
    for verb in install remove; do
        echo '# theirs' >host/etc/ld.so.preload
        run in_host "echo \$\$ >/tmp/pid; exec $PRELOAD install"
        [ "$status" -ne 0 ]
        [ ! -e host/tmp/pid ]
        in_host "$PRELOAD $verb && $PRELOAD remove"
        is "$(find host/etc -name 'ld.so*')" host/etc/ld.so.preload
        is "$(cat host/etc/ld.so.preload)" '# theirs'
    done
}

@test "on a full disk nothing changes, and it can be taken out" {
    host
    other_library
    # /etc of its own, with two pages for the two files: what is there, and what fills it or is ours.
    run in_host "
        mount -t tmpfs -o size=8k,mode=755 none /etc
        echo /usr/local/lib/libother.so >/etc/ld.so.preload
        echo filler >/etc/filler
        $PRELOAD install && exit 3
        cat /etc/ld.so.preload
        ls /etc
        rm /etc/filler
        $PRELOAD install && $PRELOAD remove && ls /etc && cat /etc/ld.so.preload
        $PRELOAD install || exit 4
        echo filler >/etc/filler 2>/dev/null && exit 5
        $PRELOAD remove && cat /etc/ld.so.preload"
    is "$status" 0 "$output"
    has "$output" 'cannot be written; nothing was changed'
    is "$(grep -c '^/usr/local/lib/libother.so$' <<<"$output")" 3
    is "$(grep -cv '^host-preload\|^/usr\|^filler$\|^ld.so.preload$\|No space' <<<"$output")" 0 "$output"
}

@test "one run waits for another" {
    host
    run in_host "flock /etc timeout 3 $PRELOAD install"
    is "$status" 124 "$output"
    [ ! -e host/etc/ld.so.preload ]
    in_host "$PRELOAD install"
}

@test "a library that hangs, or is reached through a folder of others, is refused" {
    host
    mkdir host/local/open
    chmod 777 host/local/open
    cp "$LIBRARY" host/local/open/
    ln -sf ../../open/libastray.so host/local/lib/astray/libastray.so
    run in_host "$PRELOAD install"
    has "$output" '"/usr/local/open": everybody may write it'
    need cc
    rm host/local/lib/astray/libastray.so
    printf '#include <unistd.h>\n__attribute__((constructor)) static void start(void) { pause(); }\n' >hang.c
    cc -shared -fPIC -o host/local/lib/astray/libastray.so hang.c
    run in_host "$PRELOAD install"
    is "$status" 2
    has "$output" 'nothing was changed'
    [ ! -e host/etc/ld.so.preload ]
}

@test "what is wrong before the install is told, and a file that is a link is left alone" {
    host
    echo /usr/local/lib/libnone.so >host/etc/ld.so.preload
    run in_host "$PRELOAD install 2>&1 | grep ^host-preload"
    has "$output" "does not load cleanly into programs of this host (ERROR: ld.so: object '/usr/local/lib/libnone.so' from /etc/ld.so.preload"
    is "$(cat host/etc/ld.so.preload)" /usr/local/lib/libnone.so
    : >host/etc/elsewhere
    ln -sf elsewhere host/etc/ld.so.preload
    run in_host "$PRELOAD install"
    is "$status" 2
    has "$output" 'is a symbolic link'
    # Nor does it matter where it is called.
    rm host/etc/ld.so.preload
    in_host "mkdir /tmp/gone && cd /tmp/gone && rmdir /tmp/gone && $PRELOAD install"
}

@test "programs of 32 bits beside a library of 64 say so" {
    host
    local program=$ROOT/build/i386-linux-gnu/tests/programs/connect
    [ -x "$program" ] || skip 'no programs for i386 were built'
    [ ! -d /usr/lib32 ] || ln -sfn usr/lib32 host/lib32
    install -m 755 "$program" host/tmp/connect
    in_host "$PRELOAD install"
    run in_host '/tmp/connect 127.0.0.1 1 2>&1'
    has "$output" "$(grep -h -o "ERROR: ld.so: object .*wrong ELF class.*ignored" "$EXAMPLES/host-preload.md")"
}

@test "a library that others could replace is refused" {
    host
    chmod 777 host/local/lib/astray
    run in_host "$PRELOAD install"
    is "$status" 2
    has "$output" 'everybody may write it'
    chmod 755 host/local/lib/astray
    chown 65534 host/local/lib/astray/libastray.so
    run in_host "$PRELOAD install"
    has "$output" 'does not belong to root'
    for wrong in libastray.so /usr/local/missing/libastray.so /etc/passwd; do
        run in_host "$PRELOAD install $wrong"
        is "$status" 2
    done
    [ ! -e host/etc/ld.so.preload ]
}

@test "what a missing library prints, and in which chroots" {
    host
    in_host "$PRELOAD install"
    wanted=$(grep -h -o "ERROR: ld.so: object '/usr/local.*(cannot open.*" "$EXAMPLES/host-preload.md")
    mv host/local/lib/astray/libastray.so kept.so
    run in_host '/bin/true'
    is "$status" 0
    is "$(sort -u <<<"$output")" "$wanted"
    run in_host "$PRELOAD status"
    has "$output" 'which is not there'
    # A chroot with an /etc of its own: nothing is said there.
    image inner true dash
    mkdir -p host/tmp/inner
    cp -a images/inner/. host/tmp/inner/
    in_host 'chroot /tmp/inner /bin/sh -c /usr/bin/true 2>/tmp/own.err' 2>/dev/null
    is "$(grep -c libastray host/tmp/own.err)" 1 'only chroot itself, which started outside'
    # One that shares the /etc.
    cp host/etc/ld.so.preload host/tmp/inner/etc/
    in_host 'chroot /tmp/inner /bin/sh -c /usr/bin/true 2>/tmp/shared.err' 2>/dev/null
    is "$(grep -c libastray host/tmp/shared.err)" 3 'chroot, sh and true'
    run in_host 'LD_PRELOAD=/nowhere/libastray.so /bin/true 2>&1'
    has "$output" "'/nowhere/libastray.so' from LD_PRELOAD cannot be preloaded"
    in_host "$PRELOAD remove" 2>/dev/null
    run in_host /bin/true
    is "$output" ''
}

@test "a shell that is open can undo it without starting a program" {
    host
    in_host "$PRELOAD install"
    in_host ': >/etc/ld.so.preload; /bin/true; ! grep -q libastray /proc/self/maps'
}

@test "a library is replaced under running programs" {
    host
    in_host "$PRELOAD install"
    in_host "sleep 30 & sleep 0.2; cp $PLACE /tmp/copy && mv /tmp/copy $PLACE && kill -0 \$! && grep -q deleted /proc/\$!/maps && kill \$!"
}

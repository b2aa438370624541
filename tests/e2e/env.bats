#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154 # single quotes are for an inner shell; bats sets stderr
# astray env: what it prints is read by what it is for, and comes out as it was put in.

bats_require_minimum_version 1.5.0
load helpers

setup()
{
    export ASTRAY_CONFIG=/dev/null
    cd "$BATS_TEST_TMPDIR" || return
}

# A label with everything that one of the forms treats as special.
AWKWARD='a b  c"d'\''e\f$HOME${HOME}$(x)`y`%h%%z#k:l=m!n;o&p|q<r>*?[s]{t}~u\n'

# yaml FILE KEY: the variables in a document, as NAME=value lines
yaml()
{
    "$(find_python)" - "$1" "$2" <<'PYTHON'
import sys, yaml
document = yaml.safe_load(open(sys.argv[1]))[sys.argv[2]]
if isinstance(document, list):
    document = {entry["name"]: entry["value"] for entry in document}
for name, value in document.items():
    assert isinstance(value, str), (name, value)
    print(f"{name}={value}")
PYTHON
}

need_yaml()
{
    need python3
    "$(find_python)" -c 'import yaml' 2>/dev/null || skip 'no Python module yaml is here'
}

@test "a shell takes the lines and keeps an LD_PRELOAD that is there" {
    "$ASTRAY" env --mode block --run "$AWKWARD" >lines
    local shell name
    for name in sh bash dash zsh 'busybox sh'; do
        command -v "${name%% *}" >/dev/null || continue
        read -ra shell <<<"$name"
        run "${shell[@]}" -c '. ./lines; printf "%s|%s|%s" "$ASTRAY_MODE" "$ASTRAY_RUN" "$LD_PRELOAD"'
        is "$output" "block|$AWKWARD|$LIBRARY" "$name"
        LD_PRELOAD=libc.so.6 run "${shell[@]}" -c '. ./lines; printf %s "$LD_PRELOAD"'
        is "$output" "$LIBRARY:libc.so.6" "$name"
    done
}

@test "the shell's lines work in eval, and put what follows under the library" {
    run sh -c 'eval "$("$0" env --mode block --log "$1")"; "$2" 0.0.0.0 80' "$ASTRAY" "$PWD/log" "$PROGRAMS/connect"
    has "$output" ENETUNREACH
    is "$(records log .event.action)" blocked
    run "$PROGRAMS/connect" 0.0.0.0 80
    has "$output" ECONNREFUSED
}

@test "systemd takes the lines" {
    need systemd-analyze
    "$ASTRAY" env --for systemd --mode block --run "$AWKWARD" >lines
    is "$(head -n 1 lines)" '[Service]'
    mkdir -p units/probe.service.d
    printf '[Service]\nExecStart=/bin/true\n' >units/probe.service
    cp lines units/probe.service.d/astray.conf
    run systemd-analyze verify --man=no "$PWD/units/probe.service"
    case $output in
    *astray.conf*) is "$output" '' ;;
    esac
    "$ASTRAY" env --for systemd --run 'x" "y' | sed 's/\\"/"/g' >units/probe.service.d/astray.conf
    run systemd-analyze verify --man=no "$PWD/units/probe.service"
    has "$output" astray.conf
}

# systemd.syntax(7) and the specifiers of systemd.unit(5), read by what stands in the manual.
@test "systemd's quoting gives back what was put in" {
    need python3
    "$ASTRAY" env --for systemd --mode block --run "$AWKWARD" --library /usr/lib/astray/libastray.so >lines
    run "$(find_python)" - "$AWKWARD" <<'PYTHON'
import re, sys
lines = open("lines").read().split("\n")
assert lines[0] == "[Service]" and lines[-1] == "", lines
found = {}
for line in lines[1:-1]:
    quoted = re.fullmatch(r'Environment="((?:[^"\\]|\\.)*)"', line)
    assert quoted, line
    text = re.sub(r"\\(.)", lambda m: {"n": "\n", "t": "\t"}.get(m[1], m[1]), quoted[1])
    assert not re.search(r"(?<!%)(%%)*%(?!%)", text), text
    name, value = text.replace("%%", "%").split("=", 1)
    found[name] = value
assert found == {"ASTRAY_MODE": "block", "ASTRAY_RUN": sys.argv[1],
                 "LD_PRELOAD": "/usr/lib/astray/libastray.so"}, found
PYTHON
    is "$status" 0 "$output"
}

# Dockerfile reference, ENV: double quotes, a backslash escapes, ${NAME:+word} is known.
@test "a Dockerfile's lines give back what was put in" {
    "$ASTRAY" env --for docker --mode block --run 'a b"c\d$HOME#e' --library /usr/lib/astray/libastray.so >lines
    is "$(cat lines)" 'ENV ASTRAY_MODE="block"
ENV ASTRAY_RUN="a b\"c\\d\$HOME#e"
ENV LD_PRELOAD="/usr/lib/astray/libastray.so${LD_PRELOAD:+:$LD_PRELOAD}"'
    # Their quoting is that of a shell.
    run sh -c "$(sed 's/^ENV /export /' lines); printf %s \"\$ASTRAY_RUN\""
    is "$output" 'a b"c\d$HOME#e'
}

@test "an env-file holds the values as they are" {
    "$ASTRAY" env --for env-file --mode block --run "$AWKWARD" --library /usr/lib/astray/libastray.so >lines
    is "$(cat lines)" "ASTRAY_MODE=block
ASTRAY_RUN=$AWKWARD
LD_PRELOAD=/usr/lib/astray/libastray.so"
}

@test "Compose's and Kubernetes' lines are YAML that gives back what was put in" {
    need_yaml
    for form in compose:environment kubernetes:env; do
        "$ASTRAY" env --for "${form%:*}" --disable 0 --rate 5 --run "$AWKWARD" >lines
        yaml lines "${form#*:}" >found
        # Both read a doubled dollar sign as one.
        is "$(sed 's/\$\$/$/g' found)" "ASTRAY_DISABLE=0
ASTRAY_RATE=5
ASTRAY_RUN=$AWKWARD
LD_PRELOAD=$LIBRARY"
    done
}

@test "only what is given is printed, checked before" {
    is "$("$ASTRAY" env | wc -l)" 1
    ASTRAY_MODE=block run "$ASTRAY" env
    is "${#lines[@]}" 1
    for wrong in '--mode foo' '--rate many' '--for foo' '--allow x' operand '--library relative.so' '--library /with:colon.so'; do
        read -ra words <<<"$wrong"
        run --separate-stderr "$ASTRAY" env "${words[@]}"
        is "$status" 2
        is "$output" ''
        has "$stderr" 'astray: '
    done
}

@test "what a form cannot hold is refused" {
    for form in docker env-file; do
        run --separate-stderr "$ASTRAY" env --for "$form" --log $'/tmp/two\nlines'
        is "$status" 2
        is "$output" ''
    done
}

@test "the library is what will be there, or what is here" {
    is "$("$ASTRAY" env --library /opt/lib/astray.so)" 'export LD_PRELOAD="/opt/lib/astray.so${LD_PRELOAD:+:$LD_PRELOAD}"'
    ASTRAY_LIBRARY=/no/such.so run "$ASTRAY" env
    is "$status" 2
    has "$output" 'no/such.so'
}

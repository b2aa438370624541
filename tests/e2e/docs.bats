#!/usr/bin/env bats
# shellcheck disable=SC2013,SC2016,SC2154 # single quotes are for an inner shell; bats sets stderr
# The command as a whole, its manual pages and completions, and what installing leaves behind.

bats_require_minimum_version 1.5.0
load helpers

setup()
{
    cd "$BATS_TEST_TMPDIR" || return
}

# Every command, as --help lists them.
all_commands()
{
    "$ASTRAY" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p'
}

# all_options COMMAND: every option, as its --help lists them
all_options()
{
    "$ASTRAY" "$1" --help | sed -n '/^Options:/,/^$/s/^  .*\(--[a-z-]*\).*/\1/p'
}

# ---- the command ----------------------------------------------------------

@test "help goes to standard output, and says the same both ways" {
    run --separate-stderr "$ASTRAY" --help
    is "$status" 0
    is "$stderr" ''
    has "$output" 'Usage: astray COMMAND'
    [ "$(all_commands | wc -l)" -ge 2 ]
    for command in $(all_commands); do
        is "$("$ASTRAY" "$command" --help)" "$("$ASTRAY" help "$command")"
        has "$("$ASTRAY" "$command" --help)" "Usage: astray $command"
        "$ASTRAY" "$command" --help >/dev/null 2>&1
        is "$("$ASTRAY" "$command" --help | awk 'length > 80')" ''
    done
    is "$("$ASTRAY" --version)" "$("$ASTRAY" -V)"
}

@test "a wrong command is told with the nearest, and status 2" {
    run --separate-stderr "$ASTRAY"
    is "$status" 2
    is "$output" ''
    has "$stderr" 'Usage: astray COMMAND'
    run --separate-stderr "$ASTRAY" rnu
    is "$status" 2
    is "$stderr" 'astray: command: "rnu": is no command; did you mean run?'
    run --separate-stderr "$ASTRAY" $'zebra\e[31m'
    is "$status" 2
    is "$stderr" 'astray: command: "zebra\x1b[31m": is no command; see astray --help'
    run --separate-stderr "$ASTRAY" help zebra
    is "$status" 2
    run --separate-stderr "$ASTRAY" --verison
    is "$status" 2
    is "$stderr" 'astray: option: "--verison": is not known; see astray --help'
}

@test "output that reaches nobody is trouble" {
    for arguments in --help --version 'run --help' env; do
        read -ra words <<<"$arguments"
        run sh -c '"$@" >/dev/full' sh "$ASTRAY" "${words[@]}"
        is "$status" 2
        is "$output" 'astray: standard output: No space left on device'
        run sh -c '"$@" >&-' sh "$ASTRAY" "${words[@]}"
        is "$status" 2
    done
    mkfifo closed
    run bash -c 'trap "" PIPE; exec 5<>closed; exec 6>closed; exec 5<&-; exec "$1" --help >&6' bash "$ASTRAY"
    is "$status" 2
    is "$output" 'astray: standard output: Broken pipe'
    run bash -c 'exec 5<>closed; exec 6>closed; exec 5<&-; exec "$1" --help >&6' bash "$ASTRAY"
    is "$status" 141
}

# ---- the manual -----------------------------------------------------------

@test "what is committed is what the tables say" {
    run make -s -C "$ROOT" docs-check
    is "$status" 0 "$output"
}

@test "a page that is stale is found" {
    mkdir tree
    (cd "$ROOT" && tar c --exclude=./build --exclude=./.git .) | tar x -C tree
    mkdir tree/build
    cp "$ROOT/build/docgen" tree/build/ 2>/dev/null || skip 'docgen is not built'
    # Not built again: the program is newer than everything it is made of.
    run make -s -C tree -o build/docgen docs-check
    is "$status" 0 "$output"
    echo '.\" changed' >>tree/man/astray.1
    run make -s -C tree -o build/docgen docs-check
    [ "$status" -ne 0 ]
    has "$output" 'stale: run make docs'
}

@test "every command, option and setting has its place in the manual" {
    for command in $(all_commands); do
        local page=$ROOT/man/astray-$command.1
        grep -q "fB$command" "$ROOT/man/astray.1"
        for option in $(all_options "$command"); do
            grep -qF "\\fB${option//-/\\-}\\fR" "$page" || {
                echo "$page lacks $option"
                return 1
            }
        done
    done
    for variable in $(sed -n 's/^SETTING("[a-z_]*", "\([A-Z_]*\)".*/\1/p' "$ROOT/src/core/policy_settings.def"); do
        grep -q "$variable" "$ROOT/man/libastray.7"
        grep -q "$variable" "$ROOT/man/astray.conf.5"
    done
}

@test "the pages are clean roff" {
    for page in "$ROOT"/man/*.[1-8]; do
        if command -v groff >/dev/null; then
            is "$(groff -man -t -ww -Tutf8 "$page" 2>&1 >/dev/null)" '' "$page"
        fi
        if command -v man >/dev/null && man --version 2>/dev/null | grep -q '^man '; then
            is "$(MANWIDTH=80 man --warnings -l "$page" 2>&1 >/dev/null)" '' "$page"
        fi
        if command -v mandoc >/dev/null; then
            is "$(mandoc -T lint "$page")" '' "$page"
        fi
    done
    type groff mandoc >/dev/null 2>&1 || skip 'not all of groff and mandoc are here'
}

# ---- completions ----------------------------------------------------------

# completes WORD...: what bash offers for the last word
completes()
{
    bash --norc -c '
        source "$1"
        shift
        COMP_WORDS=("$@")
        COMP_CWORD=$(($# - 1))
        COMP_LINE="$*"
        COMP_POINT=${#COMP_LINE}
        _astray "$1" "${COMP_WORDS[COMP_CWORD]}"
        printf "%s\n" "${COMPREPLY[@]}"' bash "$ROOT/scripts/completions/astray.bash" "$@" | LC_ALL=C sort -u
}

@test "bash completes commands and every option" {
    bash -n "$ROOT/scripts/completions/astray.bash"
    is "$(completes astray ru)" run
    for command in $(all_commands); do
        has "$(completes astray '')" "$command"
        for option in $(all_options "$command"); do
            has "$(completes astray "$command" --)" "$option"
        done
        is "$(completes astray help "${command:0:2}")" "$command"
    done
    is "$(completes astray zebra --)" ''
}

@test "bash completes choices, in one word and in two" {
    is "$(completes astray run --mode bl)" block
    is "$(completes astray run --mode '')" $'audit\nblock\nrewrite'
    is "$(completes astray run --mode=bl)" block
    # As bash has it with = among its word breaks.
    is "$(completes astray run --mode = bl)" block
    is "$(completes astray run --mode =)" $'audit\nblock\nrewrite'
    is "$(completes astray env --for ku)" kubernetes
}

@test "bash completes files, and words that stand beside them" {
    : >'a file'
    is "$(completes astray run --library 'a f')" 'a file'
    is "$(completes astray run --log sys)" syslog
    is "$(completes astray run --log a)" 'a file'
}

@test "bash completes the command to run, and leaves its arguments to it" {
    mkdir bin
    printf '#!/bin/sh\n' >bin/astray-probe
    chmod +x bin/astray-probe
    : >'some file'
    export PATH=$PWD/bin:$PATH
    is "$(completes astray run --mode audit astray-pro)" astray-probe
    is "$(completes astray run -q -- astray-pro)" astray-probe
    is "$(completes astray run ls --mo)" ''
    is "$(completes astray run ls so)" 'some file'
    is "$(completes astray run --mode audit ls --mode bl)" ''
}

@test "zsh completes commands, options and choices" {
    need zsh python3
    zsh -n "$ROOT/scripts/completions/_astray"
    "$(find_python)" - "$ROOT/scripts/completions" <<'PYTHON'
import os, pty, select, sys, time
pid, terminal = pty.fork()
if pid == 0:
    os.environ.update(TERM="dumb", PS1="ready> ", HOME=os.getcwd(), ZDOTDIR=os.getcwd())
    os.execvp("zsh", ["zsh", "-f", "-i"])
seen = ""
def wait(text):
    global seen
    end = time.monotonic() + 20
    while text not in seen:
        if select.select([terminal], [], [], 0.1)[0]:
            seen += os.read(terminal, 4096).decode(errors="replace")
        assert time.monotonic() < end, (text, seen)
    seen = seen[seen.index(text) + len(text):]
def send(text):
    os.write(terminal, text.encode())
send(f"PS1='ready> '; unsetopt zle_bracketed_paste; fpath=({sys.argv[1]} $fpath); autoload -U compinit; compinit -u -D; echo do$((0))ne\n")
wait("do0ne")
for typed, wanted in (("astray ru\t", "run "), ("astray run --mode bl\t", "block "),
                      ("astray env --for ku\t", "kubernetes "), ("astray run --fail\t", "-on-stray ")):
    send("\x15" + typed)
    wait(wanted if wanted.startswith("-") else wanted[2:])
send("\x15exit\n")
PYTHON
}

@test "fish completes commands, options and choices" {
    need fish
    fish -n "$ROOT/scripts/completions/astray.fish"
    offers()
    {
        HOME=$BATS_TEST_TMPDIR fish --no-config -c 'source $argv[1]; complete -C $argv[2]' "$ROOT/scripts/completions/astray.fish" "$1" | cut -f 1
    }
    is "$(offers 'astray ru')" run
    is "$(offers 'astray run --mode bl')" block
    is "$(offers 'astray run --mode=bl')" --mode=block
    is "$(offers 'astray env --for ku')" kubernetes
    for command in $(all_commands); do
        for option in $(all_options "$command"); do
            has "$(offers "astray $command --")" "$option"
        done
    done
    : >astray-file
    is "$(offers 'astray run --library astray-f')" astray-file
    has "$(offers 'astray run seq')" seq
}

# ---- installing -----------------------------------------------------------

@test "uninstall removes exactly what install made" {
    make -s -C "$ROOT" install DESTDIR="$PWD/tree" prefix=/usr
    for file in bin/astray lib/astray/libastray.so share/man/man1/astray.1 share/man/man1/astray-run.1 \
        share/man/man5/astray.conf.5 share/man/man7/libastray.7 \
        share/bash-completion/completions/astray share/zsh/site-functions/_astray \
        share/fish/vendor_completions.d/astray.fish; do
        [ -f "tree/usr/$file" ] || {
            echo "$file is missing"
            return 1
        }
    done
    is "$(stat -c %a tree/var/log/astray)" 1733
    is "$(find tree -name '*.new')" ''
    make -s -C "$ROOT" uninstall DESTDIR="$PWD/tree" prefix=/usr
    is "$(find tree)" tree
}

@test "uninstall keeps what is not ours" {
    make -s -C "$ROOT" install DESTDIR="$PWD/tree" prefix=/usr
    : >tree/usr/bin/other
    : >tree/var/log/astray/0.ndjson
    make -s -C "$ROOT" uninstall DESTDIR="$PWD/tree" prefix=/usr
    is "$(find tree -type f | sort)" $'tree/usr/bin/other\ntree/var/log/astray/0.ndjson'
}

@test "installing again replaces a library that is in use by a new file" {
    make -s -C "$ROOT" install DESTDIR="$PWD/tree" prefix=/usr
    local place=tree/usr/lib/astray/libastray.so before
    before=$(stat -c %i "$place")
    ln "$place" mapped
    make -s -C "$ROOT" install DESTDIR="$PWD/tree" prefix=/usr
    [ "$(stat -c %i "$place")" != "$before" ]
    cmp mapped "$place"
}

@test "what is installed finds its library" {
    make -s -C "$ROOT" install DESTDIR="$PWD/tree" prefix=/usr
    ASTRAY_CONFIG=/dev/null XDG_STATE_HOME=$PWD run tree/usr/bin/astray run sh -c 'echo "$LD_PRELOAD"'
    is "$output" "$PWD/tree/usr/lib/astray/libastray.so"
    has "$(tree/usr/bin/astray env)" "$PWD/tree/usr/lib/astray/libastray.so"
}

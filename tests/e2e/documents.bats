#!/usr/bin/env bats
# shellcheck disable=SC2016 # what stands in single quotes is expanded elsewhere, or not at all
# The runbook and the lesson: each command that they show is run, and prints what stands there.

bats_require_minimum_version 1.5.0
load helpers

check()
{
    need curl jq dash
    run "$(find_python)" "$BATS_TEST_DIRNAME/console.py" check "$ROOT/examples/$1"
    is "$status" 0 "$output"
    [[ $output =~ ^[1-9][0-9]*\ commands ]]
}

@test "the lesson prints what it says" {
    check lesson.md
}

@test "the runbook prints what it says" {
    check runbook.md
}

# told COMMAND: what README.md prints below "$ COMMAND", but for the lines that it leaves out; of pids only the brackets
told()
{
    awk -v command="    \$ $1" '$0 == command { on = 1; next } on && !/^    / { exit } on && !/^ *\.\.\.$/' "$ROOT/README.md" |
        without_pids
}

without_pids()
{
    sed -E 's/^    //; s/\[[0-9]+\]/[]/'
}

# prints_what_the_readme_says COMMAND: each line of it, in that order
prints_what_the_readme_says()
{
    local said=$BATS_TEST_TMPDIR/said real=$BATS_TEST_TMPDIR/real
    told "$1" >"$said"
    [ "$(wc -l <"$said")" -ge 5 ]
    COLUMNS=80 XDG_STATE_HOME=$BATS_TEST_TMPDIR NO_COLOR=1 ASTRAY_CONFIG=/dev/null \
        PATH=$ROOT/build:$ROOT/examples/demo:$PATH sh -c "$1" 2>&1 | sed 's/^/    /' | without_pids >"$real"
    is "$(diff "$said" "$real" | grep '^<')" '' "$(cat "$real")"
}

@test "the README shows what the commands print" {
    need curl
    prints_what_the_readme_says 'astray explain 0:80'
    serve "$(find_python)" "$ROOT/examples/demo/server.py" '[::1]' 80
    wait_for 20 is_listening 80
    prints_what_the_readme_says 'astray run -- nightly.sh'
}

@test "a document that says something else is told" {
    printf '```console\n$ echo one\ntwo\n```\n' >"$BATS_TEST_TMPDIR/wrong.md"
    run "$(find_python)" "$BATS_TEST_DIRNAME/console.py" check "$BATS_TEST_TMPDIR/wrong.md"
    is "$status" 1
    has "$output" '1 commands of wrong.md, 1 differ'
}

@test "what the documents refer to is there" {
    cd "$ROOT"
    for name in examples/demo/server.py scripts/in-netns scripts/host-preload scripts/demo examples/systemd/README.md; do
        [ -e "$name" ]
    done
    run grep -rhoE '\]\(([^)#:]+)\)' README.md
    for link in "${lines[@]}"; do
        link=${link#](}
        [ -e "${link%)}" ] || is "${link%)}" 'a file'
    done
}

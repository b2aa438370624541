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

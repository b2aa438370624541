# bash completion for astray.
# Written by scripts/docgen.c out of the program's tables: do not edit.
# shellcheck shell=bash

_astray_options()
{
    case $1 in
    run) echo '--quiet -q --fail-on-stray --library --verbose -v --disable --mode --log --log-limit --failures --origin --classes --allow --only --skip --rewrite-to --rewrite-classes --deepbind --rate --arguments --run --help -h' ;;
    summary) echo '--by --since --until --run --top -n --format --color --fail-on-stray --help -h' ;;
    check) echo '--type --env --pid --system --with-env --format --color --fail-on --enable --disable --allow --classes --baseline --write-baseline --no-ignore --explain --quiet -q --help -h' ;;
    watch) echo '--state --textfile --exec --exec-timeout --threshold --dedup --kinds --once --since --format --color --fail-on-stray --help -h' ;;
    explain) echo '--format --no-resolve --fail-on-stray --color --classes --allow --help -h' ;;
    status) echo '--format --library --color --help -h' ;;
    env) echo '--for --library --disable --mode --log --log-limit --failures --origin --classes --allow --only --skip --rewrite-to --rewrite-classes --deepbind --rate --arguments --run --help -h' ;;
    esac
}

# What may stand behind an option: nothing for a flag, else @value or @files, and words.
_astray_values()
{
    case $1 in
    run:--library) echo '@files ' ;;
    run:--disable) echo '@value 0 1' ;;
    run:--mode) echo '@value audit rewrite block' ;;
    run:--log) echo '@files syslog stderr none' ;;
    run:--log-limit) echo '@value ' ;;
    run:--failures) echo '@value 0 1' ;;
    run:--origin) echo '@value own parents none' ;;
    run:--classes) echo '@value ' ;;
    run:--allow) echo '@value ' ;;
    run:--only) echo '@value ' ;;
    run:--skip) echo '@value ' ;;
    run:--rewrite-to) echo '@value ' ;;
    run:--rewrite-classes) echo '@value ' ;;
    run:--deepbind) echo '@value keep strip' ;;
    run:--rate) echo '@value ' ;;
    run:--arguments) echo '@value none masked' ;;
    run:--run) echo '@value ' ;;
    summary:--by) echo '@value group program script destination variable class host unit user run action outcome' ;;
    summary:--since) echo '@value ' ;;
    summary:--until) echo '@value ' ;;
    summary:--run) echo '@value ' ;;
    summary:--top | summary:-n) echo '@value ' ;;
    summary:--format) echo '@value text json csv html prometheus' ;;
    summary:--color) echo '@value auto always never' ;;
    check:--type) echo '@value env shell nginx compose dockerfile systemd k8s yaml json hosts crontab crontab-system curlrc wgetrc pairs' ;;
    check:--pid) echo '@value ' ;;
    check:--with-env) echo '@files ' ;;
    check:--format) echo '@value text json sarif github gcc' ;;
    check:--color) echo '@value auto always never' ;;
    check:--fail-on) echo '@value error warning note' ;;
    check:--enable) echo '@value ' ;;
    check:--disable) echo '@value ' ;;
    check:--allow) echo '@value ' ;;
    check:--classes) echo '@value ' ;;
    check:--baseline) echo '@files ' ;;
    check:--explain) echo '@value ' ;;
    watch:--state) echo '@value ' ;;
    watch:--textfile) echo '@files ' ;;
    watch:--exec) echo '@value ' ;;
    watch:--exec-timeout) echo '@value ' ;;
    watch:--threshold) echo '@value ' ;;
    watch:--dedup) echo '@value ' ;;
    watch:--kinds) echo '@value ' ;;
    watch:--since) echo '@value ' ;;
    watch:--format) echo '@value auto text json' ;;
    watch:--color) echo '@value auto always never' ;;
    explain:--format) echo '@value text json' ;;
    explain:--color) echo '@value auto always never' ;;
    explain:--classes) echo '@value ' ;;
    explain:--allow) echo '@value ' ;;
    status:--format) echo '@value text json' ;;
    status:--library) echo '@files ' ;;
    status:--color) echo '@value auto always never' ;;
    env:--for) echo '@value shell systemd docker env-file compose kubernetes' ;;
    env:--library) echo '@files ' ;;
    env:--disable) echo '@value 0 1' ;;
    env:--mode) echo '@value audit rewrite block' ;;
    env:--log) echo '@files syslog stderr none' ;;
    env:--log-limit) echo '@value ' ;;
    env:--failures) echo '@value 0 1' ;;
    env:--origin) echo '@value own parents none' ;;
    env:--classes) echo '@value ' ;;
    env:--allow) echo '@value ' ;;
    env:--only) echo '@value ' ;;
    env:--skip) echo '@value ' ;;
    env:--rewrite-to) echo '@value ' ;;
    env:--rewrite-classes) echo '@value ' ;;
    env:--deepbind) echo '@value keep strip' ;;
    env:--rate) echo '@value ' ;;
    env:--arguments) echo '@value none masked' ;;
    env:--run) echo '@value ' ;;
    esac
}

# What operands are: @files, @command, or nothing.
_astray_operands()
{
    case $1 in
    run) echo @command ;;
    summary) echo @files ;;
    check) echo @files ;;
    watch) echo @files ;;
    esac
}

_astray_commands='run summary check watch explain status env help'

_astray_complete()
{
    local word=$1 kind=$2
    case $kind in
    @files*)
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -W "${kind#@files}" -- "$word"; compgen -f -- "$word")
        ;;
    @value*) mapfile -t COMPREPLY < <(compgen -W "${kind#@value}" -- "$word") ;;
    @command) mapfile -t COMPREPLY < <(compgen -c -- "$word"; compgen -d -S / -- "$word") ;;
    *) mapfile -t COMPREPLY < <(compgen -W "$kind" -- "$word") ;;
    esac
}

_astray()
{
    local word=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]-} previous='' i kind
    COMPREPLY=()
    if [ "$COMP_CWORD" -le 1 ]; then
        _astray_complete "$word" "$_astray_commands --help --version"
        return
    fi
    if [ "$command" = help ]; then
        _astray_complete "$word" "$_astray_commands"
        return
    fi
    # Walks to the word: PREVIOUS becomes the option whose value it is. Bash may have made
    # three words of --name=value.
    for ((i = 2; i < COMP_CWORD; i++)); do
        if [ "${COMP_WORDS[i]}" = = ]; then
            continue
        elif [ -n "$previous" ]; then
            previous=''
        elif [ "${COMP_WORDS[i]}" = -- ] || [ "${COMP_WORDS[i]#-}" = "${COMP_WORDS[i]}" ]; then
            [ "$(_astray_operands "$command")" = @command ] || continue
            [ "${COMP_WORDS[i]}" != -- ] || ((++i))
            _astray_delegate "$i"
            return
        elif [ -n "$(_astray_values "$command:${COMP_WORDS[i]}")" ]; then
            previous=${COMP_WORDS[i]}
        fi
    done
    if [ -n "$previous" ]; then
        [ "$word" != = ] || word=''
        kind=$(_astray_values "$command:$previous")
    elif [[ $word == --*=* ]]; then
        kind=$(_astray_values "$command:${word%%=*}")
        word=${word#*=}
    elif [[ $word == -* ]]; then
        kind=$(_astray_options "$command")
    else
        kind=$(_astray_operands "$command")
    fi
    _astray_complete "$word" "$kind"
}

# The command of `astray run` begins at word $1: its own completion, where there is one.
_astray_delegate()
{
    if [ "$1" -ge "$COMP_CWORD" ]; then
        _astray_complete "${COMP_WORDS[COMP_CWORD]}" @command
    elif declare -F _command_offset >/dev/null; then
        _command_offset "$1"
    else
        _astray_complete "${COMP_WORDS[COMP_CWORD]}" @files
    fi
}

complete -F _astray astray

#!/usr/bin/env bats
# astray check: files as they are found in projects and on hosts, options, formats, and what must not
# break it.

bats_require_minimum_version 1.5.0
load helpers

DATA=$ROOT/tests/data/check

setup()
{
    PATH=$ROOT/build:$PATH
    mkdir "$BATS_TEST_TMPDIR/w"
    cd "$BATS_TEST_TMPDIR/w" || return
}

check()
{
    "$ASTRAY" check "$@"
}

# rules ARGUMENT...: "PATH:LINE RULE" of each finding.
rules()
{
    "$ASTRAY" check --quiet --format json "$@" | jq -r '.findings[] | "\(.path):\(.line) \(.rule)"'
}

@test "the variable of the outage is found, underlined, and explained in one line" {
    echo 'API_ADDR=0:80' > deploy.env
    run -1 --separate-stderr check deploy.env
    [ "${lines[0]}" = 'deploy.env:1:10: error: "0" is 0.0.0.0, 0.0.0.0 and :: are addresses to bind, no destination [unspecified]' ]
    [ "${lines[1]}" = ' 1 | API_ADDR=0:80' ]
    [ "${lines[2]}" = '   |          ^' ]
    [[ ${lines[3]} == *"name the server"* ]]
    [ "$stderr" = 'astray: 1 error, 0 warnings, 0 notes; 1 file checked' ]
}

@test "what is fine gives no output and exit status 0" {
    echo 'API_ADDR=api.internal:80' > deploy.env
    run -0 --separate-stderr check -q deploy.env
    [ -z "$output$stderr" ]
}

@test "the corpus gives each rule by the command, too" {
    local kind type rule line why bad=0
    while IFS=$'\t' read -r kind type rule line why; do
        [[ $kind == \#* ]] && continue
        got=$(printf '%s\n' "$line" | check -q --type "$type" --format json --fail-on error - |
            jq -r '[.findings[].rule] | join(" ")')
        [ "$got" = "${rule#-}" ] || { echo "$why: $line: $got"; bad=1; }
    done < "$DATA/corpus.tsv"
    [ "$bad" -eq 0 ]
}

@test "exit status: findings 1, by --fail-on; trouble 2" {
    # shellcheck disable=SC2016 # meant as it stands
    echo 'curl http://$A:80/' > a.sh
    run -0 check -q a.sh
    run -1 check -q --fail-on note a.sh
    echo 'API_URL=http://192.0.2.1' > b.env
    run -1 check -q b.env
    run -0 check -q --fail-on error b.env
    run -2 check -q none.env
    run -2 check -q b.env none.env
    run -2 check --no-such-option
    run -2 check --type nonsense b.env
    run -2 check --enable nonsense b.env
    run -2 check -
}

@test "--with-env and --env prove a variable empty, 0 or missing" {
    # shellcheck disable=SC2016 # meant as it stands
    echo 'curl http://$API_HOST:80/' > a.sh
    printf 'API_HOST=\n' > empty.env
    printf 'export API_HOST="0"\n' > zero.env
    printf 'API_HOST=api\n' > fine.env
    printf 'OTHER=1\n' > other.env
    run -1 check --format gcc a.sh --with-env empty.env
    [[ $output == *"error: API_HOST is empty, 0 or not set in empty.env [unset-variable]"* ]]
    run -1 check --format gcc a.sh --with-env zero.env
    [[ $output == *"[unset-variable]"* ]]
    run -0 check --format gcc a.sh --with-env fine.env
    run -1 check --format gcc a.sh --with-env other.env
    [[ $output == *"warning: API_HOST is not set in other.env"* ]]
    run -1 check --format gcc a.sh --env
    [[ $output == *"error: API_HOST is empty, 0 or not set in the environment"* ]]
    API_HOST=api run -0 check -q a.sh --env
}

@test "--env and --pid check environments and arguments, and show no value" {
    A_URL=http://user:secret@0.0.0.0:80 run -1 check --env
    [[ $output == *"environment:"*"A_URL"* ]]
    [[ $output != *secret* ]]
    API_ADDR=0:80 sh -c 'exec sleep 60' &
    pid=$!
    run -1 --separate-stderr check --format gcc --pid "$pid"
    kill "$pid"
    [[ $output == "/proc/$pid/environ:"*"[unspecified]" ]]
    run -2 check --pid 4194305
    run -2 check --pid x
}

@test "a whole host can be checked, and every format stays whole" {
    run check --quiet --system --format json
    [ "$status" -le 1 ]
    jq -e '.findings | type == "array"' <<< "$output"
}

@test "a comment with a reason silences; without one, or unused, it is reported" {
    cat > a.env <<'END'
# astray: ignore=unspecified -- the proxy listens here
API_URL=http://0:80
B_URL=http://0:81 # astray: ignore=unspecified -- lab
C_URL=http://0:82 # astray: ignore=unspecified
# astray: ignore=documentation -- not needed
D_URL=http://api
END
    run rules a.env
    [ "$output" = $'a.env:4 unspecified\na.env:4 unused-ignore\na.env:5 unused-ignore' ]
}

@test "a baseline hides what it knows, by content and not by line" {
    printf 'A_URL=http://0:80\nB_URL=http://0:81\n' > a.env
    run -0 check --baseline base --write-baseline .
    [[ $output == *"2 findings written"* ]]
    run -0 check -q --baseline base .
    printf '\n# more\nA_URL=http://0:80\nB_URL=http://0:81\nC_URL=http://0:82\n' > a.env
    run rules --baseline base .
    [ "$output" = './a.env:5 unspecified' ]
    printf 'nonsense\n' > base
    run -2 check --baseline base .
    run -2 check --baseline none .
    run -2 check --write-baseline .
}

@test "json, sarif, github and gcc say the same" {
    printf 'x: 1\nenvironment:\n  - "API_URL=http://0.0.0.0:80"\n' > compose.yml
    check -q --format json . > j || [ $? -eq 1 ]
    jq -e '.version == 1 and (.findings | length) == 1 and .findings[0].line == 3
        and .findings[0].rule == "unspecified" and .findings[0].level == "error"' j
    check -q --format sarif . > s || [ $? -eq 1 ]
    jq -e '.version == "2.1.0" and .runs[0].tool.driver.name == "astray"
        and (.runs[0].results[0] | .ruleId == "unspecified" and .level == "error"
        and .locations[0].physicalLocation.region.startLine == 3
        and (.partialFingerprints | keys == ["astray/v1"]))
        and (.runs[0] | .tool.driver.rules[.results[0].ruleIndex].id == "unspecified")' s
    run check -q --format github .
    [[ $output == '::error file=./compose.yml,line=3,col=21,title=astray unspecified::'* ]]
    run check -q --format gcc .
    [[ $output == './compose.yml:3:21: error: '*'[unspecified]' ]]
    jq -r '.runs[0].results[0].partialFingerprints["astray/v1"]' s > before
    printf '\n\nx: 1\nenvironment:\n  - "API_URL=http://0.0.0.0:80"\n' > compose.yml
    check -q --format sarif . | jq -r '.runs[0].results[0].partialFingerprints["astray/v1"]' > after
    cmp before after
    mkdir empty
    check -q --format sarif empty | jq -e '.runs[0].results == []'
    check -q --format json empty | jq -e '.findings == []'
}

@test "every rule is explained" {
    check --explain all > list
    [ "$(wc -l < list)" -ge 25 ]
    while read -r slug _; do
        run -0 check --explain "$slug"
        [[ $output == "$slug: "*"Why"*"What happens"*"What to do"*"Source"* ]]
    done < list
    run -2 check --explain nonsense
}

@test "a walk respects .gitignore, binaries and links, and --no-ignore does not" {
    mkdir -p a/b .git
    echo 'API_URL=0:80' | tee a/.env a/b/x.env .git/y.env a/kept.env > /dev/null
    printf '*.env\n!kept.env\n' > .gitignore
    printf 'API_URL=0:80\0' > a/kept2.env
    ln -s . a/loop
    ln -s ../b a/b/loop
    ln -s /nonexistent a/gone.env
    mkfifo a/pipe.env
    run rules .
    [ "$output" = './a/kept.env:1 unspecified' ]
    run rules --no-ignore .
    [ "$output" = $'./a/.env:1 unspecified\n./a/b/x.env:1 unspecified\n./a/kept.env:1 unspecified' ]
    run -1 --separate-stderr check .
    [[ $stderr == *"3 files that .gitignore names were not checked"* ]]
}

@test "without a path the current directory is checked" {
    echo 'API_URL=0:80' > .env
    run rules
    [ "$output" = './.env:1 unspecified' ]
}

@test "nginx's includes are followed, cycles end" {
    mkdir -p etc/nginx/conf.d other
    echo 'http { include conf.d/*.conf; include ../../other/up.inc; }' > etc/nginx/nginx.conf
    echo 'include nginx.conf; server { location / { proxy_pass http://0.0.0.0:3000; } }' > etc/nginx/conf.d/a.conf
    echo 'upstream a { server 0:80; }' > other/up.inc
    run rules etc/nginx/nginx.conf
    [[ $output == *"conf.d/a.conf:1 unspecified"* ]]
    [[ $output == *"up.inc:1 unspecified"* ]]
    [ "${#lines[@]}" -eq 2 ]
}

@test "compose takes values from the .env beside it" {
    # shellcheck disable=SC2016 # meant as it stands
    printf 'services:\n  a:\n    environment:\n      API_URL: "http://${API_HOST}:80"\n' > compose.yml
    run rules .
    [ "$output" = './compose.yml:4 unset-variable' ]
    echo 'API_HOST=api' > .env
    run rules .
    [ -z "$output" ]
    echo 'API_HOST=0.0.0.0' > .env
    run rules compose.yml
    [ "$output" = 'compose.yml:4 unspecified' ]
}

@test "what a file says never reaches the terminal raw" {
    printf 'API_URL=http://0:80/\033[2J\007\302\233\n' > $'evil\033[31m\n.env'
    for format in text json sarif github gcc; do
        run -1 check -q --format "$format" --color never .
        [ -z "$(printf '%s' "$output" | tr -d '\n' | LC_ALL=C tr -d ' -~')" ] || {
            printf '%s' "$output" | od -c | head
            false
        }
    done
}

@test "unreadable files are told, vanished ones are not" {
    [ "$(id -u)" -eq 0 ] && command -v setpriv > /dev/null || skip "needs root and setpriv"
    mkdir d
    echo 'API_URL=0:80' > d/a.env
    echo 'API_URL=0:80' > d/b.env
    cp "$ASTRAY" "$BATS_TEST_TMPDIR/astray"
    chmod -R go+rX "$BATS_TEST_TMPDIR"
    chmod 000 d/a.env
    run -1 setpriv --reuid 65534 --regid 65534 --clear-groups "$BATS_TEST_TMPDIR/astray" check --quiet --format gcc d
    [[ ${lines[0]} == d/a.env:1:1:*"Permission denied [unreadable]" ]]
    [[ ${lines[1]} == d/b.env:1:9:* ]]
}

@test "lines of 100 MB are told and passed over, in bounded memory" {
    { printf 'X='; head -c 100000000 /dev/zero | tr '\0' a; printf '\nAPI_URL=0:80\n'; } > a.env
    { printf 'echo '; head -c 100000000 /dev/zero | tr '\0' a; printf '\ncurl 0:80\n'; } > b.sh
    for file in a.env b.sh; do
        # shellcheck disable=SC2016 # meant as it stands
        run -1 bash -c 'ulimit -v 400000; "$0" check --quiet --format json "$1"' "$ASTRAY" "$file"
        [ "$(jq -c '[.findings[].rule]' <<< "$output")" = '["unparsable","unspecified"]' ]
    done
}

@test "nested, unclosed and cyclic things end" {
    head -c 3000000 /dev/zero | tr '\0' '[' > a.yaml
    # shellcheck disable=SC2016 # meant as it stands
    yes '"$(`${' | head -n 20000 | tr -d '\n' > b.sh
    yes 'cat <<A <<B' | head -n 20000 > c.sh
    head -c 3000000 /dev/zero | tr '\0' '{' > d.nginx
    # shellcheck disable=SC2016 # meant as it stands
    echo 'A=$A' > e.env
    echo 'a: &a [*a]' > f.yaml
    run timeout 60 "$ASTRAY" check --quiet .
    [ "$status" -le 1 ]
}

@test "a pipe and standard input are read" {
    run -1 check -q --type env <(echo 'API_URL=0:80')
    echo 'API_URL=0:80' > x
    run -1 check -q --type env - < x
}

@test "the pre-commit hook is a command that fails on findings" {
    entry=$(sed -n 's/^  entry: astray //p' "$ROOT/.pre-commit-hooks.yaml")
    [ -n "$entry" ]
    echo 'API_URL=0:80' > .env
    # shellcheck disable=SC2086
    run -1 "$ASTRAY" $entry .env
    echo 'API_URL=api:80' > .env
    # shellcheck disable=SC2086
    run -0 "$ASTRAY" $entry .env
}

@test "the jobs for GitHub and GitLab run" {
    echo 'API_URL=0:80' > .env
    check --quiet --fail-on note "$ROOT/examples/github-actions.yml" "$ROOT/examples/gitlab-ci.yml"
    line=$(sed -n 's/^        run: \(astray check --format github.*\)/\1/p' "$ROOT/examples/github-actions.yml")
    run -1 bash -ec "$line"
    [[ $output == *"::error file=./.env,line=1"* ]]
    line=$(sed -n 's/^        run: \(astray check .*sarif.*\)/\1/p' "$ROOT/examples/github-actions.yml")
    bash -ec "$line"
    jq -e '.runs[0].results | length == 1' astray.sarif
    rm astray.sarif
    sed -n 's/^    - //p' "$ROOT/examples/gitlab-ci.yml" > job
    [ "$(wc -l < job)" -eq 2 ]
    # Each run of a job begins with what is committed.
    run -1 bash -e job
    run -1 bash -e job
    line=$(sed -n 's/^#   \(astray check .*\)/\1/p' "$ROOT/examples/gitlab-ci.yml")
    bash -ec "$line"
    run -0 bash -e job
    run -0 dash -e job
    echo 'B_URL=0:81' >> .env
    run -1 bash -e job
}

@test "the deployment's checklist stops a bad release" {
    mkdir release
    # shellcheck disable=SC2016 # meant as it stands
    echo 'curl -f "http://${API_HOST}:80/"' > release/run.sh
    echo 'API_HOST=' > prod.env
    run -1 "$ROOT/examples/deploy-checklist.sh" release prod.env
    echo 'API_HOST=api' > prod.env
    run -0 "$ROOT/examples/deploy-checklist.sh" release prod.env
    [[ $output == *"addresses: fine"* ]]
    run -2 "$ROOT/examples/deploy-checklist.sh" release none.env
    run -2 "$ROOT/examples/deploy-checklist.sh"
}

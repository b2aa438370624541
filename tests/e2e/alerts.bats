#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154 # quotes are for an inner shell; bats sets stderr
# From a script's curl to a message: the record, astray watch, its metrics, node_exporter, Prometheus,
# Alertmanager, a webhook; the real ones, on loopback. And what stands in examples/prometheus.

bats_require_minimum_version 1.5.0
load helpers

EXAMPLES=$ROOT/examples/prometheus

setup()
{
    cd "$BATS_TEST_TMPDIR" || return
    mkdir logs metrics
    export LOG=$BATS_TEST_TMPDIR/logs/a.ndjson
    CGROUP=
}

teardown()
{
    stop_servers
    [ -z "$CGROUP" ] || rmdir "$CGROUP" 2>/dev/null || true
}

# ---- the examples ---------------------------------------------------------

@test "the rules are sound, and their tests pass" {
    need promtool
    promtool check rules "$EXAMPLES/astray.rules.yml"
    promtool test rules "$EXAMPLES/astray.rules.test.yml"
}

@test "the tests of the rules see a rule that is broken" {
    need promtool
    cp "$EXAMPLES"/astray.rules.test.yml .
    while read -r change; do
        sed "$change" "$EXAMPLES/astray.rules.yml" >astray.rules.yml
        if cmp -s astray.rules.yml "$EXAMPLES/astray.rules.yml"; then
            echo "this changes nothing: $change"
            return 1
        fi
        run promtool test rules astray.rules.test.yml
        [ "$status" -ne 0 ] || {
            echo "not seen: $change"
            return 1
        }
    done <<'CHANGES'
s/^          (astray_connections_total unless.*/          vector(0) > 1/
s/ unless last_over_time(astray_connections_total\[1d\] offset 5m)//
s/increase5m{action!="blocked"}/increase5m/
s/sum by (instance, unit, class) (rate/sum by (instance, unit, class) (increase/
s/increase15m) > 20/increase15m) > 0/
s/) > 120$/) > 100000/
s/(:\[0-9\]+)?"/"/
s/count_over_time(astray_connections_total\[1d\]) </count_over_time(astray_connections_total[1d]) <=/
s/(astray_failures_total unless last_over_time.*/vector(0) > 1/
s/ + increase(astray_records_dropped_total\[15m\])//
s/last_over_time(\(node_.*\)\[1d\])/\1/
s/ up == 1/ up >= 0/
s/for: 2m/for: 0m/
CHANGES
}

@test "the configurations are sound" {
    need promtool
    promtool check config "$EXAMPLES/prometheus.yml"
    if command -v amtool >/dev/null; then
        amtool check-config "$EXAMPLES/alertmanager.yml"
    fi
}

@test "the runbook has each alert, and no other" {
    grep -oE '^ *- alert: .*' "$EXAMPLES/astray.rules.yml" | sed 's/.*: //' | sort -u >alerts.list
    [ "$(wc -l <alerts.list)" -ge 10 ]
    grep -oE '`Astray[A-Z][A-Za-z]*`' "$ROOT/examples/runbook.md" | tr -d '`' | sort -u | diff -u alerts.list -
}

@test "each command that an alert names is one of ours" {
    grep '^ *command: ' "$EXAMPLES/astray.rules.yml" | grep -o 'astray [a-z]* .*\|astray [a-z]*$' >commands
    [ -s commands ]
    while read -r _ name rest; do
        while read -r option; do
            [ -z "$option" ] || "$ASTRAY" "$name" --help | grep -q -- " $option " || {
                echo "astray $name has no $option"
                return 1
            }
        done <<<"$(grep -o -- '--[a-z-]*' <<<"$rest" || true)"
    done <commands
}

@test "rules, dashboard and README name metrics that there are" {
    : >"$LOG"
    "$ASTRAY" watch --once --textfile m.prom logs
    sed -n 's/^# TYPE \([a-z_]*\) .*/\1/p' m.prom | sort -u >known
    grep -oh 'astray_[a-z_]*' "$EXAMPLES"/*.yml "$EXAMPLES/dashboard.json" "$EXAMPLES/README.md" | sort -u >named
    is "$(comm -13 known named | xargs)" ''
    is "$(comm -23 known <(grep -oh 'astray_[a-z_]*' "$EXAMPLES/README.md" | sort -u) | xargs)" '' 'not in the README'
}

# The labels that stand in braces after each metric or after `by`, as "metric label"; of `by` for every metric.
@test "rules and dashboard ask for labels that there are" {
    "$PROGRAMS/writer" "$LOG" 1 5 0 0 none >/dev/null
    "$ASTRAY" watch --once --textfile m.prom logs >/dev/null
    "$(find_python)" - m.prom "$EXAMPLES/dashboard.json" "$EXAMPLES/astray.rules.yml" <<'PYTHON'
import re, sys
known = {}
for metric, labels in re.findall(r"^(astray_\w+)(?:\{(.*)\})? ", open(sys.argv[1]).read(), re.M):
    known.setdefault(metric, {"instance"}).update(re.findall(r'(\w+)="', labels))
every = set().union(*known.values(), {"class", "host"})
asked = 0
for name in sys.argv[2:]:
    text = open(name).read().replace('\\"', '"')
    for metric, labels in re.findall(r'\b(astray_\w+)\{((?:[^"}]|"[^"]*")*)\}', text):
        for label in re.findall(r"(\w+) *[=!]~?", re.sub(r'"[^"]*"', "", labels)):
            assert label in known[metric], (name, metric, label)
            asked += 1
    for labels in re.findall(r"\bby \(([^)]*)\)", text) + re.findall(r"label_values\([^)]*, (\w+)\)", text):
        assert set(re.findall(r"\w+", labels)) <= every | {"alertname"}, (name, labels)
        asked += 1
assert asked > 30, asked
PYTHON
}

@test "the dashboard can be imported: titles, units, one source, places, variables" {
    need jq
    jq -e '
        (.uid | test("^[a-z-]{1,40}$")) and (.title | length > 0) and .id == null and .schemaVersion >= 36 and .__inputs == null and
        ([.templating.list[] | .name] == ["datasource", "instance", "unit"]) and .templating.list[0].type == "datasource" and
        ([.panels[].id] | length == (unique | length)) and
        ([.panels[] | select(
            (.title | length == 0) or (.description | length == 0) or .fieldConfig.defaults.unit == null or
            (.targets | length == 0) or ([.targets[].refId] | length != (unique | length)) or
            .gridPos.x + .gridPos.w > 24 or (.type | IN("stat", "timeseries", "table") | not)) | .title] == []) and
        ([.. | objects | .datasource? // empty | select(. != {"type": "prometheus", "uid": "${datasource}"})] == []) and
        ([.panels[], .panels[].targets[] | select(.datasource == null)] == []) and
        ([.panels[] as $a | .panels[] as $b | select($a.id < $b.id) | [$a.gridPos, $b.gridPos] | select(
            .[0].x < .[1].x + .[1].w and .[1].x < .[0].x + .[0].w and .[0].y < .[1].y + .[1].h and .[1].y < .[0].y + .[0].h)] == []) and
        ([.. | strings | scan("[$][{]?(\\w+)") | .[0]] - ["datasource", "instance", "unit", "__range", "__rate_interval", "__all"] == [])
        ' "$EXAMPLES/dashboard.json"
}

# One connection of a unit, and a failure of another, 25 minutes after the watch was there; both are first counts.
@test "the dashboard shows the first connection of a unit" {
    need promtool jq
    jq -n --slurpfile dashboard "$EXAMPLES/dashboard.json" '
        def ask($title): $dashboard[0].panels[] | select(.title == $title) | .targets[0].expr |
            gsub("[$]__range"; "1h") | gsub("[$]__rate_interval"; "1m") | gsub("[$](instance|unit)"; ".*");
        def test($title; $time; $labels; $value):
            {expr: ask($title), eval_time: $time, exp_samples: [{labels: $labels, value: $value}]};
        def series($name; $values): {series: $name, values: $values};
        {evaluation_interval: "15s", tests: [{interval: "15s", input_series: [
            series("astray_connections_total{instance=\"a\",class=\"reserved\",action=\"detected\",unit=\"\"}"; "2x240"),
            series("astray_connections_total{instance=\"a\",class=\"reserved\",action=\"detected\",unit=\"u.service\"}"; "_x100 1x140"),
            series("astray_connections_total{instance=\"a\",class=\"reserved\",action=\"blocked\",unit=\"u.service\"}"; "_x100 3x140"),
            series("astray_failures_total{instance=\"a\",error=\"ETIMEDOUT\",unit=\"u.service\"}"; "_x100 1x140")],
          promql_expr_test: [
            test("Went astray"; "50m"; "{}"; 3),
            test("Blocked"; "50m"; "{}"; 3),
            test("By class"; "25m30s"; "{class=\"reserved\"}"; 4),
            test("By unit"; "25m30s"; "{instance=\"a\",unit=\"u.service\"}"; 4),
            test("Ordinary connections that failed"; "25m30s"; "{error=\"ETIMEDOUT\"}"; 1)]}]}' >first.yml
    promtool test rules first.yml
}

# ---- the chain ------------------------------------------------------------

# make_unit NAME: a control group of that name for in_unit, as a service manager makes them; UNIT is
# empty where none can be made.
make_unit()
{
    local mount
    UNIT=
    for mount in $(awk '$3 == "cgroup2" { print $2 }' /proc/mounts) /sys/fs/cgroup/systemd; do
        if mkdir "$mount/$1" 2>/dev/null && [ -w "$mount/$1/cgroup.procs" ]; then
            CGROUP=$mount/$1
            UNIT=$1
            return
        fi
    done
}

# in_unit COMMAND...: COMMAND in that unit.
in_unit()
{
    CGROUP=$CGROUP sh -c '[ -z "$CGROUP" ] || echo $$ >"$CGROUP/cgroup.procs"; exec "$@"' sh "$@"
}

answers()
{
    curl -sf -o /dev/null "http://127.0.0.1:$1"
}

start_webhook()
{
    cat >webhook.py <<'PY'
import http.server, json, sys
class Hook(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with open("received.ndjson", "a") as received:
            for alert in body["alerts"]:
                received.write(json.dumps(alert) + "\n")
        self.send_response(200)
        self.end_headers()
    def log_message(self, *_):
        pass
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Hook).serve_forever()
PY
    serve python3 webhook.py "$1"
}

# The configurations of the examples, faster, and on ports that are free here.
configure()
{
    cp "$EXAMPLES/astray.rules.yml" .
    sed "s/: 15s/: 1s/; s/127.0.0.1:9093/127.0.0.1:$3/; s/127.0.0.1:9100/127.0.0.1:$1/
        s/instance: web-10/instance: $(uname -n)/" "$EXAMPLES/prometheus.yml" >prometheus.yml
    sed "s|http://127.0.0.1:9099/|http://127.0.0.1:$4/|" "$EXAMPLES/alertmanager.yml" >alertmanager.yml
    grep -q "127.0.0.1:$1" prometheus.yml
    grep -q "127.0.0.1:$3" prometheus.yml
    grep -q "127.0.0.1:$4" alertmanager.yml
}

# received FILTER: does jq's FILTER hold for an alert that the webhook took?
received()
{
    [ -e received.ndjson ] && jq -e "select($1)" received.ndjson >/dev/null
}

@test "a script's stray curl becomes a message with host, unit, class and the command for the rest" {
    need prometheus prometheus-node-exporter prometheus-alertmanager python3 curl jq
    local exporter server manager hook
    free_port && exporter=$PORT
    free_port && server=$PORT
    free_port && manager=$PORT
    free_port && hook=$PORT
    free_port
    configure "$exporter" "$server" "$manager" "$hook"
    make_unit "astray-e2e-$$.service"

    start_webhook "$hook"
    serve prometheus-alertmanager --config.file=alertmanager.yml --storage.path=alerts \
        --web.listen-address="127.0.0.1:$manager" --cluster.listen-address=
    serve prometheus-node-exporter --collector.disable-defaults --collector.textfile \
        --collector.textfile.directory="$PWD/metrics" --web.listen-address="127.0.0.1:$exporter"
    serve prometheus --config.file=prometheus.yml --storage.tsdb.path=series \
        --web.listen-address="127.0.0.1:$server"
    cat >handler.sh <<'SH'
cat >handled.json
env | grep ^ASTRAY_ >handled.env
SH
    serve "$ASTRAY" watch --state state --textfile metrics/astray.prom --exec 'sh handler.sh' logs
    wait_for 60 answers "$exporter/metrics"
    wait_for 60 answers "$manager/-/ready"
    wait_for 60 answers "$server/-/ready"
    wait_for 60 test -e metrics/astray.prom
    wait_for 60 is_scraped "$server" 'astray_connections_total{class="unspecified",unit=""}'

    cat >deploy.sh <<'SH'
curl -s --max-time 5 "http://$API_ADDR/health"
SH
    begun=$(date +%s%N)
    API_ADDR=0:$PORT ASTRAY_ORIGIN=parents with_library "$LOG" in_unit sh deploy.sh || true
    wait_for 120 received '.labels.alertname == "AstrayConnection"'
    echo "# from curl to the webhook: $((($(date +%s%N) - begun) / 1000000)) ms, with intervals of one second" >&3

    alert=$(jq -c 'select(.labels.alertname == "AstrayConnection")' received.ndjson | head -n 1)
    is "$(jq -r .status <<<"$alert")" firing
    is "$(jq -r .labels.host <<<"$alert")" "$(records "$LOG" .host.name | head -n 1)"
    is "$(jq -r .labels.class <<<"$alert")" unspecified
    is "$(jq -r '.labels.unit // ""' <<<"$alert")" "$UNIT"
    is "$(jq -r .annotations.command <<<"$alert")" "ssh $(uname -n) sudo astray summary --since 1h /var/log/astray"
    is "$(grep -c '0\.0\.0\.0\|deploy' <<<"$alert")" 0 'metrics carry no addresses'
    # The command shows the rest, here for the log of this test.
    summary=$("$ASTRAY" summary --since 1h logs)
    has "$summary" "0.0.0.0:$PORT"
    has "$summary" 'API_ADDR'
    # And what --exec was given at once.
    wait_for 20 test -s handled.env
    grep -qx "ASTRAY_DESTINATION=0.0.0.0:$PORT" handled.env
    grep -qx 'ASTRAY_PROGRAM=curl' handled.env
    grep -qx 'ASTRAY_VARIABLE=API_ADDR' handled.env
    [ -n "$UNIT" ] || skip "all but the unit: no control group can be made here"
}

# is_scraped PORT SERIES: does Prometheus have it?
is_scraped()
{
    curl -sfG "http://127.0.0.1:$1/api/v1/query" --data-urlencode "query=$2" |
        jq -e '.data.result | length > 0' >/dev/null
}

@test "Prometheus takes every question of the dashboard, and the metrics as they are" {
    need prometheus prometheus-node-exporter python3 jq
    local exporter server
    free_port && exporter=$PORT
    free_port && server=$PORT
    configure "$exporter" "$server" 1 1
    "$PROGRAMS/writer" "$LOG" 1 100 0 0 none >/dev/null
    "$ASTRAY" watch --once --textfile metrics/astray.prom logs >/dev/null
    serve prometheus-node-exporter --collector.disable-defaults --collector.textfile \
        --collector.textfile.directory="$PWD/metrics" --web.listen-address="127.0.0.1:$exporter"
    serve prometheus --config.file=prometheus.yml --storage.tsdb.path=series \
        --web.listen-address="127.0.0.1:$server"
    wait_for 60 answers "$server/-/ready"
    wait_for 60 is_scraped "$server" 'astray_connections_total{unit="ingest.service"} == 100'
    wait_for 60 is_scraped "$server" 'node_textfile_mtime_seconds{file=~".*astray[^/]*\\.prom"}'
    is_scraped "$server" 'node_textfile_scrape_error == 0'
    jq -r '.. | .expr? // empty' "$EXAMPLES/dashboard.json" |
        sed 's/\$__range/1h/g; s/\$__rate_interval/1m/g; s/\$instance/.*/g; s/\$unit/.*/g' >questions
    [ "$(wc -l <questions)" -ge 10 ]
    while read -r question; do
        curl -sG "http://127.0.0.1:$server/api/v1/query" --data-urlencode "query=$question" >answer
        is "$(jq -r .status answer)" success "$question: $(cat answer)"
    done <questions
}
